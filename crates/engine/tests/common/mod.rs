//! Shared parts of the tests: random graphs, parameters that try corners, a reference interpreter.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part, and fuzz targets do")]

pub mod allocator;
pub mod container;
pub mod network;
pub mod reference;

use std::collections::BTreeMap;

use dabnet_engine::{NodeParameters, PackedModel};
use dabnet_graph::{Canvas, Graph, Preprocessing};

pub fn lines(side: usize) -> Preprocessing {
    Preprocessing::lines(Canvas { side, line_width: 0.03, margin: 0.1, mean: 0.0, std: 1.0 })
}

/// Distribution of the numbers of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Anything.
    Real,
    /// Multiples of a sixteenth and small, so that sums of them are exact in single precision and
    /// often equal: every comparison is then tried where both sides are the same.
    Dyadic,
}

pub fn packed(graph: Graph, numbers: Numbers, seed: u64) -> PackedModel {
    let preprocessing = lines(graph.input_shape().height);
    let mut random = Random(seed);
    let mut model = PackedModel::random(graph, preprocessing, seed);
    model.provenance = BTreeMap::from([("seed".into(), seed.into())]);
    for parameters in model.parameters.values_mut() {
        match parameters {
            NodeParameters::Float { weights } => {
                if numbers == Numbers::Dyadic {
                    weights.iter_mut().for_each(|weight| *weight = random.dyadic(2, 4.0));
                }
            }
            // Quarters, as weights that are stored as they are.
            NodeParameters::Quantized { weights, scale } => {
                if numbers == Numbers::Dyadic {
                    weights.iter_mut().for_each(|weight| *weight = random.dyadic(2, 1.0) as i8);
                    scale.fill(0.25);
                }
            }
            NodeParameters::Binary { alpha, beta, .. } => {
                for (alpha, beta) in alpha.iter_mut().zip(beta) {
                    (*alpha, *beta) = match numbers {
                        Numbers::Real => (random.real(), random.real()),
                        Numbers::Dyadic => (random.dyadic(4, 8.0), random.dyadic(4, 8.0)),
                    };
                }
            }
            NodeParameters::Channels(values) => {
                // Where all rise, they become part of a comparison.
                let rises = random.below(2) == 0;
                for (name, values) in values {
                    values.iter_mut().for_each(|value| *value = random.channel(name, numbers, rises));
                }
            }
        }
    }
    model
}

/// A canvas with some ink, any shade, or full only: spread over all of it, or just a spot or two, so
/// that most of it stays paper.
pub fn sketch(len: usize, numbers: Numbers, seed: u64) -> Vec<f32> {
    let mut random = Random(seed ^ 0x5eed);
    let shade = |random: &mut Random| match numbers {
        Numbers::Real => random.real().abs(),
        Numbers::Dyadic => 1.0,
    };
    let paper = if random.below(2) == 0 { 5 } else { len as u64 };
    (0..len).map(|_| if random.below(paper) == 0 { shade(&mut random) } else { 0.0 }).collect()
}

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 24) % end
    }

    /// A number in −1..1.
    pub fn real(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 23) as f32 - 1.0
    }

    /// A value of a parameter: one that may multiply is 0 at times, and a slope is not below that where `rises`.
    fn channel(&mut self, name: &str, numbers: Numbers, rises: bool) -> f32 {
        if name == "step" {
            return match numbers {
                Numbers::Real => 0.1 + self.real().abs(),
                Numbers::Dyadic => 0.25 * (1 << self.below(3)) as f32,
            };
        }
        let is_factor = !matches!(name, "shift" | "threshold" | "bias");
        let value = match numbers {
            Numbers::Real if is_factor && self.below(10) == 0 => 0.0,
            Numbers::Real => self.real(),
            Numbers::Dyadic if is_factor => self.dyadic(2, 2.0),
            Numbers::Dyadic => self.dyadic(4, 4.0),
        };
        if name == "slope" && rises { value.abs() } else { value }
    }

    /// One of `−limit/parts ..= limit/parts` in steps of `1/parts`.
    pub fn dyadic(&mut self, limit: u64, parts: f32) -> f32 {
        (self.below(2 * limit + 1) as f32 - limit as f32) / parts
    }
}
