use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest registers.
const LINE: usize = 64;

/// Numbers aligned to cache lines, so that no load of a register crosses two.
#[derive(Debug)]
pub(crate) struct AlignedBuffer<T> {
    values: Vec<T>,
    first: usize,
}

impl<T: Copy + Default> AlignedBuffer<T> {
    /// Creates a buffer of zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let spare = LINE / size_of::<T>();
        let mut values = vec![T::default(); len + spare];
        // The vector does not move, since its memory is already allocated.
        let first = values.as_ptr().align_offset(LINE).min(spare);
        values.truncate(first + len);
        Self { values, first }
    }

    pub(crate) fn new(values: &[T]) -> Self {
        let mut aligned = Self::zeros(values.len());
        aligned.copy_from_slice(values);
        aligned
    }
}

impl<T> Deref for AlignedBuffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.first..]
    }
}

impl<T> DerefMut for AlignedBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.first..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_and_aligned() {
        let values: Vec<f32> = (0..1000).map(|value| value as f32).collect();
        for len in [0, 1, 16, 999] {
            let aligned = AlignedBuffer::new(&values[..len]);
            assert_eq!(*aligned, values[..len]);
            assert_eq!(aligned.as_ptr() as usize % LINE, 0);
        }
    }
}
