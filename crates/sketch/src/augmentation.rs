//! Random changes of sketches, so that a network meets each one in many ways.

mod bend;
mod distortion;
mod pipeline;
mod presets;
mod published_crop;
mod raster;
mod stroke_removal;

use dabnet_graph::{Canvas, Channels};
use rand::{Rng, RngExt};

use self::bend::{RigidDeformation, refined};
use self::distortion::{AffineTransform, WaveDistortion, up_to};
use self::stroke_removal::{beginning, dropped, removed};
use crate::placement::{CanvasPlacement, CropWindow, bounds};
use crate::planes::draw_visible;
use crate::{Point, Stroke};

pub use pipeline::TrainingPipeline;
pub use presets::Augmentation;

impl Augmentation {
    /// Varies strokes and draws them: `side × side` ink values as [`rasterize`](crate::rasterize)
    /// gives. The same strokes and the same state of `rng` give the same pixels.
    ///
    /// The strokes of a raster are those of [`Drawing::to_strokes`](crate::Drawing::to_strokes);
    /// finding them takes longer than all else here, so keep them.
    pub fn apply(&self, strokes: &[Stroke], canvas: &Canvas, rng: &mut impl Rng) -> Vec<u8> {
        let strokes = self.strokes(strokes, rng);
        draw_visible(&strokes, canvas, &self.placement(rng), Channels::Ink)
    }

    /// The same, with channels of what is known of the lines.
    pub(crate) fn planes(
        &self,
        strokes: &[Stroke],
        canvas: &Canvas,
        channels: Channels,
        rng: &mut impl Rng,
    ) -> Vec<u8> {
        let strokes = self.strokes(strokes, rng);
        draw_visible(&strokes, canvas, &self.placement(rng), channels)
    }

    /// The varied strokes, around 0 and in units of the longer side of the given ones.
    pub fn strokes(&self, strokes: &[Stroke], rng: &mut impl Rng) -> Vec<Stroke> {
        let dropped = dropped(strokes, self.drop, rng);
        let Some([low, high]) = bounds(strokes) else { return Vec::new() };
        let middle = [0, 1].map(|axis| f64::midpoint(low[axis], high[axis]));
        let size = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
        let affine = AffineTransform::new(self, rng);
        let wave = WaveDistortion::new(self.warp, rng);
        let kept = strokes.iter().enumerate().filter(|(index, _)| Some(*index) != dropped);
        let varied = kept.map(|(_, stroke)| {
            let drift = [up_to(self.drift, rng), up_to(self.drift, rng)];
            // Around the middle and in units of the size, so that amounts mean the same for all.
            let vary = |point: Point| {
                let at = [0, 1].map(|axis| ((f64::from(point[axis]) - middle[axis]) / size) as f32);
                let bent = wave.apply(at);
                affine.apply([bent[0] + drift[0], bent[1] + drift[1]])
            };
            Stroke::new(stroke.drawable().map(vary).collect())
        });
        let varied = varied.collect();
        self.reshaped(varied, rng)
    }

    /// The changes that draw nothing from `rng` where they are not wanted: what those before them
    /// draw stays what it was.
    fn reshaped(&self, mut strokes: Vec<Stroke>, rng: &mut impl Rng) -> Vec<Stroke> {
        if self.partial != 0.0 {
            strokes = beginning(&strokes, 1.0 - rng.random::<f32>() * share(self.partial));
        }
        if self.remove != 0.0 {
            strokes = removed(strokes, share(self.remove), rng);
        }
        if self.bend != 0.0 {
            strokes = refined(&strokes);
            let bend = RigidDeformation::new(&strokes, self.bend, rng);
            strokes.iter_mut().flat_map(|stroke| &mut stroke.points).for_each(|at| *at = bend.apply(*at));
        }
        strokes
    }

    /// Draws the position on the canvas and the line width.
    pub(crate) fn placement(&self, rng: &mut impl Rng) -> CanvasPlacement {
        let zoom = 1.0 - rng.random::<f32>() * (1.0 - self.zoom.clamp(0.1, 1.0));
        let shift = [up_to(1.0, rng), up_to(1.0, rng)];
        let line = up_to(self.line, rng).exp();
        let window = (self.crop != 0.0).then(|| {
            let shown = 1.0 - rng.random::<f32>() * share(self.crop).min(0.9);
            CropWindow { enlarge: 1.0 / shown.sqrt(), at: [up_to(1.0, rng), up_to(1.0, rng)] }
        });
        CanvasPlacement { zoom, shift, line, window }
    }
}

/// An amount as a share of the whole, from 0 to 1; what is not a number is 0.
fn share(amount: f32) -> f32 {
    if amount > 0.0 { amount.min(1.0) } else { 0.0 }
}
