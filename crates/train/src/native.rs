//! Runs a graph forward and backward on the processor.
//!
//! A network is a list of a dozen kinds of nodes, so its gradient is the list read backwards: no tape is
//! recorded. A batch is cut into blocks of examples that threads take; batch normalisation sees all of it.

mod conv;
mod inputs;
mod join;
mod norm;
mod patches;
mod pool;
mod rprelu;
mod tensor;

use dabnet_graph::{Conv2d, Graph, Node, NodeId, Op, Shape};
use rand::{Rng, RngExt};

use crate::{
    NodeParameters,
    network::{Gradients, Network},
    targets::Targets,
};
use conv::Convolution;
use norm::Statistics;
use pool::Pool;
use rprelu::RPReLU;
use tensor::Tensor;

pub(crate) use inputs::input_magnitudes;

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients(
    network: Network<'_>,
    canvases: &[f32],
    targets: &Targets<'_>,
    rng: &mut dyn Rng,
) -> Gradients {
    let mut forward = Forward::new(network, Some(rng));
    let logits = forward.run(canvases, targets.labels.len()).to_examples();
    let (loss, gradient) = targets.loss_and_gradient(&logits);
    let statistics = forward.statistics();
    let shape = network.graph.shape(network.graph.nodes().len() - 1);
    let buffers = forward.backward(Tensor::from_examples(&gradient, targets.labels.len(), shape));
    Gradients { loss, correct: targets.count_correct(&logits), buffers, statistics }
}

/// Logits of `count` inputs in evaluation mode, one row after another.
pub(crate) fn logits(network: Network<'_>, canvases: &[f32], count: usize) -> Vec<f32> {
    Forward::new(network, None).run(canvases, count).to_examples()
}

/// What a node keeps for the way back, beside what it gives.
enum Kept {
    Nothing,
    Statistics(Statistics),
    /// Where the maxima were.
    Places(Vec<Vec<u32>>),
    /// What elements were multiplied with.
    Mask(Tensor),
}

struct Forward<'a, 'r> {
    network: Network<'a>,
    /// Randomness of dropout, where this is training.
    rng: Option<&'r mut dyn Rng>,
    /// What nodes gave, as long as it is needed.
    values: Vec<Option<Tensor>>,
    kept: Vec<Kept>,
    last_use: Vec<NodeId>,
    /// Whether the way back reads what a node gave.
    is_kept: Vec<bool>,
}

impl<'a, 'r> Forward<'a, 'r> {
    fn new(network: Network<'a>, rng: Option<&'r mut dyn Rng>) -> Self {
        let count = network.graph.nodes().len();
        let is_kept = match rng {
            Some(_) => read_backward(network.graph),
            None => vec![false; count],
        };
        Self {
            network,
            rng,
            is_kept,
            values: vec![None; count],
            kept: (0..count).map(|_| Kept::Nothing).collect(),
            last_use: network.last_uses(),
        }
    }

    fn run(&mut self, canvases: &[f32], count: usize) -> Tensor {
        self.run_seen(canvases, count, |_, _| {})
    }

    /// The same, where `see` is shown what every node gives.
    fn run_seen(&mut self, canvases: &[f32], count: usize, mut see: impl FnMut(NodeId, &Tensor)) -> Tensor {
        let graph = self.network.graph;
        for (id, node) in graph.nodes().iter().enumerate() {
            let output = match &node.op {
                Op::Input { shape } => Tensor::from_examples(canvases, count, *shape),
                _ => self.node(id, node),
            };
            see(id, &output);
            for &input in &node.inputs {
                if self.last_use[input] == id && !self.is_kept[input] {
                    self.values[input] = None;
                }
            }
            self.values[id] = Some(output);
        }
        self.values.last_mut().and_then(Option::take).expect("a graph has nodes")
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Tensor {
        let shape = self.network.graph.shape(id);
        match &node.op {
            Op::Input { .. } => unreachable!("it reads nothing"),
            Op::Conv2d(conv) => self.convolution(id, conv).forward(self.input(node)),
            Op::BatchNorm { epsilon } => {
                let norm = self.norm(id);
                let statistics = match self.rng {
                    Some(_) => Statistics::of(self.input(node)),
                    None => Statistics::running(norm),
                };
                let output = norm::forward(self.input(node), norm, *epsilon, &statistics);
                self.kept[id] = Kept::Statistics(statistics);
                output
            }
            Op::Relu => self.take(id, node).each(|value| *value = value.max(0.0)),
            Op::RPReLU => self.rprelu(id).forward(self.take(id, node)),
            Op::Sign => self.take(id, node).each(|value| *value = if *value >= 0.0 { 1.0 } else { -1.0 }),
            Op::MaxPool { .. } => {
                let (output, places) = pool(&node.op).max(self.input(node), shape);
                self.kept[id] = Kept::Places(places);
                output
            }
            Op::AvgPool { .. } => pool(&node.op).mean(self.input(node), shape),
            Op::GlobalAvgPool => pool::global_mean(self.input(node)),
            Op::Add => {
                let sum = self.take(id, node);
                node.inputs[1..].iter().fold(sum, |sum, &term| sum.zip(self.value(term), |a, b| *a += b))
            }
            Op::Concat => {
                let parts: Vec<&Tensor> = node.inputs.iter().map(|&input| self.value(input)).collect();
                join::concat(&parts, shape)
            }
            Op::Dropout { p } => self.dropout(id, node, *p),
        }
    }

    fn dropout(&mut self, id: NodeId, node: &Node, p: f32) -> Tensor {
        let input = self.take(id, node);
        let Some(rng) = &mut self.rng else { return input };
        let keep = 1.0 / (1.0 - p);
        let count = input.examples() * input.shape.elements();
        let mask: Vec<f32> = (0..count).map(|_| if rng.random::<f32>() < p { 0.0 } else { keep }).collect();
        let mask = Tensor::from_examples(&mask, input.examples(), input.shape);
        let output = input.zip(&mask, |value, factor| *value *= factor);
        self.kept[id] = Kept::Mask(mask);
        output
    }

    /// Gradients of all trainable buffers, in the order of
    /// [`Parameters::trainable_mut`](crate::Parameters::trainable_mut), from that of the output.
    fn backward(mut self, gradient: Tensor) -> Vec<Vec<f32>> {
        let graph = self.network.graph;
        let mut gradients: Vec<Option<Tensor>> = vec![None; graph.nodes().len()];
        *gradients.last_mut().expect("a graph has nodes") = Some(gradient);
        let mut buffers = Vec::new();
        for (id, node) in graph.nodes().iter().enumerate().skip(1).rev() {
            // A node that nothing reads has no part in the loss.
            let gradient = gradients[id].take().unwrap_or_else(|| self.nothing(id));
            self.node_backward(id, node, gradient, &mut gradients, &mut buffers);
            self.values[id] = None;
        }
        buffers.reverse();
        buffers
    }

    fn node_backward(
        &mut self,
        id: NodeId,
        node: &Node,
        gradient: Tensor,
        gradients: &mut [Option<Tensor>],
        buffers: &mut Vec<Vec<f32>>,
    ) {
        let mut pass = |input: usize, gradient: Tensor| {
            let place = &mut gradients[node.inputs[input]];
            *place = Some(match place.take() {
                Some(sum) => sum.zip(&gradient, |a, b| *a += b),
                None => gradient,
            });
        };
        match (&node.op, &self.kept[id]) {
            (Op::Conv2d(conv), _) => {
                let convolution = self.convolution(id, conv);
                buffers.push(convolution.weight_gradient(self.input(node), &gradient));
                if node.inputs[0] != 0 {
                    pass(0, convolution.input_gradient(&gradient));
                }
            }
            (Op::BatchNorm { epsilon }, Kept::Statistics(statistics)) => {
                let (input, norm) = (self.input(node), self.norm(id));
                let (gradient, gamma, beta) = norm::backward(input, norm, *epsilon, statistics, gradient);
                buffers.extend([beta, gamma]);
                pass(0, gradient);
            }
            (Op::Relu, _) => {
                pass(0, gradient.zip(self.value(id), |g, y| *g = if y > 0.0 { *g } else { 0.0 }))
            }
            (Op::RPReLU, _) => {
                let found = self.rprelu(id).backward(self.input(node), gradient);
                buffers.extend([found.shift, found.slope, found.threshold]);
                pass(0, found.input);
            }
            (Op::Sign, _) => {
                pass(0, gradient.zip(self.input(node), |g, x| *g = if x.abs() <= 1.0 { *g } else { 0.0 }));
            }
            (Op::MaxPool { .. }, Kept::Places(places)) => {
                pass(0, Pool::max_backward(&gradient, places, self.input_shape(id)));
            }
            (Op::AvgPool { .. }, _) => pass(0, pool(&node.op).mean_backward(&gradient, self.input_shape(id))),
            (Op::GlobalAvgPool, _) => pass(0, pool::global_mean_backward(&gradient, self.input_shape(id))),
            (Op::Add, _) => {
                (1..node.inputs.len()).for_each(|input| pass(input, gradient.clone()));
                pass(0, gradient);
            }
            (Op::Concat, _) => {
                let shapes = node.inputs.iter().map(|&input| self.network.graph.shape(input));
                for (input, part) in join::parted(&gradient, shapes).into_iter().enumerate() {
                    pass(input, part);
                }
            }
            (Op::Dropout { .. }, Kept::Mask(mask)) => pass(0, gradient.zip(mask, |g, factor| *g *= factor)),
            (Op::Dropout { .. }, _) => pass(0, gradient),
            (Op::Input { .. } | Op::BatchNorm { .. } | Op::MaxPool { .. }, _) => {
                unreachable!("the way there left what the way back needs")
            }
        }
    }

    /// Mean and variance of every batch normalisation.
    fn statistics(&self) -> Vec<(NodeId, Vec<f32>, Vec<f32>)> {
        let statistics = self.kept.iter().enumerate().filter_map(|(id, kept)| match kept {
            Kept::Statistics(found) => Some((id, found.mean.clone(), found.variance.clone())),
            _ => None,
        });
        statistics.collect()
    }

    /// What the first input of a node holds, to change: itself if nothing else needs it.
    fn take(&mut self, id: NodeId, node: &Node) -> Tensor {
        let input = node.inputs[0];
        let again = node.inputs[1..].contains(&input);
        if self.last_use[input] == id && !again && !self.is_kept[input] {
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

    fn nothing(&self, id: NodeId) -> Tensor {
        let like = self.values.iter().flatten().next().expect("the input is there");
        like.map(self.network.graph.shape(id), |_, _| {})
    }

    fn norm(&self, id: NodeId) -> &'a crate::Norm {
        match &self.network.parameters.nodes()[id] {
            NodeParameters::Norm(norm) => norm,
            _ => unreachable!("parameters follow the graph"),
        }
    }

    fn rprelu(&self, id: NodeId) -> RPReLU<'a> {
        match &self.network.parameters.nodes()[id] {
            NodeParameters::RPReLU { threshold, slope, shift } => RPReLU { threshold, slope, shift },
            _ => unreachable!("parameters follow the graph"),
        }
    }

    fn convolution(&self, id: NodeId, conv: &Conv2d) -> Convolution<'a> {
        let effective = self.network.effective[id].as_ref().expect("every convolution has weights");
        let graph = self.network.graph;
        Convolution::new(conv, &effective.weights, graph.input_shape_of(id), graph.shape(id))
    }
}

fn pool(op: &Op) -> Pool {
    match *op {
        Op::MaxPool { kernel, stride, padding } => Pool { kernel, stride, padding },
        Op::AvgPool { kernel, stride } => Pool { kernel, stride, padding: 0 },
        _ => unreachable!("only pools are asked"),
    }
}

/// For every node, whether the gradient of a node needs what it gave.
fn read_backward(graph: &Graph) -> Vec<bool> {
    let mut read: Vec<bool> = graph.nodes().iter().map(|node| matches!(node.op, Op::Relu)).collect();
    let reads = |op: &Op| matches!(op, Op::Conv2d(_) | Op::BatchNorm { .. } | Op::RPReLU | Op::Sign);
    let readers = graph.nodes().iter().filter(|node| reads(&node.op));
    readers.for_each(|node| read[node.inputs[0]] = true);
    read
}

#[cfg(test)]
mod tests;
