use dabnet_graph::Canvas;
use dabnet_sketch::{Example, Examples, SketchError, normalized, rasterize};
use rand::Rng;

/// Sketches drawn on a canvas as they are, to validate with.
#[derive(Clone, Copy, Debug)]
pub struct StillSketches<'a> {
    examples: &'a [Example],
    canvas: Canvas,
}

impl<'a> StillSketches<'a> {
    /// The given examples on `canvas`.
    pub fn new(examples: &'a [Example], canvas: Canvas) -> Self {
        Self { examples, canvas }
    }
}

impl Examples for StillSketches<'_> {
    fn len(&self) -> usize {
        self.examples.len()
    }

    fn label(&self, index: usize) -> usize {
        self.examples[index].label
    }

    fn draw(&self, index: usize, _: &mut dyn Rng) -> Result<Vec<f32>, SketchError> {
        let ink = rasterize(&self.examples[index].sketch.drawing, &self.canvas);
        Ok(normalized(&ink, &self.canvas))
    }
}
