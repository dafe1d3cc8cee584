use dabnet_graph::Shape;

use crate::{
    plan::WindowGeometry,
    simd::{SimdKernels, words},
};

/// Active positions of a value: those that ink reaches. All others equal the background.
#[derive(Debug, Default)]
pub(crate) struct ActiveMask {
    width: usize,
    /// One bit per position; every row begins a new word.
    rows: Vec<u64>,
}

/// A position, as index, row and column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GridPosition {
    pub(crate) index: u32,
    pub(crate) y: u32,
    pub(crate) x: u32,
}

impl GridPosition {
    /// Position at row `y` and column `x` of a value of the given width.
    pub(crate) fn new(width: usize, y: usize, x: usize) -> Self {
        Self { index: (y * width + x) as u32, y: y as u32, x: x as u32 }
    }

    pub(crate) fn index(self) -> usize {
        self.index as usize
    }

    pub(crate) fn y(self) -> usize {
        self.y as usize
    }

    pub(crate) fn x(self) -> usize {
        self.x as usize
    }
}

impl ActiveMask {
    /// Creates a mask without active positions.
    pub(crate) fn empty(shape: Shape) -> Self {
        Self { width: shape.width, rows: vec![0; shape.height * words(shape.width)] }
    }

    /// Bytes of a mask.
    pub(crate) fn bytes(shape: Shape) -> u64 {
        (size_of::<u64>() * shape.height * words(shape.width)) as u64
    }

    pub(crate) fn clear(&mut self) {
        self.rows.fill(0);
    }

    pub(crate) fn fill(&mut self) {
        self.rows.fill(u64::MAX);
    }

    /// Adds the positions of `values`, with `channels` each, that are not all `blank`.
    pub(crate) fn add_unequal(&mut self, kernels: SimdKernels, values: &[f32], channels: usize, blank: f32) {
        let rows = values.chunks_exact(self.width * channels);
        for (values, row) in rows.zip(self.rows.chunks_exact_mut(words(self.width))) {
            if channels == 1 {
                kernels.mark_unequal(values, blank, row);
                continue;
            }
            for (x, values) in values.chunks_exact(channels).enumerate() {
                let mark_unequal = values.iter().any(|&value| value != blank);
                row[x / 64] |= u64::from(mark_unequal) << (x % 64);
            }
        }
    }

    /// Adds the positions of a mask of the same size.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows.iter_mut().zip(&other.rows).for_each(|(all, more)| *all |= more);
    }

    /// Adds the positions whose windows contain an active one of `input`. `row` is scratch memory of
    /// [`row_words`](Self::row_words).
    pub(crate) fn add_windows(&mut self, input: &Self, window: &WindowGeometry, row: &mut [u64]) {
        let (across, width) = (words(input.width), self.width);
        let row = &mut row[..Self::row_words(window)];
        for (y, target) in self.rows.chunks_exact_mut(words(width)).enumerate() {
            row.fill(0);
            for tap in window.rows(y) {
                let source = &input.rows[window.row_at(y, tap) * across..][..across];
                row.iter_mut().zip(source).for_each(|(all, bits)| *all |= bits);
            }
            if row.iter().all(|&bits| bits == 0) {
                continue;
            }
            shift_up(row, window.padding[1]);
            or_runs(row, window.kernel[1]);
            if window.stride == 1 {
                target.iter_mut().zip(&*row).for_each(|(target, bits)| *target |= bits);
                continue;
            }
            for x in 0..width {
                let column = x * window.stride;
                target[x / 64] |= (row[column / 64] >> (column % 64) & 1) << (x % 64);
            }
        }
    }

    /// Words of a row of the padded input of `window`.
    pub(crate) fn row_words(window: &WindowGeometry) -> usize {
        let last = (window.output.width - 1).saturating_mul(window.stride).saturating_add(window.kernel[1]);
        words(window.input.width.saturating_add(window.padding[1]).max(last))
    }

    /// True if the position is active.
    pub(crate) fn contains(&self, position: GridPosition) -> bool {
        self.rows[position.y() * words(self.width) + position.x() / 64] >> (position.x() % 64) & 1 == 1
    }

    /// Number of active positions.
    pub(crate) fn count(&self) -> usize {
        (0..self.rows.len() / words(self.width))
            .map(|y| self.row(y).map(|(_, bits)| bits.count_ones()).sum::<u32>() as usize)
            .sum()
    }

    /// Words of row `y` with their first columns, without columns beyond the last.
    fn row(&self, y: usize) -> impl Iterator<Item = (usize, u64)> {
        let across = words(self.width);
        self.rows[y * across..][..across].iter().enumerate().map(|(word, bits)| {
            let used = (self.width - 64 * word).min(64);
            (64 * word, bits & u64::MAX >> (64 - used))
        })
    }

    /// Lists the active positions in row-major order.
    pub(crate) fn list_positions(&self, positions: &mut Vec<GridPosition>) {
        positions.clear();
        for y in 0..self.rows.len() / words(self.width) {
            self.columns(y, |x| {
                positions.push(GridPosition::new(self.width, y, x));
            });
        }
    }

    /// Calls `visit` with the active columns of row `y` in order.
    pub(crate) fn columns(&self, y: usize, mut visit: impl FnMut(usize)) {
        for (first, mut left) in self.row(y) {
            while left != 0 {
                visit(first + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}

/// Shifts all bits up by `by`.
fn shift_up(row: &mut [u64], by: usize) {
    let (whole, part) = (by / 64, by % 64);
    for at in (0..row.len()).rev() {
        let word = |back: usize| at.checked_sub(whole + back).map_or(0, |from| row[from]);
        row[at] = word(0) << part | word(1) >> 1 >> (63 - part);
    }
}

/// Replaces every bit by the OR of `count` bits from it on.
fn or_runs(row: &mut [u64], count: usize) {
    let mut done = 1;
    while done < count {
        let step = done.min(count - done);
        let (whole, part) = (step / 64, step % 64);
        for at in 0..row.len() {
            let word = |ahead: usize| row.get(at + whole + ahead).copied().unwrap_or(0);
            row[at] |= word(0) >> part | word(1) << 1 << (63 - part);
        }
        done += step;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Isa;

    fn positions(active: &ActiveMask) -> Vec<(u32, u32)> {
        let mut positions = Vec::new();
        active.list_positions(&mut positions);
        positions.iter().map(|position| (position.y, position.x)).collect()
    }

    proptest! {
        /// Compared with a scan of every element of every window.
        #[test]
        fn windows_reach_what_they_should(
            side in 1..if cfg!(miri) { 12 } else { 150_usize },
            kernel in 1..if cfg!(miri) { 8 } else { 80_usize },
            stride in 1..4_usize,
            [above, left, below, right] in prop::array::uniform4(0..5_usize),
            ink in prop::collection::vec((0..150_usize, 0..150_usize), 0..6),
        ) {
            let [above, left, below, right] = [above, left, below, right].map(|side| side.min(kernel - 1));
            prop_assume!(kernel <= side + (above + below).min(left + right));
            let extent = |padding: usize| (side + padding - kernel) / stride + 1;
            let output = Shape::new(1, extent(above + below), extent(left + right));
            let input = Shape::new(1, side, side);
            let window = WindowGeometry { input, output, kernel: [kernel; 2], stride, padding: [above, left] };
            let mut canvas = vec![0.5; side * side];
            ink.iter().for_each(|&(y, x)| canvas[y % side * side + x % side] = 1.0);
            let mut inked = ActiveMask::empty(input);
            inked.add_unequal(SimdKernels::new(Isa::Scalar)?, &canvas, 1, 0.5);
            let mut reached = ActiveMask::empty(output);
            reached.add_windows(&inked, &window, &mut vec![7; ActiveMask::row_words(&window)]);
            let expected: Vec<(u32, u32)> = (0..output.positions())
                .map(|position| window.position(position))
                .filter(|&(y, x)| {
                    window.rows(y).any(|row| window.columns(x).any(|column| {
                        canvas[window.row_at(y, row) * side + window.column_at(x, column)] != 0.5
                    }))
                })
                .map(|(y, x)| (y as u32, x as u32))
                .collect();
            prop_assert_eq!(positions(&reached), expected);
        }
    }

    #[test]
    fn everything_is_no_more_than_all_positions() {
        let mut active = ActiveMask::empty(Shape::new(3, 2, 65));
        active.fill();
        assert_eq!(positions(&active).len(), 130);
        active.clear();
        assert_eq!(positions(&active).len(), 0);
    }
}
