use dabnet_graph::{Look, Preprocessing};
use rand::Rng;

use crate::{Augment, Drawing, Paper, Preprocess};

/// How training sees drawings: varied, and then as the model's preprocessing has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// What stays with the model.
    pub preprocessing: Preprocessing,
    /// What is varied before. [`Look::Paper`] is varied as published, and mirrored if this says that anything is;
    /// [`Look::Bitmap`] never is.
    pub augment: Augment,
}

impl View {
    /// A drawing, varied: the input of the network, as [`Preprocess::apply`] gives it.
    ///
    /// The lines of a raster are found each time: import with [`trace`](crate::Import::trace) where that is to
    /// be quick.
    pub fn varied(&self, drawing: &Drawing, rng: &mut impl Rng) -> Vec<f32> {
        let Self { preprocessing, augment } = self;
        let canvas = &preprocessing.canvas;
        let ink = match (preprocessing.look, drawing) {
            (Look::Bitmap, _) => preprocessing.ink(drawing),
            (Look::Paper, _) => Paper::new(canvas.side).train(drawing, augment.flip > 0.0, rng),
            (Look::Pixels, Drawing::Raster(raster)) => augment.raster(raster, canvas, rng),
            (Look::Pixels, Drawing::Picture(picture)) => augment.raster(&picture.to_raster(), canvas, rng),
            (Look::Lines | Look::Pixels, _) => augment.apply(&drawing.to_strokes(), canvas, rng),
        };
        preprocessing.normalized(&ink)
    }
}
