use serde::{Deserialize, Serialize};

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
    Relu,
    /// `+1` where `x ≥ 0`, `−1` elsewhere; backward, the gradient passes where `|x| ≤ 1`.
    Sign,
    /// Maximum over square windows that lie wholly inside the input.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
    },
    /// Drops elements with probability `p` in training; nothing at inference.
    Dropout {
        /// Probability of dropping, in `[0, 1)`.
        p: f32,
    },
}

/// A convolution, its weights `[out_channels, in_channels, kernel, kernel]`.
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
    /// How weights and inputs are represented.
    pub precision: Precision,
}

impl Conv2d {
    /// Weights in one filter on `in_channels` channels: `n = c_in · k · k`.
    pub const fn filter_len(&self, in_channels: usize) -> usize {
        in_channels * self.kernel * self.kernel
    }

    /// Weights in the whole layer.
    pub const fn weights(&self, in_channels: usize) -> usize {
        self.out_channels * self.filter_len(in_channels)
    }
}

impl Op {
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
        let shape = match self {
            Self::Input { shape } if inputs.is_empty() => *shape,
            Self::Input { .. } => return Err(fail("the input node takes no input".into())),
            Self::Conv2d(conv) => {
                let input = single()?;
                checked_product(&[conv.out_channels, input.channels, conv.kernel, conv.kernel])
                    .ok_or_else(|| fail("its weights are empty or too many".into()))?;
                let side = |extent| window_count(extent, conv.kernel, conv.stride, conv.padding);
                let (height, width) = side(input.height).zip(side(input.width)).ok_or_else(|| {
                    fail(format!(
                        "kernel {}, stride {}, padding {} do not fit {input}",
                        conv.kernel, conv.stride, conv.padding
                    ))
                })?;
                Shape::new(conv.out_channels, height, width)
            }
            Self::MaxPool { kernel, stride } => {
                let input = single()?;
                let side = |extent| window_count(extent, *kernel, *stride, 0);
                let (height, width) = side(input.height)
                    .zip(side(input.width))
                    .ok_or_else(|| fail(format!("window {kernel}, stride {stride} do not fit {input}")))?;
                Shape::new(input.channels, height, width)
            }
            Self::BatchNorm { epsilon } if !(epsilon.is_finite() && *epsilon > 0.0) => {
                return Err(fail(format!("epsilon {epsilon} is not positive")));
            }
            Self::Dropout { p } if !(0.0..1.0).contains(p) => {
                return Err(fail(format!("dropout {p} is not in [0, 1)")));
            }
            Self::BatchNorm { .. } | Self::Relu | Self::Sign | Self::Dropout { .. } => single()?,
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
