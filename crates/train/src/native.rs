//! Runs a graph forward and backward on the processor.
//!
//! A network is a list of a dozen kinds of nodes, so its gradient is the list read backwards: no tape is
//! recorded. Threads share the positions of all examples of a batch.

mod conv;
mod depthwise;
mod inputs;
mod norm;
mod patches;
mod pool;
mod tensor;

use dabnet_graph::{Conv2d, Graph, Node, NodeId, OpKind, PointwiseOp, Quantizer, Shape};
use rand::{Rng, RngExt};

use crate::{
    network::{BatchGradients, BatchStatistic, NetworkRef},
    parameters::{GradientBuffers, NodeParameters},
    pointwise,
    pretrained::FoldedNorm,
    targets::BatchTargets,
};
use conv::Convolution;
use norm::NormStatistics;
use pool::PoolWindows;

pub(crate) use inputs::input_magnitudes;
pub(crate) use tensor::Tensor;

/// Loss and gradients over a batch: `canvases` holds one input after another.
///
/// With `mixed_precision` convolutions multiply numbers in bfloat16, and everything else is in single precision.
pub(crate) fn gradients(
    network: NetworkRef<'_>,
    mixed_precision: bool,
    canvases: &[f32],
    targets: &BatchTargets<'_>,
    rng: &mut dyn Rng,
) -> BatchGradients {
    let mut forward = ForwardPass { mixed_precision, ..ForwardPass::new(network, Some(rng)) };
    let logits = forward.run(canvases).to_examples();
    let (loss, gradient) = targets.loss_and_gradient(&logits);
    let statistics = forward.statistics();
    let shape = network.graph.shape(network.graph.nodes().len() - 1);
    let buffers = forward.backward(Tensor::from_examples(&gradient, shape));
    BatchGradients { loss, correct: targets.count_correct(&logits), buffers, statistics }
}

/// Computes mean and variance of every batch normalization's input over a batch. Folded normalizations
/// compute `scale · x + shift`, all others normalize by the batch; dropout is off.
pub(crate) fn statistics(
    network: NetworkRef<'_>,
    folded: &[FoldedNorm],
    canvases: &[f32],
) -> Vec<BatchStatistic> {
    let mut forward = ForwardPass { folded: Some(folded), ..ForwardPass::new(network, None) };
    forward.run(canvases);
    forward.statistics()
}

/// Logits of inputs in evaluation mode, one row after another.
pub(crate) fn logits(network: NetworkRef<'_>, canvases: &[f32]) -> Vec<f32> {
    ForwardPass::new(network, None).run(canvases).to_examples()
}

/// Outputs of all nodes for one input in evaluation mode, each `channels × height × width`.
pub(crate) fn outputs(network: NetworkRef<'_>, canvas: &[f32]) -> Vec<Vec<f32>> {
    let mut outputs = Vec::new();
    ForwardPass::new(network, None).run_with(canvas, |_, output| outputs.push(output.to_examples()));
    outputs
}

/// Tensor of the forward pass that a node's backward pass reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackwardInput {
    Nothing,
    /// The output of its first input.
    Input,
    /// Its own output.
    Output,
}

/// State that a node saves for its backward pass, beside its output.
enum SavedForBackward {
    Nothing,
    Statistics(NormStatistics),
    /// Position of the maximum of each window.
    Argmax(Vec<u32>),
    /// Dropout mask: the factor of each element.
    Mask(Tensor),
}

struct ForwardPass<'a, 'r> {
    network: NetworkRef<'a>,
    mixed_precision: bool,
    /// Random numbers for dropout; present in training only.
    rng: Option<&'r mut dyn Rng>,
    /// Folded normalizations, when their statistics are recalibrated.
    folded: Option<&'r [FoldedNorm]>,
    /// Outputs of nodes, as long as they are needed.
    values: Vec<Option<Tensor>>,
    saved: Vec<SavedForBackward>,
    last_use: Vec<NodeId>,
    /// True for each node whose output the backward pass needs.
    needed_backward: Vec<bool>,
}

impl<'a, 'r> ForwardPass<'a, 'r> {
    fn new(network: NetworkRef<'a>, rng: Option<&'r mut dyn Rng>) -> Self {
        let count = network.graph.nodes().len();
        let needed_backward = match rng {
            Some(_) => needed_for_backward(network.graph),
            None => vec![false; count],
        };
        Self {
            network,
            mixed_precision: false,
            rng,
            folded: None,
            needed_backward,
            values: vec![None; count],
            saved: (0..count).map(|_| SavedForBackward::Nothing).collect(),
            last_use: network.last_uses(),
        }
    }

    fn run(&mut self, canvases: &[f32]) -> Tensor {
        self.run_with(canvases, |_, _| {})
    }

    /// Runs the forward pass and shows each node's output to `inspect`.
    fn run_with(&mut self, canvases: &[f32], mut inspect: impl FnMut(NodeId, &Tensor)) -> Tensor {
        let graph = self.network.graph;
        for (id, node) in graph.nodes().iter().enumerate() {
            let output = match node.op.kind() {
                OpKind::Input { shape } => Tensor::from_examples(canvases, shape),
                _ => self.node(id, node),
            };
            inspect(id, &output);
            for &input in &node.inputs {
                if self.last_use[input] == id && !self.needed_backward[input] {
                    self.values[input] = None;
                }
            }
            self.values[id] = Some(output);
        }
        self.values.last().and_then(Option::clone).expect("a graph has nodes")
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Tensor {
        let shape = self.network.graph.shape(id);
        match node.op.kind() {
            OpKind::Input { .. } => unreachable!("it reads nothing"),
            OpKind::Conv2d(conv) => self.convolution(id, conv).forward(self.input(node)),
            OpKind::BatchNorm { epsilon } => self.batch_norm(id, node, epsilon),
            OpKind::Pointwise(op) => {
                let input = self.take(id, node);
                pointwise::forward(op, self.parameters(id), input)
            }
            OpKind::Sign => self.take(id, node).map(|value| *value = if *value >= 0.0 { 1.0 } else { -1.0 }),
            OpKind::Quantize { bits } => pointwise::quantize(self.quantizer(id, bits), self.take(id, node)),
            OpKind::MaxPool { kernel, stride, padding } => {
                let (output, argmax) = PoolWindows { kernel, stride, padding }.max(self.input(node), shape);
                self.saved[id] = SavedForBackward::Argmax(argmax);
                output
            }
            OpKind::AvgPool { kernel, stride, padding } => {
                PoolWindows { kernel, stride, padding }.mean(self.input(node), shape)
            }
            OpKind::GlobalAvgPool => pool::global_mean(self.input(node)),
            OpKind::Add => {
                let sum = self.take(id, node);
                node.inputs[1..].iter().fold(sum, |sum, &term| sum.zip(self.value(term), |a, b| *a += b))
            }
            OpKind::Concat => {
                let parts: Vec<&Tensor> = node.inputs.iter().map(|&input| self.value(input)).collect();
                tensor::concat(&parts, shape)
            }
            OpKind::Dropout { p } => self.dropout(id, node, p),
        }
    }

    fn batch_norm(&mut self, id: NodeId, node: &Node, epsilon: f32) -> Tensor {
        let norm = self.parameters(id);
        let statistics = if self.rng.is_some() || self.folded.is_some() {
            NormStatistics::of(self.input(node))
        } else {
            NormStatistics::running(norm)
        };
        let folded = self.folded.and_then(|folded| folded.iter().find(|folded| folded.node == id));
        let input = self.take(id, node);
        let output = match folded {
            Some(FoldedNorm { scale, shift, .. }) => norm::affine(input, scale, shift),
            None => norm::forward(input, [norm.get("gamma"), norm.get("beta")], epsilon, &statistics),
        };
        self.saved[id] = SavedForBackward::Statistics(statistics);
        output
    }

    fn dropout(&mut self, id: NodeId, node: &Node, p: f32) -> Tensor {
        let input = self.take(id, node);
        let Some(rng) = &mut self.rng else { return input };
        let keep = 1.0 / (1.0 - p);
        let count = input.examples() * input.shape.elements();
        let mask: Vec<f32> = (0..count).map(|_| if rng.random::<f32>() < p { 0.0 } else { keep }).collect();
        let mask = Tensor::from_examples(&mask, input.shape);
        let output = input.zip(&mask, |value, factor| *value *= factor);
        self.saved[id] = SavedForBackward::Mask(mask);
        output
    }

    /// Runs the backward pass from the gradient of the output. Returns the gradients of all trained
    /// parameters, in the order of their table.
    fn backward(mut self, gradient: Tensor) -> Vec<Vec<f32>> {
        let graph = self.network.graph;
        let mut gradients: Vec<Option<Tensor>> = vec![None; graph.nodes().len()];
        *gradients.last_mut().expect("a graph has nodes") = Some(gradient);
        let mut found = GradientBuffers::new(graph);
        for (id, node) in graph.nodes().iter().enumerate().skip(1).rev() {
            // A node that nothing reads has no part in the loss.
            let gradient = gradients[id].take().unwrap_or_else(|| self.zero_gradient(id));
            self.node_backward(id, node, gradient, &mut gradients, &mut found);
            self.values[id] = None;
        }
        found.into_buffers()
    }

    fn node_backward(
        &mut self,
        id: NodeId,
        node: &Node,
        gradient: Tensor,
        gradients: &mut [Option<Tensor>],
        found: &mut GradientBuffers,
    ) {
        let mut pass = |input: usize, gradient: Tensor| {
            let place = &mut gradients[node.inputs[input]];
            *place = Some(match place.take() {
                Some(sum) => sum.zip(&gradient, |a, b| *a += b),
                None => gradient,
            });
        };
        match (node.op.kind(), &self.saved[id]) {
            (OpKind::Conv2d(conv), _) => {
                if let Some(gradient) = self.convolution_backward(id, node, conv, &gradient, found) {
                    pass(0, gradient);
                }
            }
            (OpKind::BatchNorm { epsilon }, SavedForBackward::Statistics(statistics)) => {
                let (input, gamma) = (self.input(node), self.parameters(id).get("gamma"));
                let (gradient, gamma, beta) = norm::backward(input, gamma, epsilon, statistics, gradient);
                found.set(id, "gamma", gamma);
                found.set(id, "beta", beta);
                pass(0, gradient);
            }
            (OpKind::Pointwise(op), _) => pass(0, self.pointwise_backward(id, node, op, gradient, found)),
            (OpKind::Sign, _) => pass(0, pointwise::sign_backward(self.input(node), gradient)),
            (OpKind::Quantize { bits }, _) => {
                let (gradient, step) =
                    pointwise::quantize_backward(self.quantizer(id, bits), self.input(node), gradient);
                found.set(id, "step", vec![step]);
                pass(0, gradient);
            }
            (OpKind::MaxPool { .. }, SavedForBackward::Argmax(argmax)) => {
                pass(0, PoolWindows::max_backward(&gradient, argmax, self.input_shape(id)));
            }
            (OpKind::AvgPool { kernel, stride, padding }, _) => {
                let pool = PoolWindows { kernel, stride, padding };
                pass(0, pool.mean_backward(&gradient, self.input_shape(id)));
            }
            (OpKind::GlobalAvgPool, _) => {
                pass(0, pool::global_mean_backward(&gradient, self.input_shape(id)));
            }
            (OpKind::Add, _) => {
                (1..node.inputs.len()).for_each(|input| pass(input, gradient.clone()));
                pass(0, gradient);
            }
            (OpKind::Concat, _) => {
                let shapes = node.inputs.iter().map(|&input| self.network.graph.shape(input));
                for (input, part) in tensor::split_channels(&gradient, shapes).into_iter().enumerate() {
                    pass(input, part);
                }
            }
            (OpKind::Dropout { .. }, SavedForBackward::Mask(mask)) => {
                pass(0, gradient.zip(mask, |g, factor| *g *= factor));
            }
            (OpKind::Dropout { .. }, _) => pass(0, gradient),
            (OpKind::Input { .. } | OpKind::BatchNorm { .. } | OpKind::MaxPool { .. }, _) => {
                unreachable!("the forward pass saves what the backward pass needs")
            }
        }
    }

    /// Stores the gradient of the weights. Returns that of the input, unless the input is the network's.
    fn convolution_backward(
        &self,
        id: NodeId,
        node: &Node,
        conv: &Conv2d,
        gradient: &Tensor,
        found: &mut GradientBuffers,
    ) -> Option<Tensor> {
        let needs_input_gradient = node.inputs[0] != 0;
        let convolution = self.convolution(id, conv);
        let (weights, input) = convolution.gradients(self.input(node), gradient, needs_input_gradient);
        found.set(id, "weight", weights);
        input
    }

    /// Stores the gradients of the parameters. Returns that of the input.
    fn pointwise_backward(
        &self,
        id: NodeId,
        node: &Node,
        op: PointwiseOp,
        gradient: Tensor,
        found: &mut GradientBuffers,
    ) -> Tensor {
        let operand = match pointwise::backward_input(op) {
            BackwardInput::Output => Some(self.value(id)),
            BackwardInput::Input => Some(self.input(node)),
            BackwardInput::Nothing => None,
        };
        let gradients = pointwise::backward(op, self.parameters(id), operand, gradient);
        gradients.parameters.into_iter().for_each(|(name, gradient)| found.set(id, name, gradient));
        gradients.input
    }

    /// Mean and variance of every batch normalization.
    fn statistics(&self) -> Vec<BatchStatistic> {
        let statistics = self.saved.iter().enumerate().filter_map(|(node, saved)| match saved {
            SavedForBackward::Statistics(found) => {
                let of = |name, values: &[f32]| BatchStatistic { node, name, values: values.to_vec() };
                Some([of("mean", &found.mean), of("variance", &found.variance)])
            }
            SavedForBackward::Nothing | SavedForBackward::Argmax(_) | SavedForBackward::Mask(_) => None,
        });
        statistics.flatten().collect()
    }

    /// Takes the first input of a node for modification in place; clones it if it is needed elsewhere.
    fn take(&mut self, id: NodeId, node: &Node) -> Tensor {
        let input = node.inputs[0];
        let again = node.inputs[1..].contains(&input);
        if self.last_use[input] == id && !again && !self.needed_backward[input] {
            return self.values[input].take().expect("nodes come after what they read");
        }
        self.value(input).clone()
    }

    fn input(&self, node: &Node) -> &Tensor {
        self.value(node.inputs[0])
    }

    fn value(&self, id: NodeId) -> &Tensor {
        self.values[id].as_ref().expect("nodes come after what they read")
    }

    fn input_shape(&self, id: NodeId) -> Shape {
        self.network.graph.input_shape_of(id)
    }

    fn zero_gradient(&self, id: NodeId) -> Tensor {
        let like = self.values.iter().flatten().next().expect("the input is there");
        Tensor::zeros(like.examples(), self.network.graph.shape(id))
    }

    fn parameters(&self, id: NodeId) -> NodeParameters<'a> {
        self.network.parameters.node(id)
    }

    fn quantizer(&self, id: NodeId, bits: u8) -> Quantizer {
        Quantizer::new(bits, self.parameters(id).get("step")[0])
    }

    fn convolution(&self, id: NodeId, conv: &Conv2d) -> Convolution<'a> {
        let effective = self.network.effective[id].as_ref().expect("every convolution has weights");
        let graph = self.network.graph;
        let shapes = [graph.input_shape_of(id), graph.shape(id)];
        Convolution::new(conv, &effective.weights, shapes, self.mixed_precision)
    }
}

/// For each node, true if the backward pass needs its output.
fn needed_for_backward(graph: &Graph) -> Vec<bool> {
    let mut read = vec![false; graph.nodes().len()];
    for (id, node) in graph.nodes().iter().enumerate() {
        match backward_input(node.op.kind()) {
            BackwardInput::Nothing => {}
            BackwardInput::Input => read[node.inputs[0]] = true,
            BackwardInput::Output => read[id] = true,
        }
    }
    read
}

fn backward_input(op: OpKind<'_>) -> BackwardInput {
    match op {
        OpKind::Conv2d(_) | OpKind::BatchNorm { .. } | OpKind::Sign | OpKind::Quantize { .. } => {
            BackwardInput::Input
        }
        OpKind::Pointwise(op) => pointwise::backward_input(op),
        OpKind::Input { .. }
        | OpKind::MaxPool { .. }
        | OpKind::AvgPool { .. }
        | OpKind::GlobalAvgPool
        | OpKind::Add
        | OpKind::Concat
        | OpKind::Dropout { .. } => BackwardInput::Nothing,
    }
}

#[cfg(test)]
mod tests;
