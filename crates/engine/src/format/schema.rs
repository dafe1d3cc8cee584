use dabnet_graph::{Graph, PackedContent, PackedTensor};
use safetensors::Dtype;

/// Value of metadata entry `format`.
pub(super) const FORMAT: &str = "dabnet";

/// Values of metadata entry `version` that can be read, in their order: a file has the first that supports what is in
/// it, for readers that know no more.
pub(super) const VERSIONS: [&str; 3] = [WITHOUT_INTEGERS, WITHOUT_CALIBRATION, VERSION];

/// Version with a calibration.
const VERSION: &str = "4";

/// Version with 8-bit weights.
const WITHOUT_CALIBRATION: &str = "3";

/// Version without either.
const WITHOUT_INTEGERS: &str = "2";

/// Unsupported version 1, with a canvas in place of a preprocessing.
pub(super) const OLD_VERSION: &str = "1";

/// File name of a model in its folder.
pub(super) const FILE_NAME: &str = "model.safetensors";

/// Names of metadata entries.
pub(super) mod key {
    pub(crate) const CALIBRATION: &str = "calibration";
    pub(crate) const CHECKSUM: &str = "checksum";
    pub(crate) const FORMAT: &str = "format";
    pub(crate) const GRAPH: &str = "graph";
    pub(crate) const LABELS: &str = "labels";
    pub(crate) const PREPROCESSING: &str = "preprocessing";
    pub(crate) const PROVENANCE: &str = "provenance";
    pub(crate) const VERSION: &str = "version";

    pub(crate) const ALL: [&str; 8] =
        [CALIBRATION, CHECKSUM, FORMAT, GRAPH, LABELS, PREPROCESSING, PROVENANCE, VERSION];
}

/// Expected tensors of each node that has some: node name and tensors, in graph order.
pub(super) fn expected(graph: &Graph) -> Vec<(&str, Vec<PackedTensor>)> {
    let tensors = graph.packed_tensors();
    let nodes = tensors.chunk_by(|a, b| a.node == b.node);
    nodes.map(|tensors| (graph.nodes()[tensors[0].node].name.as_str(), tensors.to_vec())).collect()
}

/// Lowest file version that supports a model of `graph`.
pub(super) fn version(graph: &Graph, is_calibrated: bool) -> &'static str {
    let all_f32 = graph.convolutions().all(|(_, _, conv)| conv.weight_format.is_f32());
    match (is_calibrated, all_f32) {
        (true, _) => VERSION,
        (false, false) => WITHOUT_CALIBRATION,
        (false, true) => WITHOUT_INTEGERS,
    }
}

/// Element type of a tensor in the file.
pub(super) fn dtype(tensor: &PackedTensor) -> Dtype {
    match tensor.content {
        PackedContent::Floats { .. } | PackedContent::Scales { .. } => Dtype::F32,
        PackedContent::Integers => Dtype::I8,
        PackedContent::Bits { .. } => Dtype::U8,
    }
}
