use serde::Serialize;

/// A mean over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Estimate {
    pub mean: f64,
    /// Sample standard deviation: `n − 1` in the denominator. None of one value.
    pub sd: Option<f64>,
    pub n: usize,
}

impl Estimate {
    pub(crate) fn of(values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Self { mean, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), n }
    }

    /// The standard deviation of the mean.
    pub(crate) fn standard_error(&self) -> Option<f64> {
        self.sd.map(|sd| sd / (self.n as f64).sqrt())
    }

    /// As a percentage, with its standard deviation if it has one.
    pub(crate) fn percent(&self) -> String {
        match self.sd {
            Some(sd) => format!("{:.1} ± {:.1}", 100.0 * self.mean, 100.0 * sd),
            None => format!("{:.1}", 100.0 * self.mean),
        }
    }
}

/// Where the standard normal distribution has 2.5 % above it.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a share found in `count` trials (Wilson, 1927).
pub(crate) fn wilson(share: f64, count: usize) -> [f64; 2] {
    let n = count as f64;
    let denominator = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / denominator;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / denominator;
    [centre - half, centre + half]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_deviations() {
        let three = Estimate::of(&[0.922, 0.915, 0.925]);
        assert_eq!(three.percent(), "92.1 ± 0.5");
        assert!((three.standard_error().unwrap() - 0.002963).abs() < 1e-6);
        let one = Estimate::of(&[0.5]);
        assert_eq!((one.sd, one.percent().as_str()), (None, "50.0"));
    }

    #[test]
    fn an_interval_of_a_textbook() {
        // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148 and 0 of 20.
        for (right, count, expected) in
            [(81, 263, [0.2553, 0.3662]), (15, 148, [0.0624, 0.1605]), (0, 20, [0.0, 0.1611])]
        {
            let found = wilson(f64::from(right) / count as f64, count);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 5e-5), "{found:?}");
        }
    }
}
