//! What an operation costs, as an estimate.
//!
//! Figures are those of M. Horowitz, *Computing's energy problem (and what we can do about it)*,
//! ISSCC 2014, for a 45 nm process at 0.9 V. A given chip differs by a factor that is much the same
//! for all of them, so that ratios between networks mean more than the numbers themselves.

use crate::{LayerAccount, Precision};

/// A multiplication of two 32-bit floats, in picojoules.
pub const FLOAT_MULTIPLY: f64 = 3.7;
/// An addition of two 32-bit floats.
pub const FLOAT_ADD: f64 = 0.9;
/// An addition of two 32-bit integers.
pub const INTEGER_ADD: f64 = 0.1;
/// A byte from a cache of a megabyte: 100 pJ for 64 bits.
pub const CACHE_BYTE: f64 = 12.5;

/// A product of two bits, added up: XOR, population count and addition of 64 at a time, each taken
/// for an addition of two 32-bit integers twice. The source has no figure for the first two.
pub const BIT_MAC: f64 = 3.0 * 2.0 * INTEGER_ADD / 64.0;

impl LayerAccount {
    /// Arithmetic and memory of one sketch, in picojoules.
    pub fn energy(&self) -> f64 {
        let mac = match self.precision {
            Precision::Full => FLOAT_MULTIPLY + FLOAT_ADD,
            Precision::Wbin => FLOAT_ADD,
            Precision::Fbin => BIT_MAC,
        };
        self.macs as f64 * mac + self.traffic() as f64 * CACHE_BYTE
    }
}
