use dabnet_binarize::Scheme;
use serde::Serialize;

use super::ComparedNetwork;

/// Mean and standard deviation over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation, `n − 1` in the denominator; none of one value.
    pub sd: Option<f64>,
    /// Number of values.
    pub n: usize,
}

impl Estimate {
    /// Estimate from values.
    pub(crate) fn of(values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Self { mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), n }
    }

    /// Standard error of the mean.
    pub(crate) fn standard_error(&self) -> Option<f64> {
        self.sd.map(|sd| sd / (self.n as f64).sqrt())
    }

    /// The estimate in per cent, with the standard deviation if there is one.
    pub(crate) fn percent(&self) -> String {
        match self.sd {
            Some(sd) => format!("{:.1} ± {:.1}", 100.0 * self.mean, 100.0 * sd),
            None => format!("{:.1}", 100.0 * self.mean),
        }
    }
}

/// Quantile 0.975 of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// 95 % confidence interval of a share found in `count` trials (Wilson, 1927).
pub(crate) fn wilson(share: f64, count: usize) -> [f64; 2] {
    let n = count as f64;
    let denominator = 1.0 + Z * Z / n;
    let center = (share + Z * Z / (2.0 * n)) / denominator;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / denominator;
    [center - half, center + half]
}

/// Difference in top-1 between two networks, over the seeds that both have runs of.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SchemeDifference {
    arch: String,
    of: String,
    minus: String,
    seeds: Vec<u64>,
    /// Top-1 of a run of the one minus that of the other with the same seed.
    top1: Estimate,
    standard_error: Option<f64>,
}

impl SchemeDifference {
    /// Differences of networks that differ in their scheme alone: `dab` minus `sign`.
    pub(super) fn all(networks: &[ComparedNetwork]) -> Vec<Self> {
        let twin = |dab: &ComparedNetwork| {
            networks.iter().find(|network| {
                let (ours, theirs) = (&dab.kind, &network.kind);
                (&ours.arch, &ours.policy) == (&theirs.arch, &theirs.policy) && theirs.scheme == Scheme::Sign
            })
        };
        let dabs = networks.iter().filter(|network| network.kind.scheme == Scheme::Dab);
        dabs.filter_map(|dab| Self::between(dab, twin(dab)?)).collect()
    }

    fn between(ours: &ComparedNetwork, theirs: &ComparedNetwork) -> Option<Self> {
        let pairs = ours.runs.iter().filter_map(|run| {
            let twin = theirs.runs.iter().find(|twin| twin.seed == run.seed)?;
            Some((run.seed, run.top1 - twin.top1))
        });
        let (seeds, differences): (Vec<u64>, Vec<f64>) = pairs.unzip();
        if seeds.is_empty() {
            return None;
        }
        let top1 = Estimate::of(&differences);
        Some(Self {
            arch: ours.kind.arch.clone(),
            of: ours.kind.name(),
            minus: theirs.kind.name(),
            seeds,
            standard_error: top1.standard_error(),
            top1,
        })
    }

    /// The difference in one line.
    pub(super) fn line(&self, several_archs: bool) -> String {
        let arch = if several_archs { format!("{}: ", self.arch) } else { String::new() };
        let Self { of, minus, .. } = self;
        let points = 100.0 * self.top1.mean;
        let seeds = self.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        match self.standard_error {
            Some(error) => format!(
                "{arch}{of} − {minus}: {points:+.1} ± {:.1} points of top-1 (standard error, paired by seed: {seeds})",
                100.0 * error
            ),
            None => format!("{arch}{of} − {minus}: {points:+.1} points of top-1 (seed {seeds} alone)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_deviations() {
        let three = Estimate::of(&[0.922, 0.915, 0.925]);
        assert_eq!(three.percent(), "92.1 ± 0.5");
        assert!((three.standard_error().unwrap() - 0.002963).abs() < 1e-6);
        let one = Estimate::of(&[0.5]);
        assert_eq!((one.sd, one.percent().as_str()), (None, "50.0"));
    }

    #[test]
    fn an_interval_of_a_textbook() {
        // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148 and 0 of 20.
        for (right, count, expected) in
            [(81, 263, [0.2553, 0.3662]), (15, 148, [0.0624, 0.1605]), (0, 20, [0.0, 0.1611])]
        {
            let found = wilson(f64::from(right) / count as f64, count);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 5e-5), "{found:?}");
        }
    }
}
