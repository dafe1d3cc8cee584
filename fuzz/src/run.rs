//! Running what was accepted.

use dabnet_engine::{EngineError, Isa, Model, PackedModel, Session};
use dabnet_graph::{Graph, Op, Precision};

use crate::common::{Numbers, sketch};

/// The most elements of one activation, and of all weights.
const MAX_ELEMENTS: u64 = 1 << 14;
const MAX_WEIGHTS: u64 = 1 << 17;
const MAX_WORK: u64 = 1 << 19;
const MAX_NODES: usize = 48;

/// Whether running a graph takes a few milliseconds.
pub fn is_small(graph: &Graph) -> bool {
    let account = graph.cost();
    let macs = [Precision::Full, Precision::Wbin, Precision::Fbin].map(|precision| account.macs(precision));
    let pooled = (0..graph.nodes().len()).map(|id| pooled(graph, id));
    let work = macs.into_iter().chain(pooled).fold(0, u64::saturating_add);
    let largest = (0..graph.nodes().len()).map(|id| graph.shape(id).elements() as u64).max().unwrap_or(0);
    graph.nodes().len() <= MAX_NODES
        && largest <= MAX_ELEMENTS
        && account.weights() <= MAX_WEIGHTS
        && work <= MAX_WORK
}

/// Elements that a pooling looks at, each as often as it does.
fn pooled(graph: &Graph, id: usize) -> u64 {
    let (Op::MaxPool { kernel, .. } | Op::AvgPool { kernel, .. }) = graph.nodes()[id].op else { return 0 };
    (kernel as u64).saturating_mul(kernel as u64).saturating_mul(graph.shape(id).elements() as u64)
}

/// The logits for a sketch drawn from `seed`, and the canvas that it is drawn on: the same on scalar
/// code, on another instruction set and on the fastest, for one thread and two, and whatever was run
/// before. `None` for what takes too much memory.
///
/// # Panics
/// If they are not the same.
pub fn run(packed: &PackedModel, numbers: Numbers, seed: u64) -> Option<(Vec<f32>, Vec<f32>)> {
    let paper = packed.preprocessing.canvas.normalize(0);
    let ink = sketch(packed.graph.input_shape().elements(), numbers, seed);
    let canvas: Vec<f32> = ink.iter().map(|&ink| if ink == 0.0 { paper } else { ink }).collect();
    let other = vec![if seed.is_multiple_of(3) { paper } else { 1.0 }; canvas.len()];
    let canvases = [&canvas[..], &other, &canvas];
    let scalar = logits(packed, Isa::Scalar, 1, &canvases)?;
    let (first, rest) = scalar.split_at(scalar.len() / canvases.len());
    assert!(same(first, &rest[first.len()..]), "what was run before changes the result");
    let all: Vec<Isa> = Isa::supported().collect();
    for isa in [all[seed as usize % all.len()], all[all.len() - 1]] {
        let found = logits(packed, isa, 1, &canvases);
        assert!(found.is_some_and(|found| same(&found, &scalar)), "{isa} differs from scalar");
    }
    let threaded = logits(packed, all[all.len() - 1], 2, &canvases);
    assert!(threaded.is_none_or(|threaded| same(&threaded, &scalar)), "two threads differ from one");
    Some((canvas, first.to_vec()))
}

fn logits(packed: &PackedModel, isa: Isa, threads: usize, canvases: &[&[f32]]) -> Option<Vec<f32>> {
    let model = match Model::with_isa(packed.clone(), isa) {
        Ok(model) => model,
        Err(EngineError::TooLarge { .. }) => return None,
        Err(error) => panic!("a valid model does not compile: {error}"),
    };
    let mut session = if threads == 1 {
        Session::new(&model)
    } else {
        match Session::with_threads(&model, threads) {
            Ok(session) => session,
            Err(EngineError::TooLarge { .. }) => return None,
            Err(error) => panic!("no threads: {error}"),
        }
    };
    let mut logits = Vec::new();
    for canvas in canvases {
        logits.extend_from_slice(session.run(canvas).expect("the canvas is as long as the model says"));
    }
    Some(logits)
}

/// Equal to the last bit, one NaN being as good as another.
fn same(a: &[f32], b: &[f32]) -> bool {
    let bits = |x: &f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
    a.iter().map(bits).eq(b.iter().map(bits))
}
