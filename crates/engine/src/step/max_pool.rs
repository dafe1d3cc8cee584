use super::Step;
use crate::{
    kernels::Kernels,
    window::Window,
    workspace::{Needs, Workspace},
};

/// The maximum of floats over windows.
#[derive(Debug)]
pub(crate) struct MaxPool {
    pub(crate) window: Window,
}

impl Step for MaxPool {
    fn needs(&self) -> Needs {
        let Window { input, output, .. } = self.window;
        Needs { floats: input.elements().max(output.elements()), ..Needs::default() }
    }

    fn run(&self, _kernels: Kernels, workspace: &mut Workspace) {
        let Window { input, output, kernel, stride, .. } = self.window;
        let channels = input.channels;
        let source = &workspace.floats.front[..input.elements()];
        let target = &mut workspace.floats.back[..output.elements()];
        for (position, target) in target.chunks_exact_mut(channels).enumerate() {
            let (y, x) = self.window.position(position);
            target.fill(f32::NEG_INFINITY);
            for row in 0..kernel {
                let first = ((y * stride + row) * input.width + x * stride) * channels;
                for values in source[first..first + kernel * channels].chunks_exact(channels) {
                    target.iter_mut().zip(values).for_each(|(max, &value)| *max = max.max(value));
                }
            }
        }
        workspace.floats.swap();
    }
}
