#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use super::bit_encoding::{UNIT, units, words};

/// Filters per group: a 512-bit vector holds one word of each.
pub(crate) const LANES: usize = 8;

/// One word of each of [`LANES`] filters.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct FilterLanes(pub(super) [u64; LANES]);

/// Part of a filter that a patch is compared with: the words under the part of a window that lies on the
/// input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterPart {
    /// First word of the first run.
    pub(crate) first: usize,
    /// Words per run.
    pub(crate) run: usize,
    /// Words between the starts of runs.
    pub(crate) step: usize,
    /// Number of runs.
    pub(crate) rows: usize,
}

impl FilterPart {
    /// Words of a patch.
    pub(crate) const fn words(&self) -> usize {
        self.rows * self.run
    }

    /// True if it is not empty and lies within a filter of so many words.
    pub(super) fn is_of(&self, words: usize) -> bool {
        let last = self.rows.checked_sub(1).and_then(|rows| rows.checked_mul(self.step));
        let end = last.and_then(|last| last.checked_add(self.first)?.checked_add(self.run));
        end.is_some_and(|end| end <= words)
    }

    /// First word of each run.
    pub(super) fn runs(&self) -> impl Iterator<Item = usize> {
        (0..self.rows).map(|row| self.first + row * self.step)
    }
}

/// Bit windows in place: each has the runs of the [`FilterPart`] that it is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BitPatches<'a> {
    pub(crate) units: &'a [u32],
    /// First unit of each patch.
    pub(crate) starts: &'a [u32],
    /// Units between the starts of runs.
    pub(crate) step: usize,
}

impl<'a> BitPatches<'a> {
    /// Number of patches.
    pub(crate) const fn count(&self) -> usize {
        self.starts.len()
    }

    /// True if every word that is compared with `part` exists.
    pub(super) fn hold(&self, part: FilterPart) -> bool {
        let last = part.rows.checked_sub(1).and_then(|rows| rows.checked_mul(self.step));
        let len = last.and_then(|last| last.checked_add(part.run.checked_mul(2)?));
        let end = |start: u32| len.and_then(|len| len.checked_add(start as usize));
        self.starts.iter().max().is_none_or(|&start| end(start).is_some_and(|end| end <= self.units.len()))
    }

    /// Units from the start of each of `P` patches on.
    #[inline(always)]
    pub(super) fn from<const P: usize>(&self, patch: usize) -> [&'a [u32]; P] {
        let starts: &[u32; P] = self.starts[patch..].first_chunk().expect("so many patches");
        starts.map(|start| &self.units[start as usize..])
    }
}

/// Bit windows in several planes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatchPlanes<'a> {
    /// Patches of the first plane, in the units of all.
    pub(crate) first: BitPatches<'a>,
    /// Number of planes.
    pub(crate) planes: usize,
    /// Units between planes.
    pub(crate) step: usize,
}

impl<'a> PatchPlanes<'a> {
    /// Number of patches.
    pub(crate) const fn count(&self) -> usize {
        self.first.count()
    }

    /// Patches of one plane.
    pub(crate) fn plane(&self, plane: usize) -> BitPatches<'a> {
        BitPatches { units: &self.first.units[plane * self.step..], ..self.first }
    }

    /// True if there is a plane, and every word that is compared with `part` exists.
    pub(super) fn hold(&self, part: FilterPart) -> bool {
        let last = self.planes.checked_sub(1).and_then(|last| last.checked_mul(self.step));
        last.is_some_and(|last| last <= self.first.units.len() && self.plane(self.planes - 1).hold(part))
    }
}

/// Packed filters of a layer in kernel order: group of [`LANES`] filters, word, filter. The last group is
/// padded with zero filters.
#[derive(Debug)]
pub(crate) struct BitFilters {
    words: usize,
    groups: usize,
    lanes: Vec<FilterLanes>,
    /// The same bits in the layout of lookup kernels.
    #[cfg(target_arch = "x86_64")]
    pub(super) strips: FilterStrips,
}

impl BitFilters {
    /// Packs filters of `taps · channels` bits each, given as rows of bytes. The bits of every tap begin a
    /// unit, like those of activations.
    pub(crate) fn new(rows: &[u8], taps: usize, channels: usize) -> Self {
        let row = (taps * channels).div_ceil(8);
        let tap = UNIT * units(channels);
        let (words, groups) = (words(taps * tap), (rows.len() / row).div_ceil(LANES));
        let mut lanes = vec![FilterLanes([0; LANES]); groups * words];
        for (filter, row) in rows.chunks_exact(row).enumerate() {
            let group = &mut lanes[filter / LANES * words..][..words];
            for bit in (0..taps * channels).filter(|bit| row[bit / 8] >> (bit % 8) & 1 == 1) {
                let place = bit / channels * tap + bit % channels;
                group[place / 64].0[filter % LANES] |= 1 << (place % 64);
            }
        }
        Self {
            words,
            groups,
            lanes,
            #[cfg(target_arch = "x86_64")]
            strips: FilterStrips::new(taps * tap / 8),
        }
    }

    /// All words of a filter.
    #[cfg(test)]
    pub(crate) const fn whole(&self) -> FilterPart {
        FilterPart { first: 0, run: self.words, step: self.words, rows: 1 }
    }

    /// The first units of one filter.
    pub(crate) fn filter_units(&self, filter: usize, count: usize) -> Vec<u32> {
        let words = self.group(filter / LANES, 1).iter().map(|lanes| lanes.0[filter % LANES]);
        let units = words.flat_map(|word| [word as u32, (word >> UNIT) as u32]);
        units.take(count).collect()
    }

    /// Words per filter.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// Number of filters, padded to whole groups.
    pub(crate) const fn padded(&self) -> usize {
        self.groups * LANES
    }

    /// Words of groups `first..first + count`, group by group.
    pub(super) fn group(&self, first: usize, count: usize) -> &[FilterLanes] {
        &self.lanes[first * self.words..(first + count) * self.words]
    }
}

/// Filters per strip: one or two vectors of bytes hold one of each.
#[cfg(target_arch = "x86_64")]
pub(super) const STRIP: usize = 32;

/// Nibbles of one byte of a strip's filters. Even elements belong to the first half of the filters, so that
/// both halves are in order after even and odd bytes are widened.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct StripNibbles {
    pub(super) low: [u8; STRIP],
    pub(super) high: [u8; STRIP],
}

/// Filter bits by strip of [`STRIP`] filters, byte, nibble and filter; computed on first use.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
pub(super) struct FilterStrips {
    /// Bytes per filter.
    bytes: usize,
    halves: OnceLock<Vec<StripNibbles>>,
}

#[cfg(target_arch = "x86_64")]
impl FilterStrips {
    /// Creates strips for filters of so many bytes.
    pub(super) const fn new(bytes: usize) -> Self {
        Self { bytes, halves: OnceLock::new() }
    }

    /// Returns one strip of `filters`, to which these strips belong.
    pub(super) fn get(&self, index: usize, filters: &BitFilters) -> &[StripNibbles] {
        let halves = self.halves.get_or_init(|| {
            let strips = 0..filters.padded().div_ceil(STRIP);
            let places = strips.flat_map(|strip| (0..self.bytes).map(move |byte| (strip, byte)));
            places.map(|(strip, byte)| StripNibbles::new(filters, strip, byte)).collect()
        });
        &halves[index * self.bytes..][..self.bytes]
    }
}

#[cfg(target_arch = "x86_64")]
impl StripNibbles {
    fn new(filters: &BitFilters, strip: usize, byte: usize) -> Self {
        let mut halves = Self { low: [0; STRIP], high: [0; STRIP] };
        for filter in strip * STRIP..filters.padded().min((strip + 1) * STRIP) {
            let word = filters.group(filter / LANES, 1)[byte / 8].0[filter % LANES];
            let value = word.to_le_bytes()[byte % 8];
            let place = filter % (STRIP / 2) * 2 + filter % STRIP / (STRIP / 2);
            (halves.low[place], halves.high[place]) = (value % 16, value / 16);
        }
        halves
    }
}
