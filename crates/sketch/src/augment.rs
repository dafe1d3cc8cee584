use std::f32::consts::TAU;

use dabnet_graph::Canvas;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::fit::{Placement, bounds};
use crate::rasterize::draw;
use crate::{Point, Stroke};

/// How much a sketch may be varied before it is drawn, so that a network meets each one in many
/// ways.
///
/// All changes but the last two are made to the strokes, before they are fitted to the canvas.
/// "Up to" means uniform from minus to plus that much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
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
    /// Smallest size on the canvas, where 1 fills it; the place is uniform in the room left.
    pub zoom: f32,
    /// Up to this much change of line width, as a logarithm.
    pub line: f32,
}

impl Default for Augment {
    fn default() -> Self {
        Self::light()
    }
}

impl Augment {
    /// Changes that leave every sketch as easy for a person as it was.
    pub fn light() -> Self {
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
        }
    }

    /// No change: draws what [`rasterize`](crate::rasterize) draws, but for rounding.
    pub fn none() -> Self {
        Self {
            flip: 0.0,
            rotation: 0.0,
            stretch: 0.0,
            shear: 0.0,
            warp: 0.0,
            drift: 0.0,
            drop: 0.0,
            zoom: 1.0,
            line: 0.0,
        }
    }

    /// Varies strokes and draws them: `side × side` ink values as [`rasterize`](crate::rasterize)
    /// gives. The same strokes and the same state of `rng` give the same pixels.
    ///
    /// The strokes of a raster are those of [`Drawing::to_strokes`](crate::Drawing::to_strokes);
    /// finding them takes longer than all else here, so keep them.
    pub fn apply(&self, strokes: &[Stroke], canvas: &Canvas, rng: &mut impl Rng) -> Vec<u8> {
        let strokes = self.strokes(strokes, rng);
        let zoom = 1.0 - rng.random::<f32>() * (1.0 - self.zoom.clamp(0.1, 1.0));
        let shift = [up_to(1.0, rng), up_to(1.0, rng)];
        let line = up_to(self.line, rng).exp();
        draw(&strokes, canvas, &Placement { zoom, shift, line })
    }

    /// The varied strokes, around 0 and in units of the longer side of the given ones.
    pub fn strokes(&self, strokes: &[Stroke], rng: &mut impl Rng) -> Vec<Stroke> {
        let dropped = self.dropped(strokes, rng);
        let Some([low, high]) = bounds(strokes) else { return Vec::new() };
        let middle = [0, 1].map(|axis| f64::midpoint(low[axis], high[axis]));
        let size = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
        let affine = self.affine(rng);
        let wave = Wave::new(self.warp, rng);
        let kept = strokes.iter().enumerate().filter(|(index, _)| Some(*index) != dropped);
        kept.map(|(_, stroke)| {
            let drift = [up_to(self.drift, rng), up_to(self.drift, rng)];
            // Around the middle and in units of the size, so that amounts mean the same for all.
            let vary = |point: Point| {
                let at = [0, 1].map(|axis| ((f64::from(point[axis]) - middle[axis]) / size) as f32);
                let bent = wave.apply(at);
                affine_map(&affine, [bent[0] + drift[0], bent[1] + drift[1]])
            };
            Stroke::new(stroke.drawable().map(vary).collect())
        })
        .collect()
    }

    /// Which stroke to leave out.
    fn dropped(&self, strokes: &[Stroke], rng: &mut impl Rng) -> Option<usize> {
        let (wanted, mut pick) = (rng.random::<f32>() < self.drop, rng.random::<f32>());
        if !wanted || strokes.len() < 2 {
            return None;
        }
        let longest = strokes.iter().map(Stroke::length).fold(f32::MIN_POSITIVE, f32::max);
        let weight = |(index, stroke): (usize, &Stroke)| {
            (2.0 * index as f32 / strokes.len() as f32 - 4.0 * stroke.length() / longest).exp()
        };
        let weights: Vec<f32> = strokes.iter().enumerate().map(weight).collect();
        pick *= weights.iter().sum::<f32>();
        weights.iter().position(|weight| {
            pick -= weight;
            pick < 0.0
        })
    }

    /// Mirror, stretch, slant and rotation as one 2 × 2 matrix, row by row.
    fn affine(&self, rng: &mut impl Rng) -> [f32; 4] {
        let mirror = if rng.random::<f32>() < self.flip { -1.0 } else { 1.0 };
        let stretch = (up_to(self.stretch, rng) / 2.0).exp();
        let (sin, cos) = up_to(self.rotation, rng).sin_cos();
        let shear = up_to(self.shear, rng);
        let (x, y) = (mirror * stretch, 1.0 / stretch);
        [cos * x, (cos * shear - sin) * y, sin * x, (sin * shear + cos) * y]
    }
}

fn up_to(most: f32, rng: &mut impl Rng) -> f32 {
    (rng.random::<f32>() * 2.0 - 1.0) * most
}

fn affine_map(matrix: &[f32; 4], [x, y]: Point) -> Point {
    [matrix[0] * x + matrix[1] * y, matrix[2] * x + matrix[3] * y]
}

/// A smooth displacement: for x and for y, a wave of about one period over the sketch, in some
/// direction.
struct Wave([[f32; 4]; 2]);

impl Wave {
    fn new(amplitude: f32, rng: &mut impl Rng) -> Self {
        Self([(); 2].map(|()| {
            let (sin, cos) = (rng.random::<f32>() * TAU).sin_cos();
            let frequency = TAU * (0.5 + rng.random::<f32>());
            [up_to(amplitude, rng), cos * frequency, sin * frequency, rng.random::<f32>() * TAU]
        }))
    }

    fn apply(&self, [x, y]: Point) -> Point {
        let [dx, dy] = self.0.map(|[amplitude, fx, fy, phase]| amplitude * (fx * x + fy * y + phase).sin());
        [x + dx, y + dy]
    }
}
