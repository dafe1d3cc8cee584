use dabnet_data::{Examples, random_stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Device, TrainError, backend,
    network::NetworkRef,
    targets::{BatchTargets, rank},
};

/// Number of examples drawn and classified at once.
const AT_ONCE: usize = 64;

/// Random stream of validation examples.
const VALIDATE: u8 = 3;

/// Accuracy and loss on validation examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Number of examples.
    pub count: usize,
    /// Share whose first label is right.
    pub top1: f64,
    /// Share with the right one among the first five.
    pub top5: f64,
    /// Mean cross entropy.
    pub loss: f64,
}

impl Validation {
    /// True if this is better than `other`: higher top-1, or the same with less loss.
    pub fn beats(&self, other: &Self) -> bool {
        self.top1 > other.top1 || (self.top1 == other.top1 && self.loss < other.loss)
    }

    /// Evaluates all `examples`, on the threads of the current pool.
    pub(crate) fn new(
        network: NetworkRef<'_>,
        examples: &dyn Examples,
        seed: u64,
        device: Device,
    ) -> Result<Self, TrainError> {
        let classes = network.graph.outputs();
        let (mut first, mut among, mut loss) = (0, 0, 0.0);
        for start in (0..examples.len()).step_by(AT_ONCE) {
            let indices = start..(start + AT_ONCE).min(examples.len());
            let labels: Vec<Option<usize>> =
                indices.clone().map(|index| Some(examples.label(index))).collect();
            let drawn = indices
                .into_par_iter()
                .map(|index| examples.draw(index, &mut random_stream(seed, VALIDATE, 0, index)));
            let drawn = drawn.collect::<Result<Vec<_>, _>>()?;
            let logits = backend::logits(device, network, &drawn.concat())?;
            let targets = BatchTargets { labels: &labels, label_smoothing: 0.0, teachers: None };
            loss += f64::from(targets.loss_and_gradient(&logits).0) * labels.len() as f64;
            for (row, label) in logits.chunks_exact(classes).zip(&labels) {
                let rank = label.and_then(|label| rank(row, label));
                first += usize::from(rank == Some(0));
                among += usize::from(rank.is_some_and(|rank| rank < 5));
            }
        }
        let count = examples.len();
        let share = |right: usize| right as f64 / count.max(1) as f64;
        Ok(Self { count, top1: share(first), top5: share(among), loss: loss / count.max(1) as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_decides_and_then_loss() {
        let validation = |top1, loss| Validation { count: 10, top1, top5: 1.0, loss };
        assert!(validation(0.6, 9.0).beats(&validation(0.5, 0.1)));
        assert!(validation(0.6, 0.1).beats(&validation(0.6, 0.2)));
        assert!(!validation(0.6, 0.1).beats(&validation(0.6, 0.1)));
    }
}
