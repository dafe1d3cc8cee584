use dabnet_graph::{Graph, PackedContent, PackedTensor};
use safetensors::Dtype;

use super::{VERSION, VERSION_WITHOUT_INTEGERS};

/// The nodes of a graph that have tensors in a model file, in order: their names and these tensors.
pub(super) fn expected(graph: &Graph) -> Vec<(&str, Vec<PackedTensor>)> {
    let tensors = graph.packed_tensors();
    let nodes = tensors.chunk_by(|a, b| a.node == b.node);
    nodes.map(|tensors| (graph.nodes()[tensors[0].node].name.as_str(), tensors.to_vec())).collect()
}

/// The least version of a file that can hold a model of `graph`.
pub(super) fn version(graph: &Graph) -> &'static str {
    let all_f32 = graph.convolutions().all(|(_, _, conv)| conv.weight_format.is_f32());
    if all_f32 { VERSION_WITHOUT_INTEGERS } else { VERSION }
}

/// Element type that a tensor is stored in.
pub(super) fn dtype(tensor: &PackedTensor) -> Dtype {
    match tensor.content {
        PackedContent::Floats { .. } | PackedContent::Scales { .. } => Dtype::F32,
        PackedContent::Integers => Dtype::I8,
        PackedContent::Bits { .. } => Dtype::U8,
    }
}
