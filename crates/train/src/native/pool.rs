use dabnet_graph::Shape;
use rayon::prelude::*;

use super::tensor::{Block, Tensor};

/// Square windows that slide over a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Pool {
    /// Rows or columns of the input, of `extent`, that a window covers.
    fn covered(self, at: usize, extent: usize) -> std::ops::Range<usize> {
        let start = at * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel - self.padding).min(extent)
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
            let rows = self.covered(row, input.height);
            for column in 0..output.width {
                let columns = self.covered(column, input.width);
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

    /// Means.
    pub fn mean(self, input: &Tensor, output: Shape) -> Tensor {
        let shape = input.shape;
        let share = 1.0 / (self.kernel * self.kernel) as f32;
        input.map(output, |block, filled| {
            let planes = block.values.chunks(shape.positions());
            for (plane, values) in planes.zip(filled.chunks_mut(output.positions())) {
                for (at, value) in values.iter_mut().enumerate() {
                    let columns = self.covered(at % output.width, shape.width);
                    let rows = self.covered(at / output.width, shape.height);
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
        let share = 1.0 / (self.kernel * self.kernel) as f32;
        gradient.map(input, |block, filled| {
            let values = block.values.chunks(output.positions());
            for (values, plane) in values.zip(filled.chunks_mut(input.positions())) {
                for (at, value) in values.iter().enumerate() {
                    let columns = self.covered(at % output.width, input.width);
                    for row in self.covered(at / output.width, input.height) {
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
