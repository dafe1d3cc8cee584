//! Estimated energy of operations.
//!
//! Figures are those of M. Horowitz, *Computing's energy problem (and what we can do about it)*,
//! ISSCC 2014, for a 45 nm process at 0.9 V. A given chip differs by a factor that is much the same
//! for all of them, so that ratios between networks mean more than the numbers themselves.

use crate::{LayerCost, Precision};

/// 32-bit floating-point multiplication, in picojoules.
pub const FLOAT_MULTIPLY: f64 = 3.7;
/// 32-bit floating-point addition, in picojoules.
pub const FLOAT_ADD: f64 = 0.9;
/// 32-bit integer addition, in picojoules.
pub const INTEGER_ADD: f64 = 0.1;
/// Access to a byte in a cache of a megabyte, in picojoules: 100 pJ for 64 bits.
pub const CACHE_BYTE: f64 = 12.5;

/// Product of two bits and its addition, in picojoules: XOR, population count and addition of 64 at a time,
/// each estimated as two 32-bit integer additions. The source has no figure for the first two.
pub const BIT_MAC: f64 = 3.0 * 2.0 * INTEGER_ADD / 64.0;

impl LayerCost {
    /// Energy of arithmetic and memory for one sketch, in picojoules.
    pub fn energy(&self) -> f64 {
        let mac = match self.precision {
            Precision::Full => FLOAT_MULTIPLY + FLOAT_ADD,
            Precision::Wbin => FLOAT_ADD,
            Precision::Fbin => BIT_MAC,
        };
        self.macs as f64 * mac + self.traffic() as f64 * CACHE_BYTE
    }
}
