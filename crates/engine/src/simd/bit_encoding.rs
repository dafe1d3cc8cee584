//! Layout and encoding of activations as bits.
//!
//! Every position begins a new unit, so that positions can be copied, and written by different threads,
//! without shifting.

use dabnet_graph::Quantizer;

/// Bits of a unit; most layers have a multiple of it for channels.
pub(crate) const UNIT: usize = u32::BITS as usize;

// Units are gathered side by side and counted as words.
const _: () = assert!(cfg!(target_endian = "little"), "the engine runs on little-endian machines");

/// Units of one position with `channels` bits; unused bits are 0.
pub(crate) const fn units(channels: usize) -> usize {
    channels.div_ceil(UNIT)
}

/// 64-bit words of `bits` bits.
pub(crate) const fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// Encoding of values as bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BitEncoding {
    /// One bit per element: 1 is +1, 0 is −1.
    Signs,
    /// Levels of a [`Quantizer`], in bit planes: bit `j` of a whole row, then bit `j + 1`.
    Levels {
        /// Bits per level.
        planes: usize,
        /// Value of one level.
        step: f32,
    },
}

impl BitEncoding {
    /// Upper bound of planes.
    pub(crate) const MAX_PLANES: usize = Quantizer::MAX_BITS as usize;

    /// Number of bit planes.
    pub(crate) const fn planes(self) -> usize {
        match self {
            Self::Signs => 1,
            Self::Levels { planes, .. } => planes,
        }
    }

    /// Highest level, and the number of comparisons that encode an element.
    pub(crate) const fn highest(self) -> usize {
        (1 << self.planes()) - 1
    }

    /// True if the level of `x` is at least `value`.
    pub(crate) fn reaches(self, x: f32, value: usize) -> bool {
        match self {
            Self::Signs => x >= 0.0,
            Self::Levels { planes, step } => Quantizer::new(planes as u8, step).level(x) >= value as f32,
        }
    }

    /// Value of a level.
    pub(crate) fn decode(self, value: u32) -> f32 {
        match self {
            Self::Signs if value == 0 => -1.0,
            Self::Signs => 1.0,
            Self::Levels { step, .. } => step * value as f32,
        }
    }
}

/// Number of planes that change between levels `value − 1` and `value`: the first two at 2, the first at 3. A
/// level is the XOR of its comparisons' planes.
pub(crate) const fn toggled_planes(value: usize) -> usize {
    value.trailing_zeros() as usize + 1
}

/// Number of planes of an encoding with so many thresholds.
pub(crate) const fn planes_of(numbers: usize) -> usize {
    (numbers + 1).trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_add_up_to_a_value() {
        for planes in 1..=BitEncoding::MAX_PLANES {
            for value in 0..1 << planes {
                let mut bits = 0;
                for reached in 1..=value {
                    (0..toggled_planes(reached)).for_each(|plane| bits ^= 1 << plane);
                }
                assert_eq!(bits, value);
            }
        }
    }
}
