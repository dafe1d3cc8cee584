mod affine;
mod beginning;
mod bend;
mod lookup;
mod named;
mod pipeline;
mod published;
mod raster;
mod removal;
mod wave;

use std::f32::consts::TAU;

use dabnet_graph::{Canvas, Channels};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use self::affine::AffineTransform;
use self::beginning::beginning;
use self::bend::{RigidDeformation, refined};
use self::removal::{dropped, removed};
use self::wave::WaveDistortion;
use crate::placement::{CanvasPlacement, CropWindow, bounds};
use crate::planes::draw_planes;
use crate::{Point, SketchError, Stroke};

pub use pipeline::TrainingPipeline;

/// The most stretch, shear and change of line width: beyond it nothing is left of a sketch.
const MOST: f32 = 3.0;

/// How much a sketch may be varied before it is drawn, so that a network meets each one in many
/// ways.
///
/// All changes but `zoom`, `crop` and `line` are made to the strokes, before they are fitted to the
/// canvas. "Up to" means uniform from minus to plus that much. An amount of 0 makes no change, but
/// for `zoom`, where that is 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Probability that the sketch is mirrored left to right.
    pub flip: f32,
    /// Up to this much rotation, in radians.
    pub rotation: f32,
    /// Up to this much stretch of width against height, as a logarithm of their ratio.
    pub stretch: f32,
    /// Up to this much slant: shift of x per unit of y.
    pub shear: f32,
    /// Largest displacement of points by a smooth wave over the sketch, as a fraction of its
    /// longer side.
    pub warp: f32,
    /// Up to this much displacement of each stroke on its own, as a fraction of the longer side.
    pub drift: f32,
    /// Probability that one stroke is left out, of sketches with more than one. Late and short
    /// strokes are the likelier ones, as in Sketch-a-Net (Yu et al., *Sketch-a-Net that Beats
    /// Humans*, BMVC 2015).
    pub drop: f32,
    /// Largest share of the strokes that are left out, rounded to whole strokes; how many is
    /// uniform from none to that, and one is always left. Which ones as for `drop`.
    pub remove: f32,
    /// Largest share of the lines' length that is left out at the end of the drawing, uniform from
    /// none to that: the sketch as it was while it was being drawn. The last stroke is cut. Strokes found in a
    /// raster come in no such order, so that this takes any of them.
    pub partial: f32,
    /// Up to this much displacement of each of a few points on the sketch, as a fraction of its
    /// longer side; all between them follow as rigidly as they can (Schaefer, McPhail & Warren,
    /// *Image Deformation Using Moving Least Squares*, SIGGRAPH 2006).
    pub bend: f32,
    /// Smallest size on the canvas, where 1 fills it; the place is uniform in the room left.
    pub zoom: f32,
    /// Largest share of the fitted drawing's square that is cut away, up to 0.9: a smaller square,
    /// anywhere in it, takes its place; but not one without ink. What lies outside may still show
    /// in the margin.
    pub crop: f32,
    /// Up to this much change of line width, as a logarithm.
    pub line: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self::light()
    }
}

impl Augmentation {
    /// Changes that leave every sketch as easy for a person as it was.
    pub const fn light() -> Self {
        Self {
            flip: 0.5,
            rotation: 0.12,
            stretch: 0.15,
            shear: 0.08,
            warp: 0.015,
            drift: 0.008,
            drop: 0.08,
            zoom: 0.85,
            line: 0.15,
            ..Self::none()
        }
    }

    /// No change: draws what [`rasterize`](crate::rasterize) draws, but for rounding.
    pub const fn none() -> Self {
        Self {
            flip: 0.0,
            rotation: 0.0,
            stretch: 0.0,
            shear: 0.0,
            warp: 0.0,
            drift: 0.0,
            drop: 0.0,
            remove: 0.0,
            partial: 0.0,
            bend: 0.0,
            zoom: 1.0,
            crop: 0.0,
            line: 0.0,
        }
    }

    /// Checks that every amount is in range.
    ///
    /// # Errors
    /// [`SketchError::Augmentation`], naming the first that is not.
    pub fn validate(&self) -> Result<(), SketchError> {
        let ranges = [
            ("flip", self.flip, 0.0, 1.0),
            ("rotation", self.rotation, 0.0, TAU),
            ("stretch", self.stretch, 0.0, MOST),
            ("shear", self.shear, 0.0, MOST),
            ("warp", self.warp, 0.0, 1.0),
            ("drift", self.drift, 0.0, 1.0),
            ("drop", self.drop, 0.0, 1.0),
            ("remove", self.remove, 0.0, 1.0),
            ("partial", self.partial, 0.0, 1.0),
            ("bend", self.bend, 0.0, 1.0),
            ("zoom", self.zoom, 0.1, 1.0),
            ("crop", self.crop, 0.0, 0.9),
            ("line", self.line, 0.0, MOST),
        ];
        match ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((field, value, least, most)) => Err(SketchError::Augmentation { field, value, least, most }),
            None => Ok(()),
        }
    }

    /// Varies strokes and draws them: `side × side` ink values as [`rasterize`](crate::rasterize)
    /// gives. The same strokes and the same state of `rng` give the same pixels.
    ///
    /// The strokes of a raster are those of [`Drawing::to_strokes`](crate::Drawing::to_strokes);
    /// finding them takes longer than all else here, so keep them.
    pub fn apply(&self, strokes: &[Stroke], canvas: &Canvas, rng: &mut impl Rng) -> Vec<u8> {
        let strokes = self.strokes(strokes, rng);
        placed(&strokes, canvas, &self.placement(rng), Channels::Ink)
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
        placed(&strokes, canvas, &self.placement(rng), channels)
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

    /// Where on the canvas, and with which line.
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

/// Ink of varied strokes, the whole of them where the window shows none.
pub(crate) fn placed(
    strokes: &[Stroke],
    canvas: &Canvas,
    placement: &CanvasPlacement,
    channels: Channels,
) -> Vec<u8> {
    let ink = draw_planes(strokes, canvas, placement, channels);
    match placement.whole() {
        Some(whole) if blank(&ink) => draw_planes(strokes, canvas, &whole, channels),
        _ => ink,
    }
}

/// Uniform from minus to plus `most`.
fn up_to(most: f32, rng: &mut impl Rng) -> f32 {
    (rng.random::<f32>() * 2.0 - 1.0) * most
}

fn blank(ink: &[u8]) -> bool {
    ink.iter().all(|ink| *ink == 0)
}

/// An amount as a share of the whole, from 0 to 1; what is not a number is 0.
fn share(amount: f32) -> f32 {
    if amount > 0.0 { amount.min(1.0) } else { 0.0 }
}
