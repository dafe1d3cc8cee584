use rand::Rng;

use crate::{DataSet, Examples, Part, SketchError, View};

/// The labelled sketches of one part of a data set, read and varied when they are needed.
pub struct DataExamples<'a> {
    data: &'a DataSet,
    indices: Vec<usize>,
    labels: Vec<usize>,
    view: View,
    varied: bool,
}

impl<'a> DataExamples<'a> {
    /// Those of one part, as `view` shows them; sketches without a word are left out.
    ///
    /// # Errors
    /// [`SketchError::Damaged`] where the data set is not as it was written.
    pub fn new(data: &'a DataSet, part: Part, view: View) -> Result<Self, SketchError> {
        Self::of(data, part, view, true)
    }

    /// The same as they are, to test on.
    ///
    /// # Errors
    /// As [`DataExamples::new`].
    pub fn still(data: &'a DataSet, part: Part, view: View) -> Result<Self, SketchError> {
        Self::of(data, part, view, false)
    }

    fn of(data: &'a DataSet, part: Part, view: View, varied: bool) -> Result<Self, SketchError> {
        let (mut indices, mut labels) = (Vec::new(), Vec::new());
        for index in data.indices(part)? {
            if let Some(label) = data.label(index)? {
                indices.push(index);
                labels.push(label);
            }
        }
        Ok(Self { data, indices, labels, view, varied })
    }
}

impl Examples for DataExamples<'_> {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn label(&self, index: usize) -> usize {
        self.labels[index]
    }

    fn draw(&self, index: usize, mut rng: &mut dyn Rng) -> Result<Vec<f32>, SketchError> {
        let drawing = self.data.sketch(self.indices[index])?.drawing;
        Ok(if self.varied { self.view.varied(&drawing, &mut rng) } else { self.view.still(&drawing) })
    }
}
