use dabnet_graph::{Graph, PackedContent, PackedTensor};
use safetensors::Dtype;

/// Value of the metadata entry `format`.
pub(super) const FORMAT: &str = "dabnet";

/// Value of the metadata entry `version` of a file with weights in eight bits.
pub(super) const VERSION: &str = "3";

/// That of all other files, which programs can read that do not know such weights.
pub(super) const VERSION_WITHOUT_INTEGERS: &str = "2";

/// The version before, which had a canvas in place of a preprocessing.
pub(super) const OLD_VERSION: &str = "1";

/// Name of a model's file in its folder.
pub(super) const FILE_NAME: &str = "model.safetensors";

/// Names of the metadata entries.
pub(super) mod key {
    pub(crate) const CHECKSUM: &str = "checksum";
    pub(crate) const FORMAT: &str = "format";
    pub(crate) const GRAPH: &str = "graph";
    pub(crate) const LABELS: &str = "labels";
    pub(crate) const PREPROCESSING: &str = "preprocessing";
    pub(crate) const PROVENANCE: &str = "provenance";
    pub(crate) const VERSION: &str = "version";

    pub(crate) const ALL: [&str; 7] = [CHECKSUM, FORMAT, GRAPH, LABELS, PREPROCESSING, PROVENANCE, VERSION];
}

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
