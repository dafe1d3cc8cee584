use dabnet_binarize::Scheme;
use serde::Serialize;

use super::{estimate::Estimate, row::Row};

/// How much more often one network is right than another, over the seeds that both have runs of.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub arch: String,
    pub of: String,
    pub minus: String,
    pub seeds: Vec<u64>,
    /// Of top-1, a run of the one minus the run of the other with the same seed.
    pub top1: Estimate,
    pub standard_error: Option<f64>,
}

impl Difference {
    /// Those of networks that differ in their scheme alone: the optimum, minus `±mean|W|`.
    pub(super) fn all(rows: &[Row]) -> Vec<Self> {
        let twin = |dab: &Row| {
            rows.iter().find(|row| {
                let (ours, theirs) = (&dab.network, &row.network);
                (&ours.arch, &ours.policy) == (&theirs.arch, &theirs.policy) && theirs.scheme == Scheme::Sign
            })
        };
        let dabs = rows.iter().filter(|row| row.network.scheme == Scheme::Dab);
        dabs.filter_map(|dab| Self::between(dab, twin(dab)?)).collect()
    }

    fn between(ours: &Row, theirs: &Row) -> Option<Self> {
        let pairs = ours.entries.iter().filter_map(|entry| {
            let seed = entry.results.seed;
            let twin = theirs.entries.iter().find(|twin| twin.results.seed == seed)?;
            Some((seed, entry.tested.top1 - twin.tested.top1))
        });
        let (seeds, differences): (Vec<u64>, Vec<f64>) = pairs.unzip();
        if seeds.is_empty() {
            return None;
        }
        let top1 = Estimate::of(&differences);
        Some(Self {
            arch: ours.network.arch.clone(),
            of: ours.network.name(),
            minus: theirs.network.name(),
            seeds,
            standard_error: top1.standard_error(),
            top1,
        })
    }

    /// In one line.
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
