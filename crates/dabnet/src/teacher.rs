use dabnet_embedding::{TaughtWord, VIEWS, teach};
use dabnet_engine::{Model, PackedModel, Session};
use dabnet_sketch::{Drawing, unmirrored_views};

use crate::{RecognizeError, recognizer::check};

/// Drawings of words that a model is to be taught.
///
/// ```
/// # #[cfg(feature = "models")] {
/// use dabnet::{Drawing, Model, Recognizer, Stroke, Teacher, models};
///
/// // A box with a zigzag in it, a little otherwise each time.
/// let sign = |wobble: f32| {
///     let frame = vec![[0., wobble], [90., 0.], [90. + wobble, 60.], [0., 60.], [0., wobble]];
///     let zigzag = vec![[5., 30. - wobble], [20., 5.], [35., 55.], [50., 5. + wobble], [65., 55.], [85., 30.]];
///     Drawing::Strokes(vec![Stroke::new(frame), Stroke::new(zigzag)])
/// };
/// let mut teacher = Teacher::new(models::packed("quickdraw-345")?)?;
/// for wobble in [0., 1., 2., 3., 4.] {
///     teacher.add("voltage box", &sign(wobble))?;
/// }
/// let mut recognizer = Recognizer::new(Model::new(teacher.teach()?)?);
/// assert_eq!(recognizer.recognize(&sign(2.5), 1)?[0].label, "voltage box");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Teacher {
    packed: PackedModel,
    model: Model,
    session: Session,
    words: Vec<TaughtWord>,
}

impl Teacher {
    /// A teacher of a model, which has to be calibrated as those that come with the library are.
    ///
    /// # Errors
    /// [`RecognizeError::Engine`] if the model cannot be run.
    pub fn new(packed: PackedModel) -> Result<Self, RecognizeError> {
        let model = Model::new(packed.clone())?;
        Ok(Self { session: Session::new(&model), packed, model, words: Vec::new() })
    }

    /// Adds a drawing of a word; from 1 to some fifty of each do.
    ///
    /// # Errors
    /// As [`Recognizer::recognize`](crate::Recognizer::recognize).
    pub fn add(&mut self, word: &str, drawing: &Drawing) -> Result<(), RecognizeError> {
        check(drawing)?;
        let views = unmirrored_views(self.model.preprocessing(), drawing, VIEWS);
        let TaughtWord { label, drawings } = TaughtWord::embed(&mut self.session, word, views)?;
        match self.words.iter_mut().find(|word| word.label == label) {
            Some(word) => word.drawings.extend(drawings),
            None => self.words.push(TaughtWord { label, drawings }),
        }
        Ok(())
    }

    /// The model with these words beside its own, in a fraction of a second; those that it was taught before are taught anew.
    ///
    /// # Errors
    /// [`RecognizeError::Teach`] if it knows one of the words from its training, was not calibrated, or no drawing was added.
    pub fn teach(&self) -> Result<PackedModel, RecognizeError> {
        Ok(teach(&self.packed, &self.words)?)
    }
}
