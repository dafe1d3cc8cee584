use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{EngineError, Model, memory::Memory, model::Compiled, plan::ValueId, threads::Threads};

/// Runs a model, one canvas after another, in buffers of its own.
#[derive(Debug)]
pub struct Session {
    compiled: Arc<Compiled>,
    threads: Threads,
    memory: Memory,
    /// The output as it is given back.
    logits: Vec<f32>,
}

impl Session {
    /// Buffers for running `model` on the calling thread; all the memory that [`Session::run`] needs
    /// is allocated here, but for what matrix products of real numbers keep a thread.
    pub fn new(model: &Model) -> Self {
        Self::on(model, Threads::one())
    }

    /// The same for several threads, which share the positions of every layer; the calling one
    /// waits for them. The results are the same to the last bit.
    ///
    /// # Errors
    /// [`EngineError::Threads`] if the system does not give them, or this build has none;
    /// [`EngineError::TooLarge`] if so many would take too much memory.
    pub fn with_threads(model: &Model, threads: usize) -> Result<Self, EngineError> {
        let compiled = model.compiled();
        Memory::check(&compiled.buffers, &compiled.needs, threads)?;
        Ok(Self::on(model, Threads::new(threads)?))
    }

    fn on(model: &Model, threads: Threads) -> Self {
        let compiled = Arc::clone(model.compiled());
        let memory = Memory::new(&compiled.buffers, &compiled.needs, threads.count());
        Self { logits: vec![0.0; model.graph().outputs()], compiled, threads, memory }
    }

    /// The logits for a canvas: `channels × height × width` values, row-major, as
    /// [`Canvas::normalize`](dabnet_graph::Canvas::normalize) gives them. One logit a label;
    /// a network whose output has several positions gives them in the same order as a canvas.
    ///
    /// # Errors
    /// [`EngineError::Input`] if `canvas` has another number of values.
    pub fn run(&mut self, canvas: &[f32]) -> Result<&[f32], EngineError> {
        self.begin(canvas)?;
        let Self { compiled, threads, memory, .. } = self;
        threads.run(|| {
            for step in &compiled.steps {
                step.run(compiled.kernels, &compiled.buffers, memory);
            }
        });
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
        mut observe: impl FnMut(&str, Duration) + Send,
    ) -> Result<&[f32], EngineError> {
        self.begin(canvas)?;
        let Self { compiled, threads, memory, .. } = self;
        threads.run(|| {
            for step in &compiled.steps {
                let start = Instant::now();
                step.run(compiled.kernels, &compiled.buffers, memory);
                observe(&step.layer, start.elapsed());
            }
        });
        Ok(self.end())
    }

    /// Puts a canvas where the first step reads it.
    fn begin(&mut self, canvas: &[f32]) -> Result<(), EngineError> {
        let input = self.compiled.input();
        let expected = input.elements();
        if canvas.len() != expected {
            return Err(EngineError::Input { found: canvas.len(), expected });
        }
        let place = self.compiled.buffers.place(ValueId(0));
        transpose(canvas, input.positions(), &mut self.memory.floats[place][..expected]);
        Ok(())
    }

    /// What the last step left.
    fn end(&mut self) -> &[f32] {
        let place = self.compiled.buffers.place(self.compiled.output);
        let output = &self.memory.floats[place][..self.logits.len()];
        transpose(output, self.compiled.output_channels(), &mut self.logits);
        &self.logits
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
