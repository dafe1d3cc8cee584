use dabnet_sketch::{Drawing, Example, Examples, SketchError, View};
use rand::Rng;

/// Sketches augmented randomly at each draw.
#[derive(Clone, Debug)]
pub struct AugmentedSketches {
    drawings: Vec<Drawing>,
    labels: Vec<usize>,
    view: View,
}

impl AugmentedSketches {
    /// The strokes and labels of `examples`; a raster is traced once, here.
    pub fn new(examples: &[Example], view: View) -> Self {
        let strokes = |example: &Example| example.sketch.drawing.to_strokes().into_owned();
        Self {
            drawings: examples.iter().map(strokes).map(Drawing::Strokes).collect(),
            labels: examples.iter().map(|example| example.label).collect(),
            view,
        }
    }
}

impl Examples for AugmentedSketches {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn label(&self, index: usize) -> usize {
        self.labels[index]
    }

    fn draw(&self, index: usize, mut rng: &mut dyn Rng) -> Result<Vec<f32>, SketchError> {
        Ok(self.view.varied(&self.drawings[index], &mut rng))
    }
}
