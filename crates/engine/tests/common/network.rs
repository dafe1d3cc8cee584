//! Random small networks.

use dabnet_graph::{
    Conv2d, Graph, Node, NodeId, Op, Padding, PointwiseOp, Policy, Precision, Shape, WeightFormat,
};
use proptest::prelude::*;

/// An op between convolutions.
#[derive(Clone, Copy, Debug)]
pub enum Between {
    BatchNorm,
    Pointwise(PointwiseOp),
    Dropout,
    Sign,
    Quantize { bits: u8 },
    MaxPool { kernel: usize, stride: usize, padding: Padding },
    AvgPool { kernel: usize, stride: usize, padding: Padding },
    GlobalAvgPool,
}

/// Combination of a convolution's result with the input of its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// The layer's beginning goes nowhere else.
    No,
    /// Their sum.
    Add,
    /// Both, one after the other.
    Concat,
    /// Their sum with the result of a second convolution of the layer's beginning.
    AddSecond,
}

/// A convolution and what comes before it. Numbers that do not fit are made to.
#[derive(Clone, Debug)]
pub struct Layer {
    pub before: Vec<Between>,
    pub conv: Conv2d,
    /// Bits of what it reads, where those are few; one is a sign.
    pub input_bits: u8,
    pub join: Join,
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
        let mut writer = Writer { nodes: Vec::new(), head: 0, shape: self.input, idle };
        let input = Op::Input { shape: self.input };
        writer.nodes.push(Node { name: "input".into(), op: input, inputs: Vec::new() });
        self.layers.iter().for_each(|layer| writer.layer(layer));
        self.after.iter().for_each(|op| writer.between(*op));
        Graph::new("random".into(), Policy::Fbin, writer.nodes).unwrap()
    }
}

struct Writer {
    nodes: Vec<Node>,
    head: NodeId,
    shape: Shape,
    idle: bool,
}

impl Writer {
    fn push(&mut self, op: Op) {
        self.push_reading(op, vec![self.head]);
    }

    fn push_reading(&mut self, op: Op, inputs: Vec<NodeId>) {
        self.head = self.nodes.len();
        self.nodes.push(Node { name: format!("node{}", self.head), op, inputs });
    }

    fn between(&mut self, op: Between) {
        match op {
            Between::BatchNorm => self.push(Op::BatchNorm { epsilon: 1e-5 }),
            Between::Pointwise(op) => self.push(op.into()),
            Between::Dropout => self.push(Op::Dropout { p: 0.5 }),
            Between::Sign | Between::Quantize { .. } => {
                if self.idle {
                    self.push(Op::MaxPool { kernel: 1, stride: 1, padding: Padding::NONE });
                    self.push(Op::MaxPool { kernel: 1, stride: 1, padding: Padding::NONE });
                }
                self.push(if let Between::Quantize { bits } = op { Op::Quantize { bits } } else { Op::Sign });
            }
            Between::MaxPool { kernel, stride, padding } => {
                let (kernel, padding) = self.fitting(kernel, padding);
                self.push(Op::MaxPool { kernel, stride, padding });
                self.slide(kernel, stride, padding);
            }
            Between::AvgPool { kernel, stride, padding } => {
                let (kernel, padding) = self.fitting(kernel, padding);
                self.push(Op::AvgPool { kernel, stride, padding });
                self.slide(kernel, stride, padding);
            }
            Between::GlobalAvgPool => {
                self.push(Op::GlobalAvgPool);
                self.shape = Shape::new(self.shape.channels, 1, 1);
            }
        }
    }

    /// The greatest kernel and padding up to these that fit.
    fn fitting(&self, kernel: usize, padding: Padding) -> (usize, Padding) {
        let below = |kernel: usize| Padding {
            top: padding.top.min(kernel - 1),
            left: padding.left.min(kernel - 1),
            bottom: padding.bottom.min(kernel - 1),
            right: padding.right.min(kernel - 1),
        };
        let fits = |&kernel: &usize| {
            let Padding { top, left, bottom, right } = below(kernel);
            kernel <= (self.shape.height + top + bottom).min(self.shape.width + left + right)
        };
        let kernel = (1..=kernel).rev().find(fits).unwrap_or(1);
        (kernel, below(kernel))
    }

    fn slide(&mut self, kernel: usize, stride: usize, padding: Padding) {
        let Padding { top, left, bottom, right } = padding;
        let extent = |extent: usize| (extent - kernel) / stride + 1;
        let (height, width) = (self.shape.height + top + bottom, self.shape.width + left + right);
        self.shape = Shape::new(self.shape.channels, extent(height), extent(width));
    }

    fn layer(&mut self, layer: &Layer) {
        // What is joined with the result has to keep its height and width.
        let resizes = |op: &&Between| {
            matches!(op, Between::MaxPool { .. } | Between::AvgPool { .. } | Between::GlobalAvgPool)
        };
        let joins = layer.join != Join::No;
        let (before, conv) = (layer.before.iter().filter(|op| !(joins && resizes(op))), layer.conv);
        let (begin, shape) = (self.head, self.shape);
        before.for_each(|op| self.between(*op));
        if !joins {
            return self.conv(conv, layer.input_bits);
        }
        let kernel = conv.kernel | 1;
        let conv = Conv2d { kernel, padding: Padding::all(kernel / 2), stride: 1, ..conv };
        let adds = layer.join == Join::Add;
        let bits = layer.input_bits;
        self.conv(if adds { Conv2d { out_channels: shape.channels, ..conv } } else { conv }, bits);
        let (first, reached) = (self.head, self.shape);
        match layer.join {
            Join::Add => self.push_reading(Op::Add, vec![first, begin]),
            Join::Concat => {
                self.push_reading(Op::Concat, vec![begin, first]);
                self.shape = Shape { channels: shape.channels + reached.channels, ..shape };
            }
            Join::AddSecond => {
                (self.head, self.shape) = (begin, shape);
                self.conv(conv, bits);
                let second = self.head;
                self.push_reading(Op::Add, vec![first, second, first]);
            }
            Join::No => {}
        }
    }

    fn conv(&mut self, conv: Conv2d, input_bits: u8) {
        if conv.precision == Precision::Fbin {
            self.between(if input_bits == 1 {
                Between::Sign
            } else {
                Between::Quantize { bits: input_bits }
            });
        }
        let (kernel, padding) = self.fitting(conv.kernel, conv.padding);
        let divides = |groups: &usize| {
            self.shape.channels.is_multiple_of(*groups) && conv.out_channels.is_multiple_of(*groups)
        };
        let groups = (1..=conv.groups).rev().find(divides).unwrap_or(1);
        self.push(Op::Conv2d(Conv2d { kernel, padding, groups, ..conv }));
        self.shape.channels = conv.out_channels;
        self.slide(kernel, conv.stride, padding);
    }
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        8 => Just(Between::BatchNorm),
        10 => prop::sample::select(&PointwiseOp::ALL[..]).prop_map(Between::Pointwise),
        2 => Just(Between::Dropout),
        2 => Just(Between::Sign),
        2 => (1..5_u8).prop_map(|bits| Between::Quantize { bits }),
        3 => (1..4_usize, 1..3_usize, padding(2))
            .prop_map(|(kernel, stride, padding)| Between::MaxPool { kernel, stride, padding }),
        2 => (1..4_usize, 1..3_usize, padding(2))
            .prop_map(|(kernel, stride, padding)| Between::AvgPool { kernel, stride, padding }),
        1 => Just(Between::GlobalAvgPool),
    ]
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 1..20_usize, 1 => Just(32), 1 => Just(64), 1 => Just(128), 2 => 60..140_usize]
}

/// Padding below `limit`, half of the time the same on every side.
fn padding(limit: usize) -> impl Strategy<Value = Padding> {
    prop_oneof![
        (0..limit).prop_map(Padding::all),
        prop::array::uniform4(0..limit).prop_map(|[top, left, bottom, right]| Padding {
            top,
            left,
            bottom,
            right
        }),
    ]
}

/// Groups that are asked for; as many as divide are taken.
fn groups() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(1), 1 => 2..5_usize, 1 => Just(128)]
}

fn kernel() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 1..6_usize, 1 => 6..16_usize]
}

fn layer(precisions: &'static [Precision]) -> impl Strategy<Value = Layer> {
    let sizes = (channels(), kernel(), 1..4_usize, padding(4), groups());
    let formats = prop::sample::select(&[WeightFormat::F32, WeightFormat::I8][..]);
    let conv = (sizes, prop::sample::select(precisions), formats).prop_map(
        |((out_channels, kernel, stride, padding, groups), precision, format)| Conv2d {
            out_channels,
            kernel,
            stride,
            padding,
            groups,
            precision,
            weight_format: if precision.binary_weights() { WeightFormat::F32 } else { format },
        },
    );
    let join = prop_oneof![
        3 => Just(Join::No),
        1 => Just(Join::Add),
        1 => Just(Join::Concat),
        1 => Just(Join::AddSecond),
    ];
    let bits = prop_oneof![2 => Just(1), 2 => 2..5_u8];
    (prop::collection::vec(between(), 0..5), conv, bits, join)
        .prop_map(|(before, conv, input_bits, join)| Layer { before, conv, input_bits, join })
}

/// Networks whose convolutions have the given precisions.
pub fn network(precisions: &'static [Precision]) -> impl Strategy<Value = Network> {
    let input = (1..4_usize, 8..17_usize).prop_map(|(channels, side)| Shape::new(channels, side, side));
    let layers = prop::collection::vec(layer(precisions), 1..4);
    (input, layers, prop::collection::vec(between(), 0..3)).prop_map(|(input, layers, after)| Network {
        input,
        layers,
        after,
    })
}
