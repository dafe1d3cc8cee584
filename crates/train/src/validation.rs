use dabnet_data::{Examples, random_stream};
use dabnet_engine::Evaluation;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Device, TrainError, backend, network::NetworkRef};

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
        let mut evaluation = Evaluation::new(network.graph.outputs());
        for start in (0..examples.len()).step_by(AT_ONCE) {
            let indices = start..(start + AT_ONCE).min(examples.len());
            let labels: Vec<usize> = indices.clone().map(|index| examples.label(index)).collect();
            let drawn = indices
                .into_par_iter()
                .map(|index| examples.draw(index, &mut random_stream(seed, VALIDATE, 0, index)));
            let drawn = drawn.collect::<Result<Vec<_>, _>>()?;
            evaluation.add_batch(&backend::logits(device, network, &drawn.concat())?, &labels);
        }
        Ok(Self {
            count: evaluation.count(),
            top1: evaluation.top1(),
            top5: evaluation.top5(),
            loss: evaluation.loss(),
        })
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
