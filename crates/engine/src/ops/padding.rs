use std::ops::Range;

use crate::{
    error::EngineError,
    plan::WindowGeometry,
    simd::{AlignedBuffer, BitEncoding, FilterPart, LANES, UNIT, units, words},
};

/// Upper bound of the corrections of one layer, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Padding cases of a layer: the distinct overlaps of its windows with the input.
#[derive(Debug)]
pub(super) struct PaddingTable {
    /// Index of the row case of each output row.
    rows: Vec<usize>,
    /// Index of the column case of each output column.
    columns: Vec<usize>,
    across: usize,
    cases: Vec<PaddingCase>,
    most: usize,
}

/// One overlap of windows with the input, and the correction that it implies for every filter.
///
/// Padding is skipped if the rest of a window consists of whole words. Otherwise it is gathered as zero bits,
/// which are 0 for levels, and −1, to be corrected for, for signs.
#[derive(Debug)]
pub(super) struct PaddingCase {
    /// Window rows on the input.
    pub(super) rows: Range<usize>,
    /// Window columns on the input.
    pub(super) columns: Range<usize>,
    /// True if padding is not compared.
    pub(super) skips_padding: bool,
    /// Part of every filter that is compared.
    pub(super) part: FilterPart,
    /// First unit of the gathered part.
    pub(super) first: usize,
    /// Units between gathered rows.
    pub(super) step: usize,
    /// Number of weights on the input.
    pub(super) valid: usize,
    /// Dot product of [`DotProducts`](crate::simd::DotProducts) per filter if no bit differs.
    pub(super) base: AlignedBuffer<i32>,
}

impl PaddingTable {
    /// Creates the cases for filters on `channels` channels, packed in rows of `⌈n/8⌉` bytes.
    pub(super) fn new(
        window: &WindowGeometry,
        channels: usize,
        rows: &[u8],
        encoding: BitEncoding,
    ) -> Result<Self, EngineError> {
        let (down, row_cases) = cases((0..window.output.height).map(|y| window.rows(y)));
        let (across, column_cases) = cases((0..window.output.width).map(|x| window.columns(x)));
        let padded = window.output.channels.next_multiple_of(LANES);
        let bytes = (down.len() as u64 * across.len() as u64).saturating_mul(4 * padded as u64);
        if bytes > MAX_BYTES {
            let what = "the case table of a convolution";
            return Err(EngineError::TooLarge { what, bytes, limit: MAX_BYTES });
        }
        let pairs = down.iter().flat_map(|y| across.iter().map(move |x| (y.clone(), x.clone())));
        let mut cases: Vec<PaddingCase> =
            pairs.map(|(y, x)| PaddingCase::new(window, channels, y, x)).collect();
        for (filter, bits) in rows.chunks_exact((window.taps() * channels).div_ceil(8)).enumerate() {
            let levels = matches!(encoding, BitEncoding::Levels { .. });
            let mut corrected = cases.iter_mut().filter(|case| levels || !case.skips_padding).peekable();
            if corrected.peek().is_some() {
                let signs = SignIntegral::new(window.kernel, channels, bits);
                corrected.for_each(|case| match encoding {
                    BitEncoding::Signs => case.base[filter] += signs.outside(case),
                    // The number of weights plus the sum of their signs is twice the number of positive
                    // weights.
                    BitEncoding::Levels { .. } => {
                        let sum = if case.skips_padding { signs.inside(case) } else { signs.all() };
                        case.base[filter] = encoding.highest() as i32 * (case.base[filter] + sum);
                    }
                });
            }
        }
        // The middle window overlaps padding least.
        let most = row_cases[row_cases.len() / 2] * across.len() + column_cases[column_cases.len() / 2];
        Ok(Self { rows: row_cases, columns: column_cases, across: across.len(), cases, most })
    }

    /// Index of the case of the window at output `(y, x)`.
    pub(super) fn case(&self, y: usize, x: usize) -> usize {
        self.rows[y] * self.across + self.columns[x]
    }

    /// Index of the most common case.
    pub(super) fn most_common(&self) -> usize {
        self.most
    }

    pub(super) fn get(&self, case: usize) -> &PaddingCase {
        &self.cases[case]
    }
}

impl PaddingCase {
    fn new(window: &WindowGeometry, channels: usize, rows: Range<usize>, columns: Range<usize>) -> Self {
        let (tap, width) = (units(channels), window.kernel[1]);
        let (padded, valid) =
            (window.output.channels.next_multiple_of(LANES), rows.len() * columns.len() * channels);
        // Whole words have two units each; a window wholly outside has none.
        if tap.is_multiple_of(2) && valid > 0 {
            let (tap, run) = (tap / 2, columns.len() * tap / 2);
            let first = (rows.start * width + columns.start) * tap;
            let part = FilterPart { first, run, step: width * tap, rows: rows.len() };
            let base = AlignedBuffer::new(&vec![valid as i32; padded]);
            return Self { rows, columns, skips_padding: true, part, first: 0, step: 2 * run, valid, base };
        }
        let run = words(window.taps() * tap * UNIT);
        let part = FilterPart { first: 0, run, step: run, rows: 1 };
        let base = AlignedBuffer::new(&vec![(window.taps() * channels) as i32; padded]);
        let first = (rows.start * width + columns.start) * tap;
        Self { rows, columns, skips_padding: false, part, first, step: width * tap, valid, base }
    }
}

/// Returns the distinct ranges, and for each range the index of its equal.
fn cases(ranges: impl Iterator<Item = Range<usize>>) -> (Vec<Range<usize>>, Vec<usize>) {
    let mut cases: Vec<Range<usize>> = Vec::new();
    let mut which = Vec::new();
    for range in ranges {
        // Search backwards, since equal ranges cluster: the inside of the image is one run.
        let known = cases.iter().rposition(|case| *case == range).unwrap_or_else(|| {
            cases.push(range);
            cases.len() - 1
        });
        which.push(known);
    }
    (cases, which)
}

/// Summed-area table of one filter's signs.
struct SignIntegral {
    /// Corners per row.
    across: usize,
    /// Sum over all taps above and to the left of each corner.
    corners: Vec<i32>,
}

impl SignIntegral {
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

    /// Sum over the taps on padding.
    fn outside(&self, case: &PaddingCase) -> i32 {
        self.all() - self.inside(case)
    }

    /// Sum over the taps on the input.
    fn inside(&self, PaddingCase { rows, columns, .. }: &PaddingCase) -> i32 {
        let corner = |y: usize, x: usize| self.corners[y * self.across + x];
        corner(rows.end, columns.end) - corner(rows.start, columns.end) - corner(rows.end, columns.start)
            + corner(rows.start, columns.start)
    }

    fn all(&self) -> i32 {
        self.corners[self.corners.len() - 1]
    }
}
