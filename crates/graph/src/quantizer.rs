/// A uniform quantizer of unsigned levels: `step · clamp(⌊x / step + ½⌋, 0, 2ᵇ − 1)`, all in single precision
/// (Esser et al., *Learned step size quantization*, ICLR 2020).
///
/// Everything that runs an [`Op::Quantize`](crate::Op::Quantize) uses this one definition. Levels never fall as
/// `x` rises, rounding included, so that each is one comparison with a number.
///
/// ```
/// use dabnet_graph::Quantizer;
///
/// let quantizer = Quantizer::new(2, 0.5);
/// assert_eq!([-1.0, 0.24, 0.25, 1.3, 9.0].map(|x| quantizer.level(x)), [0.0, 0.0, 1.0, 3.0, 3.0]);
/// assert_eq!(quantizer.value(1.3), 1.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantizer {
    /// The highest level.
    most: f32,
    step: f32,
}

impl Quantizer {
    /// The most bits there are.
    pub const MAX_BITS: u8 = 4;

    /// The least step that training goes down to.
    pub const MIN_STEP: f32 = 1e-3;

    /// One of `2^bits` levels that lie `step` apart, a positive number.
    pub fn new(bits: u8, step: f32) -> Self {
        Self { most: Self::highest(bits) as f32, step }
    }

    /// The highest of `2^bits` levels.
    pub const fn highest(bits: u8) -> usize {
        (1 << bits) - 1
    }

    /// Step with the least mean square error for values that are normally distributed with mean 0 and
    /// variance 1, clipped at 0, as normalizations produce at the start of training.
    pub const fn initial_step(bits: u8) -> f32 {
        match bits {
            1 => 1.224,
            2 => 0.6508,
            3 => 0.3534,
            _ => 0.1932,
        }
    }

    /// Level of `x`, a whole number; 0 for NaN.
    #[inline(always)]
    pub fn level(&self, x: f32) -> f32 {
        let level = (x / self.step + 0.5).floor();
        if level > 0.0 { level.min(self.most) } else { 0.0 }
    }

    /// Quantized value of `x`.
    #[inline(always)]
    pub fn value(&self, x: f32) -> f32 {
        self.step * self.level(x)
    }

    /// Derivatives of the value with respect to `x` and to the step, with the rounding error held constant: 1
    /// and that error between the lowest and the highest level, 0 and the level outside.
    #[inline(always)]
    pub fn slopes(&self, x: f32) -> (f32, f32) {
        let at = x / self.step;
        if at > 0.0 && at < self.most { (1.0, self.level(x) - at) } else { (0.0, self.level(x)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Mean square error for half of a normal distribution, by numerical integration.
    fn error(bits: u8, step: f32) -> f64 {
        let (quantizer, width) = (Quantizer::new(bits, step), 1e-3);
        let part = |at: u32| {
            let x = (f64::from(at) + 0.5) * width;
            let lost = x - f64::from(quantizer.value(x as f32));
            lost * lost * (-x * x / 2.0).exp() * width
        };
        (0..8000).map(part).sum()
    }

    #[test]
    fn the_first_step_loses_least() {
        for bits in 1..=Quantizer::MAX_BITS {
            let step = Quantizer::initial_step(bits);
            let least = error(bits, step);
            assert!(least < error(bits, 0.99 * step) && least < error(bits, 1.01 * step), "{bits} bits");
        }
    }

    #[test]
    fn no_number_is_the_least_level() {
        let quantizer = Quantizer::new(2, f32::MIN_POSITIVE);
        let levels = [f32::NAN, f32::NEG_INFINITY, f32::INFINITY, 1.0].map(|x| quantizer.level(x));
        assert_eq!(levels, [0.0, 0.0, 3.0, 3.0]);
    }

    proptest! {
        #[test]
        fn levels_rise_and_the_middle_ones_are_the_nearest(
            bits in 1..=Quantizer::MAX_BITS, step in 0.01f32..3.0, x in -2.0f32..20.0, more in 0.0f32..1.0,
        ) {
            let quantizer = Quantizer::new(bits, step);
            prop_assert!(quantizer.level(x) <= quantizer.level(x + more));
            prop_assert!(quantizer.level(x) <= Quantizer::highest(bits) as f32);
            let inside = x >= 0.0 && x <= Quantizer::highest(bits) as f32 * step;
            prop_assert!(!inside || (quantizer.value(x) - x).abs() <= 0.5001 * step);
        }

        /// With the rounding error held constant, the value is linear in the number and the step.
        #[test]
        fn slopes_are_quotients_of_differences(
            bits in 1..=Quantizer::MAX_BITS, step in 0.1f32..2.0, x in -2.0f32..6.0,
        ) {
            let quantizer = Quantizer::new(bits, step);
            let (most, at) = (Quantizer::highest(bits) as f64, f64::from(x) / f64::from(step));
            prop_assume!(at.abs() > 1e-3 && (at - most).abs() > 1e-3);
            let held = f64::from(quantizer.level(x)) - at.clamp(0.0, most);
            let value = |x: f64, step: f64| step * ((x / step).clamp(0.0, most) + held);
            let (x, step) = (f64::from(x), f64::from(step));
            let by = 1e-6;
            let expected = (
                (value(x + by, step) - value(x - by, step)) / (2.0 * by),
                (value(x, step + by) - value(x, step - by)) / (2.0 * by),
            );
            let (found, found_step) = quantizer.slopes(x as f32);
            prop_assert!((f64::from(found) - expected.0).abs() < 1e-4);
            prop_assert!((f64::from(found_step) - expected.1).abs() < 1e-4);
        }
    }
}
