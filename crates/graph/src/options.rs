use std::{fmt, str::FromStr};

use derive_setters::Setters;
use serde::{Deserialize, Serialize};

use crate::{GraphError, InputBits, Policy, WeightFormat};

/// Options of an architecture's layers, beside their precision. Defaults reproduce networks from before there
/// were options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, Setters)]
#[serde(default, deny_unknown_fields)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct ArchitectureOptions {
    /// Activation of layers.
    pub activation: Activation,
    /// Adds a shortcut around every convolution with binary inputs (Liu et al., *Bi-Real Net*, ECCV 2018):
    /// its block's real inputs are added to its output, averaged where the side is halved and repeated where
    /// the channels are doubled (*ReActNet*). A convolution that changes the shape in another way has none.
    pub shortcuts: bool,
    /// Number of bits of the inputs of binary layers.
    pub input_bits: InputBits,
    /// Storage format of the weights of the first and last layer, which stay in full precision in a network
    /// with binary layers. Defaults to eight bits if there are binary layers, and to single precision
    /// otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<WeightFormat>,
}

impl ArchitectureOptions {
    /// Storage format of the first and last layer's weights in a network with `policy`.
    pub fn weight_format(&self, policy: &Policy) -> WeightFormat {
        let default = if *policy == Policy::Full { WeightFormat::F32 } else { WeightFormat::I8 };
        self.ends.unwrap_or(default)
    }

    /// Checks that [input bits](ArchitectureOptions::input_bits) name no layer that a hybrid policy gives real inputs.
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

/// Activation of layers.
///
/// There is no option for *ReActNet*'s other function, RSign, a sign with a learned threshold in every
/// channel: a binary block begins `BatchNorm → Sign`, and the shift that batch normalization learns is
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
    /// nothing else: it is made for networks with [shortcuts](ArchitectureOptions::shortcuts).
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
