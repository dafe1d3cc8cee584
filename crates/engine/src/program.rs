use dabnet_graph::Shape;

use crate::{
    activations::ActivationCounts,
    error::EngineError,
    format::PackedModel,
    fuse::{CompiledSteps, compile},
    limits,
    ops::{CompiledStep, SessionMemory, WorkspaceSize},
    plan::{BitValue, BufferPlan, ElementKind, PlannedValue, StepAccess, ValueId},
    simd::SimdKernels,
    sparse::{BackgroundStore, StepBackground},
    threads::SessionThreads,
};

/// Upper bound of the background's memory, in bytes.
const MAX_BACKGROUND_BYTES: u64 = 64 << 20;

/// Upper bound of operations for which the background is computed: far more than those of any built-in
/// network.
const MAX_BACKGROUND_WORK: u64 = 50_000_000_000;

/// Compiled steps of a model, and its memory plan.
#[derive(Debug)]
pub(crate) struct CompiledProgram {
    pub(crate) kernels: SimdKernels,
    steps: Vec<CompiledStep>,
    /// Background of each step, if kept.
    background: Vec<Option<StepBackground>>,
    values: Vec<PlannedValue>,
    buffers: BufferPlan,
    size: WorkspaceSize,
    output: ValueId,
    /// Reals that the last layer reads, if it is a dense one.
    embedding: Option<ValueId>,
    /// Input value of blank paper.
    paper: f32,
}

/// Value of the canvas.
pub(crate) const INPUT: ValueId = ValueId(0);

impl CompiledProgram {
    /// Compiles a model, which must be [valid](PackedModel::check).
    pub(crate) fn new(packed: &PackedModel, kernels: SimdKernels) -> Result<Self, EngineError> {
        let work = limits::check(&packed.graph)?;
        let CompiledSteps { steps, values, output } = compile(packed)?;
        let embedding = packed.graph.classifier().and_then(|_| embedding(&steps, &values));
        let kept: Vec<ValueId> = [output].into_iter().chain(embedding).collect();
        let access: Vec<StepAccess> = steps.iter().map(CompiledStep::access).collect();
        let buffers = BufferPlan::new(&values, &access, &kept);
        let size = steps.iter().fold(WorkspaceSize::default(), |size, step| size.max(step.workspace_size()));
        let (background, paper) =
            (steps.iter().map(|_| None).collect(), packed.preprocessing.canvas.normalize(0));
        let mut program =
            Self { kernels, steps, background, values, buffers, size, output, embedding, paper };
        program.check_memory(1)?;
        if work <= MAX_BACKGROUND_WORK {
            program.run_background();
        }
        Ok(program)
    }

    /// Rejects models that need too much memory on so many threads.
    pub(crate) fn check_memory(&self, threads: usize) -> Result<(), EngineError> {
        SessionMemory::check(&self.values, &self.buffers, &self.size, threads)
    }

    pub(crate) fn memory(&self, threads: usize) -> SessionMemory {
        SessionMemory::new(&self.values, &self.buffers, &self.size, threads)
    }

    /// Shape of a canvas.
    pub(crate) fn input(&self) -> Shape {
        self.values[INPUT.0].shape
    }

    /// Loads a canvas, `channels × height × width`, into the input value.
    pub(crate) fn set_input(&self, canvas: &[f32], memory: &mut SessionMemory) {
        let shape = self.input();
        let values = &mut memory.floats[self.buffers.slot(INPUT)][..shape.elements()];
        transpose(canvas, shape.positions(), values);
        for active in &mut memory.active {
            active.clear();
        }
        memory.active[INPUT.0].add_unequal(self.kernels, values, shape.channels, self.paper);
    }

    /// Returns the steps in order, each with its layer and a closure that runs it.
    pub(crate) fn steps(
        &self,
        threads: &SessionThreads,
    ) -> impl Iterator<Item = (&str, impl FnOnce(&mut SessionMemory))> {
        self.steps.iter().enumerate().map(move |(at, step)| {
            let backgrounds = BackgroundStore::new(&self.background, at);
            let run = move |memory: &mut SessionMemory| {
                step.run(threads, self.kernels, &self.buffers, backgrounds, memory)
            };
            (step.layer.as_str(), run)
        })
    }

    /// Activation counts of the bits that a step has just written.
    pub(crate) fn activation_counts(
        &self,
        step: usize,
        memory: &SessionMemory,
    ) -> impl Iterator<Item = ActivationCounts> {
        self.steps[step].epilogue.bits().map(|BitValue { value, encoding }| {
            let shape = self.values[value.0].shape;
            ActivationCounts::count(shape, encoding.planes(), &memory.bits[self.buffers.slot(value)])
        })
    }

    /// Copies the output, `channels × height × width`.
    pub(crate) fn output(&self, memory: &SessionMemory, output: &mut [f32]) {
        let shape = self.values[self.output.0].shape;
        transpose(&memory.floats[self.buffers.slot(self.output)][..shape.elements()], shape.channels, output);
    }

    /// Number of reals that the last layer reads; 0 if it is not a dense one on reals.
    pub(crate) fn embedding_len(&self) -> usize {
        self.embedding.map_or(0, |value| self.values[value.0].shape.channels)
    }

    /// Reals that the last layer has read.
    pub(crate) fn embedding<'m>(&self, memory: &'m SessionMemory) -> Option<&'m [f32]> {
        let value = self.embedding?;
        Some(&memory.floats[self.buffers.slot(value)][..self.embedding_len()])
    }

    /// Computes the background, and keeps that of the first steps up to [`MAX_BACKGROUND_BYTES`].
    fn run_background(&mut self) {
        let mut memory = self.memory(1);
        self.set_input(&vec![self.paper; self.input().elements()], &mut memory);
        let (mut bytes, mut background) = (0, Vec::new());
        for (at, step) in self.steps.iter().enumerate() {
            let backgrounds = BackgroundStore::new(&self.background, at);
            step.run(&SessionThreads::one(), self.kernels, &self.buffers, backgrounds, &mut memory);
            bytes += step.background_bytes();
            background.push((bytes <= MAX_BACKGROUND_BYTES).then(|| step.background(&self.buffers, &memory)));
        }
        self.background = background;
    }
}

/// The reals that the last step reads, if it sees a single position, which is not the canvas.
pub(crate) fn embedding(steps: &[CompiledStep], values: &[PlannedValue]) -> Option<ValueId> {
    let input = steps.last()?.operator.input();
    let PlannedValue { kind, shape, .. } = values[input.0];
    (input != INPUT && kind == ElementKind::Floats && shape.positions() == 1).then_some(input)
}

/// Transposes a row-major matrix with `columns` columns.
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
