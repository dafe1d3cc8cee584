use dabnet_graph::Shape;

use crate::{bits::words, window::Window};

/// Elements of a canvas that are looked at together: most are paper.
pub(crate) const PIECE: usize = 16;

/// The positions of a value that ink reaches: at all others it is what blank paper gives.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    width: usize,
    /// One bit a position, every row in words of its own.
    rows: Vec<u64>,
}

/// A position and where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) position: u32,
    pub(crate) y: u32,
    pub(crate) x: u32,
}

impl Place {
    pub(crate) fn position(self) -> usize {
        self.position as usize
    }

    pub(crate) fn y(self) -> usize {
        self.y as usize
    }

    pub(crate) fn x(self) -> usize {
        self.x as usize
    }
}

impl Touched {
    /// No position of `shape`.
    pub(crate) fn none(shape: Shape) -> Self {
        Self { width: shape.width, rows: vec![0; shape.height * words(shape.width)] }
    }

    pub(crate) fn clear(&mut self) {
        self.rows.fill(0);
    }

    pub(crate) fn fill(&mut self) {
        self.rows.fill(u64::MAX);
    }

    /// Adds the positions of `values`, which has `channels` a position, that are not all `blank`.
    pub(crate) fn add_unequal(&mut self, values: &[f32], channels: usize, blank: f32) {
        let rows =
            values.chunks_exact(self.width * channels).zip(self.rows.chunks_exact_mut(words(self.width)));
        for (values, row) in rows {
            for (piece, values) in values.chunks(PIECE).enumerate() {
                if values.iter().fold(true, |all, &value| all & (value == blank)) {
                    continue;
                }
                for (place, _) in values.iter().enumerate().filter(|(_, value)| **value != blank) {
                    let x = (piece * PIECE + place) / channels;
                    row[x / 64] |= 1 << (x % 64);
                }
            }
        }
    }

    /// Adds those of another value of the same height and width.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows.iter_mut().zip(&other.rows).for_each(|(all, more)| *all |= more);
    }

    /// Adds the positions whose windows take in one of `input`.
    pub(crate) fn add_windows(&mut self, input: &Self, window: &Window) {
        let (across, width) = (words(input.width), self.width);
        for (y, target) in self.rows.chunks_exact_mut(words(width)).enumerate() {
            let rows = window.rows(y);
            if rows.is_empty() {
                continue;
            }
            let first = window.input_at(y, rows.start) * across;
            let rows = &input.rows[first..first + rows.len() * across];
            // One word of columns after another; windows begin in one and end there or further on.
            let column = |word: usize| rows.iter().skip(word).step_by(across).fold(0, |all, word| all | word);
            let (mut loaded, mut low, mut high) = (usize::MAX, 0, 0);
            for x in 0..width {
                let columns = window.columns(x);
                let (mut from, mut left) = (window.input_at(x, columns.start), columns.len());
                while left > 0 {
                    if from / 64 != loaded {
                        loaded = from / 64;
                        low = column(loaded);
                        high = if loaded + 1 < across { column(loaded + 1) } else { 0 };
                    }
                    let run = left.min(64);
                    let bits = low >> (from % 64) | high << 1 << (63 - from % 64);
                    if bits & u64::MAX >> (64 - run) != 0 {
                        target[x / 64] |= 1 << (x % 64);
                        break;
                    }
                    (from, left) = (from + run, left - run);
                }
            }
        }
    }

    /// Lists the positions row by row.
    pub(crate) fn places(&self, places: &mut Vec<Place>) {
        places.clear();
        for (y, row) in self.rows.chunks_exact(words(self.width)).enumerate() {
            for (word, &bits) in row.iter().enumerate() {
                let used = (self.width - 64 * word).min(64);
                let mut left = bits & u64::MAX >> (64 - used);
                while left != 0 {
                    let x = 64 * word + left.trailing_zeros() as usize;
                    let position = (y * self.width + x) as u32;
                    places.push(Place { position, y: y as u32, x: x as u32 });
                    left &= left - 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn positions(touched: &Touched) -> Vec<(u32, u32)> {
        let mut places = Vec::new();
        touched.places(&mut places);
        places.iter().map(|place| (place.y, place.x)).collect()
    }

    proptest! {
        /// Against looking at every element of every window.
        #[test]
        fn windows_reach_what_they_should(
            side in 1..150_usize,
            kernel in 1..80_usize,
            stride in 1..4_usize,
            padding in 0..5_usize,
            ink in prop::collection::vec((0..150_usize, 0..150_usize), 0..6),
        ) {
            let padding = padding.min(kernel - 1);
            prop_assume!(kernel <= side + 2 * padding);
            let output = (side + 2 * padding - kernel) / stride + 1;
            let (input, output) = (Shape::new(1, side, side), Shape::new(1, output, output));
            let window = Window { input, output, kernel: [kernel; 2], stride, padding };
            let mut canvas = vec![0.5; side * side];
            ink.iter().for_each(|&(y, x)| canvas[y % side * side + x % side] = 1.0);
            let mut inked = Touched::none(input);
            inked.add_unequal(&canvas, 1, 0.5);
            let mut reached = Touched::none(output);
            reached.add_windows(&inked, &window);
            let expected: Vec<(u32, u32)> = (0..output.positions())
                .map(|position| window.position(position))
                .filter(|&(y, x)| {
                    window.rows(y).any(|row| window.columns(x).any(|column| {
                        canvas[window.input_at(y, row) * side + window.input_at(x, column)] != 0.5
                    }))
                })
                .map(|(y, x)| (y as u32, x as u32))
                .collect();
            prop_assert_eq!(positions(&reached), expected);
        }
    }

    #[test]
    fn everything_is_no_more_than_all_positions() {
        let mut touched = Touched::none(Shape::new(3, 2, 65));
        touched.fill();
        assert_eq!(positions(&touched).len(), 130);
        touched.clear();
        assert_eq!(positions(&touched).len(), 0);
    }
}
