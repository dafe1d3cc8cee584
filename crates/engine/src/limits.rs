//! Limits on graphs, checked before compilation: a small file can describe a network that no machine could
//! run.

use dabnet_graph::{Conv2d, Graph, NodeId, OpKind, Padding, Precision};

use crate::{
    error::EngineError,
    simd::{LANES, UNIT, units},
};

/// Upper bound of operations per sketch: a thousand times those of ResNet-18.
const MAX_WORK: u64 = 2_000_000_000_000;

/// Upper bound of the memory of compiled layers, in bytes.
const MAX_BYTES: u64 = 2 << 30;

/// Upper bound of the inputs of all nodes together, each of which can become a step.
const MAX_INPUTS: usize = 1 << 16;

/// Bytes of one padding case, beside its table.
const BORDER_BYTES: u64 = 256;

/// Returns the number of operations per sketch: elements multiplied, compared or added.
///
/// # Errors
/// [`EngineError`] if the operations, or the memory of the compiled layers, exceed the limits.
pub(crate) fn check(graph: &Graph) -> Result<u64, EngineError> {
    let inputs: usize = graph.nodes().iter().map(|node| node.inputs.len()).sum();
    if inputs > MAX_INPUTS {
        let reason = format!("its nodes have {inputs} inputs, more than the limit of {MAX_INPUTS}");
        return Err(EngineError::field("graph", reason));
    }
    let ids = || 0..graph.nodes().len();
    let work = ids().fold(0, |sum: u64, id| sum.saturating_add(work(graph, id)));
    if work > MAX_WORK {
        let reason = format!("one sketch takes {work} operations, more than the limit of {MAX_WORK}");
        return Err(EngineError::field("graph", reason));
    }
    let bytes = ids().fold(0, |sum: u64, id| sum.saturating_add(compiled_bytes(graph, id)));
    if bytes > MAX_BYTES {
        let what = "what the layers of this model are compiled to";
        return Err(EngineError::TooLarge { what, bytes, limit: MAX_BYTES });
    }
    Ok(work)
}

/// Elements read by a node per sketch, counting repeated reads.
fn work(graph: &Graph, id: NodeId) -> u64 {
    let outputs = graph.shape(id).elements() as u64;
    let window = |kernel: usize| (kernel as u64).saturating_mul(kernel as u64);
    let each = match graph.nodes()[id].op.kind() {
        OpKind::Conv2d(conv) => window(conv.kernel).saturating_mul(graph.filter_channels(id) as u64),
        OpKind::MaxPool { kernel, .. } | OpKind::AvgPool { kernel, .. } => {
            // Padding is not read.
            let input = graph.input_shape_of(id);
            window(kernel).min(input.positions() as u64)
        }
        OpKind::GlobalAvgPool => graph.input_shape_of(id).positions() as u64,
        OpKind::Input { .. }
        | OpKind::BatchNorm { .. }
        | OpKind::Pointwise(_)
        | OpKind::Sign
        | OpKind::Quantize { .. }
        | OpKind::Add
        | OpKind::Concat
        | OpKind::Dropout { .. } => graph.nodes()[id].inputs.len() as u64,
    };
    outputs.saturating_mul(each)
}

/// Upper bound of the bytes of a convolution's weights and tables.
fn compiled_bytes(graph: &Graph, id: NodeId) -> u64 {
    let OpKind::Conv2d(conv) = graph.nodes()[id].op.kind() else { return 0 };
    let weights = conv.out_channels as u64 * (graph.filter_channels(id) * conv.kernel * conv.kernel) as u64;
    match conv.precision {
        Precision::Full | Precision::Wbin => 2 * size_of::<f32>() as u64 * weights,
        Precision::Fbin => filters(graph, id, conv).saturating_add(borders(graph, id, conv)),
    }
}

/// Bytes of packed filters: padded to whole groups and units, and again as nibbles.
fn filters(graph: &Graph, id: NodeId, conv: &Conv2d) -> u64 {
    let row = (conv.kernel * conv.kernel * units(graph.filter_channels(id)) * UNIT / 8) as u64;
    3 * row.saturating_mul(conv.out_channels.next_multiple_of(LANES) as u64)
}

/// Bytes of the padding cases.
fn borders(graph: &Graph, id: NodeId, conv: &Conv2d) -> u64 {
    let output = graph.shape(id);
    let Padding { top, left, bottom, right } = conv.padding;
    let ways = |extent: usize, padding: usize| extent.min(padding + 2) as u64;
    let table = (size_of::<i32>() * output.channels.next_multiple_of(LANES)) as u64;
    (ways(output.height, top + bottom) * ways(output.width, left + right))
        .saturating_mul(table + BORDER_BYTES * conv.groups as u64)
}
