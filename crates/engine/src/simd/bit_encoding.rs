//! Activations as bits: every position begins a new unit, so that positions can be copied, and
//! written by different threads, without shifting.

use dabnet_graph::Quantizer;

/// Bits of a unit: most layers have a multiple of them for channels.
pub(crate) const UNIT: usize = u32::BITS as usize;

// Units are gathered side by side and counted as words.
const _: () = assert!(cfg!(target_endian = "little"), "the engine runs on little-endian machines");

/// Units of one position of `channels` bits; those that fill the last unit are 0.
pub(crate) const fn units(channels: usize) -> usize {
    channels.div_ceil(UNIT)
}

/// Words that hold `bits` bits.
pub(crate) const fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// What the bits of a value stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BitEncoding {
    /// One bit each: 1 is +1, 0 is −1.
    Signs,
    /// Levels of a [`Quantizer`], so many bits each, in planes: bit `j` of the levels of a whole row, then bit
    /// `j + 1`.
    Levels {
        /// Bits of a level.
        planes: usize,
        /// What a level counts.
        step: f32,
    },
}

impl BitEncoding {
    /// The most planes there are.
    pub(crate) const MAX_PLANES: usize = Quantizer::MAX_BITS as usize;

    /// Bits of one element.
    pub(crate) const fn planes(self) -> usize {
        match self {
            Self::Signs => 1,
            Self::Levels { planes, .. } => planes,
        }
    }

    /// The highest value that the bits of an element have as a whole number: how many comparisons it takes to
    /// find them.
    pub(crate) const fn highest(self) -> usize {
        (1 << self.planes()) - 1
    }

    /// Whether a number has at least so high a value.
    pub(crate) fn reaches(self, x: f32, value: usize) -> bool {
        match self {
            Self::Signs => x >= 0.0,
            Self::Levels { planes, step } => Quantizer::new(planes as u8, step).level(x) >= value as f32,
        }
    }

    /// What a number is whose bits have such a value.
    pub(crate) fn decode(self, value: u32) -> f32 {
        match self {
            Self::Signs if value == 0 => -1.0,
            Self::Signs => 1.0,
            Self::Levels { step, .. } => step * value as f32,
        }
    }
}

/// The planes that change where a value of bits reaches `value`: from 1 to 2 the first two do, from 2 to 3 the
/// first. An element's bits are so the XOR of its comparisons.
pub(crate) const fn toggled_planes(value: usize) -> usize {
    value.trailing_zeros() as usize + 1
}

/// Planes of bits that say how many of so many numbers are reached.
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
