use serde::{Deserialize, Serialize};

/// How a packed model stores the weights of a convolution in full precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightFormat {
    /// Numbers in single precision.
    #[default]
    F32,
    /// Integers of eight bits, from −127 to 127, and one scale a filter. The network computes with `scale ·
    /// integer` in single precision, in training too.
    I8,
}

impl WeightFormat {
    /// The format of so many bits a weight, 8 or 32.
    pub const fn of_bits(bits: u8) -> Option<Self> {
        match bits {
            8 => Some(Self::I8),
            32 => Some(Self::F32),
            _ => None,
        }
    }

    /// Whether weights are stored as they are.
    pub const fn is_f32(&self) -> bool {
        matches!(self, Self::F32)
    }
}
