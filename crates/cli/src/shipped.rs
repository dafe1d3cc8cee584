//! The model that comes with the program, so that it recognises before anyone has trained.

use dabnet_engine::{EngineError, Model, PackedModel};

static QUICKDRAW_20: &[u8] = include_bytes!("../../../models/quickdraw-20/model.safetensors");

/// The shipped model of 20 Quick, Draw! words.
pub(crate) fn model() -> Result<Model, EngineError> {
    Model::new(PackedModel::from_bytes(QUICKDRAW_20)?)
}
