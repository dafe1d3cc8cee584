//! Runs of bits in 64-bit words, the first bit the least significant.

/// Words that hold `bits` bits.
pub(crate) const fn words(bits: usize) -> usize {
    bits.div_ceil(64)
}

/// Words of a buffer that [`or_run`] reads `bits` bits from: one spare, so that a read that
/// crosses the last word needs no test.
pub(crate) const fn words_with_spare(bits: usize) -> usize {
    words(bits) + 1
}

/// ORs `len` bits of `source` from bit `from` into `target` from bit `to`.
pub(crate) fn or_run(target: &mut [u64], to: usize, source: &[u64], from: usize, len: usize) {
    if (to | from | len).is_multiple_of(64) {
        let source = &source[from / 64..(from + len) / 64];
        target[to / 64..][..source.len()].iter_mut().zip(source).for_each(|(target, word)| *target |= word);
        return;
    }
    let mut done = 0;
    while done < len {
        let keep = u64::MAX >> (64 - (len - done).min(64));
        let chunk = read(source, from + done) & keep;
        let (word, shift) = ((to + done) / 64, (to + done) % 64);
        target[word] |= chunk << shift;
        // The part above may be empty just where the target ends.
        if let Some(next) = target.get_mut(word + 1) {
            *next |= chunk >> 1 >> (63 - shift);
        }
        done += 64;
    }
}

/// The 64 bits from bit `at`.
fn read(words: &[u64], at: usize) -> u64 {
    let (word, shift) = (at / 64, at % 64);
    words[word] >> shift | words[word + 1] << 1 << (63 - shift)
}

/// Sets the bits from `at` on to the first `len` of `source`, whose bits beyond `len` are 0.
/// Everything from `at` on is taken to be unwritten, so positions must come in order.
pub(crate) fn append(target: &mut [u64], at: usize, source: &[u64], len: usize) {
    let (word, shift) = (at / 64, at % 64);
    let source = &source[..words(len)];
    if shift == 0 {
        target[word..][..source.len()].copy_from_slice(source);
        return;
    }
    for (offset, &bits) in source.iter().enumerate() {
        target[word + offset] |= bits << shift;
        target[word + offset + 1] = bits >> (64 - shift);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bit(words: &[u64], at: usize) -> bool {
        words[at / 64] >> (at % 64) & 1 == 1
    }

    proptest! {
        #[test]
        fn or_run_sets_what_it_should(
            source in prop::collection::vec(any::<u64>(), 8),
            target in prop::collection::vec(any::<u64>(), 6),
            from in 0..200_usize,
            to in 0..200_usize,
            len in 0..180_usize,
        ) {
            let mut result = target.clone();
            or_run(&mut result, to, &source, from, len);
            for at in 0..target.len() * 64 {
                let added = (to..to + len).contains(&at) && bit(&source, from + at - to);
                prop_assert_eq!(bit(&result, at), bit(&target, at) || added);
            }
        }

        #[test]
        fn append_writes_runs_one_after_another(
            runs in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..150), 1..6),
        ) {
            let expected: Vec<bool> = runs.concat();
            let mut target = vec![u64::MAX; words_with_spare(expected.len())];
            let mut at = 0;
            for run in &runs {
                let mut packed = vec![0; words(run.len())];
                run.iter().enumerate().for_each(|(i, &set)| packed[i / 64] |= u64::from(set) << (i % 64));
                append(&mut target, at, &packed, run.len());
                at += run.len();
            }
            prop_assert!(expected.iter().enumerate().all(|(i, &set)| bit(&target, i) == set));
        }
    }
}
