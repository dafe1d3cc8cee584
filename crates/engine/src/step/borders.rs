use std::ops::Range;

use crate::{EngineError, kernels::LANES, window::Window};

/// The most memory that the corrections of one layer may take.
const MAX_BYTES: u64 = 1 << 30;

/// What makes zero padding exact: it is gathered as bits that are 0, which count as −1, so every
/// way in which a window can stick out has its own correction a filter.
#[derive(Debug)]
pub(super) struct Borders {
    /// Which way windows of each output row stick out.
    row_kinds: Vec<usize>,
    /// Which way windows of each output column do.
    column_kinds: Vec<usize>,
    kinds_across: usize,
    /// Filters, with those that fill the last group.
    padded: usize,
    /// Per pair of ways and filter: weights of the window, plus the signs of those on padding.
    base: Vec<i32>,
    /// Per pair of ways: weights not on padding.
    valid: Vec<usize>,
}

impl Borders {
    /// The corrections for filters on `channels` channels, in rows of `⌈n/8⌉` bytes.
    pub(super) fn new(window: &Window, channels: usize, rows: &[u8]) -> Result<Self, EngineError> {
        let (down, row_kinds) = kinds((0..window.output.height).map(|y| window.rows(y)));
        let (across, column_kinds) = kinds((0..window.output.width).map(|x| window.columns(x)));
        let padded = window.output.channels.next_multiple_of(LANES);
        let bytes = (down.len() as u64 * across.len() as u64).saturating_mul(4 * padded as u64);
        if bytes > MAX_BYTES {
            let what = "the border table of a convolution";
            return Err(EngineError::TooLarge { what, bytes, limit: MAX_BYTES });
        }
        let pairs: Vec<_> =
            down.iter().flat_map(|y| across.iter().map(move |x| (y.clone(), x.clone()))).collect();
        let len = window.taps() * channels;
        let mut base = vec![0; pairs.len() * padded];
        for (filter, bits) in rows.chunks_exact(len.div_ceil(8)).enumerate() {
            let signs = SignSums::new(window.kernel, channels, bits);
            for (pair, (y, x)) in pairs.iter().enumerate() {
                base[pair * padded + filter] = len as i32 + signs.all() - signs.within(y, x);
            }
        }
        let valid = pairs.iter().map(|(y, x)| y.len() * x.len() * channels).collect();
        Ok(Self { row_kinds, column_kinds, kinds_across: across.len(), padded, base, valid })
    }

    /// The constant part of every filter's binary dot product at output `(y, x)`, and the number
    /// of weights that are not on padding.
    pub(super) fn at(&self, y: usize, x: usize) -> (&[i32], usize) {
        let pair = self.row_kinds[y] * self.kinds_across + self.column_kinds[x];
        (&self.base[pair * self.padded..][..self.padded], self.valid[pair])
    }
}

/// The distinct ranges, and which of them each is.
fn kinds(ranges: impl Iterator<Item = Range<usize>>) -> (Vec<Range<usize>>, Vec<usize>) {
    let mut kinds: Vec<Range<usize>> = Vec::new();
    let mut which = Vec::new();
    for range in ranges {
        // Equal ones cluster: the inside of the image is one run.
        let known = kinds.iter().rposition(|kind| *kind == range).unwrap_or_else(|| {
            kinds.push(range);
            kinds.len() - 1
        });
        which.push(known);
    }
    (kinds, which)
}

/// Sums of one filter's signs over rectangles of taps.
struct SignSums {
    /// Corners in one row.
    across: usize,
    /// Sum over all taps above and to the left of a corner.
    corners: Vec<i32>,
}

impl SignSums {
    fn new([height, width]: [usize; 2], channels: usize, bits: &[u8]) -> Self {
        let across = width + 1;
        let mut corners = vec![0; (height + 1) * across];
        for tap in 0..height * width {
            let (y, x) = (tap / width + 1, tap % width + 1);
            let ones =
                (tap * channels..(tap + 1) * channels).filter(|bit| bits[bit / 8] >> (bit % 8) & 1 == 1);
            let sum = 2 * ones.count() as i32 - channels as i32;
            corners[y * across + x] = sum + corners[(y - 1) * across + x] + corners[y * across + x - 1]
                - corners[(y - 1) * across + x - 1];
        }
        Self { across, corners }
    }

    fn all(&self) -> i32 {
        self.corners[self.corners.len() - 1]
    }

    fn within(&self, y: &Range<usize>, x: &Range<usize>) -> i32 {
        let corner = |y: usize, x: usize| self.corners[y * self.across + x];
        corner(y.end, x.end) - corner(y.start, x.end) - corner(y.end, x.start) + corner(y.start, x.start)
    }
}
