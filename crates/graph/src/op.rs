use serde::{Deserialize, Deserializer, Serialize};

use crate::{Conv2d, GraphError, Padding, Quantizer, Shape, shape::checked_product};

/// Operation of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// The canvas. Always the first node, and only that.
    Input {
        /// Shape of the network's input.
        shape: Shape,
    },
    /// 2-D convolution (cross-correlation), zero padding, no bias.
    Conv2d(Conv2d),
    /// Batch normalization over channels; at inference, one scale and one shift a channel.
    BatchNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// `max(x, 0)`.
    #[serde(deserialize_with = "no_fields")]
    Relu,
    /// Two lines of learned slope that meet in a learned point (Liu et al., *ReActNet*, ECCV 2020): with `d =
    /// x − threshold`, `d + shift` where `d > 0` and `slope · d + shift` elsewhere; three parameters per
    /// channel.
    #[serde(rename = "rprelu", deserialize_with = "no_fields")]
    RPReLU,
    /// Hyperbolic tangent.
    #[serde(deserialize_with = "no_fields")]
    Tanh,
    /// `1 / (1 + e^(−x))`.
    #[serde(deserialize_with = "no_fields")]
    Sigmoid,
    /// `min(max(x, low), high)`.
    Clip {
        /// Lower bound of the output.
        low: f32,
        /// The greatest, above `low`.
        high: f32,
    },
    /// `x + bias`, one number a channel.
    #[serde(deserialize_with = "no_fields")]
    Bias,
    /// `+1` where `x ≥ 0`, `−1` elsewhere; backward, the gradient passes where `|x| ≤ 1`.
    #[serde(deserialize_with = "no_fields")]
    Sign,
    /// Quantization to unsigned levels at multiples of a learned step, for inputs of binary layers with more
    /// than one bit: see [`Quantizer`](crate::Quantizer).
    Quantize {
        /// Number of bits, 1 to 4.
        bits: u8,
    },
    /// Maximum over square windows; what lies outside the input never is it.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
        /// Padding of the input.
        #[serde(default, skip_serializing_if = "Padding::is_none")]
        padding: Padding,
    },
    /// Mean over square windows, padding excluded.
    AvgPool {
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
        /// Padding of the input.
        #[serde(default, skip_serializing_if = "Padding::is_none")]
        padding: Padding,
    },
    /// Mean of each channel.
    #[serde(deserialize_with = "no_fields")]
    GlobalAvgPool,
    /// Sum of two or more inputs of the same shape.
    #[serde(deserialize_with = "no_fields")]
    Add,
    /// Concatenation of two or more inputs along the channels.
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
    MaxPool { kernel: usize, stride: usize, padding: Padding },
    /// [`Op::AvgPool`].
    AvgPool { kernel: usize, stride: usize, padding: Padding },
    /// [`Op::GlobalAvgPool`].
    GlobalAvgPool,
    /// [`Op::Add`].
    Add,
    /// [`Op::Concat`].
    Concat,
    /// [`Op::Dropout`].
    Dropout { p: f32 },
}

/// A pointwise op: a function of single values, with parameters of one value per channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PointwiseOp {
    /// [`Op::Relu`].
    Relu,
    /// [`Op::RPReLU`].
    RPReLU,
    /// [`Op::Tanh`].
    Tanh,
    /// [`Op::Sigmoid`].
    Sigmoid,
    /// [`Op::Clip`].
    Clip {
        /// Lower bound of the output.
        low: f32,
        /// The greatest.
        high: f32,
    },
    /// [`Op::Bias`].
    Bias,
}

/// A trained parameter of a pointwise op, with one value per channel, stored unchanged in a packed model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PointwiseParameter {
    pub name: &'static str,
    /// Initial value.
    pub initial: f32,
    /// Least and greatest value in a model with random parameters.
    pub random: [f32; 2],
}

impl PointwiseOp {
    /// All pointwise ops, with sample values of their constants, for tests.
    pub const ALL: [Self; 6] = [
        Self::Relu,
        Self::Sigmoid,
        Self::Tanh,
        Self::Clip { low: -0.75, high: 1.5 },
        Self::RPReLU,
        Self::Bias,
    ];

    /// Computes the op's output for `x` by definition, in double precision; `parameter` returns the channel's
    /// value of a parameter. Implementations are tested against this.
    pub fn definition(self, x: f64, parameter: impl Fn(&str) -> f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::RPReLU => {
                let d = x - parameter("threshold");
                d.max(0.0) + parameter("slope") * d.min(0.0) + parameter("shift")
            }
            Self::Tanh => x.tanh(),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Clip { low, high } => x.max(low.into()).min(high.into()),
            Self::Bias => x + parameter("bias"),
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
            Self::Bias => &[PointwiseParameter { name: "bias", initial: 0.0, random: [-0.5, 0.5] }],
            Self::Relu | Self::Tanh | Self::Sigmoid | Self::Clip { .. } => &[],
        }
    }
}

impl From<PointwiseOp> for Op {
    fn from(op: PointwiseOp) -> Self {
        match op {
            PointwiseOp::Relu => Self::Relu,
            PointwiseOp::RPReLU => Self::RPReLU,
            PointwiseOp::Tanh => Self::Tanh,
            PointwiseOp::Sigmoid => Self::Sigmoid,
            PointwiseOp::Clip { low, high } => Self::Clip { low, high },
            PointwiseOp::Bias => Self::Bias,
        }
    }
}

impl Op {
    /// The op with all [pointwise](PointwiseOp) ones as one kind, for readers of graphs.
    pub const fn kind(&self) -> OpKind<'_> {
        match self {
            Self::Input { shape } => OpKind::Input { shape: *shape },
            Self::Conv2d(conv) => OpKind::Conv2d(conv),
            Self::BatchNorm { epsilon } => OpKind::BatchNorm { epsilon: *epsilon },
            Self::Relu => OpKind::Pointwise(PointwiseOp::Relu),
            Self::RPReLU => OpKind::Pointwise(PointwiseOp::RPReLU),
            Self::Tanh => OpKind::Pointwise(PointwiseOp::Tanh),
            Self::Sigmoid => OpKind::Pointwise(PointwiseOp::Sigmoid),
            Self::Clip { low, high } => OpKind::Pointwise(PointwiseOp::Clip { low: *low, high: *high }),
            Self::Bias => OpKind::Pointwise(PointwiseOp::Bias),
            Self::Sign => OpKind::Sign,
            Self::Quantize { bits } => OpKind::Quantize { bits: *bits },
            Self::MaxPool { kernel, stride, padding } => {
                OpKind::MaxPool { kernel: *kernel, stride: *stride, padding: *padding }
            }
            Self::AvgPool { kernel, stride, padding } => {
                OpKind::AvgPool { kernel: *kernel, stride: *stride, padding: *padding }
            }
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
    pub fn output_shape(&self, node: &str, inputs: &[Shape]) -> Result<Shape, GraphError> {
        let shape = self.check_constants().and_then(|()| self.shape_of(inputs)).and_then(|shape| {
            let fits = shape.checked_elements().map(|_| shape);
            fits.ok_or_else(|| format!("its output {shape} is empty or too large"))
        });
        shape.map_err(|reason| GraphError::Op { node: node.to_owned(), reason })
    }

    fn shape_of(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match self.kind() {
            OpKind::Input { shape } if inputs.is_empty() => Ok(shape),
            OpKind::Input { .. } => Err("the input node takes no input".into()),
            OpKind::Conv2d(conv) => convolved(conv, single(inputs)?),
            OpKind::MaxPool { kernel, stride, padding } | OpKind::AvgPool { kernel, stride, padding } => {
                let input = single(inputs)?;
                windows(input, kernel, stride, padding)
                    .map(|(height, width)| Shape::new(input.channels, height, width))
            }
            OpKind::GlobalAvgPool => Ok(Shape::new(single(inputs)?.channels, 1, 1)),
            OpKind::Add => added(inputs),
            OpKind::Concat => concatenated(inputs),
            OpKind::BatchNorm { .. }
            | OpKind::Pointwise(_)
            | OpKind::Sign
            | OpKind::Quantize { .. }
            | OpKind::Dropout { .. } => single(inputs),
        }
    }

    fn check_constants(&self) -> Result<(), String> {
        match self.kind() {
            OpKind::BatchNorm { epsilon } if !(epsilon.is_finite() && epsilon > 0.0) => {
                Err(format!("epsilon {epsilon} is not positive"))
            }
            OpKind::Dropout { p } if !(0.0..1.0).contains(&p) => Err(format!("dropout {p} is not in [0, 1)")),
            OpKind::Quantize { bits } if !(1..=Quantizer::MAX_BITS).contains(&bits) => {
                Err(format!("{bits} bits are not from 1 to {}", Quantizer::MAX_BITS))
            }
            OpKind::Pointwise(PointwiseOp::Clip { low, high })
                if !(low.is_finite() && high.is_finite() && low < high) =>
            {
                Err(format!("clips to {low} and {high}, which are not two numbers in order"))
            }
            _ => Ok(()),
        }
    }
}

fn single(inputs: &[Shape]) -> Result<Shape, String> {
    match inputs {
        [shape] => Ok(*shape),
        _ => Err(format!("takes one input, has {}", inputs.len())),
    }
}

fn first_of_several(inputs: &[Shape]) -> Result<Shape, String> {
    match inputs {
        [first, _, ..] => Ok(*first),
        _ => Err(format!("takes two inputs or more, has {}", inputs.len())),
    }
}

/// Output shape of a convolution.
fn convolved(conv: &Conv2d, input: Shape) -> Result<Shape, String> {
    conv.check_groups(input.channels)?;
    conv.check_format()?;
    let channels = conv.group_channels(input.channels);
    checked_product(&[conv.out_channels, channels, conv.kernel, conv.kernel])
        .ok_or("its weights are empty or too many")?;
    let (height, width) = windows(input, conv.kernel, conv.stride, conv.padding)?;
    Ok(Shape::new(conv.out_channels, height, width))
}

/// Output shape of an addition.
fn added(inputs: &[Shape]) -> Result<Shape, String> {
    let first = first_of_several(inputs)?;
    match inputs.iter().find(|shape| **shape != first) {
        Some(other) => Err(format!("adds {first} and {other}")),
        None => Ok(first),
    }
}

/// Output shape of channels one after another.
fn concatenated(inputs: &[Shape]) -> Result<Shape, String> {
    let first = first_of_several(inputs)?;
    let alike = |shape: &&Shape| (shape.height, shape.width) == (first.height, first.width);
    if let Some(other) = inputs.iter().find(|shape| !alike(shape)) {
        return Err(format!("puts {other} after {first}"));
    }
    let channels = inputs.iter().try_fold(0_usize, |sum, shape| sum.checked_add(shape.channels));
    Ok(Shape { channels: channels.unwrap_or(0), ..first })
}

/// Numbers of windows of `kernel` at `stride` down and across an input.
fn windows(input: Shape, kernel: usize, stride: usize, padding: Padding) -> Result<(usize, usize), String> {
    let count = |extent, sides| window_count(extent, kernel, stride, sides);
    let (down, across) = ([padding.top, padding.bottom], [padding.left, padding.right]);
    count(input.height, down)
        .zip(count(input.width, across))
        .ok_or_else(|| format!("kernel {kernel}, stride {stride}, padding {padding} do not fit {input}"))
}

/// Number of windows of `kernel` at `stride` that fit an extent with this padding before and after; `None` if
/// none fits.
fn window_count(extent: usize, kernel: usize, stride: usize, padding: [usize; 2]) -> Option<usize> {
    if kernel == 0 || stride == 0 || padding.iter().any(|&side| side >= kernel) {
        return None;
    }
    let padded = padding.iter().try_fold(extent, |sum, &side| sum.checked_add(side))?;
    Some(padded.checked_sub(kernel)? / stride + 1)
}

/// Rejects fields of an op without any, which serde alone would ignore.
fn no_fields<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoFields {}
    NoFields::deserialize(fields).map(|NoFields {}| ())
}
