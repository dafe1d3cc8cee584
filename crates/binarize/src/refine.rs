//! The exact optimum in linear time, from a split that was close.

use crate::{
    Split, SplitError,
    objective::{Best, Objective, Part},
    optimum::descending,
    split::check,
};

/// The optimum of [`Scheme::Dab`](crate::Scheme::Dab) in `O(n)`, given a split of weights much
/// like these, such as those of the training step before.
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
const SMALL: usize = 96;

/// What `f64` sums of different order may differ by, with much to spare.
const SLACK: f64 = 1e-9;

/// The optimum, if it can be proven in `O(n)` from a guess at its middle, `(α + β) / 2`, and reach,
/// `α − β`.
pub(crate) fn near(weights: &[f32], middle: f64, reach: f64) -> Option<Split> {
    let n = weights.len();
    if n < SMALL {
        return None;
    }
    let histogram = Histogram::new(weights, Grid::around(middle, reach)?);
    let parts = histogram.parts();
    let objective = Objective::new(n, parts[BUCKETS].sum);
    let best = parts.iter().map(|&part| objective.of(part)).fold(0.0, f64::max);

    // By descending weight: bucket `step` lies between parts `step` and `step + 1`.
    let may_win = |step: usize| {
        objective.of(parts[step + 1]) == best
            || histogram.bound(objective, parts[step], step) > best * (1.0 - SLACK)
    };
    let first = (0..BUCKETS).find(|&step| may_win(step))?;
    let last = (first..BUCKETS).rfind(|&step| may_win(step))?;
    let undecided = parts[last + 1].count - parts[first].count;
    // What sorting this many costs, in units of what a pass over all does.
    if undecided * undecided.max(2).ilog2() as usize > n {
        return None;
    }

    let steps = first..=last;
    let inside = weights.iter().copied().filter(|&weight| steps.contains(&histogram.grid.step(weight)));
    let mut cut = Best::NONE;
    cut.scan(objective, parts[first], &descending(inside), parts[last + 1].count < n);
    cut.cut.map(|cut| Split::at(cut, weights))
}

const BUCKETS: usize = 256;

/// Where buckets lie: of equal width, but the outer two reach as far as the weights do.
#[derive(Clone, Copy)]
struct Grid {
    high: f32,
    per_width: f32,
}

impl Grid {
    /// As far up and down from the middle as the two values are apart. Little beyond that can be
    /// the optimum, and an outlier cannot make the buckets wide.
    fn around(middle: f64, reach: f64) -> Option<Self> {
        let high = (middle + reach) as f32;
        let per_width = (BUCKETS as f64 / (2.0 * reach)) as f32;
        (high.is_finite() && per_width.is_normal() && per_width > 0.0).then_some(Self { high, per_width })
    }

    /// The bucket of a weight, counted from the top. Never more for a larger weight.
    fn step(self, weight: f32) -> usize {
        // The conversion saturates at zero; one from a signed integer is a single instruction.
        (((self.high - weight) * self.per_width) as i32).clamp(0, BUCKETS as i32 - 1) as usize
    }

    /// Where a bucket begins from above, but for a rounding.
    fn edge(self, step: usize) -> f64 {
        f64::from(self.high) - step as f64 / f64::from(self.per_width)
    }
}

/// How many weights a bucket has, and their sum. Both are `f64`, so that one vector holds them.
#[derive(Clone, Copy)]
struct Bucket {
    count: f64,
    sum: f64,
}

struct Histogram {
    grid: Grid,
    buckets: [Bucket; BUCKETS],
    least: f64,
    greatest: f64,
}

impl Histogram {
    fn new(weights: &[f32], grid: Grid) -> Self {
        let mut buckets = [Bucket { count: 0.0, sum: 0.0 }; BUCKETS];
        for &weight in weights {
            let bucket = &mut buckets[grid.step(weight)];
            bucket.count += 1.0;
            bucket.sum += f64::from(weight);
        }
        let least = weights.iter().fold(f32::INFINITY, |least, &w| if w < least { w } else { least });
        let greatest = weights.iter().fold(f32::NEG_INFINITY, |most, &w| if w > most { w } else { most });
        Self { grid, buckets, least: least.into(), greatest: greatest.into() }
    }

    /// The upper parts of all cuts between buckets, from the empty one to the whole filter.
    fn parts(&self) -> [Part; BUCKETS + 1] {
        let mut parts = [Part::EMPTY; BUCKETS + 1];
        for (step, bucket) in self.buckets.iter().enumerate() {
            let Part { count, sum } = parts[step];
            parts[step + 1] = Part { count: count + bucket.count as usize, sum: sum + bucket.sum };
        }
        parts
    }

    /// No cut inside a bucket gains more than this; `above` is the part above the bucket.
    fn bound(&self, objective: Objective, above: Part, step: usize) -> f64 {
        let Bucket { count, sum } = self.buckets[step];
        if count < 2.0 {
            return 0.0;
        }
        let rounding = 8.0
            * f64::from(f32::EPSILON)
            * (self.greatest.max(-self.least) + f64::from(self.grid.high.abs()));
        let high = if step == 0 { self.greatest } else { self.grid.edge(step) + rounding };
        let low = if step == BUCKETS - 1 { self.least } else { self.grid.edge(step + 1) - rounding };
        // From the upper edge on the sum rises by at most `high` a weight, and up to the lower
        // edge by at least `low`: the two lines meet in the triangle's third corner.
        let steep = ((sum - low * count) / (high - low)).clamp(0.0, count);
        objective.at(above.count as f64 + steep, above.sum + high * steep)
    }
}
