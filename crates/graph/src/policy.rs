use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::GraphError;

/// Precision of a layer: the representation of its weights and inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Real weights, real inputs.
    Full,
    /// Two values a filter, real inputs.
    Wbin,
    /// Two values a filter, inputs in {−1, +1}.
    Fbin,
}

impl Precision {
    /// True if each filter is two values.
    pub const fn binary_weights(self) -> bool {
        matches!(self, Self::Wbin | Self::Fbin)
    }
}

/// Assignment of precisions to the layers of a network. The first and the last layer of every architecture
/// stay [`Precision::Full`] (paper, section 4).
///
/// Written `full`, `wbin`, `fbin`, or `hybrid:conv6,conv7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Policy {
    /// Every layer in full precision.
    Full,
    /// Binary weights, real inputs.
    Wbin,
    /// Binary weights and inputs.
    Fbin,
    /// `fbin`, but the named layers keep real inputs (`wbin`).
    Hybrid(Vec<String>),
}

impl Policy {
    /// Precision of the inner layer `layer`.
    pub fn precision(&self, layer: &str) -> Precision {
        match self {
            Self::Full => Precision::Full,
            Self::Wbin => Precision::Wbin,
            Self::Fbin => Precision::Fbin,
            Self::Hybrid(real_inputs) if real_inputs.iter().any(|name| name == layer) => Precision::Wbin,
            Self::Hybrid(_) => Precision::Fbin,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Wbin => f.write_str("wbin"),
            Self::Fbin => f.write_str("fbin"),
            Self::Hybrid(layers) => write!(f, "hybrid:{}", layers.join(",")),
        }
    }
}

impl FromStr for Policy {
    type Err = GraphError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "full" => Ok(Self::Full),
            "wbin" => Ok(Self::Wbin),
            "fbin" => Ok(Self::Fbin),
            _ => match text.strip_prefix("hybrid:") {
                Some(layers) if !layers.is_empty() => {
                    Ok(Self::Hybrid(layers.split(',').map(str::to_owned).collect()))
                }
                _ => Err(GraphError::Policy(text.to_owned())),
            },
        }
    }
}

impl TryFrom<String> for Policy {
    type Error = GraphError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.to_string()
    }
}
