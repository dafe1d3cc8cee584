//! Updates, on the host because that is where the latent weights are.

use dabnet_graph::ParameterRole;
use rayon::prelude::*;

use crate::{
    Parameters,
    config::{Moments, Momentum, Optimizer},
};

/// Values that a thread moves at a time.
const AT_ONCE: usize = 1 << 14;

/// An optimizer and its state for every trained parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OptimizerState {
    rule: Optimizer,
    /// By slot, then by buffer.
    slots: Vec<Vec<Vec<f32>>>,
    updates: u32,
}

/// Learning rate and weight decay of one update.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpdateSettings {
    pub learning_rate: f32,
    pub weight_decay: f32,
    pub decay_binary_weights: bool,
}

impl UpdateSettings {
    fn decay(&self, role: ParameterRole) -> f32 {
        match role {
            ParameterRole::Weights => self.weight_decay,
            ParameterRole::LatentWeights if self.decay_binary_weights => self.weight_decay,
            ParameterRole::LatentWeights
            | ParameterRole::Channel
            | ParameterRole::Step
            | ParameterRole::Mean
            | ParameterRole::Variance => 0.0,
        }
    }
}

impl OptimizerState {
    /// Fresh state for buffers of the given lengths.
    pub(crate) fn new(rule: Optimizer, lengths: &[usize]) -> Self {
        let zeros = || lengths.iter().map(|&len| vec![0.0; len]).collect();
        Self { rule, slots: Self::slot_names(&rule).iter().map(|_| zeros()).collect(), updates: 0 }
    }

    /// State restored from [`slots`](Self::slots) after `updates`.
    pub(crate) fn restored(rule: Optimizer, slots: Vec<Vec<Vec<f32>>>, updates: u32) -> Self {
        Self { rule, slots, updates }
    }

    /// Names of the state buffers kept for every parameter.
    pub(crate) fn slot_names(rule: &Optimizer) -> &'static [&'static str] {
        match rule {
            Optimizer::Adam(_) | Optimizer::AdamW(_) => &["first", "second"],
            Optimizer::Sgd(Momentum { momentum, .. }) if *momentum > 0.0 => &["velocity"],
            Optimizer::Sgd(_) => &[],
        }
    }

    pub(crate) fn slots(&self) -> &[Vec<Vec<f32>>] {
        &self.slots
    }

    /// Updates made so far.
    pub(crate) fn updates(&self) -> u32 {
        self.updates
    }

    /// Moves `parameters` against `gradients`, buffer by buffer in the order given to `new`.
    pub(crate) fn step<'a>(
        &mut self,
        parameters: impl Iterator<Item = (ParameterRole, &'a mut [f32])>,
        gradients: &[Vec<f32>],
        update: &UpdateSettings,
    ) {
        self.updates = self.updates.saturating_add(1);
        for (buffer, ((role, values), gradient)) in parameters.zip(gradients).enumerate() {
            let (rate, decay) = (update.learning_rate, update.decay(role));
            match (&self.rule, &mut self.slots[..]) {
                (Optimizer::Adam(moments), [first, second]) => {
                    let moved = (&mut first[buffer][..], &mut second[buffer][..]);
                    adam(values, gradient, moved, moments, self.updates, rate, decay);
                }
                (Optimizer::AdamW(moments), [first, second]) => {
                    let keep = 1.0 - rate * decay;
                    values.iter_mut().for_each(|value| *value *= keep);
                    let moved = (&mut first[buffer][..], &mut second[buffer][..]);
                    adam(values, gradient, moved, moments, self.updates, rate, 0.0);
                }
                (Optimizer::Sgd(sgd), [velocity]) => {
                    momentum(values, gradient, &mut velocity[buffer], sgd, rate, decay);
                }
                _ => {
                    for (value, &g) in values.iter_mut().zip(gradient) {
                        *value -= rate * (g + decay * *value);
                    }
                }
            }
        }
    }
}

fn adam(
    values: &mut [f32],
    gradient: &[f32],
    (first, second): (&mut [f32], &mut [f32]),
    &Moments { betas: [beta1, beta2], epsilon }: &Moments,
    updates: u32,
    learning_rate: f32,
    decay: f32,
) {
    let power = i32::try_from(updates).unwrap_or(i32::MAX);
    let rate = learning_rate * (1.0 - beta2.powi(power)).sqrt() / (1.0 - beta1.powi(power));
    let moments = first.par_chunks_mut(AT_ONCE).zip(second.par_chunks_mut(AT_ONCE));
    let parts = values.par_chunks_mut(AT_ONCE).zip(gradient.par_chunks(AT_ONCE)).zip(moments);
    parts.for_each(|((values, gradient), (first, second))| {
        for (((value, &g), m), v) in values.iter_mut().zip(gradient).zip(first).zip(second) {
            let g = g + decay * *value;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *value -= rate * *m / (v.sqrt() + epsilon);
        }
    });
}

fn momentum(
    values: &mut [f32],
    gradient: &[f32],
    velocity: &mut [f32],
    &Momentum { momentum, nesterov }: &Momentum,
    rate: f32,
    decay: f32,
) {
    for ((value, &g), velocity) in values.iter_mut().zip(gradient).zip(velocity) {
        let g = g + decay * *value;
        *velocity = momentum * *velocity + g;
        *value -= rate * if nesterov { g + momentum * *velocity } else { *velocity };
    }
}

/// Moves `average` towards `parameters` after update number `update`, from 1: latent weights, scales,
/// shifts and running statistics alike.
pub(crate) fn update_average(average: &mut Parameters, parameters: &Parameters, decay: f32, update: u32) {
    let keep = decay.min((1.0 + update as f32) / (10.0 + update as f32));
    for ((_, average), values) in average.iter_mut().zip(parameters.buffers()) {
        let pairs = average.par_iter_mut().zip(values).with_min_len(AT_ONCE);
        pairs.for_each(|(average, value)| *average += (1.0 - keep) * (value - *average));
    }
}

#[cfg(test)]
mod tests {
    use dabnet_graph::{ConvSpec, GraphBuilder, Policy, Shape};

    use super::*;

    fn update(learning_rate: f32, weight_decay: f32) -> UpdateSettings {
        UpdateSettings { learning_rate, weight_decay, decay_binary_weights: false }
    }

    /// Returns the value reached from `start` by these gradients.
    fn path(rule: Optimizer, update: UpdateSettings, start: f32, gradients: &[f32]) -> f32 {
        let (mut state, mut value) = (OptimizerState::new(rule, &[1]), vec![start]);
        for &gradient in gradients {
            state.step([(ParameterRole::Weights, &mut value[..])].into_iter(), &[vec![gradient]], &update);
        }
        value[0]
    }

    #[track_caller]
    fn close(found: f32, expected: f32) {
        assert!((found - expected).abs() < 2e-5, "{found}, not {expected}");
    }

    #[test]
    fn every_rule_finds_the_bottom_of_a_bowl() {
        let sgd = |momentum, nesterov| Optimizer::Sgd(Momentum { momentum, nesterov });
        let rules = [
            Optimizer::Adam(Moments::default()),
            Optimizer::AdamW(Moments::default()),
            sgd(0.0, false),
            sgd(0.9, false),
            sgd(0.9, true),
        ];
        for rule in rules {
            let mut point = vec![3.0f32, -2.0];
            let mut state = OptimizerState::new(rule, &[2]);
            for _ in 0..2000 {
                let gradient = vec![2.0 * (point[0] - 1.0), 20.0 * (point[1] - 0.5)];
                let parameters = [(ParameterRole::Weights, &mut point[..])].into_iter();
                state.step(parameters, &[gradient], &update(0.01, 0.0));
            }
            assert!((point[0] - 1.0).abs() < 1e-2 && (point[1] - 0.5).abs() < 1e-2, "{rule:?} {point:?}");
        }
    }

    #[test]
    fn the_first_step_of_adam_goes_as_far_as_the_learning_rate() {
        let moments = Moments::default();
        // Whatever the gradient: its average over the root of its average square is its sign.
        close(path(Optimizer::Adam(moments), update(0.1, 0.0), 2.0, &[0.003]), 1.9);
        // Coupled decay changes the gradient and so at most its sign; decoupled shrinks the value.
        close(path(Optimizer::Adam(moments), update(0.1, 0.5), 2.0, &[0.003]), 1.9);
        close(path(Optimizer::AdamW(moments), update(0.1, 0.5), 2.0, &[0.003]), 2.0 * 0.95 - 0.1);
    }

    #[test]
    fn the_second_step_of_adamw_is_as_by_hand() {
        let moments = Moments { betas: [0.5, 0.75], epsilon: 1e-8 };
        // m = 0.5, 1.25 and v = 0.25, 1.1875; corrected: 1, 5/3 and 1, 1.1875/0.4375.
        let first = 1.0 * (1.0 - 0.1 * 0.2) - 0.1;
        let second = first * 0.98 - 0.1 * (1.25 / 0.75) / (1.1875_f32 / 0.4375).sqrt();
        close(path(Optimizer::AdamW(moments), update(0.1, 0.2), 1.0, &[1.0, 2.0]), second);
    }

    #[test]
    fn steps_of_sgd_are_as_by_hand() {
        let sgd = |momentum, nesterov| Optimizer::Sgd(Momentum { momentum, nesterov });
        close(path(sgd(0.0, false), update(0.1, 0.5), 1.0, &[2.0]), 1.0 - 0.1 * 2.5);
        // Velocities 2, then 0.9 · 2 + 1.
        close(path(sgd(0.9, false), update(0.1, 0.0), 1.0, &[2.0, 1.0]), 1.0 - 0.2 - 0.28);
        close(path(sgd(0.9, true), update(0.1, 0.0), 1.0, &[2.0, 1.0]), 1.0 - 0.38 - 0.352);
    }

    #[test]
    fn decay_spares_normalizations_and_unless_asked_binary_weights() {
        let plain = Optimizer::Sgd(Momentum { momentum: 0.0, nesterov: false });
        let decayed = |role, decay_binary_weights| {
            let mut value = [1.0];
            let update = UpdateSettings { decay_binary_weights, ..update(0.1, 1.0) };
            let parameters = [(role, &mut value[..])].into_iter();
            OptimizerState::new(plain, &[1]).step(parameters, &[vec![0.0]], &update);
            value[0] < 1.0
        };
        let binary = ParameterRole::LatentWeights;
        assert!(decayed(ParameterRole::Weights, false));
        assert!(!decayed(ParameterRole::Channel, true));
        assert!(!decayed(binary, false) && decayed(binary, true));
    }

    #[test]
    fn every_buffer_is_the_moving_average_of_its_values() {
        let mut net = GraphBuilder::new("one", &Policy::Full, Shape::new(1, 3, 3));
        net.full_layer("conv1", ConvSpec::new(2, 3));
        let mut parameters = Parameters::new(&net.build().unwrap(), 0);
        let set = |parameters: &mut Parameters, value: f32| {
            parameters.iter_mut().for_each(|(_, values)| values.fill(value));
        };
        set(&mut parameters, 1.0);
        let mut average = parameters.clone();
        let mut expected = 1.0_f64;
        for update in 1..=100 {
            let value = (update % 7) as f32;
            set(&mut parameters, value);
            update_average(&mut average, &parameters, 0.75, update);
            let keep = 0.75_f64.min((1.0 + f64::from(update)) / (10.0 + f64::from(update)));
            expected = keep * expected + (1.0 - keep) * f64::from(value);
        }
        assert_eq!(average.buffers().count(), 5);
        assert!(average.buffers().flatten().all(|value| (f64::from(*value) - expected).abs() < 1e-4));
    }
}
