use alloc::vec::Vec;

/// Finite weights in descending order, with zeros of both signs equal.
pub(crate) fn descending(weights: impl Iterator<Item = f32>) -> Vec<f32> {
    // Integers in the opposite order of the numbers sort several times faster than numbers.
    let mut keys: Vec<i32> = weights.map(|weight| !ordered((weight + 0.0).to_bits() as i32)).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f32::from_bits(ordered(!key) as u32)).collect()
}

/// Maps the bits of a number to an integer of the same order, and back.
fn ordered(bits: i32) -> i32 {
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_from_the_largest(weights in prop::collection::vec(-1e3f32..1e3, 0..50)) {
            let mut expected = weights.clone();
            expected.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(descending(weights.into_iter()), expected);
        }
    }
}
