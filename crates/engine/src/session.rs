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

/// Inference session: runs a model on one canvas after another, in buffers of its own.
///
/// ```no_run
/// use dabnet_engine::{Model, Session};
///
/// # fn main() -> Result<(), dabnet_engine::EngineError> {
/// let model = Model::load("models/quickdraw-20")?;
/// let mut session = Session::with_threads(&model, 4)?;
/// let canvas = vec![0.0; model.input_len()];
/// let logits = session.run(&canvas)?;
/// assert_eq!(logits.len(), model.labels().len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session {
    compiled: Arc<CompiledModel>,
    threads: SessionThreads,
    memory: SessionMemory,
    /// Output of the last run.
    logits: Vec<f32>,
}

impl Session {
    /// Creates a session on the calling thread. All memory is allocated here, except for that of the library
    /// which computes matrix products of floats.
    pub fn new(model: &Model) -> Self {
        Self::on_threads(model, SessionThreads::one())
    }

    /// Creates a session on several threads, including the calling one, which share the positions of every
    /// layer and spin while a sketch runs. On a thread of a `rayon` pool, which has other work, a session
    /// runs on that thread alone. Results are the same to the last bit.
    ///
    /// # Errors
    /// [`EngineError::Threads`] if the threads are not available, [`EngineError::TooLarge`] if they would
    /// take too much memory.
    pub fn with_threads(model: &Model, threads: usize) -> Result<Self, EngineError> {
        model.compiled().program.check_memory(threads)?;
        Ok(Self::on_threads(model, SessionThreads::new(threads)?))
    }

    fn on_threads(model: &Model, threads: SessionThreads) -> Self {
        let compiled = Arc::clone(model.compiled());
        let memory = compiled.program.memory(threads.count());
        Self { logits: vec![0.0; model.graph().outputs()], compiled, threads, memory }
    }

    /// Runs the model on a canvas and returns the logits.
    ///
    /// The canvas has `channels × height × width` values, row-major, as given by
    /// [`Preprocessing::normalized`](dabnet_graph::Preprocessing::normalized). There is one logit per label;
    /// outputs with several positions have the order of a canvas.
    ///
    /// # Errors
    /// [`EngineError::Input`] if `canvas` has the wrong number of values.
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

    /// Runs the model on a canvas and returns its embedding: the vector that the last layer makes logits of, in which
    /// sketches of one kind are near each other, be the model's labels theirs or not.
    ///
    /// ```
    /// # use dabnet_engine::{EngineError, Model, Session};
    /// # fn near(model: &Model, one: &[f32], other: &[f32]) -> Result<f32, EngineError> {
    /// let mut session = Session::new(model);
    /// let one = session.embed(one)?.to_vec();
    /// let other = session.embed(other)?;
    /// let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    /// let cosine = dot(&one, other) / (dot(&one, &one) * dot(other, other)).sqrt();
    /// # Ok(cosine)
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Session::run`], and [`EngineError::NoEmbedding`] for a network whose last layer reads bits, or more
    /// than one position.
    pub fn embed(&mut self, canvas: &[f32]) -> Result<&[f32], EngineError> {
        self.run(canvas)?;
        self.compiled.program.embedding(&self.memory).ok_or(EngineError::NoEmbedding)
    }

    /// Runs the model like [`Session::run`], and reports the layer and duration of each step to `observe`.
    /// Steps that follow a convolution belong to its layer.
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

    /// Runs the model like [`Session::run`], and reports the layer and activation counts of each sign to
    /// `observe`.
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

    /// Loads a canvas into the input value.
    fn load_input(&mut self, canvas: &[f32]) -> Result<(), EngineError> {
        let program = &self.compiled.program;
        let expected = program.input().elements();
        if canvas.len() != expected {
            return Err(EngineError::Input { found: canvas.len(), expected });
        }
        program.set_input(canvas, &mut self.memory);
        Ok(())
    }

    /// Reads the output of the last step.
    fn read_output(&mut self) -> &[f32] {
        self.compiled.program.output(&self.memory, &mut self.logits);
        &self.logits
    }
}
