use super::{Step, window_major};
use crate::{
    kernels::{Kernels, matrix_product},
    window::Window,
    workspace::{Needs, Workspace},
};

/// Floats of gathered windows that are multiplied at a time: about what a level-2 cache holds.
const TILE_FLOATS: usize = 1 << 16;

/// The fewest windows at a time, so that the weights are not read again for each.
const MIN_TILE: usize = 16;

/// A convolution of floats: windows gathered into a matrix, times the weights.
#[derive(Debug)]
pub(crate) struct DenseConv {
    window: Window,
    /// One row an element of a window, one column a filter.
    weights: Vec<f32>,
}

impl DenseConv {
    /// `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(window: Window, weights: &[f32]) -> Self {
        let weights = window_major(weights, window.output.channels, window.input.channels, window.kernel);
        Self { window, weights }
    }

    /// Windows that are gathered at a time.
    fn tile(&self) -> usize {
        (TILE_FLOATS / self.window.len()).max(MIN_TILE).min(self.window.output.positions())
    }

    /// Whether the input already is the matrix of windows.
    fn in_place(&self) -> bool {
        let Window { kernel, stride, padding, .. } = self.window;
        (kernel, stride, padding) == (1, 1, 0)
    }

    fn gather(&self, source: &[f32], first: usize, columns: &mut [f32]) {
        let Window { input, kernel, .. } = self.window;
        let channels = input.channels;
        for (offset, column) in columns.chunks_exact_mut(self.window.len()).enumerate() {
            let (y, x) = self.window.position(first + offset);
            let (rows, across) = (self.window.rows(y), self.window.columns(x));
            if rows.len() * across.len() < kernel * kernel {
                column.fill(0.0);
            }
            for row in rows {
                let (input_y, input_x) =
                    (self.window.input_at(y, row), self.window.input_at(x, across.start));
                let run = across.len() * channels;
                let from = (input_y * input.width + input_x) * channels;
                let to = (row * kernel + across.start) * channels;
                column[to..to + run].copy_from_slice(&source[from..from + run]);
            }
        }
    }
}

impl Step for DenseConv {
    fn needs(&self) -> Needs {
        let Window { input, output, .. } = self.window;
        let columns = if self.in_place() { 0 } else { self.tile() * self.window.len() };
        Needs { floats: input.elements().max(output.elements()), columns, ..Needs::default() }
    }

    fn run(&self, _kernels: Kernels, workspace: &mut Workspace) {
        let Window { input, output, .. } = self.window;
        let (inner, filters) = (self.window.len(), output.channels);
        let source = &workspace.floats.front[..input.elements()];
        let target = &mut workspace.floats.back[..output.elements()];
        if self.in_place() {
            matrix_product(source, &self.weights, target, inner, filters);
        } else {
            for (tile, target) in target.chunks_mut(self.tile() * filters).enumerate() {
                let columns = &mut workspace.columns[..target.len() / filters * inner];
                self.gather(source, tile * self.tile(), columns);
                matrix_product(columns, &self.weights, target, inner, filters);
            }
        }
        workspace.floats.swap();
    }
}
