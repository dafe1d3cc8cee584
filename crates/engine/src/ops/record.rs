use crate::{
    plan::{BitValue, WindowGeometry},
    simd::{BitEncoding, BitFilters},
};

/// Description of an operator, for compilers to other machines.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OperatorRecord<'a> {
    /// Convolution of all channels of floats by a matrix, one row per window element and one column per filter.
    RealConv {
        window: &'a WindowGeometry,
        weights: &'a [f32],
    },
    /// Convolution of all channels of bits; factors are one per filter, and more.
    BitConv {
        window: &'a WindowGeometry,
        encoding: BitEncoding,
        filters: &'a BitFilters,
        dot_factor: &'a [f32],
        sum_factor: &'a [f32],
    },
    MaxPool,
    AveragePool,
    /// Maximum pooling of bits; the mask names channels that are then inverted.
    BitMaxPool {
        bits: BitValue,
        inverted: &'a [u32],
    },
    /// Floats as they are.
    Load,
    /// Bits as floats.
    Decode {
        encoding: BitEncoding,
    },
}
