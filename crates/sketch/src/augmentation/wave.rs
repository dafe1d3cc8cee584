use std::f32::consts::TAU;

use rand::{Rng, RngExt};

use super::up_to;
use crate::Point;

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

    /// The way back, to first order: what a wave moves by changes little over that distance.
    pub(crate) fn undo(&self, [x, y]: Point) -> Point {
        let [dx, dy] = self.displacement([x, y]);
        [x - dx, y - dy]
    }

    fn displacement(&self, [x, y]: Point) -> Point {
        self.0.map(|[amplitude, fx, fy, phase]| amplitude * (fx * x + fy * y + phase).sin())
    }
}
