use std::ops::Range;

use dabnet_graph::{Padding, Shape};
use rayon::prelude::*;

use super::tensor::{Block, Tensor};

/// Square windows that slide over a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
}

impl Pool {
    /// Rows of the input that windows in row `at` cover.
    fn rows(self, at: usize, input: Shape) -> Range<usize> {
        self.covered(at, self.padding.top, input.height)
    }

    /// Columns of the input that windows in column `at` cover.
    fn columns(self, at: usize, input: Shape) -> Range<usize> {
        self.covered(at, self.padding.left, input.width)
    }

    fn covered(self, at: usize, padding: usize, extent: usize) -> Range<usize> {
        let start = at * self.stride;
        start.saturating_sub(padding)..(start + self.kernel - padding).min(extent)
    }

    /// Maxima, and where in its plane each of them is; the first of equal ones.
    pub fn max(self, input: &Tensor, output: Shape) -> (Tensor, Vec<Vec<u32>>) {
        let (positions, shape) = (output.positions(), input.shape);
        let (blocks, places) = input
            .blocks
            .par_iter()
            .map(|block| {
                let mut filled = Block::zeros(block.examples, output);
                let mut places = vec![0; filled.values.len()];
                let planes = block.values.chunks(shape.positions());
                let outputs = filled.values.chunks_mut(positions).zip(places.chunks_mut(positions));
                for (plane, (values, places)) in planes.zip(outputs) {
                    self.max_of_plane(plane, shape, output, values, places);
                }
                (filled, places)
            })
            .unzip();
        (Tensor { shape: output, blocks }, places)
    }

    fn max_of_plane(
        self,
        plane: &[f32],
        input: Shape,
        output: Shape,
        values: &mut [f32],
        places: &mut [u32],
    ) {
        for row in 0..output.height {
            let rows = self.rows(row, input);
            for column in 0..output.width {
                let columns = self.columns(column, input);
                let mut best = (f32::NEG_INFINITY, rows.start * input.width + columns.start);
                for row in rows.clone() {
                    let window = &plane[row * input.width..][columns.clone()];
                    for (at, value) in window.iter().enumerate() {
                        if *value > best.0 {
                            best = (*value, row * input.width + columns.start + at);
                        }
                    }
                }
                let at = row * output.width + column;
                values[at] = plane[best.1];
                places[at] = best.1 as u32;
            }
        }
    }

    /// The gradient with respect to the input of [`Pool::max`].
    pub fn max_backward(gradient: &Tensor, places: &[Vec<u32>], input: Shape) -> Tensor {
        let positions = gradient.shape.positions();
        let blocks = gradient.blocks.par_iter().zip(places).map(|(block, places)| {
            let mut filled = Block::zeros(block.examples, input);
            let planes = filled.values.chunks_mut(input.positions());
            let outputs = block.values.chunks(positions).zip(places.chunks(positions));
            for (plane, (values, places)) in planes.zip(outputs) {
                places.iter().zip(values).for_each(|(at, value)| plane[*at as usize] += value);
            }
            filled
        });
        Tensor { shape: input, blocks: blocks.collect() }
    }

    /// Means of what lies on the input.
    pub fn mean(self, input: &Tensor, output: Shape) -> Tensor {
        let shape = input.shape;
        input.map(output, |block, filled| {
            let planes = block.values.chunks(shape.positions());
            for (plane, values) in planes.zip(filled.chunks_mut(output.positions())) {
                for (at, value) in values.iter_mut().enumerate() {
                    let columns = self.columns(at % output.width, shape);
                    let rows = self.rows(at / output.width, shape);
                    let share = 1.0 / (rows.len() * columns.len()) as f32;
                    let sum: f32 =
                        rows.map(|row| plane[row * shape.width..][columns.clone()].iter().sum::<f32>()).sum();
                    *value = sum * share;
                }
            }
        })
    }

    /// The gradient with respect to the input of [`Pool::mean`].
    pub fn mean_backward(self, gradient: &Tensor, input: Shape) -> Tensor {
        let output = gradient.shape;
        gradient.map(input, |block, filled| {
            let values = block.values.chunks(output.positions());
            for (values, plane) in values.zip(filled.chunks_mut(input.positions())) {
                for (at, value) in values.iter().enumerate() {
                    let columns = self.columns(at % output.width, input);
                    let rows = self.rows(at / output.width, input);
                    let share = 1.0 / (rows.len() * columns.len()) as f32;
                    for row in rows {
                        let window = &mut plane[row * input.width..][columns.clone()];
                        window.iter_mut().for_each(|sum| *sum += value * share);
                    }
                }
            }
        })
    }
}

/// The mean of each channel.
pub(super) fn global_mean(input: &Tensor) -> Tensor {
    let positions = input.shape.positions();
    input.map(Shape::new(input.shape.channels, 1, 1), |block, filled| {
        let planes = block.values.chunks(positions);
        let mean = |plane: &[f32]| plane.iter().sum::<f32>() / positions as f32;
        filled.iter_mut().zip(planes).for_each(|(value, plane)| *value = mean(plane));
    })
}

/// The gradient with respect to the input of [`global_mean`].
pub(super) fn global_mean_backward(gradient: &Tensor, input: Shape) -> Tensor {
    let positions = input.positions();
    gradient.map(input, |block, filled| {
        let planes = filled.chunks_mut(positions).zip(&block.values);
        planes.for_each(|(plane, value)| plane.fill(value / positions as f32));
    })
}
