use serde::{Deserialize, Deserializer, Serialize};

use crate::{Conv2d, GraphError, Quantizer, Shape, shape::checked_product};

/// What a node does to its input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// The canvas. Always the first node, and only that.
    Input {
        /// What the network sees.
        shape: Shape,
    },
    /// 2-D convolution (cross-correlation), zero padding, no bias.
    Conv2d(Conv2d),
    /// Batch normalisation over channels; at inference, one scale and one shift a channel.
    BatchNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// `max(x, 0)`.
    #[serde(deserialize_with = "no_fields")]
    Relu,
    /// Two lines of learned slope that meet in a learned point (Liu et al., *ReActNet*, ECCV 2020): with
    /// `d = x − threshold`, `d + shift` where `d > 0`, `slope · d + shift` elsewhere; three numbers a
    /// channel.
    #[serde(rename = "rprelu", deserialize_with = "no_fields")]
    RPReLU,
    /// Hyperbolic tangent.
    #[serde(deserialize_with = "no_fields")]
    Tanh,
    /// `+1` where `x ≥ 0`, `−1` elsewhere; backward, the gradient passes where `|x| ≤ 1`.
    #[serde(deserialize_with = "no_fields")]
    Sign,
    /// Unsigned levels a learned step apart, for the inputs of binary layers that have more than one bit: see
    /// [`Quantizer`](crate::Quantizer).
    Quantize {
        /// Bits of a level, 1 to 4.
        bits: u8,
    },
    /// Maximum over square windows; what lies outside the input never is it.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
        /// How far windows stick out on every side.
        #[serde(default, skip_serializing_if = "is_zero")]
        padding: usize,
    },
    /// Mean over square windows that lie wholly inside the input.
    AvgPool {
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
    },
    /// Mean of each channel.
    #[serde(deserialize_with = "no_fields")]
    GlobalAvgPool,
    /// Sum of two or more inputs of the same shape.
    #[serde(deserialize_with = "no_fields")]
    Add,
    /// The channels of two or more inputs, one input after another.
    #[serde(deserialize_with = "no_fields")]
    Concat,
    /// Drops elements with probability `p` in training; nothing at inference.
    Dropout {
        /// Probability of dropping, in `[0, 1)`.
        p: f32,
    },
}

/// An [`Op`] with all pointwise ones as one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the op of the same name")]
pub enum OpKind<'a> {
    /// [`Op::Input`].
    Input { shape: Shape },
    /// [`Op::Conv2d`].
    Conv2d(&'a Conv2d),
    /// [`Op::BatchNorm`]: pointwise at inference only, as in training it needs the whole batch.
    BatchNorm { epsilon: f32 },
    /// A function of single values.
    Pointwise(PointwiseOp),
    /// [`Op::Sign`].
    Sign,
    /// [`Op::Quantize`].
    Quantize { bits: u8 },
    /// [`Op::MaxPool`].
    MaxPool { kernel: usize, stride: usize, padding: usize },
    /// [`Op::AvgPool`].
    AvgPool { kernel: usize, stride: usize },
    /// [`Op::GlobalAvgPool`].
    GlobalAvgPool,
    /// [`Op::Add`].
    Add,
    /// [`Op::Concat`].
    Concat,
    /// [`Op::Dropout`].
    Dropout { p: f32 },
}

/// An op that is a function of single values, its parameters one value per channel each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointwiseOp {
    /// [`Op::Relu`].
    Relu,
    /// [`Op::RPReLU`].
    RPReLU,
    /// [`Op::Tanh`].
    Tanh,
}

/// A trained parameter of a pointwise op, one value per channel, stored in a packed model as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PointwiseParameter {
    pub name: &'static str,
    /// The value at the start of training.
    pub initial: f32,
    /// Least and greatest value in a model with random parameters.
    pub random: [f32; 2],
}

impl PointwiseOp {
    /// All of them, for tests that try each.
    pub const ALL: [Self; 3] = [Self::Relu, Self::RPReLU, Self::Tanh];

    /// The op's output for `x` by definition, in double precision; `parameter` gives the channel's value of
    /// a parameter by its name. Implementations are tested against this.
    pub fn definition(self, x: f64, parameter: impl Fn(&str) -> f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::RPReLU => {
                let d = x - parameter("threshold");
                d.max(0.0) + parameter("slope") * d.min(0.0) + parameter("shift")
            }
            Self::Tanh => x.tanh(),
        }
    }

    pub(crate) const fn parameters(self) -> &'static [PointwiseParameter] {
        match self {
            // The slope at the start is PReLU's (He et al., *Delving deep into rectifiers*, 2015).
            Self::RPReLU => &[
                PointwiseParameter { name: "threshold", initial: 0.0, random: [-0.5, 0.5] },
                PointwiseParameter { name: "slope", initial: 0.25, random: [0.1, 0.5] },
                PointwiseParameter { name: "shift", initial: 0.0, random: [-0.5, 0.5] },
            ],
            Self::Relu | Self::Tanh => &[],
        }
    }
}

impl From<PointwiseOp> for Op {
    fn from(op: PointwiseOp) -> Self {
        match op {
            PointwiseOp::Relu => Self::Relu,
            PointwiseOp::RPReLU => Self::RPReLU,
            PointwiseOp::Tanh => Self::Tanh,
        }
    }
}

impl Op {
    /// The op with all [pointwise](PointwiseOp) ones as one kind: what a reader of graphs has to tell apart.
    pub const fn kind(&self) -> OpKind<'_> {
        match self {
            Self::Input { shape } => OpKind::Input { shape: *shape },
            Self::Conv2d(conv) => OpKind::Conv2d(conv),
            Self::BatchNorm { epsilon } => OpKind::BatchNorm { epsilon: *epsilon },
            Self::Relu => OpKind::Pointwise(PointwiseOp::Relu),
            Self::RPReLU => OpKind::Pointwise(PointwiseOp::RPReLU),
            Self::Tanh => OpKind::Pointwise(PointwiseOp::Tanh),
            Self::Sign => OpKind::Sign,
            Self::Quantize { bits } => OpKind::Quantize { bits: *bits },
            Self::MaxPool { kernel, stride, padding } => {
                OpKind::MaxPool { kernel: *kernel, stride: *stride, padding: *padding }
            }
            Self::AvgPool { kernel, stride } => OpKind::AvgPool { kernel: *kernel, stride: *stride },
            Self::GlobalAvgPool => OpKind::GlobalAvgPool,
            Self::Add => OpKind::Add,
            Self::Concat => OpKind::Concat,
            Self::Dropout { p } => OpKind::Dropout { p: *p },
        }
    }

    /// Output shape for `inputs`.
    ///
    /// # Errors
    /// [`GraphError::Op`] where the op cannot be applied to them, naming `node`.
    pub(crate) fn output_shape(&self, node: &str, inputs: &[Shape]) -> Result<Shape, GraphError> {
        let fail = |reason: String| GraphError::Op { node: node.to_owned(), reason };
        let single = || match inputs {
            [shape] => Ok(*shape),
            _ => Err(fail(format!("takes one input, has {}", inputs.len()))),
        };
        let several = || match inputs {
            [first, _, ..] => Ok(*first),
            _ => Err(fail(format!("takes two inputs or more, has {}", inputs.len()))),
        };
        let windows = |kernel, stride, padding| {
            let input = single()?;
            let count = |extent| window_count(extent, kernel, stride, padding);
            count(input.height).zip(count(input.width)).ok_or_else(|| {
                fail(format!("kernel {kernel}, stride {stride}, padding {padding} do not fit {input}"))
            })
        };
        let shape = match self.kind() {
            OpKind::Input { shape } if inputs.is_empty() => shape,
            OpKind::Input { .. } => return Err(fail("the input node takes no input".into())),
            OpKind::Conv2d(conv) => {
                conv.check_groups(single()?.channels).map_err(fail)?;
                conv.check_format().map_err(fail)?;
                let channels = conv.group_channels(single()?.channels);
                checked_product(&[conv.out_channels, channels, conv.kernel, conv.kernel])
                    .ok_or_else(|| fail("its weights are empty or too many".into()))?;
                let (height, width) = windows(conv.kernel, conv.stride, conv.padding)?;
                Shape::new(conv.out_channels, height, width)
            }
            OpKind::MaxPool { kernel, stride, padding } => {
                let (height, width) = windows(kernel, stride, padding)?;
                Shape::new(single()?.channels, height, width)
            }
            OpKind::AvgPool { kernel, stride } => {
                let (height, width) = windows(kernel, stride, 0)?;
                Shape::new(single()?.channels, height, width)
            }
            OpKind::GlobalAvgPool => Shape::new(single()?.channels, 1, 1),
            OpKind::Add => {
                let first = several()?;
                if let Some(other) = inputs.iter().find(|shape| **shape != first) {
                    return Err(fail(format!("adds {first} and {other}")));
                }
                first
            }
            OpKind::Concat => {
                let first = several()?;
                let alike = |shape: &&Shape| (shape.height, shape.width) == (first.height, first.width);
                if let Some(other) = inputs.iter().find(|shape| !alike(shape)) {
                    return Err(fail(format!("puts {other} after {first}")));
                }
                let channels = inputs.iter().try_fold(0_usize, |sum, shape| sum.checked_add(shape.channels));
                Shape { channels: channels.unwrap_or(0), ..first }
            }
            OpKind::BatchNorm { epsilon } if !(epsilon.is_finite() && epsilon > 0.0) => {
                return Err(fail(format!("epsilon {epsilon} is not positive")));
            }
            OpKind::Dropout { p } if !(0.0..1.0).contains(&p) => {
                return Err(fail(format!("dropout {p} is not in [0, 1)")));
            }
            OpKind::Quantize { bits } if !(1..=Quantizer::MAX_BITS).contains(&bits) => {
                return Err(fail(format!("{bits} bits are not from 1 to {}", Quantizer::MAX_BITS)));
            }
            OpKind::BatchNorm { .. }
            | OpKind::Pointwise(_)
            | OpKind::Sign
            | OpKind::Quantize { .. }
            | OpKind::Dropout { .. } => single()?,
        };
        shape.checked_elements().ok_or_else(|| fail(format!("its output {shape} is empty or too large")))?;
        Ok(shape)
    }
}

/// How many windows of `kernel` at `stride` fit an extent padded on both sides; `None` for none.
fn window_count(extent: usize, kernel: usize, stride: usize, padding: usize) -> Option<usize> {
    if kernel == 0 || stride == 0 || padding >= kernel {
        return None;
    }
    let padded = extent.checked_add(padding.checked_mul(2)?)?;
    Some(padded.checked_sub(kernel)? / stride + 1)
}

/// What an op without fields comes with; serde alone would let anything pass.
fn no_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoFields {}
    NoFields::deserialize(fields).map(|NoFields {}| ())
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}
