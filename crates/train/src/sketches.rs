use dabnet_graph::Canvas;
use dabnet_sketch::{Augment, Example, Examples, SketchError, Stroke, normalized};
use rand::Rng;

/// Sketches drawn on a canvas, augmented anew each time.
#[derive(Clone, Debug)]
pub struct AugmentedSketches {
    strokes: Vec<Vec<Stroke>>,
    labels: Vec<usize>,
    canvas: Canvas,
    augment: Augment,
}

impl AugmentedSketches {
    /// The strokes and labels of `examples`; a raster is traced once, here.
    pub fn new(examples: &[Example], canvas: Canvas, augment: Augment) -> Self {
        Self {
            strokes: examples
                .iter()
                .map(|example| example.sketch.drawing.to_strokes().into_owned())
                .collect(),
            labels: examples.iter().map(|example| example.label).collect(),
            canvas,
            augment,
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
        Ok(normalized(&self.augment.apply(&self.strokes[index], &self.canvas, &mut rng), &self.canvas))
    }
}
