/// A range of numbers along one side of a panel.
#[derive(Clone, Debug)]
pub struct Axis {
    pub title: String,
    from: f64,
    to: f64,
    logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Ticks a step apart.
    pub fn linear(title: &str, from: f64, to: f64, step: f64) -> Self {
        let count = ((to - from) / step).round() as usize;
        let digits = if step < 0.1 { 2 } else { usize::from(step < 1.0) };
        let ticks = (0..=count).map(|index| from + step * index as f64);
        let ticks = ticks.map(|value| (value, format!("{value:.digits$}"))).collect();
        Self { title: title.to_owned(), from, to, logarithmic: false, ticks }
    }

    /// Ticks at these values.
    pub fn logarithmic(title: &str, from: f64, to: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { title: title.to_owned(), from, to, logarithmic: true, ticks }
    }

    /// Ticks at powers of ten.
    pub fn decades(title: &str, from: i32, to: i32, step: usize) -> Self {
        let tick = |power: i32| (10f64.powi(power), power_of_ten(power));
        let ticks = (from..=to).step_by(step).map(tick).collect();
        Self::logarithmic(title, 10f64.powi(from), 10f64.powi(to), ticks)
    }

    pub fn with_ticks(mut self, ticks: Vec<(f64, String)>) -> Self {
        self.ticks = ticks;
        self
    }

    /// Where a value is, 0 at the start and 1 at the end.
    pub(super) fn position(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        self.ticks.iter().map(|(value, text)| (self.position(*value), text.as_str()))
    }
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
