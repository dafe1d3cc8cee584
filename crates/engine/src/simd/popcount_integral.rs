use dabnet_graph::Shape;
use std::ops::Range;

use super::{bit_encoding::units, kernels::SimdKernels};

/// Summed-area table of population counts over the positions of a bit value, with plane `j` weighted by `2ʲ`.
#[derive(Debug)]
pub(crate) struct PopcountIntegral {
    /// Corners per row.
    across: usize,
    /// Count above and to the left of each corner.
    corners: Vec<u32>,
    /// Scratch row for the counts of one plane.
    row: Vec<u32>,
}

impl PopcountIntegral {
    /// Allocates a table of so many corners.
    pub(crate) fn new(corners: usize) -> Self {
        Self { across: 0, corners: vec![0; corners], row: vec![0; corners] }
    }

    /// Number of corners of a value.
    pub(crate) fn corners(shape: Shape) -> usize {
        (shape.height + 1) * (shape.width + 1)
    }

    /// Builds the table of `bits`, which have `shape` in so many planes.
    pub(crate) fn count(&mut self, kernels: SimdKernels, bits: &[u32], shape: Shape, planes: usize) {
        self.across = shape.width + 1;
        let row = shape.width * units(shape.channels);
        self.corners[..self.across].fill(0);
        for (y, bits) in bits[..shape.height * planes * row].chunks_exact(planes * row).enumerate() {
            let (above, below) = self.corners[y * self.across..].split_at_mut(self.across);
            let below = &mut below[..self.across];
            kernels.count_ones(&bits[..row], &mut below[1..]);
            for (plane, bits) in bits.chunks_exact(row).enumerate().skip(1) {
                let more = &mut self.row[..shape.width];
                kernels.count_ones(bits, more);
                below[1..].iter_mut().zip(&*more).for_each(|(ones, more)| *ones += more << plane);
            }
            let mut sum = 0;
            for (below, above) in below[1..].iter_mut().zip(&above[1..]) {
                sum += *below;
                *below = sum + above;
            }
            below[0] = 0;
        }
    }

    /// Count within some rows and columns.
    pub(crate) fn within(&self, rows: Range<usize>, columns: Range<usize>) -> u32 {
        let corner = |y: usize, x: usize| self.corners[y * self.across + x];
        let (above, below) = (
            corner(rows.start, columns.end) - corner(rows.start, columns.start),
            corner(rows.end, columns.end) - corner(rows.end, columns.start),
        );
        below - above
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    #[test]
    fn rectangles_have_the_ones_of_their_positions() {
        let shape = Shape::new(70, 5, 7);
        let bits: Vec<u32> =
            (0..4 * 5 * 7 * 3_u32).map(|unit| unit.wrapping_mul(0x9e37_79b9) % 977).collect();
        for (isa, planes) in Isa::supported().flat_map(|isa| [1, 2, 4].map(|planes| (isa, planes))) {
            let count = |y: usize, x: usize| -> u32 {
                let plane = |plane: usize| &bits[((y * planes + plane) * 7 + x) * 3..][..3];
                let ones = |at: usize| plane(at).iter().map(|unit| unit.count_ones()).sum::<u32>() << at;
                (0..planes).map(ones).sum()
            };
            let mut ones = PopcountIntegral::new(PopcountIntegral::corners(shape) + 3);
            ones.corners.fill(99);
            ones.count(SimdKernels::new(isa).unwrap(), &bits, shape, planes);
            for (top, left) in (0..5).flat_map(|top| (0..7).map(move |left| (top, left))) {
                for (end, right) in (top..=5).flat_map(|end| (left..=7).map(move |right| (end, right))) {
                    let each = (top..end).flat_map(|y| (left..right).map(move |x| (y, x)));
                    let expected: u32 = each.map(|(y, x)| count(y, x)).sum();
                    assert_eq!(ones.within(top..end, left..right), expected);
                }
            }
        }
    }
}
