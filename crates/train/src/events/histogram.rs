use super::message::ProtobufMessage;

/// Buckets of a histogram built from values.
const BUCKETS: usize = 64;

/// Histogram of values, in buckets of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    least: f64,
    greatest: f64,
    sum: f64,
    sum_of_squares: f64,
    counts: Vec<f64>,
}

impl Histogram {
    /// Builds the histogram of `values`, skipping those that are not finite.
    pub fn of(values: &[f32]) -> Self {
        let finite = || values.iter().map(|&value| f64::from(value)).filter(|value| value.is_finite());
        let least = finite().fold(f64::INFINITY, f64::min);
        let greatest = finite().fold(f64::NEG_INFINITY, f64::max);
        if least > greatest {
            return Self::from_counts(0.0, 0.0, &[]);
        }
        let per_bucket = BUCKETS as f64 / (greatest - least).max(f64::MIN_POSITIVE);
        let mut counts = vec![0.0; BUCKETS];
        finite().for_each(|value| counts[(((value - least) * per_bucket) as usize).min(BUCKETS - 1)] += 1.0);
        let sum_of_squares = finite().map(|value| value * value).sum();
        Self { least, greatest, sum: finite().sum(), sum_of_squares, counts }
    }

    /// Builds a histogram from the counts of equal parts of `least ..= greatest`. Sums are estimated from the
    /// parts' centers.
    pub fn from_counts(least: f32, greatest: f32, counts: &[u32]) -> Self {
        let counts = counts.iter().map(|&count| f64::from(count)).collect();
        let (least, greatest) = (f64::from(least), f64::from(greatest));
        let mut histogram = Self { least, greatest, sum: 0.0, sum_of_squares: 0.0, counts };
        let middles = histogram.counts.iter().zip(0_u32..);
        let middles = middles.map(|(count, part)| (count, histogram.edge(f64::from(part) + 0.5)));
        (histogram.sum, histogram.sum_of_squares) =
            middles.fold((0.0, 0.0), |(sum, squares), (count, x)| (sum + count * x, squares + count * x * x));
        histogram
    }

    /// Value that lies `parts` buckets above the least one.
    fn edge(&self, parts: f64) -> f64 {
        self.least + (self.greatest - self.least) * parts / self.counts.len() as f64
    }

    /// As `tensorflow.HistogramProto`.
    pub(super) fn message(&self) -> ProtobufMessage {
        let limits: Vec<f64> = (1..=self.counts.len()).map(|part| self.edge(part as f64)).collect();
        ProtobufMessage::default()
            .double(field::MIN, self.least)
            .double(field::MAX, self.greatest)
            .double(field::NUM, self.counts.iter().sum())
            .double(field::SUM, self.sum)
            .double(field::SUM_SQUARES, self.sum_of_squares)
            .doubles(field::BUCKET_LIMIT, &limits)
            .doubles(field::BUCKET, &self.counts)
    }
}

/// Fields of `tensorflow.HistogramProto`.
mod field {
    pub(super) const MIN: u32 = 1;
    pub(super) const MAX: u32 = 2;
    pub(super) const NUM: u32 = 3;
    pub(super) const SUM: u32 = 4;
    pub(super) const SUM_SQUARES: u32 = 5;
    pub(super) const BUCKET_LIMIT: u32 = 6;
    pub(super) const BUCKET: u32 = 7;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_counted_once() {
        let histogram = Histogram::of(&[-1.0, f32::NAN, 3.0, 1.0, f32::INFINITY, 1.0]);
        assert_eq!((histogram.least, histogram.greatest), (-1.0, 3.0));
        assert_eq!((histogram.sum, histogram.sum_of_squares), (4.0, 12.0));
        let filled = |(at, &count): (usize, &f64)| (count != 0.0).then_some((at, count));
        let filled: Vec<_> = histogram.counts.iter().enumerate().filter_map(filled).collect();
        assert_eq!(filled, [(0, 1.0), (32, 2.0), (63, 1.0)]);
    }

    #[test]
    fn what_spans_nothing_is_counted_too() {
        let equal = Histogram::of(&[0.3; 5]);
        assert_eq!(equal.counts.iter().sum::<f64>(), 5.0);
        assert_eq!(equal.edge(64.0), f64::from(0.3_f32));
        assert_eq!(Histogram::of(&[f32::NAN]), Histogram::of(&[]));
        assert_eq!(Histogram::of(&[f32::MAX, f32::MIN]).counts.iter().sum::<f64>(), 2.0);
    }

    /// Golden bytes from the Protocol Buffers library.
    #[test]
    fn its_message_is_golden() {
        let one = 1_f64.to_le_bytes();
        let numbers = |numbers: &[f64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let parts: [Vec<u8>; 14] = [
            vec![0x09],
            numbers(&[-2.0]),
            vec![0x11],
            numbers(&[2.0]),
            vec![0x19],
            numbers(&[5.0]),
            vec![0x21],
            numbers(&[3.5]),
            vec![0x29],
            numbers(&[9.25]),
            vec![0x32, 32],
            numbers(&[-1.0, 0.0, 1.0, 2.0]),
            vec![0x3a, 32],
            [&one[..], &[0; 8], &one[..], &3_f64.to_le_bytes()[..]].concat(),
        ];
        let histogram = Histogram::from_counts(-2.0, 2.0, &[1, 0, 1, 3]);
        assert_eq!(histogram.message().as_bytes(), parts.concat());
    }
}
