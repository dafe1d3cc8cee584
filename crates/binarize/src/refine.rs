//! The exact optimum in linear time, from a split that was close.

use crate::{
    Split, SplitError,
    objective::{BestCut, GainObjective, UpperPart},
    split::{check, descending},
};

/// Finds the optimum of [`Scheme::Dab`](crate::Scheme::Dab) in `O(n)`, given the split of similar weights,
/// such as those of the previous training step.
///
/// `Some` is the optimum, the same that [`split`](crate::split()) finds. `None` says that linear
/// time was not enough to prove one, so that [`split`](crate::split()) is needed: always for a
/// filter too short to gain from this, now and then where cuts far apart fit nearly as well as the
/// best, and most times if `previous` has little to do with the weights.
///
/// Weights are counted and summed in buckets around `previous`. The gain of a cut is convex in `K`
/// and the sum `P` of the upper part, and between the edges of a bucket `(K, P)` stays in a
/// triangle: the gain at its corners bounds every cut inside. Only weights of buckets whose bound
/// reaches the best gain at an edge are sorted.
///
/// # Errors
/// [`SplitError`] for an empty filter, and for a weight that is NaN or infinite.
pub fn refine(weights: &[f32], previous: &Split) -> Result<Option<Split>, SplitError> {
    check(weights)?;
    let (alpha, beta) = (f64::from(previous.alpha), f64::from(previous.beta));
    Ok(near(weights, (alpha + beta) / 2.0, alpha - beta))
}

/// Below this many weights sorting is as quick.
const SMALL: usize = 200;

/// Upper bound of the relative difference of `f64` sums in different orders, with a wide margin.
const SLACK: f64 = 1e-9;

/// Finds the optimum, if it can be proven in `O(n)` from estimates of its middle, `(α + β) / 2`, and reach,
/// `α − β`.
pub(crate) fn near(weights: &[f32], middle: f64, reach: f64) -> Option<Split> {
    match weights.len() {
        0..SMALL => None,
        SMALL..1024 => near_by::<64>(weights, middle, reach),
        _ => near_by::<256>(weights, middle, reach),
    }
}

fn near_by<const BUCKETS: usize>(weights: &[f32], middle: f64, reach: f64) -> Option<Split> {
    let n = weights.len();
    let histogram = BucketSums::<BUCKETS>::new(weights, BucketGrid::around(middle, reach, BUCKETS)?);
    let total = histogram.buckets.iter().map(|bucket| bucket.sum).sum();
    let objective = GainObjective::new(n, total);
    let cuts = histogram.cuts(objective);
    let best = cuts.iter().map(|cut| cut.gain).fold(0.0, f64::max);
    let may_win = |step: usize| cuts[step].gain == best || cuts[step].bound > best * (1.0 - SLACK);
    let first = (0..BUCKETS).find(|&step| may_win(step))?;
    let last = (first..BUCKETS).rfind(|&step| may_win(step))?;

    let above = first.checked_sub(1).map_or(UpperPart::EMPTY, |step| cuts[step].part());
    let below = cuts[last].part();
    let undecided = below.count - above.count;
    // What sorting this many costs, in units of what a pass over all does.
    if undecided * undecided.max(2).ilog2() as usize > n {
        return None;
    }
    let mut found = BestCut::NONE;
    found.scan(
        objective,
        above,
        &descending(histogram.weights_between(weights, first, last)),
        below.count < n,
    );
    found.cut.map(|cut| Split::at(cut, weights))
}

/// Bucket boundaries: equal widths, with the outer two extended to all weights.
#[derive(Clone, Copy)]
struct BucketGrid {
    high: f32,
    per_width: f32,
    last: i32,
}

impl BucketGrid {
    /// As far up and down from the middle as the two values are apart. Little beyond that can be
    /// the optimum, and an outlier cannot make the buckets wide.
    fn around(middle: f64, reach: f64, buckets: usize) -> Option<Self> {
        let high = (middle + reach) as f32;
        let per_width = (buckets as f64 / (2.0 * reach)) as f32;
        let grid = Self { high, per_width, last: buckets as i32 - 1 };
        (high.is_finite() && per_width.is_normal() && per_width > 0.0).then_some(grid)
    }

    /// Bucket of a weight, counted from the top. Monotonic in the weight.
    fn step(self, weight: f32) -> usize {
        // The conversion saturates; one to a signed integer is a single instruction.
        (((self.high - weight) * self.per_width) as i32).clamp(0, self.last) as usize
    }

    /// Upper edge of a bucket, up to rounding.
    fn edge(self, step: usize) -> f64 {
        f64::from(self.high) - step as f64 / f64::from(self.per_width)
    }
}

/// Number and sum of a bucket's weights, both `f64` so that one vector register holds them.
#[derive(Clone, Copy)]
struct Bucket {
    count: f64,
    sum: f64,
}

struct BucketSums<const BUCKETS: usize> {
    grid: BucketGrid,
    buckets: [Bucket; BUCKETS],
    least: f64,
    greatest: f64,
}

/// The cut below a bucket, and an upper bound of the gain of cuts inside it.
#[derive(Clone, Copy)]
struct CandidateCut {
    count: f64,
    sum: f64,
    gain: f64,
    bound: f64,
}

impl CandidateCut {
    fn part(&self) -> UpperPart {
        UpperPart { count: self.count as usize, sum: self.sum }
    }
}

impl<const BUCKETS: usize> BucketSums<BUCKETS> {
    fn new(weights: &[f32], grid: BucketGrid) -> Self {
        let mut buckets = [Bucket { count: 0.0, sum: 0.0 }; BUCKETS];
        for &weight in weights {
            let bucket = &mut buckets[grid.step(weight)];
            bucket.count += 1.0;
            bucket.sum += f64::from(weight);
        }
        let (least, greatest) = range(weights);
        Self { grid, buckets, least: least.into(), greatest: greatest.into() }
    }

    /// Upper bound of an edge's error due to rounding.
    fn rounding(&self) -> f64 {
        let size = self.greatest.max(-self.least) + f64::from(self.grid.high.abs());
        8.0 * f64::from(f32::EPSILON) * size
    }

    /// Every cut between buckets, from the highest on; the last has all weights above it.
    fn cuts(&self, objective: GainObjective) -> [CandidateCut; BUCKETS] {
        let rounding = self.rounding();
        let (mut above, mut count_above) = (0.0, 0.0);
        core::array::from_fn(|step| {
            let Bucket { count, sum } = self.buckets[step];
            let high = if step == 0 { self.greatest } else { self.grid.edge(step) + rounding };
            let low = if step == BUCKETS - 1 { self.least } else { self.grid.edge(step + 1) - rounding };
            // From the upper edge on the sum rises by at most `high` a weight, and up to the lower
            // edge by at least `low`: the two lines meet in the triangle's third corner.
            let steep = ((sum - low * count) / (high - low)).max(0.0).min(count);
            let bound = objective.at(count_above + steep, above + high * steep);
            count_above += count;
            above += sum;
            CandidateCut { count: count_above, sum: above, gain: objective.at(count_above, above), bound }
        })
    }

    /// Weights of consecutive buckets.
    fn weights_between(&self, weights: &[f32], first: usize, last: usize) -> impl Iterator<Item = f32> {
        let (high, low) =
            (self.grid.edge(first) + self.rounding(), self.grid.edge(last + 1) - self.rounding());
        let high = if first == 0 { f32::INFINITY } else { (high as f32).next_up() };
        let low = if last == BUCKETS - 1 { f32::NEG_INFINITY } else { (low as f32).next_down() };
        // Comparing many at once is quicker than finding buckets, which few weights then need.
        let near = move |piece: &&[f32]| {
            piece.iter().fold(false, |near, &weight| near | ((low <= weight) & (weight <= high)))
        };
        let inside = move |weight: &f32| (first..=last).contains(&self.grid.step(*weight));
        weights.chunks(16).filter(near).flatten().copied().filter(inside)
    }
}

/// The least and the greatest weight.
fn range(weights: &[f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let (mut least, mut greatest) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (chunks, rest) = weights.as_chunks::<LANES>();
    for chunk in chunks {
        least.iter_mut().zip(chunk).for_each(|(least, &weight)| *least = lesser(*least, weight));
        greatest.iter_mut().zip(chunk).for_each(|(greatest, &weight)| *greatest = greater(*greatest, weight));
    }
    let lowest = least.iter().chain(rest).copied().fold(f32::INFINITY, lesser);
    (lowest, greatest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, greater))
}

/// Unlike `f32::min` a single instruction, as no weight is NaN.
fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// As `f32::max` without its handling of NaN.
fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
