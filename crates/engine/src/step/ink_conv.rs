use super::Step;
use crate::{
    ink::Ink,
    kernels::Kernels,
    window::Window,
    workspace::{Needs, Workspace},
};

/// A convolution of a canvas that is mostly exactly 0: it visits the ink only.
#[derive(Debug)]
pub(crate) struct InkConv {
    window: Window,
    /// One row an element of a window, column by column as [`Ink`] has them, and one column a filter.
    weights: Vec<f32>,
}

impl InkConv {
    /// `weights` are `[out, in, kernel, kernel]` row-major.
    pub(crate) fn new(window: Window, weights: &[f32]) -> Self {
        Self { window, weights: column_major(weights, &window) }
    }
}

/// Weights `[out, in, y, x]` as `[x, in, y, out]`.
fn column_major(weights: &[f32], window: &Window) -> Vec<f32> {
    let (filters, channels, kernel) = (window.output.channels, window.input.channels, window.kernel);
    let mut matrix = vec![0.0; weights.len()];
    for (row, weights) in weights.chunks_exact(kernel).enumerate() {
        let (filter, channel, y) = (row / kernel / channels, row / kernel % channels, row % kernel);
        for (x, &weight) in weights.iter().enumerate() {
            matrix[((x * channels + channel) * kernel + y) * filters + filter] = weight;
        }
    }
    matrix
}

impl Step for InkConv {
    fn needs(&self) -> Needs {
        let Window { input, output, .. } = self.window;
        Needs { floats: input.elements().max(output.elements()), ..Ink::needs(&self.window) }
    }

    fn run(&self, kernels: Kernels, workspace: &mut Workspace) {
        let Window { input, output, .. } = self.window;
        let Workspace { floats, ink, .. } = workspace;
        ink.find(&floats.front[..input.elements()], input.width * input.channels);
        let rows = floats.back[..output.elements()].chunks_exact_mut(output.width * output.channels);
        for (y, row) in rows.enumerate() {
            ink.go_to(&self.window, y);
            for (x, target) in row.chunks_exact_mut(output.channels).enumerate() {
                let (taps, first) = ink.taps(&self.window, x);
                kernels.sum_rows(taps, first, &self.weights, target);
            }
        }
        floats.swap();
    }
}
