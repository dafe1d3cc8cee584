use dabnet_graph::Preprocessing;
use dabnet_sketch::{Preprocess, TrainingPipeline};
use rand::Rng;
use rand_pcg::Pcg64;

use crate::{DataError, Dataset, Examples, Part};

/// Sketches of data sets as a network sees them, read and drawn when they are needed.
///
/// ```
/// use dabnet_data::{Dataset, Examples, Part, SketchExamples, random_stream};
/// use dabnet_graph::{Canvas, Preprocessing};
/// use dabnet_sketch::{Augmentation, TrainingPipeline};
///
/// let data = Dataset::bundled()?;
/// let preprocessing = Preprocessing::lines(Canvas::to_measure(32));
/// let pipeline = TrainingPipeline { preprocessing, augmentation: Augmentation::light() };
/// let examples = SketchExamples::new(&data, Part::Train, pipeline)?;
/// assert_eq!(examples.draw(0, &mut random_stream(0, 1, 1, 0))?.len(), 32 * 32);
/// # Ok::<(), dabnet_data::DataError>(())
/// ```
pub struct SketchExamples<'a> {
    /// Data set of each example and its index there; those with a label come first.
    sketches: Vec<(&'a Dataset, usize)>,
    labels: Vec<usize>,
    pipeline: TrainingPipeline,
    viewers: Vec<Preprocessing>,
    /// False where all are drawn as they are.
    is_varied: bool,
}

impl<'a> SketchExamples<'a> {
    /// The labeled sketches of one part, [varied](TrainingPipeline::augmented) anew each time; sketches without a word are left
    /// out.
    ///
    /// # Errors
    /// [`DataError::Damaged`] where the data set is not as it was written.
    pub fn new(data: &'a Dataset, part: Part, pipeline: TrainingPipeline) -> Result<Self, DataError> {
        let (indices, labels): (Vec<usize>, _) = data.labeled_indices(part)?.into_iter().unzip();
        let sketches = indices.into_iter().map(|index| (data, index)).collect();
        Ok(Self { sketches, labels, pipeline, viewers: Vec::new(), is_varied: true })
    }

    /// The same followed by all sketches of a part of another data set, none with a label: only what teachers answer
    /// to them is learned.
    ///
    /// # Errors
    /// [`DataError::Damaged`] where the data set is not as it was written.
    pub fn with_unlabeled(mut self, data: &'a Dataset, part: Part) -> Result<Self, DataError> {
        self.sketches.extend(data.indices(part)?.into_iter().map(|index| (data, index)));
        Ok(self)
    }

    /// The same as drawn, without augmentation, to test on.
    #[must_use]
    pub fn still(self) -> Self {
        Self { is_varied: false, ..self }
    }

    /// The same seen by others too, as [`TrainingPipeline::augmented_for`] has it.
    #[must_use]
    pub fn seen_by(self, viewers: Vec<Preprocessing>) -> Self {
        Self { viewers, ..self }
    }

    /// The first labeled example and every `step`-th after it.
    #[must_use]
    pub fn thinned(self, step: usize) -> Self {
        let sketches = self.sketches.into_iter().take(self.labels.len()).step_by(step).collect();
        Self { sketches, labels: self.labels.into_iter().step_by(step).collect(), ..self }
    }
}

impl Examples for SketchExamples<'_> {
    fn len(&self) -> usize {
        self.sketches.len()
    }

    fn labeled_len(&self) -> usize {
        self.labels.len()
    }

    fn label(&self, index: usize) -> usize {
        self.labels[index]
    }

    fn draw(&self, index: usize, mut rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        let (data, at) = self.sketches[index];
        let drawing = data.sketch(at)?.drawing;
        Ok(if self.is_varied {
            self.pipeline.augmented(&drawing, &mut rng)
        } else {
            self.pipeline.preprocessing.apply(&drawing)
        })
    }

    fn viewers(&self) -> usize {
        self.viewers.len()
    }

    fn draw_for(&self, viewer: usize, index: usize, rng: &Pcg64) -> Result<Vec<f32>, DataError> {
        let ((data, at), theirs) = (self.sketches[index], &self.viewers[viewer]);
        let drawing = data.sketch(at)?.drawing;
        Ok(if self.is_varied {
            self.pipeline.augmented_for(theirs, &drawing, rng)
        } else {
            theirs.apply(&drawing)
        })
    }
}
