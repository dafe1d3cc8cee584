use rand::Rng;

use crate::{DataSet, Examples, Part, Preprocess, SketchError, View};

/// The labelled sketches of one part of a data set, read and drawn when they are needed.
pub struct DataExamples<'a> {
    data: &'a DataSet,
    indices: Vec<usize>,
    labels: Vec<usize>,
    view: View,
    /// Whether they are drawn as they are.
    still: bool,
}

impl<'a> DataExamples<'a> {
    /// Those of one part, as `view` [varies](View::varied) them; sketches without a word are left out.
    ///
    /// # Errors
    /// [`SketchError::Damaged`] where the data set is not as it was written.
    pub fn new(data: &'a DataSet, part: Part, view: View) -> Result<Self, SketchError> {
        let (mut indices, mut labels) = (Vec::new(), Vec::new());
        for index in data.indices(part)? {
            if let Some(label) = data.label(index)? {
                indices.push(index);
                labels.push(label);
            }
        }
        Ok(Self { data, indices, labels, view, still: false })
    }

    /// The same, [as they are](Preprocess::apply), to test on.
    #[must_use]
    pub fn still(self) -> Self {
        Self { still: true, ..self }
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
        Ok(if self.still {
            self.view.preprocessing.apply(&drawing)
        } else {
            self.view.varied(&drawing, &mut rng)
        })
    }
}
