use std::sync::OnceLock;

use crate::bits::{self, UNIT, units};

/// Filters that lie side by side, so that one 512-bit vector holds a word of each.
pub(crate) const LANES: usize = 8;

/// One word of [`LANES`] filters.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [u64; LANES]);

/// Filters of a strip: so many that a vector of bytes, or two, holds one of each.
pub(super) const STRIP: usize = 32;

/// One byte of the filters of a strip, its halves apart. Even places hold the first half of the
/// filters, so that both halves are in order when even and odd bytes become wider numbers.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Halves {
    pub(super) low: [u8; STRIP],
    pub(super) high: [u8; STRIP],
}

/// The words of a filter that a patch is compared with: those that lie under the part of a window
/// that is not on padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The first word of the first run.
    pub(crate) first: usize,
    /// Words of a run.
    pub(crate) run: usize,
    /// Words from one run to the next.
    pub(crate) step: usize,
    /// Runs.
    pub(crate) rows: usize,
}

impl Part {
    /// Words of a patch.
    pub(crate) const fn words(&self) -> usize {
        self.rows * self.run
    }

    /// The first word of each run.
    pub(super) fn runs(&self) -> impl Iterator<Item = usize> {
        (0..self.rows).map(|row| self.first + row * self.step)
    }
}

/// The bits of a layer's filters in the order in which the kernels read them: group of
/// [`LANES`] filters, word, filter. The last group is filled with filters of zeros.
#[derive(Debug)]
pub(crate) struct BitFilters {
    words: usize,
    groups: usize,
    lanes: Vec<Lanes>,
    /// Bytes of a filter.
    bytes: usize,
    /// The same bits as strip of [`STRIP`] filters, byte, half, filter: made for the kernels that
    /// read this order when they first do.
    strips: OnceLock<Vec<Halves>>,
}

impl BitFilters {
    /// Filters of `taps · channels` bits each, one row of bytes after another. The bits of every tap
    /// begin a unit, as those of every activation do.
    pub(crate) fn new(rows: &[u8], taps: usize, channels: usize) -> Self {
        let row = (taps * channels).div_ceil(8);
        let tap = UNIT * units(channels);
        let (words, groups) = (bits::words(taps * tap), (rows.len() / row).div_ceil(LANES));
        let mut lanes = vec![Lanes([0; LANES]); groups * words];
        for (filter, row) in rows.chunks_exact(row).enumerate() {
            let group = &mut lanes[filter / LANES * words..][..words];
            for bit in (0..taps * channels).filter(|bit| row[bit / 8] >> (bit % 8) & 1 == 1) {
                let place = bit / channels * tap + bit % channels;
                group[place / 64].0[filter % LANES] |= 1 << (place % 64);
            }
        }
        Self { words, groups, lanes, bytes: taps * tap / 8, strips: OnceLock::new() }
    }

    /// All words of every filter.
    #[cfg(test)]
    pub(crate) const fn whole(&self) -> Part {
        Part { first: 0, run: self.words, step: self.words, rows: 1 }
    }

    /// Words of a filter.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// Number of filters, with those that fill the last group.
    pub(crate) const fn padded(&self) -> usize {
        self.groups * LANES
    }

    /// Number of groups.
    #[cfg(target_arch = "x86_64")]
    pub(super) const fn groups(&self) -> usize {
        self.groups
    }

    /// The words of groups `first..first + count`, one group after another.
    pub(super) fn group(&self, first: usize, count: usize) -> &[Lanes] {
        &self.lanes[first * self.words..(first + count) * self.words]
    }

    /// Number of strips.
    pub(super) const fn strips(&self) -> usize {
        self.padded().div_ceil(STRIP)
    }

    /// The bytes of one strip.
    pub(super) fn strip(&self, index: usize) -> &[Halves] {
        let strips = self.strips.get_or_init(|| {
            let places = (0..self.strips()).flat_map(|strip| (0..self.bytes).map(move |byte| (strip, byte)));
            places.map(|(strip, byte)| self.halves(strip, byte)).collect()
        });
        &strips[index * self.bytes..][..self.bytes]
    }

    fn halves(&self, strip: usize, byte: usize) -> Halves {
        let mut halves = Halves { low: [0; STRIP], high: [0; STRIP] };
        let filters = strip * STRIP..self.padded().min((strip + 1) * STRIP);
        for filter in filters {
            let word = self.lanes[filter / LANES * self.words + byte / 8].0[filter % LANES];
            let value = word.to_le_bytes()[byte % 8];
            let place = filter % (STRIP / 2) * 2 + filter % STRIP / (STRIP / 2);
            (halves.low[place], halves.high[place]) = (value % 16, value / 16);
        }
        halves
    }
}
