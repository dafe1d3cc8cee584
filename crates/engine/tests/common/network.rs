//! Random small networks.

use dabnet_graph::{Conv2d, Graph, Node, Op, Policy, Precision, Shape};
use proptest::prelude::*;

/// An op between convolutions.
#[derive(Clone, Copy, Debug)]
pub enum Between {
    BatchNorm,
    Relu,
    Dropout,
    Sign,
    MaxPool { kernel: usize, stride: usize },
}

/// A convolution and what comes before it. Numbers that do not fit are made to.
#[derive(Clone, Debug)]
pub struct Layer {
    pub before: Vec<Between>,
    pub conv: Conv2d,
}

#[derive(Clone, Debug)]
pub struct Network {
    pub input: Shape,
    pub layers: Vec<Layer>,
    pub after: Vec<Between>,
}

impl Network {
    /// Its graph; `idle` puts two poolings that change nothing before every sign.
    pub fn graph(&self, idle: bool) -> Graph {
        let mut writer = Writer { nodes: Vec::new(), shape: self.input, idle };
        let input = Op::Input { shape: self.input };
        writer.nodes.push(Node { name: "input".into(), op: input, inputs: Vec::new() });
        for layer in &self.layers {
            layer.before.iter().for_each(|op| writer.between(*op));
            writer.conv(layer.conv);
        }
        self.after.iter().for_each(|op| writer.between(*op));
        Graph::new("random".into(), Policy::Fbin, writer.nodes).unwrap()
    }
}

struct Writer {
    nodes: Vec<Node>,
    shape: Shape,
    idle: bool,
}

impl Writer {
    fn push(&mut self, op: Op) {
        let id = self.nodes.len();
        self.nodes.push(Node { name: format!("node{id}"), op, inputs: vec![id - 1] });
    }

    fn between(&mut self, op: Between) {
        match op {
            Between::BatchNorm => self.push(Op::BatchNorm { epsilon: 1e-5 }),
            Between::Relu => self.push(Op::Relu),
            Between::Dropout => self.push(Op::Dropout { p: 0.5 }),
            Between::Sign => {
                if self.idle {
                    self.push(Op::MaxPool { kernel: 1, stride: 1, padding: 0 });
                    self.push(Op::MaxPool { kernel: 1, stride: 1, padding: 0 });
                }
                self.push(Op::Sign);
            }
            Between::MaxPool { kernel, stride } => {
                let kernel = kernel.min(self.shape.height);
                self.push(Op::MaxPool { kernel, stride, padding: 0 });
                let side = (self.shape.height - kernel) / stride + 1;
                self.shape = Shape::new(self.shape.channels, side, side);
            }
        }
    }

    fn conv(&mut self, conv: Conv2d) {
        if conv.precision == Precision::Fbin {
            self.between(Between::Sign);
        }
        let kernel = conv.kernel.min(self.shape.height + 2 * conv.padding.min(conv.kernel - 1));
        let padding = conv.padding.min(kernel - 1);
        let kernel = kernel.min(self.shape.height + 2 * padding);
        self.push(Op::Conv2d(Conv2d { kernel, padding, ..conv }));
        let side = (self.shape.height + 2 * padding - kernel) / conv.stride + 1;
        self.shape = Shape::new(conv.out_channels, side, side);
    }
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        4 => Just(Between::BatchNorm),
        3 => Just(Between::Relu),
        1 => Just(Between::Dropout),
        1 => Just(Between::Sign),
        2 => (1..4_usize, 1..3_usize).prop_map(|(kernel, stride)| Between::MaxPool { kernel, stride }),
    ]
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 1..20_usize, 1 => Just(32), 1 => Just(64), 2 => 60..140_usize]
}

fn layer(precisions: &'static [Precision]) -> impl Strategy<Value = Layer> {
    let conv = (channels(), 1..6_usize, 1..4_usize, 0..4_usize, prop::sample::select(precisions)).prop_map(
        |(out_channels, kernel, stride, padding, precision)| Conv2d {
            out_channels,
            kernel,
            stride,
            padding,
            groups: 1,
            precision,
        },
    );
    (prop::collection::vec(between(), 0..5), conv).prop_map(|(before, conv)| Layer { before, conv })
}

/// Networks whose convolutions have the given precisions.
pub fn network(precisions: &'static [Precision]) -> impl Strategy<Value = Network> {
    let input = (1..4_usize, 8..15_usize).prop_map(|(channels, side)| Shape::new(channels, side, side));
    let layers = prop::collection::vec(layer(precisions), 1..4);
    (input, layers, prop::collection::vec(between(), 0..3)).prop_map(|(input, layers, after)| Network {
        input,
        layers,
        after,
    })
}
