use dabnet_graph::{Graph, PackedContent, PackedTensor, Preprocessing};
use std::collections::BTreeMap;

use super::{packed::PackedModel, parameters::NodeParameters, schema::expected};

impl PackedModel {
    /// Creates a model with random parameters, reproducible from `seed`, for benchmarks and tests. Weights
    /// are scaled so that activations neither vanish nor explode.
    // Benchmarks and tests of other crates need it.
    #[doc(hidden)]
    pub fn random(graph: Graph, preprocessing: Preprocessing, seed: u64) -> Self {
        let mut source = SplitMix64(seed);
        let parameters = expected(&graph)
            .into_iter()
            .map(|(name, tensors)| (name.to_owned(), random_parameters(&mut source, &tensors)))
            .collect();
        let labels = (0..graph.outputs()).map(|class| format!("class {class}")).collect();
        Self { graph, labels, preprocessing, provenance: BTreeMap::new(), parameters, calibration: None }
    }
}

fn random_parameters(source: &mut SplitMix64, tensors: &[PackedTensor]) -> NodeParameters {
    let (mut bits, mut integers, mut floats) = (None, None, BTreeMap::new());
    for tensor in tensors {
        match tensor.content {
            PackedContent::Bits { row } => {
                bits = Some((0..tensor.shape[0]).flat_map(|_| source.bits(row)).collect());
            }
            PackedContent::Integers => integers = Some(source.integers(tensor.elements())),
            PackedContent::Scales { random } => {
                floats.insert(tensor.name, vec![random; tensor.elements()]);
            }
            PackedContent::Floats { random: [low, high] } => {
                floats.insert(tensor.name, source.floats(tensor.elements(), low, high));
            }
        }
    }
    NodeParameters::from_tensors(bits, integers, floats)
}

/// SplitMix64 generator (Steele, Lea and Flood, 2014), to avoid a dependency.
struct SplitMix64(u64);

impl SplitMix64 {
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

    /// Returns `count` integers from −127 to 127.
    fn integers(&mut self, count: usize) -> Vec<i8> {
        (0..count).map(|_| ((self.next() >> 40) % 255) as i16 - 127).map(|it| it as i8).collect()
    }

    /// Returns `count` random bits, least significant first; unused bits of the last byte are 0.
    fn bits(&mut self, count: usize) -> Vec<u8> {
        let mut row: Vec<u8> = (0..count.div_ceil(8)).map(|_| self.next() as u8).collect();
        if let (Some(last), used @ 1..) = (row.last_mut(), count % 8) {
            *last &= (1 << used) - 1;
        }
        row
    }
}
