use crate::{
    ops::EpilogueOp,
    plan::WindowGeometry,
    simd::{BitEncoding, Monotonicity, PointwiseFunction},
};

/// An operation deferred until its consumer is known.
pub(super) enum DeferredOp {
    Pointwise(PointwiseFunction),
    Pool(WindowGeometry),
}

impl DeferredOp {
    /// Returns the pointwise function; `None` for a pooling.
    pub(super) fn function(&self) -> Option<&PointwiseFunction> {
        match self {
            Self::Pointwise(function) => Some(function),
            Self::Pool(_) => None,
        }
    }

    /// Converts into an epilogue op; `None` for a pooling.
    pub(super) fn into_epilogue_op(self) -> Option<EpilogueOp> {
        match self {
            Self::Pointwise(function) => Some(EpilogueOp::Pointwise(function)),
            Self::Pool(_) => None,
        }
    }
}

/// A chain of monotone functions, at most one max pooling, and a sign or quantizer, fused into one comparison
/// per channel and level: `sign · x ≥ threshold`.
///
/// The comparison is exact in single precision, rounding being monotone too: thresholds are found by
/// bisection on the functions themselves.
pub(super) struct FusedThresholds {
    /// +1 or −1 per channel.
    pub(super) sign: Vec<f32>,
    /// Thresholds by level, from 1 to [`BitEncoding::highest`], and channel; −∞ or NaN where the result does
    /// not depend on `x`.
    pub(super) values: Vec<Vec<f32>>,
    /// Pooling, to be applied to the bits.
    pub(super) pool: Option<WindowGeometry>,
    /// True for channels whose bits are inverted, so that pooling always takes the maximum: those in which
    /// the functions after the pooling decrease.
    pub(super) inverted: Vec<bool>,
}

impl FusedThresholds {
    pub(super) fn new(channels: usize, deferred: &[DeferredOp], encoding: BitEncoding) -> Self {
        let pool_at = deferred.iter().position(|op| matches!(op, DeferredOp::Pool(_)));
        let pool = deferred.iter().find_map(|op| match op {
            DeferredOp::Pool(window) => Some(*window),
            DeferredOp::Pointwise(_) => None,
        });
        let functions = |ops: &'_ [DeferredOp]| -> Vec<PointwiseFunction> {
            ops.iter().filter_map(DeferredOp::function).cloned().collect()
        };
        let (all, after) = (functions(deferred), functions(&deferred[pool_at.unwrap_or(deferred.len())..]));
        let values = vec![Vec::new(); encoding.highest()];
        let mut thresholds = Self { sign: Vec::new(), values, pool, inverted: Vec::new() };
        for channel in 0..channels {
            let inverted = decreases(&after, channel);
            let falling = decreases(&all, channel) != inverted;
            let sign = if falling { -1.0 } else { 1.0 };
            let result = |x: f32| all.iter().fold(x, |x, function| function.evaluate(channel, x));
            for (at, value) in thresholds.values.iter_mut().zip(1..) {
                at.push(least_float(|x| encoding.reaches(result(sign * x), value) != inverted));
            }
            thresholds.sign.push(sign);
            thresholds.inverted.push(inverted);
        }
        thresholds
    }
}

fn decreases(functions: &[PointwiseFunction], channel: usize) -> bool {
    functions.iter().filter(|function| function.trend(channel) == Monotonicity::Falling).count() % 2 == 1
}

/// Returns the least float from which on `holds` is true; NaN if there is none.
fn least_float(holds: impl Fn(f32) -> bool) -> f32 {
    if holds(f32::MIN) {
        return if holds(f32::NEG_INFINITY) { f32::NEG_INFINITY } else { f32::MIN };
    }
    if !holds(f32::MAX) {
        // Nothing, not even infinity, is at least NaN.
        return if holds(f32::INFINITY) { f32::INFINITY } else { f32::NAN };
    }
    let (mut fails, mut succeeds) = (i64::from(float_rank(f32::MIN)), i64::from(float_rank(f32::MAX)));
    while succeeds - fails > 1 {
        let middle = (fails + succeeds) / 2;
        if holds(float_of_rank(middle as i32)) {
            succeeds = middle;
        } else {
            fails = middle;
        }
    }
    float_of_rank(succeeds as i32)
}

/// Rank of a float in numeric order.
fn float_rank(x: f32) -> i32 {
    reorder_bits(x.to_bits() as i32)
}

/// Float of a rank.
fn float_of_rank(rank: i32) -> f32 {
    f32::from_bits(reorder_bits(rank) as u32)
}

/// Converts between sign-magnitude and two's complement.
fn reorder_bits(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

#[cfg(test)]
mod tests {
    use dabnet_graph::PointwiseOp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn least_is_the_boundary() {
        for at in [f32::MIN, -1.5, -0.0, f32::MIN_POSITIVE, 3e-42, 7.25, f32::MAX] {
            let found = least_float(|x| x >= at);
            assert_eq!(found, at);
        }
        assert_eq!(least_float(|_| true), f32::NEG_INFINITY);
        assert!(least_float(|_| false).is_nan());
        assert_eq!(least_float(|x| x == f32::INFINITY), f32::INFINITY);
        assert_eq!(least_float(|x| x > f32::NEG_INFINITY), f32::MIN);
    }

    fn one(scale: f32, shift: f32) -> DeferredOp {
        DeferredOp::Pointwise(PointwiseFunction::Affine { scale: vec![scale], shift: vec![shift] })
    }

    fn function(op: PointwiseOp, parameters: &[(&str, f32)]) -> DeferredOp {
        let value = |name: &str| parameters.iter().find(|(parameter, _)| *parameter == name);
        let values = |name: &str| Ok(vec![value(name).map_or(0.75, |(_, value)| *value)]);
        DeferredOp::Pointwise(PointwiseFunction::new(op, values).unwrap())
    }

    /// Zero is not below zero, after a ReLU too.
    #[test]
    fn equality_gives_plus_one() {
        let relu = || function(PointwiseOp::Relu, &[]);
        let bit = |deferred: &[DeferredOp], x: f32| {
            let thresholds = FusedThresholds::new(1, deferred, BitEncoding::Signs);
            thresholds.sign[0] * x >= thresholds.values[0][0]
        };
        assert!(bit(&[], 0.0) && bit(&[], -0.0) && !bit(&[], -f32::MIN_POSITIVE));
        assert!(bit(&[one(2.0, -3.0)], 1.5) && !bit(&[one(2.0, -3.0)], 1.499));
        assert!(bit(&[one(-2.0, 3.0)], 1.5) && !bit(&[one(-2.0, 3.0)], 1.501));
        assert!(bit(&[relu(), one(5.0, 0.0)], -9.0) && bit(&[relu(), one(-5.0, 0.0)], -9.0));
        assert!(!bit(&[relu(), one(-5.0, 0.0)], 1.0));
        assert!(bit(&[one(0.0, 0.0)], 4.0) && !bit(&[one(0.0, -1.0)], 4.0));
        assert!(bit(&[one(-1.9, 0.0), one(0.0, 0.0)], 4.0), "a scale before a constant may overflow");
    }

    #[test]
    fn an_rprelu_moves_the_cut() {
        let bent = |threshold: f32, slope: f32, shift: f32| {
            function(PointwiseOp::RPReLU, &[("threshold", threshold), ("slope", slope), ("shift", shift)])
        };
        let cut =
            |deferred: &[DeferredOp]| FusedThresholds::new(1, deferred, BitEncoding::Signs).values[0][0];
        assert_eq!(cut(&[bent(2.0, 0.25, 0.0)]), 2.0);
        assert_eq!(cut(&[bent(2.0, 0.25, -1.0)]), 3.0);
        assert_eq!(cut(&[bent(-2.0, 0.25, 1.0)]), -6.0);
        assert_eq!(cut(&[bent(2.0, 0.0, 1.0)]), f32::NEG_INFINITY);
        assert_eq!(cut(&[bent(2.0, 0.0, -1.0)]), 3.0);
        assert_eq!(cut(&[bent(-2.0, 0.5, 1.0), one(-1.0, -0.5)]), 5.0);
    }

    proptest! {
        /// Comparisons agree with the functions at every float tried, near the threshold too.
        #[test]
        fn one_comparison_is_the_functions(
            ops in prop::collection::vec(
                (prop_oneof![Just(0.0), -3.0f32..3.0], -2.0f32..2.0, prop::option::of(prop::sample::select(&PointwiseOp::ALL[..]))),
                0..4,
            ),
            xs in prop::collection::vec(-4.0f32..4.0, 20),
            encoding in prop::option::of((1..=BitEncoding::MAX_PLANES, 0.1f32..2.0)),
        ) {
            let encoding =
                encoding.map_or(BitEncoding::Signs, |(planes, step)| BitEncoding::Levels { planes, step });
            let mut deferred = Vec::new();
            for (scale, shift, op) in ops {
                deferred.push(one(scale, shift));
                let slope = ("slope", scale.abs());
                let parameters = [("threshold", shift), slope, ("shift", 0.5 - shift), ("bias", shift)];
                deferred.extend(op.map(|op| function(op, &parameters)));
            }
            let thresholds = FusedThresholds::new(1, &deferred, encoding);
            let edges: Vec<f32> = thresholds.values.iter().map(|at| thresholds.sign[0] * at[0]).collect();
            let near = edges.iter().flat_map(|edge| [*edge, edge.next_up(), edge.next_down()]);
            for x in xs.into_iter().chain(near.filter(|x| x.is_finite())) {
                let y = deferred.iter().fold(x, |x, op| match op {
                    DeferredOp::Pointwise(function) => function.evaluate(0, x),
                    DeferredOp::Pool(_) => x,
                });
                for (at, value) in thresholds.values.iter().zip(1..) {
                    prop_assert_eq!(thresholds.sign[0] * x >= at[0], encoding.reaches(y, value));
                }
            }
        }
    }
}
