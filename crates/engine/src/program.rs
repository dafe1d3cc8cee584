use dabnet_graph::Shape;

use crate::{
    activations::Fired,
    error::EngineError,
    format::PackedModel,
    fuse::{Lowered, compile},
    limits,
    ops::{Memory, Needs, Step},
    plan::{Bits, Buffers, Value, ValueId},
    simd::Kernels,
    sparse::{Blank, Blanks},
    threads::Threads,
};

/// The most memory that the answers to blank paper may take.
const MAX_BLANK_BYTES: u64 = 64 << 20;

/// Work above which blank paper is not run ahead: far more than that of any network here.
const MAX_BLANK_WORK: u64 = 50_000_000_000;

/// A model as steps, and the memory they are planned to need.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) kernels: Kernels,
    steps: Vec<Step>,
    /// What each step gives for blank paper, where that is kept.
    blank: Vec<Option<Blank>>,
    values: Vec<Value>,
    buffers: Buffers,
    needs: Needs,
    output: ValueId,
    /// What the network sees of paper.
    paper: f32,
}

/// The canvas.
const INPUT: ValueId = ValueId(0);

impl Program {
    /// Compiles a model, which must be [valid](PackedModel::check).
    pub(crate) fn new(packed: &PackedModel, kernels: Kernels) -> Result<Self, EngineError> {
        let work = limits::check(&packed.graph)?;
        let Lowered { steps, values, output } = compile(packed)?;
        let buffers = Buffers::new(&values, &steps.iter().map(Step::access).collect::<Vec<_>>(), output);
        let needs = steps.iter().fold(Needs::default(), |needs, step| needs.max(step.needs()));
        let (blank, paper) = (steps.iter().map(|_| None).collect(), packed.preprocessing.canvas.normalize(0));
        let mut program = Self { kernels, steps, blank, values, buffers, needs, output, paper };
        program.check_memory(1)?;
        if work <= MAX_BLANK_WORK {
            program.run_blank();
        }
        Ok(program)
    }

    /// Refuses what no sketch recogniser needs.
    pub(crate) fn check_memory(&self, threads: usize) -> Result<(), EngineError> {
        Memory::check(&self.values, &self.buffers, &self.needs, threads)
    }

    pub(crate) fn memory(&self, threads: usize) -> Memory {
        Memory::new(&self.values, &self.buffers, &self.needs, threads)
    }

    /// Shape of a canvas.
    pub(crate) fn input(&self) -> Shape {
        self.values[INPUT.0].shape
    }

    /// Puts a canvas, `channels × height × width`, where the first step reads it.
    pub(crate) fn set_input(&self, canvas: &[f32], memory: &mut Memory) {
        let shape = self.input();
        let values = &mut memory.floats[self.buffers.place(INPUT)][..shape.elements()];
        transpose(canvas, shape.positions(), values);
        for touched in &mut memory.touched {
            touched.clear();
        }
        memory.touched[INPUT.0].add_unequal(self.kernels, values, shape.channels, self.paper);
    }

    /// The steps in order, each to be called with the memory for so many threads.
    pub(crate) fn steps(&self, threads: &Threads) -> impl Iterator<Item = (&str, impl FnOnce(&mut Memory))> {
        self.steps.iter().enumerate().map(move |(at, step)| {
            let blanks = Blanks::new(&self.blank, at);
            let run =
                move |memory: &mut Memory| step.run(threads, self.kernels, &self.buffers, blanks, memory);
            (step.layer.as_str(), run)
        })
    }

    /// What the signs in a step gave, when it has just run.
    pub(crate) fn fired(&self, step: usize, memory: &Memory) -> impl Iterator<Item = Fired> {
        self.steps[step].epilogue.bits().map(|Bits { value, encoding }| {
            let shape = self.values[value.0].shape;
            Fired::count(shape, encoding.planes(), &memory.bits[self.buffers.place(value)])
        })
    }

    /// Copies what the last step left, `channels × height × width`.
    pub(crate) fn output(&self, memory: &Memory, output: &mut [f32]) {
        let shape = self.values[self.output.0].shape;
        transpose(
            &memory.floats[self.buffers.place(self.output)][..shape.elements()],
            shape.channels,
            output,
        );
    }

    /// Runs blank paper and keeps what the first steps give, as many as there is room for.
    fn run_blank(&mut self) {
        let mut memory = self.memory(1);
        self.set_input(&vec![self.paper; self.input().elements()], &mut memory);
        let (mut bytes, mut blank) = (0, Vec::new());
        for (at, step) in self.steps.iter().enumerate() {
            let blanks = Blanks::new(&self.blank, at);
            step.run(&Threads::one(), self.kernels, &self.buffers, blanks, &mut memory);
            bytes += step.blank_bytes();
            blank.push((bytes <= MAX_BLANK_BYTES).then(|| step.blank(&self.buffers, &memory)));
        }
        self.blank = blank;
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
