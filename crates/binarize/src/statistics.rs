use core::fmt;

use crate::{Scheme, Split, SplitError, split};

/// Statistics of a filter's weights, and the errors of all schemes on it.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterStatistics {
    /// `n`.
    pub count: usize,
    /// The least weight.
    pub least: f32,
    /// The greatest weight.
    pub greatest: f32,
    /// Moments of the distribution.
    pub moments: WeightMoments,
    fits: [SchemeFit; Scheme::ALL.len()],
}

/// A filter under one scheme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SchemeFit {
    /// The two values.
    pub split: Split,
    /// `‖W − W̃‖² / ‖W‖²`.
    pub relative_error: f64,
}

impl FilterStatistics {
    /// Everything about one filter.
    ///
    /// # Errors
    /// Those of [`split`](crate::split()).
    pub fn of(weights: &[f32]) -> Result<Self, SplitError> {
        let fit = |scheme| {
            let split = split(scheme, weights)?;
            Ok(SchemeFit { split, relative_error: split.relative_error(weights) })
        };
        let [first, second, third, fourth] = Scheme::ALL.map(fit);
        Ok(Self {
            count: weights.len(),
            least: weights.iter().copied().fold(f32::INFINITY, f32::min),
            greatest: weights.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            moments: WeightMoments::of(weights),
            fits: [first?, second?, third?, fourth?],
        })
    }

    /// The filter under a scheme.
    pub fn fit(&self, scheme: Scheme) -> &SchemeFit {
        &self.fits[scheme as usize]
    }

    /// `K / n` of a scheme.
    pub fn upper_share(&self, scheme: Scheme) -> f64 {
        self.fit(scheme).split.count as f64 / self.count as f64
    }

    /// Excess relative error of a scheme over the optimum.
    pub fn gap(&self, scheme: Scheme) -> f64 {
        self.fit(scheme).relative_error - self.fit(Scheme::Dab).relative_error
    }
}

/// Population moments of a filter's weights, without correction for `n`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightMoments {
    /// First moment.
    pub mean: f64,
    /// Second central moment.
    pub variance: f64,
    /// Third standardized moment: 0 if symmetric, positive with a longer upper tail; 0 for equal
    /// weights.
    pub skewness: f64,
    /// Fourth standardized moment: 1 for two equal halves, 1.8 uniform, 3 Gaussian, 6 Laplace; 0
    /// for equal weights.
    pub kurtosis: f64,
}

impl WeightMoments {
    /// The moments of finite weights; all 0 if there are none.
    pub fn of(weights: &[f32]) -> Self {
        let n = weights.len().max(1) as f64;
        let mean = weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() / n;
        let (mut second, mut third, mut fourth) = (0.0, 0.0, 0.0);
        for &weight in weights {
            let deviation = f64::from(weight) - mean;
            let square = deviation * deviation;
            second += square;
            third += square * deviation;
            fourth += square * square;
        }
        let variance = second / n;
        if variance == 0.0 {
            return Self { mean, variance, skewness: 0.0, kurtosis: 0.0 };
        }
        Self {
            mean,
            variance,
            skewness: third / n / (variance * square_root(variance)),
            kurtosis: fourth / n / (variance * variance),
        }
    }

    /// Sarle's coefficient of bimodality, `(skewness² + 1) / kurtosis`: 1 for two values and
    /// nothing else, 5/9 uniform or exponential, 1/3 Gaussian; 0 for equal weights.
    pub fn bimodality(&self) -> f64 {
        if self.kurtosis > 0.0 { (self.skewness * self.skewness + 1.0) / self.kurtosis } else { 0.0 }
    }

    /// The form in a word.
    pub fn shape(&self) -> DistributionShape {
        match self {
            _ if self.variance == 0.0 => DistributionShape::Constant,
            _ if self.bimodality() > 0.6 && self.kurtosis < 10.0 => DistributionShape::TwoHumped,
            _ if self.kurtosis > 4.5 => DistributionShape::HeavyTailed,
            _ if self.skewness.abs() > 0.5 => DistributionShape::Skewed,
            _ if self.kurtosis < 2.2 => DistributionShape::Flat,
            _ => DistributionShape::Bell,
        }
    }
}

/// Shape of a filter's distribution, judged from its moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DistributionShape {
    /// All weights are equal.
    Constant,
    /// Bimodal: a coefficient above 0.6, and kurtosis below 10, as two modes have if the smaller holds a
    /// twelfth or more. A single outlier is bimodal by the coefficient, too.
    TwoHumped,
    /// A few weights far out: kurtosis above 4.5.
    HeavyTailed,
    /// One tail longer than the other: skewness beyond ±0.5.
    Skewed,
    /// Near uniform: kurtosis below 2.2.
    Flat,
    /// Near Gaussian: none of the other shapes.
    Bell,
}

impl DistributionShape {
    /// Every shape.
    pub const ALL: [Self; 6] =
        [Self::Bell, Self::Flat, Self::Skewed, Self::TwoHumped, Self::HeavyTailed, Self::Constant];

    /// The name in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::TwoHumped => "two-humped",
            Self::HeavyTailed => "heavy-tailed",
            Self::Skewed => "skewed",
            Self::Flat => "flat",
            Self::Bell => "bell-shaped",
        }
    }
}

impl fmt::Display for DistributionShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(feature = "std")]
fn square_root(x: f64) -> f64 {
    x.sqrt()
}

#[cfg(not(feature = "std"))]
fn square_root(x: f64) -> f64 {
    libm::sqrt(x)
}
