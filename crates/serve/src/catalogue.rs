use crate::{ServeError, ServedModel};

/// The models of a server, in the order in which they were given; the first is the one that answers
/// where none is named.
#[derive(Debug)]
pub struct Catalogue(Vec<ServedModel>);

impl Catalogue {
    /// All of these.
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
        Ok(Self(models))
    }

    /// The models in order.
    pub fn models(&self) -> &[ServedModel] {
        &self.0
    }

    /// The place of a model of that name, or of the first if none is asked for.
    pub(crate) fn find(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => Some(0),
            Some(name) => self.0.iter().position(|model| model.name() == name),
        }
    }

    /// All names, to tell of.
    pub(crate) fn names(&self) -> String {
        self.0.iter().map(ServedModel::name).collect::<Vec<_>>().join(", ")
    }
}
