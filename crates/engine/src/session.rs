use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dabnet_graph::Shape;

use crate::{EngineError, Model, model::Compiled, workspace::Workspace};

/// Runs a model, one canvas after another, in buffers of its own.
#[derive(Debug)]
pub struct Session {
    compiled: Arc<Compiled>,
    input: Shape,
    output: Shape,
    workspace: Workspace,
}

impl Session {
    /// Buffers for running `model`; all the memory that [`Session::run`] needs is allocated here,
    /// but for what matrix products of real numbers keep a thread.
    pub fn new(model: &Model) -> Self {
        let graph = model.graph();
        Self {
            compiled: Arc::clone(model.compiled()),
            input: graph.input_shape(),
            output: graph.shape(graph.nodes().len() - 1),
            workspace: Workspace::new(&model.compiled().needs),
        }
    }

    /// The logits for a canvas: `channels × height × width` values, row-major, as
    /// [`Canvas::normalize`](dabnet_graph::Canvas::normalize) gives them. One logit a label;
    /// a network whose output has several positions gives them in the same order as a canvas.
    ///
    /// # Errors
    /// [`EngineError::Input`] if `canvas` has another number of values.
    pub fn run(&mut self, canvas: &[f32]) -> Result<&[f32], EngineError> {
        self.begin(canvas)?;
        for stage in &self.compiled.stages {
            stage.step.run(self.compiled.kernels, &mut self.workspace);
        }
        Ok(self.end())
    }

    /// As [`Session::run`], and tells `observe` how long each step took and which layer it belongs
    /// to: a convolution with all that follows up to the next.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub fn run_observed(
        &mut self,
        canvas: &[f32],
        mut observe: impl FnMut(&str, Duration),
    ) -> Result<&[f32], EngineError> {
        self.begin(canvas)?;
        for stage in &self.compiled.stages {
            let start = Instant::now();
            stage.step.run(self.compiled.kernels, &mut self.workspace);
            observe(&stage.layer, start.elapsed());
        }
        Ok(self.end())
    }

    /// Puts a canvas where the first step reads it.
    fn begin(&mut self, canvas: &[f32]) -> Result<(), EngineError> {
        let expected = self.input.elements();
        if canvas.len() != expected {
            return Err(EngineError::Input { found: canvas.len(), expected });
        }
        let floats = &mut self.workspace.floats.front[..expected];
        transpose(canvas, self.input.positions(), floats);
        Ok(())
    }

    /// What the last step left.
    fn end(&mut self) -> &[f32] {
        let outputs = self.output.elements();
        let floats = &mut self.workspace.floats;
        transpose(&floats.front[..outputs], self.output.channels, &mut floats.back[..outputs]);
        floats.swap();
        &floats.front[..outputs]
    }
}

/// Transposes a row-major matrix whose rows have `columns` elements.
fn transpose(source: &[f32], columns: usize, target: &mut [f32]) {
    let rows = source.len() / columns;
    if rows == 1 || columns == 1 {
        target.copy_from_slice(source);
        return;
    }
    for (row, source) in source.chunks_exact(columns).enumerate() {
        source.iter().enumerate().for_each(|(column, &value)| target[column * rows + row] = value);
    }
}
