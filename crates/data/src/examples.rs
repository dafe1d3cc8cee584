use dabnet_graph::Preprocessing;
use rand::Rng;
use rand_pcg::Pcg64;

use crate::{DataError, DataSet, Examples, Part};
use dabnet_sketch::{Preprocess, View};

/// The sketches of one part of a data set, read and drawn when they are needed.
pub struct DataExamples<'a> {
    data: &'a DataSet,
    indices: Vec<usize>,
    /// Those of the first so many; all, or none.
    labels: Vec<usize>,
    view: View,
    viewers: Vec<Preprocessing>,
    /// Whether they are drawn as they are.
    still: bool,
}

impl<'a> DataExamples<'a> {
    /// The labelled ones of one part, as `view` [varies](View::varied) them; sketches without a word are left
    /// out.
    ///
    /// # Errors
    /// [`DataError::Damaged`] where the data set is not as it was written.
    pub fn new(data: &'a DataSet, part: Part, view: View) -> Result<Self, DataError> {
        let (mut indices, mut labels) = (Vec::new(), Vec::new());
        for index in data.indices(part)? {
            if let Some(label) = data.label(index)? {
                indices.push(index);
                labels.push(label);
            }
        }
        Ok(Self { data, indices, labels, view, viewers: Vec::new(), still: false })
    }

    /// All of one part, with a word or without, and none with a label.
    ///
    /// # Errors
    /// [`DataError::Damaged`] where the data set is not as it was written.
    pub fn unlabelled(data: &'a DataSet, part: Part, view: View) -> Result<Self, DataError> {
        let (indices, labels) = (data.indices(part)?, Vec::new());
        Ok(Self { data, indices, labels, view, viewers: Vec::new(), still: false })
    }

    /// The same, [as they are](Preprocess::apply), to test on.
    #[must_use]
    pub fn still(self) -> Self {
        Self { still: true, ..self }
    }

    /// The same, seen by others, too, as [`View::varied_for`] has it.
    #[must_use]
    pub fn seen_by(self, viewers: Vec<Preprocessing>) -> Self {
        Self { viewers, ..self }
    }
}

impl Examples for DataExamples<'_> {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn labelled(&self) -> usize {
        self.labels.len()
    }

    fn label(&self, index: usize) -> usize {
        self.labels[index]
    }

    fn draw(&self, index: usize, mut rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        let drawing = self.data.sketch(self.indices[index])?.drawing;
        Ok(if self.still {
            self.view.preprocessing.apply(&drawing)
        } else {
            self.view.varied(&drawing, &mut rng)
        })
    }

    fn viewers(&self) -> usize {
        self.viewers.len()
    }

    fn draw_for(&self, viewer: usize, index: usize, rng: &Pcg64) -> Result<Vec<f32>, DataError> {
        let (drawing, theirs) = (self.data.sketch(self.indices[index])?.drawing, &self.viewers[viewer]);
        Ok(if self.still { theirs.apply(&drawing) } else { self.view.varied_for(theirs, &drawing, rng) })
    }
}
