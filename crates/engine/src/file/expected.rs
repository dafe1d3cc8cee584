use dabnet_graph::{Graph, PackedContent, PackedTensor};
use safetensors::Dtype;

/// The nodes of a graph that have tensors in a model file, in order: their names and these tensors.
pub(super) fn expected(graph: &Graph) -> Vec<(&str, Vec<PackedTensor>)> {
    let tensors = graph.packed_tensors();
    let nodes = tensors.chunk_by(|a, b| a.node == b.node);
    nodes.map(|tensors| (graph.nodes()[tensors[0].node].name.as_str(), tensors.to_vec())).collect()
}

/// Element type that a tensor is stored in.
pub(super) fn dtype(tensor: &PackedTensor) -> Dtype {
    match tensor.content {
        PackedContent::Floats { .. } => Dtype::F32,
        PackedContent::Bits { .. } => Dtype::U8,
    }
}
