use crate::format::signed;

/// An axis of a chart: a range of numbers, linear or logarithmic, with labeled ticks.
///
/// ```
/// use dabnet_report::plot::Axis;
///
/// let axis = Axis::linear("error", 0.0, 1.0, 0.25);
/// assert_eq!(axis.position(0.5), 0.5);
/// assert_eq!(Axis::decades("error", -4, 0, 1).position(0.01), 0.5);
/// ```
#[derive(Clone, Debug)]
pub struct Axis {
    title: String,
    from: f64,
    to: f64,
    logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// A linear axis with ticks `step` apart.
    pub fn linear(title: &str, from: f64, to: f64, step: f64) -> Self {
        let count = ((to - from) / step).round() as usize;
        let ticks = (0..=count).map(|index| from + step * index as f64).collect();
        Self::with_labels(title, [from, to], ticks, |value| signed(value, decimals(step)))
    }

    /// A logarithmic axis with the given ticks and their labels.
    pub fn logarithmic(title: &str, from: f64, to: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { title: title.to_owned(), from, to, logarithmic: true, ticks }
    }

    /// A logarithmic axis with ticks at every `step`-th power of ten, from `10^from` to `10^to`.
    pub fn decades(title: &str, from: i32, to: i32, step: usize) -> Self {
        let tick = |power: i32| (10f64.powi(power), power_of_ten(power));
        let ticks = (from..=to).step_by(step).map(tick).collect();
        Self::logarithmic(title, 10f64.powi(from), 10f64.powi(to), ticks)
    }

    /// A linear axis with about `count` round ticks, from at or below `low` to at or above `high`. `label`
    /// gets a tick and the number of decimals that tell ticks apart.
    pub(crate) fn enclosing(low: f64, high: f64, count: usize, label: impl Fn(f64, usize) -> String) -> Self {
        let (ticks, decimals) = round_ticks(low, high, count);
        let ends = [ticks.first(), ticks.last()].map(|end| end.copied().unwrap_or(0.0));
        Self::with_labels("", ends, ticks, |value| label(value, decimals))
    }

    /// A linear axis of epochs. The first lies `indent` of the length from the start; a single one lies in the
    /// middle.
    pub(crate) fn epochs(first: usize, last: usize, indent: f64) -> Self {
        let ends = match (first as f64, last as f64) {
            (first, last) if last > first => [first - (last - first) * indent / (1.0 - indent), last],
            (only, _) => [only - 1.0, only + 1.0],
        };
        Self::with_labels("epoch", ends, whole_ticks(first, last, 8), |value| value.to_string())
    }

    fn with_labels(
        title: &str,
        [from, to]: [f64; 2],
        ticks: Vec<f64>,
        label: impl Fn(f64) -> String,
    ) -> Self {
        let ticks = ticks.into_iter().map(|value| (value, label(value))).collect();
        Self { title: title.to_owned(), from, to, logarithmic: false, ticks }
    }

    /// The same axis with other ticks.
    #[must_use]
    pub fn with_ticks(mut self, ticks: Vec<(f64, String)>) -> Self {
        self.ticks = ticks;
        self
    }

    /// Position of a value along the axis: 0 at its start, 1 at its end.
    pub fn position(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    /// True if a value lies on the axis.
    pub(crate) fn contains(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    /// The end of the range.
    pub(crate) fn end(&self) -> f64 {
        self.to
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The ticks and their labels.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        self.ticks.iter().map(|(value, label)| (*value, label.as_str()))
    }
}

/// About `count` round numbers that enclose `low ..= high`, and the decimals that tell them apart.
fn round_ticks(low: f64, high: f64, count: usize) -> (Vec<f64>, usize) {
    let span = if high > low { high - low } else { low.abs().max(1.0) };
    let step = round_step(span / count.max(1) as f64);
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    let last = last.max(first + 1.0);
    ((0..=(last - first) as usize).map(|index| (first + index as f64) * step).collect(), decimals(step))
}

/// Whole numbers within `first ..= last`, at most about `count` of them.
fn whole_ticks(first: usize, last: usize, count: usize) -> Vec<f64> {
    let step =
        round_step((last - first).saturating_add(1) as f64 / count.max(1) as f64).ceil().max(1.0) as usize;
    (first.div_ceil(step)..=last / step).map(|count| (count * step) as f64).collect()
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

/// Decimals that tell multiples of a round `step` apart.
fn decimals(step: f64) -> usize {
    (-step.log10()).ceil().max(0.0) as usize
}

fn power_of_ten(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = power.unsigned_abs().to_string();
    let raised = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
    match power {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => ["10", if power < 0 { "⁻" } else { "" }].concat() + &raised.collect::<String>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(ticks: &[f64], expected: &[f64]) -> bool {
        ticks.len() == expected.len()
            && ticks.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < 1e-9)
    }

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert!(near(&round_ticks(0.82, 2.9, 5).0, &[0.5, 1.0, 1.5, 2.0, 2.5, 3.0]));
        assert!(near(&round_ticks(31.0, 97.0, 5).0, &[20.0, 40.0, 60.0, 80.0, 100.0]));
        assert_eq!(round_ticks(0.31, 0.33, 5).1, 3);
        assert_eq!(round_ticks(0.0, 50.0, 5).1, 0);
    }

    #[test]
    fn a_constant_still_has_an_axis() {
        let axis = Axis::enclosing(2.0, 2.0, 5, |value, _| value.to_string());
        assert!(axis.from <= 2.0 && axis.to > 2.0 && axis.ticks.len() >= 2);
    }

    #[test]
    fn epochs_are_whole() {
        assert!(near(&whole_ticks(1, 3, 8), &[1.0, 2.0, 3.0]));
        assert!(near(&whole_ticks(1, 16, 8), &[2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0]));
        assert!(near(&whole_ticks(1, 1, 8), &[1.0]));
        assert!(near(&whole_ticks(0, 5, 3), &[0.0, 2.0, 4.0]));
        assert!(whole_ticks(1, usize::MAX, 8).len() <= 8);
    }

    #[test]
    fn epochs_are_indented_and_a_single_one_is_in_the_middle() {
        let axis = Axis::epochs(1, 5, 0.1);
        assert!((axis.position(1.0) - 0.1).abs() < 1e-12 && axis.position(5.0) == 1.0);
        assert_eq!(Axis::epochs(3, 3, 0.1).position(3.0), 0.5);
    }
}
