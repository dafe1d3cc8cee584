use serde::Serialize;

/// How numbers are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Quartiles {
    pub least: f64,
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
    pub greatest: f64,
}

impl Quartiles {
    /// Of numbers in any order; between two of them, what lies between.
    pub(super) fn of(mut numbers: Vec<f64>) -> Self {
        if numbers.is_empty() {
            return Self::default();
        }
        numbers.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (numbers.len() - 1) as f64;
            let (low, high) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
            low + place.fract() * (high - low)
        };
        Self { least: at(0.0), lower: at(0.25), median: at(0.5), upper: at(0.75), greatest: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::Quartiles;

    #[test]
    fn quartiles_cut_in_four() {
        let Quartiles { least, lower, median, upper, greatest } =
            Quartiles::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!([least, lower, median, upper, greatest], [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(Quartiles::of(vec![1.0, 2.0]).median, 1.5);
        assert_eq!(Quartiles::of(vec![7.0]).upper, 7.0);
        assert_eq!(Quartiles::of(Vec::new()), Quartiles::default());
    }
}
