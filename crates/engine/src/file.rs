//! The packed model and its file; `docs/file-format.md` is the specification.

mod checksum;
mod expected;
mod packed;
mod parameters;
mod random;
mod read;
mod write;

pub use packed::PackedModel;
pub use parameters::Parameters;

/// Value of the metadata entry `format`.
const FORMAT: &str = "dabnet";

/// Value of the metadata entry `version` of a file with weights in eight bits.
const VERSION: &str = "3";

/// That of all other files, which programs can read that do not know such weights.
const VERSION_WITHOUT_INTEGERS: &str = "2";

/// The version before, which had a canvas in place of a preprocessing.
const OLD_VERSION: &str = "1";

/// Name of a model's file in its folder.
const FILE_NAME: &str = "model.safetensors";

/// Names of the metadata entries.
mod key {
    pub(super) const CHECKSUM: &str = "checksum";
    pub(super) const FORMAT: &str = "format";
    pub(super) const GRAPH: &str = "graph";
    pub(super) const LABELS: &str = "labels";
    pub(super) const PREPROCESSING: &str = "preprocessing";
    pub(super) const PROVENANCE: &str = "provenance";
    pub(super) const VERSION: &str = "version";

    pub(super) const ALL: [&str; 7] = [CHECKSUM, FORMAT, GRAPH, LABELS, PREPROCESSING, PROVENANCE, VERSION];
}
