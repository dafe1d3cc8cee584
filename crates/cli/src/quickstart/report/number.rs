//! Numbers as the page writes them.

/// A share as per cent, the unit kept on the same line.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

/// A number with a real minus sign, as wide as a plus.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("\u{2212}{digits}") } else { digits }
}

/// `values` in ascending order; the middle one, the upper of two.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    values.get(values.len() / 2).copied()
}

pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// At most `count` of the indices below `len`, from the first to the last and evenly apart.
pub(super) fn evenly(len: usize, count: usize) -> Vec<usize> {
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
    fn evenly_spaced_indices_have_both_ends() {
        assert_eq!(evenly(64, 4), [0, 21, 42, 63]);
        assert_eq!(evenly(3, 6), [0, 1, 2]);
        assert_eq!(evenly(9, 1), [0]);
        assert!(evenly(0, 6).is_empty());
    }
}
