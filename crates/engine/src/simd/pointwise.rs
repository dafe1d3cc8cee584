//! Pointwise functions: everything that the engine knows of a pointwise op.

use std::slice;

use dabnet_graph::PointwiseOp;
use dabnet_micro::format::stage;

use crate::error::EngineError;

/// Pointwise function with parameters per channel.
#[derive(Clone, Debug)]
pub(crate) enum PointwiseFunction {
    /// Affine function `scale · x + shift`, such as a folded batch normalization.
    Affine { scale: Vec<f32>, shift: Vec<f32> },
    /// `max(x, 0)`.
    Relu,
    /// RPReLU (ReActNet): `d = x − threshold`, times `slope` if not above 0, plus `shift`.
    RPReLU { threshold: Vec<f32>, slope: Vec<f32>, shift: Vec<f32> },
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^(−x))`.
    Sigmoid,
    /// `min(max(x, low), high)`.
    Clip { low: f32, high: f32 },
    /// `x + bias`.
    Bias { bias: Vec<f32> },
}

/// Monotonicity of a function in single precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Monotonicity {
    /// Never decreases, for infinite arguments either.
    Rising,
    /// Never increases, for infinite arguments either.
    Falling,
    /// Never decreases, but may be NaN for infinite arguments because a factor is 0.
    Flat,
    /// Not monotone.
    Bent,
}

impl PointwiseFunction {
    /// Creates the function of an op; `values` returns a parameter by name.
    ///
    /// # Errors
    /// Those of `values`.
    pub(crate) fn new(
        op: PointwiseOp,
        values: impl Fn(&str) -> Result<Vec<f32>, EngineError>,
    ) -> Result<Self, EngineError> {
        Ok(match op {
            PointwiseOp::Relu => Self::Relu,
            PointwiseOp::RPReLU => Self::RPReLU {
                threshold: values("threshold")?,
                slope: values("slope")?,
                shift: values("shift")?,
            },
            PointwiseOp::Tanh => Self::Tanh,
            PointwiseOp::Sigmoid => Self::Sigmoid,
            PointwiseOp::Clip { low, high } => Self::Clip { low, high },
            PointwiseOp::Bias => Self::Bias { bias: values("bias")? },
        })
    }

    /// True if the function of `op` is [rising](Monotonicity::Rising) for all parameters.
    pub(crate) fn always_rises(op: PointwiseOp) -> bool {
        match op {
            PointwiseOp::Relu
            | PointwiseOp::Tanh
            | PointwiseOp::Sigmoid
            | PointwiseOp::Clip { .. }
            | PointwiseOp::Bias => true,
            PointwiseOp::RPReLU => false,
        }
    }

    /// Evaluates the function at `x` in the channels from `first` on.
    #[inline(always)]
    pub(crate) fn apply<const N: usize>(&self, first: usize, mut x: [f32; N]) -> [f32; N] {
        let of = |row: &[f32]| -> [f32; N] { *row[first..].first_chunk().expect("a value per channel") };
        // In place, since `map` of an array may stay a call without the instruction set.
        match self {
            Self::Affine { scale, shift } => {
                let (scale, shift) = (of(scale), of(shift));
                (0..N).for_each(|lane| x[lane] = scale[lane] * x[lane] + shift[lane]);
            }
            Self::Relu => x.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 }),
            Self::RPReLU { threshold, slope, shift } => {
                let (threshold, slope, shift) = (of(threshold), of(slope), of(shift));
                (0..N).for_each(|lane| {
                    let above = x[lane] - threshold[lane];
                    x[lane] = (if above > 0.0 { above } else { slope[lane] * above }) + shift[lane];
                });
            }
            Self::Tanh => x.iter_mut().for_each(|x| *x = tanh(*x)),
            Self::Sigmoid => x.iter_mut().for_each(|x| *x = sigmoid(*x)),
            Self::Clip { low, high } => x.iter_mut().for_each(|x| {
                let raised = if *x > *low { *x } else { *low };
                *x = if raised < *high { raised } else { *high };
            }),
            Self::Bias { bias } => {
                let bias = of(bias);
                (0..N).for_each(|lane| x[lane] += bias[lane]);
            }
        }
        x
    }

    /// Evaluates the function at `x` in one channel like [`apply`](Self::apply), except that constants stay
    /// so for infinite `x`, for which zero times infinity would be NaN.
    pub(crate) fn evaluate(&self, channel: usize, x: f32) -> f32 {
        match self {
            Self::Affine { scale, shift } if scale[channel] == 0.0 => shift[channel],
            Self::RPReLU { threshold, slope, shift } if slope[channel] == 0.0 && x <= threshold[channel] => {
                shift[channel]
            }
            Self::Affine { .. }
            | Self::Relu
            | Self::RPReLU { .. }
            | Self::Tanh
            | Self::Sigmoid
            | Self::Clip { .. }
            | Self::Bias { .. } => self.apply(channel, [x])[0],
        }
    }

    /// Monotonicity in one channel.
    pub(crate) fn trend(&self, channel: usize) -> Monotonicity {
        match self {
            Self::Affine { scale, .. } if scale[channel] < 0.0 => Monotonicity::Falling,
            Self::RPReLU { slope, .. } if slope[channel] < 0.0 => Monotonicity::Bent,
            Self::Affine { scale: factor, .. } | Self::RPReLU { slope: factor, .. }
                if factor[channel] == 0.0 =>
            {
                Monotonicity::Flat
            }
            Self::Affine { .. }
            | Self::RPReLU { .. }
            | Self::Relu
            | Self::Tanh
            | Self::Sigmoid
            | Self::Clip { .. }
            | Self::Bias { .. } => Monotonicity::Rising,
        }
    }

    /// Kind and tables of the [stage] that computes it on microcontrollers; none for a function that those do not compute.
    pub(crate) fn firmware_stage(&self) -> Option<(u32, Vec<&[f32]>)> {
        Some(match self {
            Self::Affine { scale, shift } => (stage::AFFINE, vec![scale, shift]),
            Self::Relu => (stage::RELU, vec![]),
            Self::RPReLU { threshold, slope, shift } => (stage::RPRELU, vec![threshold, slope, shift]),
            Self::Clip { low, high } => (stage::CLIP, vec![slice::from_ref(low), slice::from_ref(high)]),
            Self::Bias { bias } => (stage::BIAS, vec![bias]),
            Self::Tanh | Self::Sigmoid => return None,
        })
    }

    /// Factor that the argument is multiplied by first, if any.
    pub(crate) fn factor_mut(&mut self) -> Option<&mut [f32]> {
        match self {
            Self::Affine { scale, .. } => Some(scale),
            Self::Relu
            | Self::RPReLU { .. }
            | Self::Tanh
            | Self::Sigmoid
            | Self::Clip { .. }
            | Self::Bias { .. } => None,
        }
    }
}

/// Magnitude from which on the tangent is ±1 in single precision.
const TANH_LIMIT: f32 = 10.0;
/// Magnitude below which the tangent is its argument: `x − x³/3` rounds to `x`.
const TANH_SMALL: f32 = 1.0 / 4096.0;
/// Number of squarings from `e^(−z)`, with `z` below 0.16, to `e^(−2|x|)`.
const TANH_SQUARINGS: i32 = 7;

/// Hyperbolic tangent, NaN for NaN, with an error below 0.6 units in the last place.
///
/// The result is the same on every machine, since it takes additions, multiplications and divisions in a
/// fixed order. It is monotone: the series of `e^(−z)` up to `z⁵` falls strictly for `0 ≤ z < 0.16`, so `(1 −
/// t) / (1 + t)` with `t` its 128th power rises strictly, with a slope `s` of about `4t / (1 + t)²`.
/// Arguments in single precision are at least `2⁻³⁵` apart, so values of neighbors are at least `s · 2⁻³⁵`
/// apart, and no less than `5 · 10⁻¹⁴` up to the point at which they round to 1. Rounding in double precision
/// moves them by less than `s · 2⁻⁴⁵ + 10⁻¹⁵`, and rounding to single precision keeps their order.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let limited = if size > TANH_LIMIT { TANH_LIMIT } else { size };
    let z = f64::from(limited) * (2.0 / f64::from(1 << TANH_SQUARINGS));
    let mut t = 1.0 - z * (1.0 - z / 2.0 * (1.0 - z / 3.0 * (1.0 - z / 4.0 * (1.0 - z / 5.0))));
    for _ in 0..TANH_SQUARINGS {
        t *= t;
    }
    let value = ((1.0 - t) / (1.0 + t)) as f32;
    if size < TANH_SMALL { x } else { value.copysign(x) }
}

/// Magnitude from which on the sigmoid is 1 or, for negative arguments, 0 in single precision.
const SIGMOID_LIMIT: f32 = 105.0;
/// Magnitude below which two terms of the sigmoid's series round correctly.
const SIGMOID_SMALL: f32 = 1.0 / 64.0;
/// Number of squarings from `e^(−z)`, with `z` below 0.03, to `e^(−|x|)`.
const SIGMOID_SQUARINGS: i32 = 12;

/// Logistic sigmoid `1 / (1 + e^(−x))`, NaN for NaN, with an error below 0.6 units in the last place.
///
/// The result is the same on every machine, and monotone, for the reasons given at [`tanh`]: neighbors of at
/// least `2⁻⁶` in magnitude have values whose distance, relative to the smaller of the value and its
/// complement to 1, is at least `2⁻³¹`, and rounding in double precision moves those by less than `2⁻³⁸`.
/// Smaller arguments take `1/2 + x/4 − x³/48`, in which only the last sum can round neighbors to one number.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let size = x.abs();
    let limited = f64::from(if size > SIGMOID_LIMIT { SIGMOID_LIMIT } else { size });
    let z = limited / f64::from(1 << SIGMOID_SQUARINGS);
    let mut t = 1.0 - z * (1.0 - z / 2.0 * (1.0 - z / 3.0 * (1.0 - z / 4.0 * (1.0 - z / 5.0))));
    for _ in 0..SIGMOID_SQUARINGS {
        t *= t;
    }
    let near = 0.5 + f64::from(x) * (0.25 - limited * limited / 48.0);
    let far = (if x > 0.0 { 1.0 } else { t }) / (1.0 + t);
    let value = if size < SIGMOID_SMALL { near } else { far } as f32;
    if x.is_nan() { x } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Non-negative floats up to far beyond the tangent's limit: all of them on machines that are not
    /// emulated.
    fn floats() -> impl Iterator<Item = f32> {
        floats_between(0.0, 2.0 * TANH_LIMIT, 1)
    }

    /// Every `step`th float of a range, or fewer.
    fn floats_between(low: f32, high: f32, step: u32) -> impl DoubleEndedIterator<Item = f32> {
        let slow = cfg!(any(debug_assertions, miri, not(target_arch = "x86_64")));
        let step = if slow { 99_991 } else { step };
        (0..(high.to_bits() - low.to_bits()) / step + 1)
            .map(move |at| f32::from_bits(low.to_bits() + at * step))
    }

    #[test]
    fn tanh_never_falls() {
        let mut before = 0.0;
        for x in floats() {
            let value = tanh(x);
            assert!(value >= before, "{x}: {value} after {before}");
            before = value;
        }
        assert_eq!(before, 1.0);
    }

    #[test]
    fn tanh_is_odd_and_within_a_unit_in_the_last_place() {
        for x in floats().step_by(499) {
            let (found, exact) = (tanh(x), f64::from(x).tanh());
            let unit = f64::from(found.next_up()) - f64::from(found);
            assert!((f64::from(found) - exact).abs() <= 0.6 * unit, "{x}: {found} is not {exact}");
            assert_eq!(tanh(-x).to_bits(), (-found).to_bits());
        }
        assert!(tanh(f32::NAN).is_nan());
        assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
    }

    #[test]
    fn sigmoid_never_falls() {
        let mut before = 0.0;
        let sizes = || floats_between(SIGMOID_SMALL / 2.0, SIGMOID_LIMIT + 1.0, 1);
        // Half of all floats are smaller than any that a network computes.
        let small = || floats_between(0.0, SIGMOID_SMALL / 2.0, 997);
        let below = sizes().rev().chain(small().rev()).map(|x| -x);
        for x in below.chain(small()).chain(sizes()) {
            let value = sigmoid(x);
            assert!(value >= before, "{x}: {value} after {before}");
            before = value;
        }
        assert_eq!(before, 1.0);
    }

    #[test]
    fn sigmoid_is_within_a_unit_in_the_last_place() {
        for x in floats_between(0.0, SIGMOID_LIMIT, 499).flat_map(|x| [x, -x]) {
            let (found, exact) = (sigmoid(x), 1.0 / (1.0 + (-f64::from(x)).exp()));
            let unit = f64::from(found.next_up()) - f64::from(found);
            assert!((f64::from(found) - exact).abs() <= 0.6 * unit, "{x}: {found} is not {exact}");
        }
        assert!(sigmoid(f32::NAN).is_nan());
        assert_eq!((sigmoid(f32::INFINITY), sigmoid(f32::NEG_INFINITY), sigmoid(0.0)), (1.0, 0.0, 0.5));
    }

    #[test]
    fn every_op_is_its_definition() {
        for op in PointwiseOp::ALL {
            let values = |name: &str| Ok(vec![if name == "slope" { -0.25 } else { 0.5 }]);
            let function = PointwiseFunction::new(op, values).unwrap();
            let parameter = |name: &str| f64::from(values(name).unwrap()[0]);
            for x in [-30.0, -2.5, -0.75, -1e-5, 0.0, 0.5, 0.625, 4.0, 30.0_f32] {
                let (found, expected) = (function.evaluate(0, x), op.definition(f64::from(x), parameter));
                assert!((f64::from(found) - expected).abs() < 1e-6, "{op:?} at {x}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn constants_stay_so_for_infinite_arguments() {
        let affine = PointwiseFunction::Affine { scale: vec![0.0], shift: vec![3.0] };
        assert_eq!((affine.evaluate(0, f32::INFINITY), affine.trend(0)), (3.0, Monotonicity::Flat));
        let rprelu = PointwiseFunction::RPReLU { threshold: vec![1.0], slope: vec![0.0], shift: vec![2.0] };
        assert_eq!((rprelu.evaluate(0, f32::NEG_INFINITY), rprelu.trend(0)), (2.0, Monotonicity::Flat));
        assert_eq!(rprelu.evaluate(0, f32::INFINITY), f32::INFINITY);
    }
}
