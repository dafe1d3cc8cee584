//! From a packed model to steps.
//!
//! Every op has one input, so what the output depends on is a chain. A convolution, or the input,
//! begins a stretch of the chain; a sign, the next convolution or the end closes it. What lies
//! between is pointwise or a max pooling, and before a sign all of that is monotone in each
//! channel, so it becomes one comparison.

mod cuts;

use dabnet_graph::{Conv2d, Graph, NodeId, Op, Precision, Shape};

use crate::{
    EngineError, PackedModel, Parameters,
    step::{
        Binarize, BinaryConv, BitSink, DenseConv, InkConv, MaxPool, Pointwise, PointwiseStep, Stage, Step,
        Unpack,
    },
    window::Window,
};
use cuts::Cuts;

/// The steps that run a model, which must be [valid](PackedModel::check).
pub(crate) fn compile(packed: &PackedModel) -> Result<Vec<Stage>, EngineError> {
    let graph = &packed.graph;
    let mut lowering = Lowering {
        packed,
        stages: Vec::new(),
        layer: graph.nodes()[0].name.clone(),
        held: Held::Floats,
        held_shape: graph.input_shape(),
        tail: Vec::new(),
    };
    for node in path_to_output(graph) {
        lowering.node(node)?;
    }
    lowering.close_with_floats();
    Ok(lowering.stages)
}

/// The nodes that the output depends on, in order.
fn path_to_output(graph: &Graph) -> Vec<NodeId> {
    let last = graph.nodes().len() - 1;
    let mut path: Vec<_> =
        std::iter::successors(Some(last), |&id| graph.nodes()[id].inputs.first().copied()).collect();
    path.reverse();
    path
}

/// An op between a convolution and what reads its result.
enum TailOp {
    Pointwise(Pointwise),
    Pool(Window),
}

/// Where the last values are, before the tail is applied to them.
enum Held {
    Floats,
    Bits,
    /// Not computed yet, since what follows decides their form.
    Pending(Box<BinaryConv>),
}

struct Lowering<'a> {
    packed: &'a PackedModel,
    stages: Vec<Stage>,
    /// The last convolution, or the input.
    layer: String,
    held: Held,
    held_shape: Shape,
    tail: Vec<TailOp>,
}

impl Lowering<'_> {
    fn node(&mut self, id: NodeId) -> Result<(), EngineError> {
        let node = &self.packed.graph.nodes()[id];
        match &node.op {
            Op::Input { .. } | Op::Dropout { .. } => {}
            Op::Relu => self.tail.push(TailOp::Pointwise(Pointwise::Relu)),
            Op::BatchNorm { .. } => {
                let Parameters::Affine { scale, shift } = self.packed.parameters(&node.name)? else {
                    return Err(mismatch(&node.name));
                };
                let affine = Pointwise::Affine { scale: scale.clone(), shift: shift.clone() };
                self.tail.push(TailOp::Pointwise(affine));
            }
            Op::MaxPool { kernel, stride } => {
                self.tail.push(TailOp::Pool(self.window(id, *kernel, *stride, 0)));
            }
            Op::Sign => self.close_with_bits(),
            Op::Conv2d(conv) if conv.precision == Precision::Fbin => self.binary_conv(id, conv)?,
            Op::Conv2d(conv) => self.float_conv(id, conv)?,
        }
        Ok(())
    }

    fn binary_conv(&mut self, id: NodeId, conv: &Conv2d) -> Result<(), EngineError> {
        let name = &self.packed.graph.nodes()[id].name;
        let Parameters::Binary { bits, alpha, beta } = self.packed.parameters(name)? else {
            return Err(mismatch(name));
        };
        let window = self.window(id, conv.kernel, conv.stride, conv.padding);
        self.layer.clone_from(name);
        self.held = Held::Pending(Box::new(BinaryConv::new(window, bits, alpha, beta)?));
        self.held_shape = window.output;
        Ok(())
    }

    fn float_conv(&mut self, id: NodeId, conv: &Conv2d) -> Result<(), EngineError> {
        self.close_with_floats();
        let window = self.window(id, conv.kernel, conv.stride, conv.padding);
        let name = &self.packed.graph.nodes()[id].name;
        let weights = self.packed.dense(name)?;
        self.layer.clone_from(name);
        let paper_is_zero = self.packed.canvas.normalize(0) == 0.0;
        if self.stages.is_empty() && paper_is_zero {
            self.push(InkConv::new(window, &weights));
        } else {
            self.push(DenseConv::new(window, &weights));
        }
        self.held_shape = window.output;
        Ok(())
    }

    fn window(&self, id: NodeId, kernel: usize, stride: usize, padding: usize) -> Window {
        let graph = &self.packed.graph;
        Window { input: graph.input_shape_of(id), output: graph.shape(id), kernel, stride, padding }
    }

    fn push(&mut self, step: impl Step + 'static) {
        self.push_boxed(Box::new(step));
    }

    fn push_boxed(&mut self, step: Box<dyn Step>) {
        self.stages.push(Stage { layer: self.layer.clone(), step });
    }

    /// Makes what is held floats, without the tail.
    fn hold_floats(&mut self) {
        match std::mem::replace(&mut self.held, Held::Floats) {
            Held::Floats => {}
            Held::Bits => self.push(Unpack { shape: self.held_shape }),
            Held::Pending(conv) => self.push_boxed(conv),
        }
    }

    /// Makes what is held floats and applies the first `count` ops of the tail to them.
    fn flush(&mut self, count: usize) {
        self.hold_floats();
        for op in self.tail.drain(..count).collect::<Vec<_>>() {
            match op {
                TailOp::Pointwise(function) => self.push(PointwiseStep { function, shape: self.held_shape }),
                TailOp::Pool(window) => {
                    self.push(MaxPool { window });
                    self.held_shape = window.output;
                }
            }
        }
    }

    fn close_with_floats(&mut self) {
        self.flush(self.tail.len());
    }

    /// Makes what is held, with the tail and a sign after it, bits.
    fn close_with_bits(&mut self) {
        if matches!(self.held, Held::Bits) && self.tail.is_empty() {
            return;
        }
        // Bits can be pooled once: after a second pooling there could be ANDs of ORs.
        let mut pools =
            (0..self.tail.len()).filter(|&op| matches!(self.tail[op], TailOp::Pool(_))).rev().skip(1);
        if let Some(last_but_one) = pools.next() {
            self.flush(last_but_one + 1);
        }
        if matches!(self.held, Held::Bits) {
            self.hold_floats();
        }
        let shape = self.held_shape;
        let cuts = Cuts::new(shape.channels, &self.tail);
        let sink = BitSink::new(shape, cuts.pool.map(|window| (window, &cuts.inverted[..])));
        self.held_shape = cuts.pool.map_or(shape, |window| window.output);
        self.tail.clear();
        match std::mem::replace(&mut self.held, Held::Bits) {
            Held::Pending(conv) => self.push(conv.into_bits(&cuts.sign, cuts.at, sink)),
            Held::Floats | Held::Bits => self.push(Binarize { shape, sign: cuts.sign, at: cuts.at, sink }),
        }
    }
}

fn mismatch(name: &str) -> EngineError {
    EngineError::field(name, "its parameters are not of the kind that the graph says")
}
