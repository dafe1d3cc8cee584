//! The models that come with the program, so that it recognises before anyone has trained.

use dabnet_engine::{EngineError, Model, PackedModel};
use dabnet_serve::{ServeError, ServedModel};

static QUICKDRAW_20: &[u8] = include_bytes!("../../../models/quickdraw-20/model.safetensors");
static QUICKDRAW_345: &[u8] = include_bytes!("../../../models/quickdraw-345/model.safetensors");

static ALL: [(&str, &[u8]); 2] = [("quickdraw-345", QUICKDRAW_345), ("quickdraw-20", QUICKDRAW_20)];

/// What shipped models are called.
pub(crate) fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, _)| *name).collect()
}

/// The shipped model of that name, if there is one.
pub(crate) fn named(name: &str) -> Option<Result<PackedModel, EngineError>> {
    let (_, bytes) = ALL.iter().find(|(known, _)| *known == name)?;
    Some(PackedModel::from_bytes(bytes))
}

/// The shipped model of 20 Quick, Draw! words.
pub(crate) fn model() -> Result<Model, EngineError> {
    Model::new(PackedModel::from_bytes(QUICKDRAW_20)?)
}

/// All shipped models, that of most words first.
pub(crate) fn served() -> Result<Vec<ServedModel>, ServeError> {
    ALL.iter().map(|(name, bytes)| ServedModel::from_bytes(*name, *bytes)).collect()
}
