//! The flat network that multiplies, written down instead of trained.

use super::{nonlinearity::Nonlinearity, product::dot};

/// The two values of its first layer. Either way all `2ⁿ` patterns of them occur, and the readout
/// weight of a neuron is one constant times the product of its signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// `±λ` (Lin, Tegmark and Rolnick).
    Opposite,
    /// `λ` and 0, so that a neuron sees some inputs and no others.
    OnOff,
}

/// `Σ readoutⱼ σ(firstⱼ · x)`.
#[derive(Clone, Debug)]
pub(super) struct Construction {
    pub first: Vec<Vec<f64>>,
    readout: Vec<f64>,
    nonlinearity: Nonlinearity,
}

impl Construction {
    /// One that is the product of `n` inputs as `lambda` goes to zero.
    pub(super) fn new(n: usize, lambda: f64, values: Values, nonlinearity: Nonlinearity) -> Self {
        let (low, both) = match values {
            Values::Opposite => (-lambda, 2.0 * lambda),
            Values::OnOff => (0.0, lambda),
        };
        // All terms of lower degree than the product cancel, and this is left in front of it.
        let scale = both.powi(n as i32) * nonlinearity.derivative(n);
        let is_high = |pattern: usize, input: usize| pattern >> input & 1 == 1;
        let weights = |pattern| (0..n).map(|i| if is_high(pattern, i) { lambda } else { low }).collect();
        let sign =
            |pattern: usize| if (n as u32 - pattern.count_ones()).is_multiple_of(2) { 1.0 } else { -1.0 };
        Self {
            first: (0..1 << n).map(weights).collect(),
            readout: (0..1 << n).map(|pattern| sign(pattern) / scale).collect(),
            nonlinearity,
        }
    }

    pub(super) fn at(&self, x: &[f64]) -> f64 {
        let neurons = self.first.iter().zip(&self.readout);
        neurons.map(|(first, readout)| readout * self.nonlinearity.at(dot(first, x))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::product::Product;
    use dabnet_binarize::{Scheme, split};
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    /// What is left of the product is `λ² σ⁽ⁿ⁺²⁾ / σ⁽ⁿ⁾ · Σx² / 6` with opposite values.
    #[test]
    fn the_error_is_the_next_term() {
        let lambda = 0.01;
        for nonlinearity in [Nonlinearity::Exp, Nonlinearity::Sigmoid] {
            let net = Construction::new(2, lambda, Values::Opposite, nonlinearity);
            let x = [0.7, -0.4];
            let ratio = nonlinearity.derivative(4) / nonlinearity.derivative(2);
            let relative = net.at(&x) / (x[0] * x[1]) - 1.0;
            let expected = lambda * lambda * ratio * dot(&x, &x) / 6.0;
            assert!((relative / expected - 1.0).abs() < 0.01, "{relative} {expected}");
        }
    }

    #[test]
    fn a_smaller_scale_is_closer_until_rounding() {
        let test = Product::sample(3, 500, &mut Pcg64::seed_from_u64(3));
        for values in [Values::Opposite, Values::OnOff] {
            let error = |lambda| {
                let net = Construction::new(3, lambda, values, Nonlinearity::Exp);
                test.relative_error(|x| net.at(x))
            };
            assert!(error(0.1) < error(0.3) && error(0.03) < error(0.1) && error(0.01) < 1e-3);
        }
    }

    #[test]
    fn every_first_layer_filter_is_its_own_split() {
        for (values, scheme) in [(Values::Opposite, Scheme::Sign), (Values::OnOff, Scheme::Dab)] {
            for filter in Construction::new(4, 0.25, values, Nonlinearity::Exp).first {
                let filter: Vec<f32> = filter.iter().map(|&weight| weight as f32).collect();
                assert_eq!(split(scheme, &filter).unwrap().squared_error(&filter), 0.0);
            }
        }
    }
}
