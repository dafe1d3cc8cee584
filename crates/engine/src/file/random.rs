use std::collections::BTreeMap;

use dabnet_graph::{Graph, Preprocessing};

use super::{
    expected::{Expected, expected},
    packed::PackedModel,
    parameters::Parameters,
};

impl PackedModel {
    /// A model with random parameters, for measuring speed: the same for the same seed, with
    /// weights scaled so that activations neither vanish nor explode.
    pub fn random(graph: Graph, preprocessing: Preprocessing, seed: u64) -> Self {
        let mut source = SplitMix(seed);
        let parameters = expected(&graph)
            .map(|(name, expected)| (name.to_owned(), random_parameters(&mut source, expected)))
            .collect();
        let labels = (0..graph.outputs()).map(|class| format!("class {class}")).collect();
        Self { graph, labels, preprocessing, provenance: BTreeMap::new(), parameters }
    }
}

fn random_parameters(source: &mut SplitMix, expected: Expected) -> Parameters {
    match expected {
        Expected::Float { filters, in_channels, kernel } => {
            let filter = in_channels * kernel * kernel;
            let bound = (3.0 / filter as f32).sqrt();
            Parameters::Float { weights: source.floats(filters * filter, -bound, bound) }
        }
        Expected::Binary { filters, in_channels, kernel } => {
            let filter = in_channels * kernel * kernel;
            let scale = (1.0 / filter as f32).sqrt();
            Parameters::Binary {
                bits: (0..filters).flat_map(|_| source.bits(filter)).collect(),
                alpha: source.floats(filters, 0.5 * scale, 1.5 * scale),
                beta: source.floats(filters, -1.5 * scale, -0.5 * scale),
            }
        }
        Expected::Affine { channels } => Parameters::Affine {
            scale: source.floats(channels, 0.5, 1.5),
            shift: source.floats(channels, -0.5, 0.5),
        },
        Expected::RPReLU { channels } => Parameters::RPReLU {
            threshold: source.floats(channels, -0.5, 0.5),
            slope: source.floats(channels, 0.1, 0.5),
            shift: source.floats(channels, -0.5, 0.5),
        },
    }
}

/// Steele, Lea and Flood's generator: a dozen lines are cheaper than a dependency here.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn floats(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| low + (high - low) * (self.next() >> 40) as f32 / (1 << 24) as f32).collect()
    }

    /// `count` random bits, least significant first, the last byte filled with zeros.
    fn bits(&mut self, count: usize) -> Vec<u8> {
        let mut row: Vec<u8> = (0..count.div_ceil(8)).map(|_| self.next() as u8).collect();
        if let (Some(last), used @ 1..) = (row.last_mut(), count % 8) {
            *last &= (1 << used) - 1;
        }
        row
    }
}
