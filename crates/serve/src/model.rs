use std::{
    fs::File,
    io::Read,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use dabnet_engine::{EngineError, Model, PackedModel};

use crate::ServeError;

/// The file of a model in its folder.
pub(crate) const FILE_NAME: &str = "model.safetensors";
/// Upper bound of a served model's size, inclusive: its file is held in memory and sent whole.
const MAX_BYTES: u64 = 256 << 20;

/// A model with the name it is served under and the bytes of its file.
///
/// ```
/// # fn main() -> Result<(), dabnet_serve::ServeError> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/quickdraw-20");
/// let model = dabnet_serve::ServedModel::load(folder)?;
/// assert_eq!(model.name(), "quickdraw-20");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ServedModel {
    name: String,
    bytes: Vec<u8>,
    model: Model,
}

impl ServedModel {
    /// Reads a model from its file, or from a folder that holds `model.safetensors`. It is named after the
    /// folder, or after a file of another name without its extension.
    ///
    /// # Errors
    /// [`ServeError::Model`] if it cannot be read or run, [`ServeError::Name`] if what it is called cannot
    /// stand in an address.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ServeError> {
        let mut path = path.as_ref().to_owned();
        if path.is_dir() {
            path.push(FILE_NAME);
        }
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| EngineError::Read { path: path.clone(), error })?;
        let name = name(&path);
        Self::from_bytes(name, bytes).map_err(|error| match error {
            ServeError::Model(source) => EngineError::File { path, error: Box::new(source) }.into(),
            other => other,
        })
    }

    /// Reads a model from the bytes of its file.
    ///
    /// # Errors
    /// As [`ServedModel::load`].
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Result<Self, ServeError> {
        let (name, bytes) = (name.into(), bytes.into());
        if bytes.len() as u64 > MAX_BYTES {
            let (what, bytes) = ("the file of a served model", bytes.len() as u64);
            return Err(EngineError::TooLarge { what, bytes, limit: MAX_BYTES }.into());
        }
        let model = Model::new(PackedModel::from_bytes(&bytes)?)?;
        if !is_address(&name) {
            return Err(ServeError::Name { name });
        }
        Ok(Self { name, bytes, model })
    }

    /// Name that the model is served under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the model file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The model, compiled.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Top-1 accuracy on test sketches, if the file states it.
    pub fn top1(&self) -> Option<f64> {
        self.model.provenance().get("accuracy")?.get("top1")?.as_f64()
    }
}

/// The models of a server, in the given order; the first is the default.
#[derive(Debug)]
pub struct ModelRegistry {
    names: Vec<String>,
    /// Models of these names; one that is taught words takes the place of what it was.
    models: Vec<RwLock<Arc<ServedModel>>>,
    /// Model that guesses first on the page.
    first: Option<PackedModel>,
}

impl ModelRegistry {
    /// Registers the given models.
    ///
    /// # Errors
    /// [`ServeError::NoModel`] if there is none, [`ServeError::Duplicate`] if two have one name.
    pub fn new(models: Vec<ServedModel>) -> Result<Self, ServeError> {
        if models.is_empty() {
            return Err(ServeError::NoModel);
        }
        for (index, model) in models.iter().enumerate() {
            if models[..index].iter().any(|other| other.name() == model.name()) {
                return Err(ServeError::Duplicate { name: model.name().to_owned() });
            }
        }
        let names = models.iter().map(|model| model.name.clone()).collect();
        let models = models.into_iter().map(|model| RwLock::new(Arc::new(model))).collect();
        Ok(Self { names, models, first: None })
    }

    /// Sets a model that guesses on the page until one of the others is there. Without, the smallest of those does.
    #[must_use]
    pub fn with_first(self, model: PackedModel) -> Self {
        Self { first: Some(model), ..self }
    }

    /// The model that guesses first on the page, as it is now.
    pub(crate) fn first(&self) -> Option<PackedModel> {
        let smallest = || {
            let models = self.models();
            let smallest = models.iter().min_by_key(|served| served.bytes().len())?;
            PackedModel::from_bytes(smallest.bytes()).ok()
        };
        self.first.clone().or_else(smallest)
    }

    /// The models in order, as they are now.
    pub fn models(&self) -> Vec<Arc<ServedModel>> {
        (0..self.models.len()).map(|index| self.at(index)).collect()
    }

    /// A model as it is now.
    pub(crate) fn at(&self, index: usize) -> Arc<ServedModel> {
        Arc::clone(&self.models[index].read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a model of the same name in the place of another.
    pub(crate) fn replace(&self, index: usize, model: ServedModel) {
        *self.models[index].write().unwrap_or_else(PoisonError::into_inner) = Arc::new(model);
    }

    /// Index of the model with this name, or of the default one.
    pub(crate) fn find(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => Some(0),
            Some(name) => self.names.iter().position(|known| known == name),
        }
    }

    /// All names, to tell of.
    pub(crate) fn names(&self) -> String {
        self.names.join(", ")
    }
}

/// Name of a model according to its path.
fn name(path: &Path) -> String {
    let whole = path.canonicalize();
    let whole = whole.as_deref().unwrap_or(path);
    let name = if path.file_name().is_some_and(|name| name == FILE_NAME) {
        path.parent().and_then(Path::file_name).or_else(|| whole.parent().and_then(Path::file_name))
    } else {
        whole.file_stem()
    };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// True if a name can be part of a URL and of a path as it is.
fn is_address(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{is_address, name};
    use std::path::Path;

    #[test]
    fn names_are_those_of_folders_or_files() {
        assert_eq!(name(Path::new("runs/dab/model.safetensors")), "dab");
        assert_eq!(name(Path::new("runs/other.safetensors")), "other");
    }

    #[test]
    fn a_name_must_stand_in_an_address() {
        assert!(is_address("quickdraw-345") && is_address("v1.2_b"));
        for name in ["", ".", "..", ".a", "a b", "a/b", "ü", "a\n", &"a".repeat(65)] {
            assert!(!is_address(name), "{name}");
        }
    }
}
