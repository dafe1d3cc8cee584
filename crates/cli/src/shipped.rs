//! The models that come with the program, so that it recognises before anyone has trained.

use dabnet_engine::{EngineError, Model, PackedModel};
use dabnet_serve::{ServeError, ServedModel};

static QUICKDRAW_20: &[u8] = include_bytes!("../../../models/quickdraw-20/model.safetensors");
static QUICKDRAW_345: &[u8] = include_bytes!("../../../models/quickdraw-345/model.safetensors");

/// The shipped model of 20 Quick, Draw! words.
pub(crate) fn model() -> Result<Model, EngineError> {
    Model::new(PackedModel::from_bytes(QUICKDRAW_20)?)
}

/// All shipped models, that of most words first.
pub(crate) fn served() -> Result<Vec<ServedModel>, ServeError> {
    [("quickdraw-345", QUICKDRAW_345), ("quickdraw-20", QUICKDRAW_20)]
        .map(|(name, bytes)| ServedModel::from_bytes(name, bytes))
        .into_iter()
        .collect()
}
