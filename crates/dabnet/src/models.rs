//! The models that come with the library.

use std::path::Path;

use dabnet_engine::{Model, PackedModel};
use dabnet_models::ALL;

use crate::RecognizeError;

/// Name of a model in its folder.
const MODEL_FILE: &str = "model.safetensors";

/// Model of the 345 words of Quick, Draw!: the one for drawings as people make them in a few seconds.
pub fn quickdraw_345() -> Model {
    shipped(dabnet_models::QUICKDRAW_345)
}

/// Model of 20 of Quick, Draw!'s words, in about 100 kB.
pub fn quickdraw_20() -> Model {
    shipped(dabnet_models::QUICKDRAW_20)
}

/// Model of the same 20 words, in about 55 kB.
pub fn quickdraw_20_mini() -> Model {
    shipped(dabnet_models::QUICKDRAW_20_MINI)
}

/// Model of TU-Berlin's 250 classes, for careful drawings.
pub fn tu_berlin_250() -> Model {
    shipped(dabnet_models::TU_BERLIN_250)
}

/// Names of the models that come with the library, the most useful one first.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|(name, _)| name)
}

/// The model of that name, or that at a path, its file or its folder. A name alone always is one of the library's:
/// what lies in the current folder has a path, `./quickdraw-20`.
///
/// ```
/// let model = dabnet::models::open("quickdraw-20")?;
/// assert_eq!(model.labels().len(), 20);
/// # Ok::<(), dabnet::RecognizeError>(())
/// ```
///
/// # Errors
/// [`RecognizeError::UnknownModel`] where there is neither, [`RecognizeError::NoModel`] where a folder has none, [`RecognizeError::Engine`] where the file is no model.
pub fn open(model: impl AsRef<Path>) -> Result<Model, RecognizeError> {
    Ok(Model::new(packed(model)?)?)
}

/// The model of that name, or that at a path, as it is in its file: to be changed and saved.
///
/// # Errors
/// As [`open`].
pub fn packed(model: impl AsRef<Path>) -> Result<PackedModel, RecognizeError> {
    let path = model.as_ref();
    if let Some(bytes) = path.to_str().and_then(dabnet_models::find) {
        return Ok(PackedModel::from_bytes(bytes)?);
    }
    if !path.exists() {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(RecognizeError::UnknownModel { path: path.to_owned(), known });
    }
    if path.is_dir() && !path.join(MODEL_FILE).exists() {
        return Err(RecognizeError::NoModel { path: path.to_owned() });
    }
    Ok(PackedModel::load(path)?)
}

fn shipped(bytes: &[u8]) -> Model {
    PackedModel::from_bytes(bytes).and_then(Model::new).expect("a test opens every one of them")
}
