//! Relative errors of two values for filters of a given length, measured.

use dabnet_binarize::{FilterStatistics, Scheme};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::{distribution::Distribution, tally::Tally};
use crate::error::XtaskError;

/// The filter lengths of the tables: 3×3 taps of 1, 3, 16, 64 and 256 channels, with 64 and 65,536
/// for comparison.
pub(super) const LENGTHS: [usize; 7] = [9, 27, 64, 144, 576, 2304, 65536];

/// Over many filters of one length.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    errors: [Tally; Scheme::ALL.len()],
    /// Error of `sign` less that of `dab`, filter by filter.
    pub gap: Tally,
    /// Share of the smaller part of `dab`: of `K/n` and `1 − K/n` the lesser.
    pub lesser_share: Tally,
}

impl Measured {
    pub(super) fn of(distribution: &Distribution, n: usize, seed: u64) -> Result<Self, XtaskError> {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut measured = Self::default();
        for _ in 0..filters(n) {
            let filter: Vec<f32> = (0..n).map(|_| distribution.sample(&mut rng) as f32).collect();
            measured.add(&FilterStatistics::of(&filter)?);
        }
        Ok(measured)
    }

    pub(super) fn error(&self, scheme: Scheme) -> &Tally {
        &self.errors[scheme as usize]
    }

    fn add(&mut self, statistics: &FilterStatistics) {
        for scheme in Scheme::ALL {
            self.errors[scheme as usize].add(statistics.fit(scheme).relative_error);
        }
        self.gap.add(statistics.gap(Scheme::Sign));
        let share = statistics.upper_share(Scheme::Dab);
        self.lesser_share.add(share.min(1.0 - share));
    }
}

/// Number of filters of a length: a million weights, within reason.
pub(super) fn filters(n: usize) -> usize {
    (1_000_000 / n).clamp(24, 20_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::{family, limit::Limit};

    #[test]
    fn long_filters_are_at_the_limit() {
        for family in family::all().iter().filter(|family| !family.name.starts_with("Student")) {
            let (limit, measured) =
                (Limit::of(&family.distribution), Measured::of(&family.distribution, 20_000, 1));
            let measured = measured.unwrap();
            for scheme in Scheme::ALL {
                let (expected, error) = (limit.error(scheme), measured.error(scheme).mean());
                // The better of two cuts that fit equally well in the limit is below it.
                assert!((expected - error).abs() < 0.02, "{} {scheme}: {error} for {expected}", family.name);
            }
        }
    }
}
