//! The shipped model of 20 words, asked for the first label of drawings.

use dabnet_engine::{Model, PackedModel, Session, top};
use dabnet_sketch::{Drawing, Preprocess};

use super::shipped;

/// A model and what it takes to run it.
pub(crate) struct Labeller {
    model: Model,
    session: Session,
}

impl Labeller {
    pub(crate) fn new() -> Self {
        let model = Model::new(PackedModel::load(shipped("models/quickdraw-20")).unwrap()).unwrap();
        Self { session: Session::new(&model), model }
    }

    /// The number of the first label.
    pub(crate) fn label(&mut self, drawing: &Drawing) -> usize {
        let logits = self.session.run(&self.model.preprocessing().apply(drawing)).unwrap();
        top(logits, 1)[0].class
    }
}
