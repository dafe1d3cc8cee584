use crate::{Graph, Precision, Shape};

/// Cost of one convolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerCost {
    /// The node's name.
    pub name: String,
    /// Precision of the layer.
    pub precision: Precision,
    /// Shape of its output.
    pub output: Shape,
    /// Number of weights.
    pub weights: u64,
    /// Bytes of its [tensors](Graph::packed_tensors) in a packed model.
    pub bytes: u64,
    /// Multiply-accumulates for one sketch; in an `fbin` layer, of single bits, with as many for each weight
    /// as its input has bits.
    pub macs: u64,
    /// Bytes of the activations it reads: their bits into an `fbin` layer, 4 bytes into others.
    pub input_bytes: u64,
}

impl LayerCost {
    /// Memory traffic for one sketch, in bytes: weights once, and input activations twice, since they are
    /// written and read. Caches and tiles are not modeled.
    pub fn traffic(&self) -> u64 {
        self.bytes + 2 * self.input_bytes
    }
}

/// Cost of a network, layer by layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkCost {
    /// The convolutions, in order.
    pub layers: Vec<LayerCost>,
    /// Bytes of all other nodes' tensors.
    pub affine_bytes: u64,
}

impl NetworkCost {
    /// Number of convolution weights.
    pub fn weights(&self) -> u64 {
        self.layers.iter().map(|layer| layer.weights).sum()
    }

    /// Bytes of all parameters in a packed model, without the file's header.
    pub fn bytes(&self) -> u64 {
        self.affine_bytes + self.layers.iter().map(|layer| layer.bytes).sum::<u64>()
    }

    /// Bytes moved for one sketch.
    pub fn traffic(&self) -> u64 {
        self.layers.iter().map(LayerCost::traffic).sum()
    }

    /// Estimated [`energy`](crate::energy) for one sketch, in picojoules.
    pub fn energy(&self) -> f64 {
        self.layers.iter().map(LayerCost::energy).sum()
    }

    /// Multiply-accumulates for one sketch in layers of the given precision: floating-point
    /// ones for `full`, additions for `wbin`, single-bit ones for `fbin`.
    pub fn macs(&self, precision: Precision) -> u64 {
        let layers = self.layers.iter().filter(|layer| layer.precision == precision);
        layers.fold(0, |sum, layer| sum.saturating_add(layer.macs))
    }
}

impl Graph {
    /// Counts weights, bytes and operations.
    pub fn cost(&self) -> NetworkCost {
        let mut bytes = vec![0; self.nodes().len()];
        self.packed_tensors().iter().for_each(|tensor| bytes[tensor.node] += tensor.bytes());
        let layers: Vec<LayerCost> = self
            .convolutions()
            .map(|(id, node, conv)| {
                let input = self.input_shape_of(id);
                let weights = conv.weights(input.channels) as u64;
                let elements = input.elements() as u64;
                let bits = self.input_bits(id).map(u64::from);
                LayerCost {
                    name: node.name.clone(),
                    precision: conv.precision,
                    output: self.shape(id),
                    weights,
                    bytes: bytes[id],
                    macs: weights * self.shape(id).positions() as u64 * bits.unwrap_or(1),
                    input_bytes: bits.map_or(4 * elements, |bits| (bits * elements).div_ceil(8)),
                }
            })
            .collect();
        let of_layers = layers.iter().map(|layer| layer.bytes).sum::<u64>();
        NetworkCost { layers, affine_bytes: bytes.iter().sum::<u64>() - of_layers }
    }
}
