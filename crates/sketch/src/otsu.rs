//! Otsu's threshold ("A threshold selection method from gray-level histograms", 1979).

/// Values in two classes, between which they vary most.
pub(crate) struct OtsuClasses {
    /// The highest value of the lower class.
    pub last_below: u8,
    pub mean_below: f64,
    pub mean_above: f64,
}

/// The two classes of some values; nothing where all are the same.
pub(crate) fn classes(values: impl Iterator<Item = u8>) -> Option<OtsuClasses> {
    let mut histogram = [0u64; 256];
    values.for_each(|value| histogram[usize::from(value)] += 1);
    let counts = || (0..=u8::MAX).zip(histogram.map(|count| count as f64));
    let total: f64 = counts().map(|(_, count)| count).sum();
    let sum: f64 = counts().map(|(value, count)| f64::from(value) * count).sum();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let (mut best, mut found) = (0.0, None);
    for (last_below, count) in counts() {
        below += count;
        sum_below += f64::from(last_below) * count;
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let (mean_below, mean_above) = (sum_below / below, (sum - sum_below) / above);
        let between = below * above * (mean_above - mean_below).powi(2);
        if between > best {
            best = between;
            found = Some(OtsuClasses { last_below, mean_below, mean_above });
        }
    }
    found
}
