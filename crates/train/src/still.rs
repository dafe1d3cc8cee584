use dabnet_data::{DataError, Example, Examples};
use dabnet_graph::Preprocessing;
use dabnet_sketch::Preprocess;
use rand::Rng;

/// Sketches as they are, to validate with.
#[derive(Clone, Copy, Debug)]
pub struct StillSketches<'a> {
    examples: &'a [Example],
    preprocessing: Preprocessing,
}

impl<'a> StillSketches<'a> {
    /// The given examples, preprocessed.
    pub fn new(examples: &'a [Example], preprocessing: Preprocessing) -> Self {
        Self { examples, preprocessing }
    }
}

impl Examples for StillSketches<'_> {
    fn len(&self) -> usize {
        self.examples.len()
    }

    fn label(&self, index: usize) -> usize {
        self.examples[index].label
    }

    fn draw(&self, index: usize, _: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        Ok(self.preprocessing.apply(&self.examples[index].sketch.drawing))
    }
}
