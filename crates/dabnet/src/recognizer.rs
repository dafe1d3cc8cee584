use dabnet_engine::{Model, Session, run_views, top};
#[cfg(feature = "files")]
use dabnet_sketch::read_file;
use dabnet_sketch::{Drawing, Preprocess, test_time_views};

use crate::RecognizeError;

/// A label, and how likely it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess<'a> {
    /// The label.
    pub label: &'a str,
    /// Its index among the model's labels.
    pub class: usize,
    /// Its share of one, as the network has it.
    pub probability: f32,
}

/// A model with all that it takes to run it, for one thread at a time.
///
/// ```
/// # #[cfg(feature = "models")] {
/// use dabnet::{Drawing, Recognizer, Stroke, models};
///
/// let mut recognizer = Recognizer::new(models::quickdraw_20());
/// let star = Stroke::new(vec![[50., 0.], [79., 90.], [2., 35.], [98., 35.], [21., 90.], [50., 0.]]);
/// let guesses = recognizer.recognize(&Drawing::Strokes(vec![star]), 3)?;
/// assert_eq!(guesses[0].label, "star");
/// # }
/// # Ok::<(), dabnet::RecognizeError>(())
/// ```
#[derive(Debug)]
pub struct Recognizer {
    model: Model,
    session: Session,
    views: usize,
}

impl Recognizer {
    /// A recognizer with this model.
    pub fn new(model: Model) -> Self {
        Self { session: Session::new(&model), model, views: 1 }
    }

    /// Averages over so many views of each sketch: as it is, mirrored, turned and stretched a little. As many times
    /// slower, and more often right.
    ///
    /// # Errors
    /// [`RecognizeError::Views`] where the model sees sketches in one way only.
    pub fn with_views(self, views: usize) -> Result<Self, RecognizeError> {
        let look = self.model.preprocessing().look;
        if views > 1 && look != dabnet_graph::Look::Lines {
            return Err(RecognizeError::Views { look });
        }
        Ok(Self { views, ..self })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The `count` likeliest labels of a drawing, the likeliest first.
    ///
    /// # Errors
    /// [`RecognizeError::NothingDrawn`] and [`RecognizeError::NotFinite`]: nothing is guessed of no drawing.
    pub fn recognize(&mut self, drawing: &Drawing, count: usize) -> Result<Vec<Guess<'_>>, RecognizeError> {
        let logits = self.logits(drawing)?;
        Ok(self.guesses(&logits, count))
    }

    /// The `count` likeliest labels by [`logits`](Self::logits), the likeliest first.
    pub fn guesses(&self, logits: &[f32], count: usize) -> Vec<Guess<'_>> {
        let labels = self.model.labels();
        let guess = |best: dabnet_engine::Prediction| Guess {
            label: &labels[best.class],
            class: best.class,
            probability: best.probability,
        };
        top(logits, count).into_iter().map(guess).collect()
    }

    /// The network's answer to a drawing: a number a label, before the softmax.
    ///
    /// # Errors
    /// Those of [`recognize`](Self::recognize).
    pub fn logits(&mut self, drawing: &Drawing) -> Result<Vec<f32>, RecognizeError> {
        check(drawing)?;
        let preprocessing = self.model.preprocessing();
        let views = test_time_views(preprocessing, drawing, self.views)
            .ok_or(RecognizeError::Views { look: preprocessing.look })?;
        Ok(run_views(&mut self.session, &views)?)
    }

    /// True if a drawing is like none of those that the model knows words for, so that its guesses mean nothing: 1 in 20
    /// drawings of words that it knows is called so, too. None where the model was not calibrated.
    ///
    /// ```
    /// # #[cfg(feature = "models")] {
    /// use dabnet::{Drawing, Recognizer, Stroke, models};
    ///
    /// let mut recognizer = Recognizer::new(models::quickdraw_345());
    /// let star = Stroke::new(vec![[50., 0.], [79., 90.], [2., 35.], [98., 35.], [21., 90.], [50., 0.]]);
    /// assert_eq!(recognizer.is_unknown(&Drawing::Strokes(vec![star]))?, Some(false));
    /// # }
    /// # Ok::<(), dabnet::RecognizeError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`recognize`](Self::recognize).
    pub fn is_unknown(&mut self, drawing: &Drawing) -> Result<Option<bool>, RecognizeError> {
        let logits = self.logits(drawing)?;
        Ok(self.model.calibration().map(|calibration| calibration.is_unknown(&logits)))
    }

    /// The vector that the last layer reads, in which drawings of one kind are near each other, whether the model has a
    /// label for them or not: to find likenesses, or to know more words than the model.
    ///
    /// ```
    /// # #[cfg(feature = "models")] {
    /// use dabnet::{Drawing, Recognizer, Stroke, models};
    ///
    /// let mut recognizer = Recognizer::new(models::quickdraw_20());
    /// let mut embed = |points: &[[f32; 2]]| {
    ///     recognizer.embed(&Drawing::Strokes(vec![Stroke::new(points.to_vec())])).unwrap()
    /// };
    /// let star = embed(&[[50., 0.], [79., 90.], [2., 35.], [98., 35.], [21., 90.], [50., 0.]]);
    /// let other_star = embed(&[[52., 3.], [80., 88.], [0., 38.], [95., 33.], [20., 93.], [50., 2.]]);
    /// let wave = embed(&[[0., 50.], [20., 30.], [40., 50.], [60., 70.], [80., 50.], [100., 30.]]);
    /// let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    /// assert!(distance(&star, &other_star) < distance(&star, &wave));
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`recognize`](Self::recognize), and [`RecognizeError::Engine`] for networks that have none.
    pub fn embed(&mut self, drawing: &Drawing) -> Result<Vec<f32>, RecognizeError> {
        check(drawing)?;
        let canvas = self.model.preprocessing().apply(drawing);
        Ok(self.session.embed(&canvas)?.to_vec())
    }

    /// The [embedding](Recognizer::embed) of a drawing by one bit a value, 1 above the median of the drawings that the model was
    /// calibrated on: bit `i % 8`, counted from the least significant, of byte `i / 8`. None for models that were not.
    ///
    /// # Errors
    /// As [`Recognizer::embed`].
    pub fn embed_bits(&mut self, drawing: &Drawing) -> Result<Option<Vec<u8>>, RecognizeError> {
        let embedding = self.embed(drawing)?;
        Ok(self.model.embedding_statistics().map(|statistics| statistics.bits(&embedding)))
    }

    /// The `count` likeliest labels of every sketch in a file, as label and probability: SVG, PNG, JPEG, WebP, GIF,
    /// BMP, Quick, Draw! and others.
    ///
    /// # Errors
    /// [`RecognizeError::Sketch`] where the file or a sketch in it cannot be read.
    #[cfg(feature = "files")]
    pub fn recognize_file(
        &mut self,
        path: impl AsRef<std::path::Path>,
        count: usize,
    ) -> Result<Vec<Vec<(String, f32)>>, RecognizeError> {
        let mut found = Vec::new();
        for sketch in read_file(path.as_ref())? {
            let guesses = self.recognize(&sketch?.drawing, count)?;
            found.push(guesses.iter().map(|guess| (guess.label.to_owned(), guess.probability)).collect());
        }
        Ok(found)
    }
}

/// Checks that there is something to recognize.
pub(crate) fn check(drawing: &Drawing) -> Result<(), RecognizeError> {
    let is_blank = match drawing {
        Drawing::Strokes(strokes) => {
            let is_finite = |stroke: &dabnet_sketch::Stroke| {
                stroke.points.iter().flatten().all(|coordinate| coordinate.is_finite())
            };
            if let Some(stroke) = strokes.iter().position(|stroke| !is_finite(stroke)) {
                return Err(RecognizeError::NotFinite { stroke });
            }
            strokes.iter().all(|stroke| stroke.points.is_empty())
        }
        Drawing::Raster(raster) => raster.ink().iter().all(|ink| *ink == 0),
        Drawing::Picture(_) => false,
    };
    if is_blank { Err(RecognizeError::NothingDrawn) } else { Ok(()) }
}
