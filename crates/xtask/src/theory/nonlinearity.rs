/// Nonlinearities that no Taylor coefficient up to the fifth is missing from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nonlinearity {
    Exp,
    /// `1 / (1 + exp(−x − ½))`: at the bias of ½ no derivative up to the fifth is zero.
    Sigmoid,
}

impl Nonlinearity {
    pub(super) fn at(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::Sigmoid => 1.0 / (1.0 + (-x - 0.5).exp()),
        }
    }

    /// The derivative of this order at 0.
    pub(super) fn derivative(self, order: usize) -> f64 {
        match self {
            Self::Exp => 1.0,
            Self::Sigmoid => {
                let s = self.at(0.0);
                let polynomial = (0..order).fold(vec![0.0, 1.0], |of, _| sigmoid_derivative(&of));
                polynomial.iter().rev().fold(0.0, |sum, coefficient| sum * s + coefficient)
            }
        }
    }
}

/// The derivative of a polynomial in a sigmoid `s`, again as one, from `s' = s − s²`.
fn sigmoid_derivative(of: &[f64]) -> Vec<f64> {
    let mut result = vec![0.0; of.len() + 1];
    for (power, coefficient) in of.iter().enumerate().skip(1) {
        result[power] += power as f64 * coefficient;
        result[power + 1] -= power as f64 * coefficient;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_quotients_of_differences() {
        let (step, s) = (1e-4, Nonlinearity::Sigmoid);
        assert!((s.derivative(1) - (s.at(step) - s.at(-step)) / (2.0 * step)).abs() < 1e-6);
        let second = (s.at(step) - 2.0 * s.at(0.0) + s.at(-step)) / (step * step);
        assert!((s.derivative(2) - second).abs() < 1e-6);
        assert!((1..=5).all(|order| s.derivative(order).abs() > 1e-3));
    }
}
