use serde::{Deserialize, Serialize};

/// The rule that moves parameters against their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", expecting = "a table that has, as name, adam, adamw or sgd")]
pub enum Optimizer {
    /// Adam (Kingma & Ba, 2015); weight decay is added to gradients.
    Adam(Moments),
    /// Adam with decoupled weight decay (Loshchilov & Hutter, 2019).
    #[serde(rename = "adamw")]
    AdamW(Moments),
    /// Stochastic gradient descent; weight decay is added to gradients.
    Sgd(Momentum),
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::Adam(Moments::default())
    }
}

/// The moving averages that Adam keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moments {
    /// Decay of the averages of gradients and of squared gradients.
    pub betas: [f32; 2],
    /// Added to the root of the mean square.
    pub epsilon: f32,
}

impl Default for Moments {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], epsilon: 1e-8 }
    }
}

/// Momentum of gradient descent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Momentum {
    /// Momentum: share of the last step's velocity that is kept.
    pub momentum: f32,
    /// Look one step ahead (Nesterov).
    pub nesterov: bool,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false }
    }
}

impl Optimizer {
    /// Name on the command line, in configurations and in model files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
            Self::Sgd(_) => "sgd",
        }
    }

    /// The setting whose value is out of range, if one is, and its range.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let share = |value: f32| (0.0..1.0).contains(&value);
        match self {
            Self::Adam(moments) | Self::AdamW(moments) => {
                if !moments.betas.into_iter().all(share) {
                    Some(("optimizer.betas", "must be in [0, 1)"))
                } else if !(moments.epsilon > 0.0 && moments.epsilon.is_finite()) {
                    Some(("optimizer.epsilon", "must be positive"))
                } else {
                    None
                }
            }
            Self::Sgd(sgd) if !share(sgd.momentum) => Some(("optimizer.momentum", "must be in [0, 1)")),
            Self::Sgd(sgd) if sgd.nesterov && sgd.momentum == 0.0 => {
                Some(("optimizer.nesterov", "needs a momentum above 0"))
            }
            Self::Sgd(_) => None,
        }
    }
}
