use std::f32::consts::TAU;

use rand::{Rng, RngExt};

use super::presets::Augmentation;
use crate::Point;

/// Mirror, stretch, slant and rotation around 0 as one 2 × 2 matrix, row by row.
pub(super) struct AffineTransform([f32; 4]);

impl AffineTransform {
    pub(crate) fn new(augment: &Augmentation, rng: &mut impl Rng) -> Self {
        let mirror = if rng.random::<f32>() < augment.flip { -1.0 } else { 1.0 };
        let stretch = (up_to(augment.stretch, rng) / 2.0).exp();
        let (sin, cos) = up_to(augment.rotation, rng).sin_cos();
        let shear = up_to(augment.shear, rng);
        let (x, y) = (mirror * stretch, 1.0 / stretch);
        Self([cos * x, (cos * shear - sin) * y, sin * x, (sin * shear + cos) * y])
    }

    pub(crate) fn apply(&self, [x, y]: Point) -> Point {
        let [a, b, c, d] = self.0;
        [a * x + b * y, c * x + d * y]
    }

    /// The inverse transform. The determinant is ±1, so there is one; extreme amounts give one
    /// that is not finite.
    pub(crate) fn inverse(&self) -> Self {
        let [a, b, c, d] = self.0;
        let determinant = a * d - b * c;
        Self([d, -b, -c, a].map(|entry| entry / determinant))
    }
}

/// A smooth displacement: for x and for y, a wave of about one period over the sketch, in some
/// direction.
pub(super) struct WaveDistortion([[f32; 4]; 2]);

impl WaveDistortion {
    pub(crate) fn new(amplitude: f32, rng: &mut impl Rng) -> Self {
        Self([(); 2].map(|()| {
            let (sin, cos) = (rng.random::<f32>() * TAU).sin_cos();
            let frequency = TAU * (0.5 + rng.random::<f32>());
            [up_to(amplitude, rng), cos * frequency, sin * frequency, rng.random::<f32>() * TAU]
        }))
    }

    pub(crate) fn apply(&self, [x, y]: Point) -> Point {
        let [dx, dy] = self.displacement([x, y]);
        [x + dx, y + dy]
    }

    /// The inverse, to first order: the displacement changes little over its own length.
    pub(crate) fn undo(&self, [x, y]: Point) -> Point {
        let [dx, dy] = self.displacement([x, y]);
        [x - dx, y - dy]
    }

    fn displacement(&self, [x, y]: Point) -> Point {
        self.0.map(|[amplitude, fx, fy, phase]| amplitude * (fx * x + fy * y + phase).sin())
    }
}

/// Uniform from minus to plus `most`.
pub(super) fn up_to(most: f32, rng: &mut impl Rng) -> f32 {
    (rng.random::<f32>() * 2.0 - 1.0) * most
}
