use serde::{Deserialize, Serialize};

/// How the gradient with respect to a binarized weight becomes that of the latent weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightGradient {
    /// As it is: the plain straight-through estimator.
    #[default]
    Identity,
    /// Scaled as published: by the share a weight has in its value, and that value; under `sign` as
    /// XNOR-Net does it.
    Published,
}

impl WeightGradient {
    /// What the command line, a configuration and a model file call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Published => "published",
        }
    }
}
