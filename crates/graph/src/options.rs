use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{GraphError, InputBits, Policy, WeightFormat};

/// How the layers of an architecture are built, beside their precision. The default is how networks were
/// built before there were options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What a layer ends with.
    pub activation: Activation,
    /// Whether every convolution with binary inputs has a way around it (Liu et al., *Bi-Real Net*,
    /// ECCV 2018): the real numbers that its block begins with are added to what it gives. Where it halves
    /// the side they are averaged, where it doubles the channels they are taken twice (*ReActNet*); one that
    /// changes its input's shape in another way has none.
    pub shortcuts: bool,
    /// Bits of what layers with binary inputs read.
    pub input_bits: InputBits,
    /// How the ends, the layers that are in full precision in a network with binary ones, store their weights.
    /// Where it is left open, in eight bits if there are binary layers, and in single precision otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<WeightFormat>,
}

impl Options {
    /// How the ends of a network with `policy` store their weights.
    pub fn weight_format(&self, policy: &Policy) -> WeightFormat {
        let default = if *policy == Policy::Full { WeightFormat::F32 } else { WeightFormat::I8 };
        self.ends.unwrap_or(default)
    }

    /// That [input bits](Options::input_bits) name no layer that a hybrid policy gives real inputs.
    ///
    /// # Errors
    /// [`GraphError::InputBitsReal`], which names the layer.
    pub fn check(&self, policy: &Policy) -> Result<(), GraphError> {
        let Policy::Hybrid(real) = policy else { return Ok(()) };
        match self.input_bits.named().find(|layer| real.iter().any(|name| name == layer)) {
            Some(layer) => Err(GraphError::InputBitsReal(layer.to_owned())),
            None => Ok(()),
        }
    }
}

/// What a layer ends with.
///
/// There is no option for *ReActNet*'s other function, RSign, a sign with a learned threshold in every
/// channel: a binary block begins `BatchNorm → Sign`, and the shift that batch normalisation learns is
/// that threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// A ReLU where inputs are real, nothing where they are binary.
    #[default]
    Relu,
    /// A ReLU where inputs are real, an [RPReLU](crate::Op::RPReLU) where they are binary.
    ///
    /// Where nothing but a sign reads it, and its slopes are not below 0, it moves that sign's threshold and
    /// nothing else: it is made for networks with [shortcuts](Options::shortcuts).
    RPReLU,
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relu => "relu",
            Self::RPReLU => "rprelu",
        })
    }
}

impl FromStr for Activation {
    type Err = GraphError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "relu" => Ok(Self::Relu),
            "rprelu" => Ok(Self::RPReLU),
            _ => Err(GraphError::Activation(text.to_owned())),
        }
    }
}
