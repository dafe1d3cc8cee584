use std::f32::consts::PI;

use serde::{Deserialize, Serialize};

/// Learning rate schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "name",
    rename_all = "kebab-case",
    deny_unknown_fields,
    expecting = "a table that has, as name, one-cycle, cosine, halving or constant"
)]
pub enum Schedule {
    /// Linear warm-up from a tenth over the first 15 % of the steps, then half a cosine down to zero.
    #[default]
    OneCycle,
    /// A linear rise from nothing over the first epochs, then half a cosine down to a floor.
    Cosine {
        /// Length of the warm-up, in epochs.
        #[serde(default)]
        warm_up_epochs: f32,
        /// Final learning rate.
        #[serde(default)]
        floor: f32,
    },
    /// Halved at fixed intervals down to a floor (as published).
    Halving {
        /// Epochs from one halving to the next.
        every_epochs: usize,
        /// Lower bound of the learning rate.
        #[serde(default)]
        floor: f32,
    },
    /// Constant learning rate.
    Constant,
}

/// Share of the steps that warm up.
const RISE: f32 = 0.15;
/// Initial learning rate, as a fraction of the peak.
const START: f32 = 0.1;

impl Schedule {
    /// Name on the command line, in configurations and in model files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OneCycle => "one-cycle",
            Self::Cosine { .. } => "cosine",
            Self::Halving { .. } => "halving",
            Self::Constant => "constant",
        }
    }

    /// The learning rate of `step`, counted from 0, of `epochs · steps_per_epoch`.
    pub(crate) fn rate(&self, peak: f32, step: usize, steps_per_epoch: usize, epochs: usize) -> f32 {
        let steps = epochs * steps_per_epoch;
        match *self {
            Self::OneCycle => peak * one_cycle(step, steps),
            Self::Cosine { warm_up_epochs, floor } => {
                let rise = warm_up_epochs * steps_per_epoch as f32;
                let at = step as f32 + 0.5;
                if at < rise {
                    return peak * at / rise;
                }
                floor + (peak - floor) * half_cosine((at - rise) / (steps as f32 - rise))
            }
            Self::Halving { every_epochs, floor } => {
                let halvings = step / steps_per_epoch / every_epochs;
                (peak * 0.5_f32.powi(i32::try_from(halvings).unwrap_or(i32::MAX))).max(floor)
            }
            Self::Constant => peak,
        }
    }

    /// True if the learning rate of a step depends on the total number of epochs.
    pub(crate) fn knows_its_end(&self) -> bool {
        matches!(self, Self::OneCycle | Self::Cosine { .. })
    }

    /// The setting whose value is out of range, if one is, and its range.
    pub(super) fn fault(&self, peak: f32, epochs: usize) -> Option<(&'static str, &'static str)> {
        match *self {
            Self::Cosine { warm_up_epochs, .. } if !(0.0..epochs as f32).contains(&warm_up_epochs) => {
                Some(("schedule.warm_up_epochs", "must be at least 0, and fewer than epochs"))
            }
            Self::Cosine { floor, .. } | Self::Halving { floor, .. } if !(0.0..=peak).contains(&floor) => {
                Some(("schedule.floor", "must be between 0 and the learning rate"))
            }
            Self::Halving { every_epochs: 0, .. } => Some(("schedule.every_epochs", "must be at least 1")),
            _ => None,
        }
    }
}

/// Learning rate as a fraction of the peak.
fn one_cycle(step: usize, steps: usize) -> f32 {
    let progress = (step as f32 + 0.5) / steps as f32;
    if progress < RISE {
        START + (1.0 - START) * progress / RISE
    } else {
        half_cosine((progress - RISE) / (1.0 - RISE))
    }
}

/// From 1 down to 0.
fn half_cosine(fall: f32) -> f32 {
    0.5 * (1.0 + (PI * fall).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_rises_then_falls_to_nothing() {
        let rates: Vec<f32> = (0..100).map(|step| Schedule::OneCycle.rate(2.0, step, 10, 10)).collect();
        let peak = rates.iter().copied().fold(0.0, f32::max);
        assert!(rates[0] < 0.4 && peak > 1.98 && rates[99] < 0.002, "{rates:?}");
    }

    #[test]
    fn a_cosine_warms_up_and_ends_on_its_floor() {
        let cosine = Schedule::Cosine { warm_up_epochs: 2.0, floor: 0.1 };
        let rate = |step| cosine.rate(1.0, step, 10, 12);
        assert_eq!((rate(0), rate(9)), (0.5 / 20.0, 9.5 / 20.0));
        assert!(rate(20) > 0.999 && (rate(119) - 0.1).abs() < 1e-3);
        // Halfway down: the mean of peak and floor.
        assert!((0.5 * (rate(69) + rate(70)) - 0.55).abs() < 1e-6);
    }

    #[test]
    fn halving_halves_until_the_floor() {
        let halving = Schedule::Halving { every_epochs: 50, floor: 1e-5 };
        let rate = |epoch: usize| halving.rate(5e-4, epoch * 7, 7, 600);
        assert_eq!((rate(0), rate(49), rate(50), rate(149)), (5e-4, 5e-4, 2.5e-4, 1.25e-4));
        assert_eq!((rate(299), rate(300), rate(599)), (5e-4 / 32.0, 1e-5, 1e-5));
    }

    #[test]
    fn constant_is_constant() {
        assert!((0..50).all(|step| Schedule::Constant.rate(0.3, step, 5, 10) == 0.3));
    }
}
