use crate::bits::{self, UNIT, units};

/// Filters that lie side by side, so that one 512-bit vector holds a word of each.
pub(crate) const LANES: usize = 8;

/// One word of [`LANES`] filters.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [u64; LANES]);

/// The bits of a layer's filters in the order in which the kernels read them: group of
/// [`LANES`] filters, word, filter. The last group is filled with filters of zeros.
#[derive(Debug)]
pub(crate) struct BitFilters {
    words: usize,
    groups: usize,
    lanes: Vec<Lanes>,
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
        Self { words, groups, lanes }
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
}
