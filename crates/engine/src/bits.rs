//! Activations as bits: every position begins a new unit, so that positions can be copied, and
//! written by different threads, without shifting.

/// Bits of a unit: most layers have a multiple of them for channels.
pub(crate) const UNIT: usize = u32::BITS as usize;

// Units are gathered side by side and counted as words.
const _: () = assert!(cfg!(target_endian = "little"), "the engine runs on little-endian machines");

/// Units of one position of `channels` bits; those that fill the last unit are 0.
pub(crate) const fn units(channels: usize) -> usize {
    channels.div_ceil(UNIT)
}

/// Words that hold `bits` bits.
pub(crate) const fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}
