use serde::{Deserialize, Deserializer, Serialize};

use crate::{GraphError, Precision, Shape, shape::checked_product};

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
    /// `+1` where `x ≥ 0`, `−1` elsewhere; backward, the gradient passes where `|x| ≤ 1`.
    #[serde(deserialize_with = "no_fields")]
    Sign,
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

/// A convolution, its weights `[out_channels, in_channels / groups, kernel, kernel]`.
///
/// A fully connected layer is one whose kernel is as large as its input: the weights are the same
/// numbers in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Number of filters.
    pub out_channels: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros added on every side of the input.
    pub padding: usize,
    /// Parts that channels and filters are cut into; a filter sees the channels of its part only.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// How weights and inputs are represented.
    pub precision: Precision,
}

impl Conv2d {
    /// Channels that one filter sees of `in_channels`.
    pub const fn group_channels(&self, in_channels: usize) -> usize {
        in_channels / self.groups
    }

    /// Weights in one filter on `in_channels` channels: `n = c_in / groups · k · k`.
    pub const fn filter_len(&self, in_channels: usize) -> usize {
        self.group_channels(in_channels) * self.kernel * self.kernel
    }

    /// Weights in the whole layer.
    pub const fn weights(&self, in_channels: usize) -> usize {
        self.out_channels * self.filter_len(in_channels)
    }

    fn check_groups(&self, in_channels: usize) -> Result<(), String> {
        let divides = |channels: usize| self.groups != 0 && channels.is_multiple_of(self.groups);
        if divides(in_channels) && divides(self.out_channels) {
            return Ok(());
        }
        let (groups, filters) = (self.groups, self.out_channels);
        Err(format!("{groups} groups do not divide {in_channels} channels and {filters} filters"))
    }
}

impl Op {
    /// Numbers that it has for every channel of its output, once it is packed; the weights of a convolution
    /// are none of these.
    pub const fn channel_parameters(&self) -> usize {
        match self {
            Self::BatchNorm { .. } => 2,
            Self::RPReLU => 3,
            _ => 0,
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
        let shape = match self {
            Self::Input { shape } if inputs.is_empty() => *shape,
            Self::Input { .. } => return Err(fail("the input node takes no input".into())),
            Self::Conv2d(conv) => {
                conv.check_groups(single()?.channels).map_err(fail)?;
                let channels = conv.group_channels(single()?.channels);
                checked_product(&[conv.out_channels, channels, conv.kernel, conv.kernel])
                    .ok_or_else(|| fail("its weights are empty or too many".into()))?;
                let (height, width) = windows(conv.kernel, conv.stride, conv.padding)?;
                Shape::new(conv.out_channels, height, width)
            }
            Self::MaxPool { kernel, stride, padding } => {
                let (height, width) = windows(*kernel, *stride, *padding)?;
                Shape::new(single()?.channels, height, width)
            }
            Self::AvgPool { kernel, stride } => {
                let (height, width) = windows(*kernel, *stride, 0)?;
                Shape::new(single()?.channels, height, width)
            }
            Self::GlobalAvgPool => Shape::new(single()?.channels, 1, 1),
            Self::Add => {
                let first = several()?;
                if let Some(other) = inputs.iter().find(|shape| **shape != first) {
                    return Err(fail(format!("adds {first} and {other}")));
                }
                first
            }
            Self::Concat => {
                let first = several()?;
                let alike = |shape: &&Shape| (shape.height, shape.width) == (first.height, first.width);
                if let Some(other) = inputs.iter().find(|shape| !alike(shape)) {
                    return Err(fail(format!("puts {other} after {first}")));
                }
                let channels = inputs.iter().try_fold(0_usize, |sum, shape| sum.checked_add(shape.channels));
                Shape { channels: channels.unwrap_or(0), ..first }
            }
            Self::BatchNorm { epsilon } if !(epsilon.is_finite() && *epsilon > 0.0) => {
                return Err(fail(format!("epsilon {epsilon} is not positive")));
            }
            Self::Dropout { p } if !(0.0..1.0).contains(p) => {
                return Err(fail(format!("dropout {p} is not in [0, 1)")));
            }
            Self::BatchNorm { .. } | Self::Relu | Self::RPReLU | Self::Sign | Self::Dropout { .. } => {
                single()?
            }
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

const fn one() -> usize {
    1
}

fn is_one(value: &usize) -> bool {
    *value == 1
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}
