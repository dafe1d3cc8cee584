use std::fmt;

use half::{bf16, f16};

/// Storage type of a weight, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// bfloat16, the upper half of single precision.
    Bf16,
}

impl NumberFormat {
    /// Type with the given name in safetensors.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::F32, Self::F16, Self::Bf16].into_iter().find(|number| number.name() == name)
    }

    /// Name of the type in safetensors.
    const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    /// Size in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Decodes numbers from bytes; a partial number at the end is dropped.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        let halves = || bytes.as_chunks().0.iter();
        match self {
            Self::F32 => bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect(),
            Self::F16 => halves().map(|&two| f16::from_le_bytes(two).to_f32()).collect(),
            Self::Bf16 => halves().map(|&two| bf16::from_le_bytes(two).to_f32()).collect(),
        }
    }

    /// Encodes numbers, each rounded to the nearest that can be stored.
    pub(crate) fn encode(self, numbers: impl Iterator<Item = f32>) -> Vec<u8> {
        match self {
            Self::F32 => numbers.flat_map(f32::to_le_bytes).collect(),
            Self::F16 => numbers.flat_map(|number| f16::from_f32(number).to_le_bytes()).collect(),
            Self::Bf16 => numbers.flat_map(|number| bf16::from_f32(number).to_le_bytes()).collect(),
        }
    }
}

impl fmt::Display for NumberFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
