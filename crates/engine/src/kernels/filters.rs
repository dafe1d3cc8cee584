use std::sync::OnceLock;

use crate::bits;

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
    /// Filters of `len` bits each, one row of `⌈len/8⌉` bytes after another.
    pub(crate) fn new(rows: &[u8], len: usize) -> Self {
        let row = len.div_ceil(8);
        let (words, groups) = (bits::words(len), (rows.len() / row).div_ceil(LANES));
        let mut lanes = vec![Lanes([0; LANES]); groups * words];
        for (filter, row) in rows.chunks_exact(row).enumerate() {
            let group = &mut lanes[filter / LANES * words..][..words];
            for (lane, bytes) in group.iter_mut().zip(row.chunks(8)) {
                let mut word = [0; 8];
                word[..bytes.len()].copy_from_slice(bytes);
                lane.0[filter % LANES] = u64::from_le_bytes(word);
            }
        }
        Self { words, groups, lanes, bytes: row, strips: OnceLock::new() }
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
