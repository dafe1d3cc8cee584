use std::fmt;

use half::{bf16, f16};

/// How a weight is stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
}

impl Number {
    /// The one that safetensors calls `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::F32, Self::F16, Self::Bf16].into_iter().find(|number| number.name() == name)
    }

    /// What safetensors calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    /// Bytes of one.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Numbers from their bytes; a last one that is not whole is left out.
    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        let halves = || bytes.as_chunks().0.iter();
        match self {
            Self::F32 => bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect(),
            Self::F16 => halves().map(|&two| f16::from_le_bytes(two).to_f32()).collect(),
            Self::Bf16 => halves().map(|&two| bf16::from_le_bytes(two).to_f32()).collect(),
        }
    }

    /// Bytes of numbers, each rounded to the nearest that can be stored.
    pub(crate) fn encode(self, numbers: impl Iterator<Item = f32>) -> Vec<u8> {
        match self {
            Self::F32 => numbers.flat_map(f32::to_le_bytes).collect(),
            Self::F16 => numbers.flat_map(|number| f16::from_f32(number).to_le_bytes()).collect(),
            Self::Bf16 => numbers.flat_map(|number| bf16::from_f32(number).to_le_bytes()).collect(),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
