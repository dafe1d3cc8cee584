use rand::{Rng, RngExt};

/// Points of `[−1, 1]ⁿ` and the product of the coordinates of each.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub points: Vec<Vec<f64>>,
    pub targets: Vec<f64>,
}

impl Product {
    pub(super) fn sample(n: usize, count: usize, rng: &mut impl Rng) -> Self {
        let point = |_| (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
        Self::at((0..count).map(point).collect())
    }

    /// The same with every point in all its `2ⁿ` reflections, so that the product is orthogonal to
    /// all that leave an input out, as it is over the whole cube.
    pub(super) fn reflected(n: usize, count: usize, rng: &mut impl Rng) -> Self {
        let reflect = |x: &Vec<f64>, pattern: usize| {
            x.iter().enumerate().map(|(i, x)| if pattern >> i & 1 == 1 { -x } else { *x }).collect()
        };
        let originals = Self::sample(n, count, rng).points;
        Self::at(originals.iter().flat_map(|x| (0..1 << n).map(|pattern| reflect(x, pattern))).collect())
    }

    fn at(points: Vec<Vec<f64>>) -> Self {
        Self { targets: points.iter().map(|x| x.iter().product()).collect(), points }
    }

    /// `‖f − p‖² / ‖p‖²` over the points.
    pub(super) fn relative_error(&self, of: impl Fn(&[f64]) -> f64) -> f64 {
        let errors = self.points.iter().zip(&self.targets).map(|(x, p)| (of(x) - p).powi(2));
        errors.sum::<f64>() / self.targets.iter().map(|p| p * p).sum::<f64>()
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
