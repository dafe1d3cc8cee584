use std::ops::Deref;

/// Bytes of a line of the caches, and of the widest registers.
const LINE: usize = 64;

/// Floats that begin with a cache line, so that no load of a whole register touches two.
#[derive(Debug)]
pub(crate) struct AlignedFloats {
    floats: Vec<f32>,
    first: usize,
}

impl AlignedFloats {
    pub(crate) fn new(values: &[f32]) -> Self {
        let mut floats = vec![0.0; values.len() + LINE / size_of::<f32>()];
        // All the vector's memory is there already, so it does not move.
        let first = floats.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        floats.truncate(first + values.len());
        floats[first..].copy_from_slice(values);
        Self { floats, first }
    }
}

impl Deref for AlignedFloats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.floats[self.first..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_and_aligned() {
        let values: Vec<f32> = (0..1000).map(|value| value as f32).collect();
        for len in [0, 1, 16, 999] {
            let aligned = AlignedFloats::new(&values[..len]);
            assert_eq!(*aligned, values[..len]);
            assert_eq!(aligned.as_ptr() as usize % LINE, 0);
        }
    }
}
