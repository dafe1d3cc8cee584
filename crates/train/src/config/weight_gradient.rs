use serde::{Deserialize, Serialize};

/// Estimator of a latent weight's gradient from that of its binarized weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightGradient {
    /// Unchanged: the plain straight-through estimator.
    #[default]
    Identity,
    /// Scaled as published: by a weight's share in its value, and by that value; under `sign` as in XNOR-Net.
    Published,
}

impl WeightGradient {
    /// Name on the command line, in configurations and in model files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Published => "published",
        }
    }
}
