/// Round numbers along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ticks {
    pub values: Vec<f64>,
    /// Digits after the point that tell the values apart.
    pub decimals: usize,
}

impl Ticks {
    /// About `count` round numbers, from at or below `low` to at or above `high`.
    pub(crate) fn around(low: f64, high: f64, count: usize) -> Self {
        let span = if high > low { high - low } else { low.abs().max(1.0) };
        let step = round_step(span / count.max(1) as f64);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let last = last.max(first + 1.0);
        let values = (0..=(last - first) as usize).map(|index| (first + index as f64) * step).collect();
        Self { values, decimals: (-step.log10()).ceil().max(0.0) as usize }
    }

    /// Whole numbers within `first ..= last`, at most about `count` of them.
    pub(crate) fn whole(first: usize, last: usize, count: usize) -> Self {
        let step = round_step((last - first).saturating_add(1) as f64 / count.max(1) as f64).ceil().max(1.0)
            as usize;
        Self {
            values: (first.div_ceil(step)..=last / step).map(|count| (count * step) as f64).collect(),
            decimals: 0,
        }
    }

    pub(crate) fn first(&self) -> f64 {
        self.values.first().copied().unwrap_or(0.0)
    }

    pub(crate) fn last(&self) -> f64 {
        self.values.last().copied().unwrap_or(1.0)
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    // A hair of tolerance: 0.2 / 0.1 must not become 5 for a rounding error.
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|round| *round >= step * 0.999_999)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::Ticks;

    fn near(ticks: &Ticks, expected: &[f64]) -> bool {
        ticks.values.len() == expected.len()
            && ticks.values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-9)
    }

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert!(near(&Ticks::around(0.82, 2.9, 5), &[0.5, 1.0, 1.5, 2.0, 2.5, 3.0]));
        assert!(near(&Ticks::around(31.0, 97.0, 5), &[20.0, 40.0, 60.0, 80.0, 100.0]));
        assert_eq!(Ticks::around(0.31, 0.33, 5).decimals, 3);
        assert_eq!(Ticks::around(0.0, 50.0, 5).decimals, 0);
    }

    #[test]
    fn a_constant_still_has_an_axis() {
        let ticks = Ticks::around(2.0, 2.0, 5);
        assert!(ticks.first() <= 2.0 && ticks.last() > 2.0 && ticks.values.len() >= 2);
    }

    #[test]
    fn epochs_are_whole() {
        assert!(near(&Ticks::whole(1, 3, 8), &[1.0, 2.0, 3.0]));
        assert!(near(&Ticks::whole(1, 16, 8), &[2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0]));
        assert!(near(&Ticks::whole(1, 1, 8), &[1.0]));
        assert!(near(&Ticks::whole(0, 5, 3), &[0.0, 2.0, 4.0]));
        assert!(Ticks::whole(1, usize::MAX, 8).values.len() <= 8);
    }
}
