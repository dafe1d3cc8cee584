use dabnet_binarize::{DistributionShape, FilterStatistics, Scheme};
use serde::Serialize;

/// Extremes, quartiles and median of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quartiles {
    /// Minimum.
    pub least: f64,
    /// First quartile.
    pub lower: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub upper: f64,
    /// Maximum.
    pub greatest: f64,
}

impl Quartiles {
    /// Quartiles of numbers in any order, interpolated between neighbors; zeros of no numbers.
    pub(crate) fn of(mut numbers: Vec<f64>) -> Self {
        if numbers.is_empty() {
            return Self::default();
        }
        numbers.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (numbers.len() - 1) as f64;
            let (low, high) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
            low + place.fract() * (high - low)
        };
        Self { least: at(0.0), lower: at(0.25), median: at(0.5), upper: at(0.75), greatest: at(1.0) }
    }
}

/// Errors of each scheme, summed over filters.
#[derive(Clone, Debug, Default)]
pub(crate) struct FitSum {
    /// Number of filters.
    pub(crate) filters: usize,
    /// Number of weights.
    pub(crate) weights: usize,
    /// `‖W‖²`.
    norm: f64,
    /// `‖W − W̃‖²` in the order of [`Scheme::ALL`].
    errors: [f64; Scheme::ALL.len()],
    /// Sums of the filters' relative errors, in that order.
    relative: [f64; Scheme::ALL.len()],
}

impl FitSum {
    /// Sums over filters.
    pub(crate) fn of<'a>(filters: impl IntoIterator<Item = (&'a [f32], &'a FilterStatistics)>) -> Self {
        let mut total = Self::default();
        for (weights, statistics) in filters {
            let norm: f64 = weights.iter().map(|&weight| f64::from(weight).powi(2)).sum();
            total.filters += 1;
            total.weights += weights.len();
            total.norm += norm;
            for (index, scheme) in Scheme::ALL.into_iter().enumerate() {
                let error = statistics.fit(scheme).relative_error;
                total.relative[index] += error;
                total.errors[index] += error * norm;
            }
        }
        total
    }

    /// Adds the sums of other filters.
    pub(crate) fn add(&mut self, other: &Self) {
        self.filters += other.filters;
        self.weights += other.weights;
        self.norm += other.norm;
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
        self.relative.iter_mut().zip(other.relative).for_each(|(sum, error)| *sum += error);
    }

    /// Relative error of all weights taken together, `‖W − W̃‖² / ‖W‖²`; 0 of zeros.
    pub(crate) fn error(&self, scheme: Scheme) -> f64 {
        if self.norm > 0.0 { self.errors[scheme as usize] / self.norm } else { 0.0 }
    }

    /// Mean of the filters' relative errors.
    pub(crate) fn mean_error(&self, scheme: Scheme) -> f64 {
        self.relative[scheme as usize] / self.filters.max(1) as f64
    }
}

/// Errors of filters, grouped by the shape of their distribution.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShapeFits([ShapeFit; DistributionShape::ALL.len()]);

/// Number and errors of the filters of one shape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShapeFit {
    pub(crate) count: usize,
    /// Sums of their relative errors, in the order of [`Scheme::ALL`].
    errors: [f64; Scheme::ALL.len()],
}

impl ShapeFits {
    /// Errors of filters.
    pub(crate) fn of<'a>(filters: impl IntoIterator<Item = &'a FilterStatistics>) -> Self {
        let mut fits = Self::default();
        for filter in filters {
            let fit = fits.fit_mut(filter.moments.shape());
            fit.count += 1;
            for (sum, scheme) in fit.errors.iter_mut().zip(Scheme::ALL) {
                *sum += filter.fit(scheme).relative_error;
            }
        }
        fits
    }

    /// Adds the sums of other filters.
    pub(crate) fn add(&mut self, other: &Self) {
        for (fit, other) in self.0.iter_mut().zip(&other.0) {
            fit.count += other.count;
            fit.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
        }
    }

    /// Shapes that occur, with their errors.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (DistributionShape, &ShapeFit)> {
        DistributionShape::ALL.into_iter().zip(&self.0).filter(|(_, fit)| fit.count > 0)
    }

    fn fit_mut(&mut self, shape: DistributionShape) -> &mut ShapeFit {
        let index = DistributionShape::ALL.iter().position(|&other| other == shape).unwrap_or(0);
        &mut self.0[index]
    }
}

impl ShapeFit {
    /// Mean relative error of a scheme.
    pub(crate) fn error(&self, scheme: Scheme) -> f64 {
        self.errors[scheme as usize] / self.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_cut_in_four() {
        let Quartiles { least, lower, median, upper, greatest } =
            Quartiles::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!([least, lower, median, upper, greatest], [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(Quartiles::of(vec![1.0, 2.0]).median, 1.5);
        assert_eq!(Quartiles::of(vec![7.0]).upper, 7.0);
        assert_eq!(Quartiles::of(Vec::new()), Quartiles::default());
    }

    #[test]
    fn filters_are_counted_by_shape() {
        let filters: [&[f32]; 3] = [&[1.0, 1.0], &[1.0, -1.0, 1.0, -1.0], &[2.0, 0.0, 2.0, 0.0]];
        let statistics = filters.map(|filter| FilterStatistics::of(filter).unwrap());
        let mut fits = ShapeFits::of(&statistics);
        fits.add(&ShapeFits::of(&statistics));
        let counts: Vec<(DistributionShape, usize)> =
            fits.iter().map(|(shape, fit)| (shape, fit.count)).collect();
        assert_eq!(counts, [(DistributionShape::TwoHumped, 4), (DistributionShape::Constant, 2)]);
        let (_, humped) = fits.iter().next().unwrap();
        assert_eq!((humped.error(Scheme::Dab), humped.error(Scheme::Sign)), (0.0, 0.25));
    }
}
