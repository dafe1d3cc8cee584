use crate::TrainConfig;

/// Number and size of the steps of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainingPlan {
    /// Examples a step.
    pub batch: usize,
    pub steps_per_epoch: usize,
    pub epochs: usize,
}

impl TrainingPlan {
    /// Plan for a number of examples, where a batch has `least` at least.
    pub(crate) fn new(config: &TrainConfig, examples: usize, least: usize) -> Self {
        let batch = config.batch.clamp(least, examples);
        Self { batch, steps_per_epoch: examples / batch, epochs: config.epochs }
    }

    pub(crate) fn steps(&self) -> usize {
        self.epochs * self.steps_per_epoch
    }

    /// The epoch, from 1, that a step, from 0, belongs to.
    pub(crate) fn epoch_of(&self, step: usize) -> usize {
        step / self.steps_per_epoch + 1
    }

    /// True if this number of steps completes an epoch.
    pub(crate) fn ends_epoch(&self, steps: usize) -> bool {
        steps.is_multiple_of(self.steps_per_epoch)
    }

    /// True if parameters are updated after a step, counted from 0.
    pub(crate) fn updates_after(&self, step: usize, config: &TrainConfig) -> bool {
        let done = step % self.steps_per_epoch + 1;
        done == self.steps_per_epoch || done.is_multiple_of(config.steps_per_update(self.epoch_of(step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Accumulation;

    #[test]
    fn updates_do_not_wait_for_the_next_epoch() {
        let config = TrainConfig {
            epochs: 2,
            batch: 10,
            accumulate: vec![Accumulation { epoch: 2, steps: 3 }],
            ..TrainConfig::default()
        };
        let plan = TrainingPlan::new(&config, 79, 4);
        assert_eq!((plan.steps(), plan.epoch_of(6), plan.epoch_of(7)), (14, 1, 2));
        let updates: Vec<usize> = (0..14).filter(|step| plan.updates_after(*step, &config)).collect();
        assert_eq!(updates, [0, 1, 2, 3, 4, 5, 6, 9, 12, 13]);
    }
}
