use rand::{Rng, RngExt};

use super::{Augmentation, up_to};
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

    /// The way back. Its determinant is ±1, so there is one; amounts beyond all measure give one
    /// that is not finite.
    pub(crate) fn inverse(&self) -> Self {
        let [a, b, c, d] = self.0;
        let determinant = a * d - b * c;
        Self([d, -b, -c, a].map(|entry| entry / determinant))
    }
}
