//! Numbers as pages and tables show them, and the few statistics behind them.

use std::time::Duration;

/// A share as per cent with one decimal, the unit kept on the same line.
pub fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

/// A number with a minus sign (U+2212) as wide as a plus.
pub fn signed(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("\u{2212}{digits}") } else { digits }
}

/// A number to three significant digits.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".into();
    }
    let power = magnitude.log10().floor();
    if !(-4.0..5.0).contains(&power) {
        let power = power as i32;
        let sign = if power < 0 { "\u{2212}" } else { "" };
        return format!("{}e{sign}{}", signed(value / 10f64.powi(power), 1), power.abs());
    }
    signed(value, (2.0 - power).max(0.0) as usize)
}

/// A whole number with thousands separators.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count of things: `1 sketch`, `2,000 sketches`.
pub fn counted(count: usize, singular: &str, plural: &str) -> String {
    format!("{} {}", grouped(count as u64), if count == 1 { singular } else { plural })
}

/// A time in minutes and seconds.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {:02} s", seconds % 60),
    }
}

/// The middle one of `values` in ascending order; of an even number the upper.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    values.get(values.len() / 2).copied()
}

/// The arithmetic mean; 0 of no values.
pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// At most `count` of the indices below `len`, evenly spaced from the first to the last.
pub fn evenly_spaced(len: usize, count: usize) -> Vec<usize> {
    if len <= count {
        return (0..len).collect();
    }
    let gaps = count.saturating_sub(1).max(1);
    (0..count).map(|place| place * (len - 1) / gaps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_they_should() {
        assert_eq!(percent(0.8666), "86.7\u{a0}%");
        assert_eq!([signed(-0.25, 2), signed(0.25, 2), signed(-0.001, 2)], ["\u{2212}0.25", "0.25", "0.00"]);
        assert_eq!(median(&[1.0, 2.0, 4.0]), Some(2.0));
        assert_eq!(median(&[]), None);
        assert_eq!(mean([1.0, 2.0].into_iter()), 1.5);
        assert_eq!(mean([].into_iter()), 0.0);
    }

    #[test]
    fn small_and_large_numbers_keep_their_digits() {
        let told = [0.0, 0.2371, -0.012, 12.34, 1234.0, 3.2e-7, -2e12].map(significant);
        let minus = "\u{2212}";
        let expected = ["0", "0.237", &format!("{minus}0.0120"), "12.3", "1234"];
        assert_eq!(told[..5], expected);
        assert_eq!(told[5..], [format!("3.2e{minus}7"), format!("{minus}2.0e12")]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn evenly_spaced_indices_have_both_ends() {
        assert_eq!(evenly_spaced(64, 4), [0, 21, 42, 63]);
        assert_eq!(evenly_spaced(3, 6), [0, 1, 2]);
        assert_eq!(evenly_spaced(9, 1), [0]);
        assert!(evenly_spaced(0, 6).is_empty());
    }
}
