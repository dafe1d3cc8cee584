use serde::{Deserialize, Serialize};

/// Storage format in a packed model of the weights of a convolution in full precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightFormat {
    /// Numbers in single precision.
    #[default]
    F32,
    /// Eight-bit integers from −127 to 127, with a scale per filter. The network computes with `scale ·
    /// integer` in single precision, in training too.
    I8,
}

impl WeightFormat {
    /// Format with so many bits per weight, 8 or 32.
    pub const fn of_bits(bits: u8) -> Option<Self> {
        match bits {
            8 => Some(Self::I8),
            32 => Some(Self::F32),
            _ => None,
        }
    }

    /// True for single precision.
    pub const fn is_f32(&self) -> bool {
        matches!(self, Self::F32)
    }
}
