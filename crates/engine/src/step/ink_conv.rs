use super::{Step, window_major};
use crate::{
    kernels::{Kernels, Tap},
    window::Window,
    workspace::{Ink, Needs, Workspace},
};

/// A convolution of a canvas that is mostly exactly 0: it visits the ink only.
#[derive(Debug)]
pub(crate) struct InkConv {
    window: Window,
    /// One row an element of a window, one column a filter.
    weights: Vec<f32>,
}

impl InkConv {
    /// `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(window: Window, weights: &[f32]) -> Self {
        let weights = window_major(weights, window.output.channels, window.input.channels, window.kernel);
        Self { window, weights }
    }

    /// The ink under the window at output `(y, x)`.
    fn taps(&self, ink: &Ink, y: usize, x: usize, taps: &mut Vec<Tap>) {
        let Window { input, kernel, .. } = self.window;
        let (channels, row_len) = (input.channels, input.width * input.channels);
        let across = self.window.columns(x);
        let from = self.window.input_at(x, across.start) * channels;
        let to = from + across.len() * channels;
        taps.clear();
        for row in self.window.rows(y) {
            let starts = &ink.starts[self.window.input_at(y, row) * (row_len + 1)..][..row_len + 1];
            let range = starts[from] as usize..starts[to] as usize;
            let first = (row * kernel + across.start) * channels;
            let inked = ink.columns[range.clone()].iter().zip(&ink.values[range]);
            taps.extend(
                inked.map(|(&column, &value)| Tap { row: column - from as u32 + first as u32, value }),
            );
        }
    }
}

impl Ink {
    /// Finds the non-zero elements of rows of `row_len` elements.
    fn find(&mut self, values: &[f32], row_len: usize) {
        self.columns.clear();
        self.values.clear();
        self.starts.clear();
        for row in values.chunks_exact(row_len) {
            for (column, &value) in row.iter().enumerate() {
                self.starts.push(self.columns.len() as u32);
                if value != 0.0 {
                    self.columns.push(column as u32);
                    self.values.push(value);
                }
            }
            self.starts.push(self.columns.len() as u32);
        }
    }
}

impl Step for InkConv {
    fn needs(&self) -> Needs {
        let Window { input, output, .. } = self.window;
        Needs {
            floats: input.elements().max(output.elements()),
            ink: input.elements(),
            ink_starts: input.elements() + input.height,
            taps: self.window.len(),
            ..Needs::default()
        }
    }

    fn run(&self, kernels: Kernels, workspace: &mut Workspace) {
        let Window { input, output, .. } = self.window;
        let source = &workspace.floats.front[..input.elements()];
        let target = &mut workspace.floats.back[..output.elements()];
        workspace.ink.find(source, input.width * input.channels);
        for (position, target) in target.chunks_exact_mut(output.channels).enumerate() {
            let (y, x) = self.window.position(position);
            self.taps(&workspace.ink, y, x, &mut workspace.taps);
            kernels.sum_rows(&workspace.taps, &self.weights, target);
        }
        workspace.floats.swap();
    }
}
