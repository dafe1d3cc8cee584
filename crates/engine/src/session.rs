use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    activations::ActivationCounts,
    error::EngineError,
    model::{CompiledModel, Model},
    ops::SessionMemory,
    threads::SessionThreads,
};

/// Runs a model, one canvas after another, in buffers of its own.
#[derive(Debug)]
pub struct Session {
    compiled: Arc<CompiledModel>,
    threads: SessionThreads,
    memory: SessionMemory,
    /// The output as it is given back.
    logits: Vec<f32>,
}

impl Session {
    /// Buffers for running `model` on the calling thread: all the memory that [`Session::run`] needs, but
    /// for what matrix products of real numbers allocate in the library that computes them.
    pub fn new(model: &Model) -> Self {
        Self::on_threads(model, SessionThreads::one())
    }

    /// The same for several threads, of which the calling one is one; they share the positions of every
    /// layer, and wait for work while a sketch runs. Called on a thread of a pool of `rayon`, which has
    /// other work of its own, a session runs there alone. The results are the same to the last bit.
    ///
    /// # Errors
    /// [`EngineError::Threads`] if the system does not give them, or this build has none;
    /// [`EngineError::TooLarge`] if so many would take too much memory.
    pub fn with_threads(model: &Model, threads: usize) -> Result<Self, EngineError> {
        model.compiled().program.check_memory(threads)?;
        Ok(Self::on_threads(model, SessionThreads::new(threads)?))
    }

    fn on_threads(model: &Model, threads: SessionThreads) -> Self {
        let compiled = Arc::clone(model.compiled());
        let memory = compiled.program.memory(threads.count());
        Self { logits: vec![0.0; model.graph().outputs()], compiled, threads, memory }
    }

    /// The logits for a canvas: `channels × height × width` values, row-major, as
    /// [`Preprocessing::normalized`](dabnet_graph::Preprocessing::normalized) gives them. One logit a label;
    /// a network whose output has several positions gives them in the same order as a canvas.
    ///
    /// # Errors
    /// [`EngineError::Input`] if `canvas` has another number of values.
    pub fn run(&mut self, canvas: &[f32]) -> Result<&[f32], EngineError> {
        self.load_input(canvas)?;
        let Self { compiled, threads, memory, .. } = self;
        threads.run(|| {
            for (_, step) in compiled.program.steps(threads) {
                step(memory);
            }
        });
        Ok(self.read_output())
    }

    /// As [`Session::run`], and tells `observe` how long each step took and which layer it belongs
    /// to: a convolution with all that follows up to the next.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub fn run_profiled(
        &mut self,
        canvas: &[f32],
        mut observe: impl FnMut(&str, Duration),
    ) -> Result<&[f32], EngineError> {
        self.load_input(canvas)?;
        let Self { compiled, threads, memory, .. } = self;
        threads.run(|| {
            for (layer, step) in compiled.program.steps(threads) {
                let start = Instant::now();
                step(memory);
                observe(layer, start.elapsed());
            }
        });
        Ok(self.read_output())
    }

    /// As [`Session::run`], and shows `look` what every sign gave: the layer that it follows, and how often
    /// each of its filters was +1.
    ///
    /// # Errors
    /// Those of [`Session::run`].
    pub fn run_with_activations(
        &mut self,
        canvas: &[f32],
        mut observe: impl FnMut(&str, &ActivationCounts),
    ) -> Result<&[f32], EngineError> {
        self.load_input(canvas)?;
        let Self { compiled, threads, memory, .. } = self;
        threads.run(|| {
            for (at, (layer, step)) in compiled.program.steps(threads).enumerate() {
                step(memory);
                for counts in compiled.program.activation_counts(at, memory) {
                    observe(layer, &counts);
                }
            }
        });
        Ok(self.read_output())
    }

    /// Puts a canvas where the first step reads it.
    fn load_input(&mut self, canvas: &[f32]) -> Result<(), EngineError> {
        let program = &self.compiled.program;
        let expected = program.input().elements();
        if canvas.len() != expected {
            return Err(EngineError::Input { found: canvas.len(), expected });
        }
        program.set_input(canvas, &mut self.memory);
        Ok(())
    }

    /// What the last step left.
    fn read_output(&mut self) -> &[f32] {
        self.compiled.program.output(&self.memory, &mut self.logits);
        &self.logits
    }
}
