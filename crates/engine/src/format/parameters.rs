use dabnet_graph::{Conv2d, PackedContent, PackedTensor};
use std::collections::BTreeMap;

use super::quantize::{dequantize, quantize};
use crate::error::EngineError;

/// Parameters of one node, as laid out by [`Graph::packed_tensors`](dabnet_graph::Graph::packed_tensors).
#[derive(Clone, Debug, PartialEq)]
pub enum NodeParameters {
    /// Full-precision convolution.
    Float {
        /// Weights, `[out, in, kernel, kernel]` row-major.
        weights: Vec<f32>,
    },
    /// Convolution with 8-bit weights and one scale per filter.
    Quantized {
        /// Quantized weights, `[out, in, kernel, kernel]` row-major, each from −127 to 127.
        weights: Vec<i8>,
        /// Scale of each filter, at least 0.
        scale: Vec<f32>,
    },
    /// Binary convolution: two values per filter.
    Binary {
        /// Packed bits, one row of `⌈n/8⌉` bytes per filter with `n = kernel · kernel · in`. Weight `i = (row
        /// · kernel + column) · in + channel` of a filter is bit `i % 8`, counted from the least significant,
        /// of byte `i / 8`; unused bits of the last byte are 0.
        bits: Vec<u8>,
        /// Value of the weights whose bit is 1, per filter.
        alpha: Vec<f32>,
        /// Value of the weights whose bit is 0, per filter.
        beta: Vec<f32>,
    },
    /// Any other node: one value per channel under each name, such as `scale` and `shift` of a batch
    /// normalization folded into `y = scale · x + shift`.
    Channels(BTreeMap<&'static str, Vec<f32>>),
}

impl NodeParameters {
    /// Packs the filters of `conv` on `in_channels` channels. `selected` is `[out, in / groups, kernel,
    /// kernel]` row-major and true for weights that are `alpha` of their filter, false for `beta`.
    ///
    /// # Errors
    /// [`EngineError::Field`] if a length does not fit the convolution.
    pub fn binary(
        conv: &Conv2d,
        in_channels: usize,
        selected: &[bool],
        alpha: Vec<f32>,
        beta: Vec<f32>,
    ) -> Result<Self, EngineError> {
        check_length("selected", selected.len(), conv.weights(in_channels))?;
        check_length("alpha", alpha.len(), conv.out_channels)?;
        check_length("beta", beta.len(), conv.out_channels)?;
        let (filter, channels) = (conv.filter_len(in_channels), conv.group_channels(in_channels));
        let row = filter.div_ceil(8);
        let mut bits = vec![0; conv.out_channels * row];
        for (selected, bits) in selected.chunks_exact(filter).zip(bits.chunks_exact_mut(row)) {
            for (weight, _) in selected.iter().enumerate().filter(|(_, selected)| **selected) {
                let bit = stored_index(weight, channels, conv.kernel);
                bits[bit / 8] |= 1 << (bit % 8);
            }
        }
        Ok(Self::Binary { bits, alpha, beta })
    }

    /// Quantizes weights, `[out, in, kernel, kernel]` row-major, to 8 bits with [`quantize`]; `filter` is the
    /// number of weights per filter.
    pub fn quantized(weights: &[f32], filter: usize) -> Self {
        let (scale, integers): (Vec<f32>, Vec<Vec<i8>>) = weights.chunks(filter.max(1)).map(quantize).unzip();
        Self::Quantized { weights: integers.concat(), scale }
    }

    /// Builds parameters from float tensors by name, and from bits or integers if there are any.
    pub(super) fn from_tensors(
        bits: Option<Vec<u8>>,
        integers: Option<Vec<i8>>,
        mut floats: BTreeMap<&'static str, Vec<f32>>,
    ) -> Self {
        let mut take = |name: &str| floats.remove(name).unwrap_or_default();
        if let Some(bits) = bits {
            return Self::Binary { bits, alpha: take("alpha"), beta: take("beta") };
        }
        if let Some(weights) = integers {
            return Self::Quantized { weights, scale: take("scale") };
        }
        match floats.remove("weight") {
            Some(weights) => Self::Float { weights },
            None => Self::Channels(floats),
        }
    }

    /// Returns the elements of float tensor `name`.
    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        match (self, name) {
            (Self::Float { weights }, "weight") => Some(weights),
            (Self::Binary { alpha, .. }, "alpha") => Some(alpha),
            (Self::Binary { beta, .. }, "beta") => Some(beta),
            (Self::Quantized { scale, .. }, "scale") => Some(scale),
            (Self::Channels(values), _) => values.get(name).map(Vec::as_slice),
            (Self::Float { .. } | Self::Quantized { .. } | Self::Binary { .. }, _) => None,
        }
    }

    /// Returns the bytes of bit tensor `name`.
    pub(super) fn bits(&self, name: &str) -> Option<&[u8]> {
        match self {
            Self::Binary { bits, .. } if name == "bits" => Some(bits),
            Self::Binary { .. } | Self::Float { .. } | Self::Quantized { .. } | Self::Channels(_) => None,
        }
    }

    /// Returns the elements of integer tensor `name`.
    pub(super) fn integers(&self, name: &str) -> Option<&[i8]> {
        match self {
            Self::Quantized { weights, .. } if name == "weight" => Some(weights),
            Self::Quantized { .. } | Self::Binary { .. } | Self::Float { .. } | Self::Channels(_) => None,
        }
    }

    /// Returns the real weights of `conv`, `[out, in, kernel, kernel]` row-major, with `in_channels` channels
    /// per filter; `None` if these are not parameters of a convolution.
    pub(super) fn dense(&self, conv: &Conv2d, in_channels: usize) -> Option<Vec<f32>> {
        match self {
            Self::Float { weights } => Some(weights.clone()),
            Self::Quantized { weights, scale } => Some(dequantize(weights, scale).collect()),
            Self::Binary { bits, alpha, beta } => {
                let filter = in_channels * conv.kernel * conv.kernel;
                let rows = bits.chunks_exact(filter.div_ceil(8)).zip(alpha.iter().zip(beta));
                let weights = rows.flat_map(|(row, (&alpha, &beta))| {
                    (0..filter).map(move |weight| {
                        let bit = stored_index(weight, in_channels, conv.kernel);
                        if row[bit / 8] >> (bit % 8) & 1 == 1 { alpha } else { beta }
                    })
                });
                Some(weights.collect())
            }
            Self::Channels(_) => None,
        }
    }

    /// Checks the parameters of node `name` against the tensors that its graph expects.
    pub(super) fn check(&self, name: &str, expected: &[PackedTensor]) -> Result<(), EngineError> {
        let mismatch = || EngineError::field(name, "its parameters are not of the kind that the graph says");
        if self.tensors() != expected.len() {
            return Err(mismatch());
        }
        for tensor in expected {
            let field = format!("{name}.{}", tensor.name);
            match tensor.content {
                PackedContent::Bits { row } => {
                    let bits = self.bits(tensor.name).ok_or_else(mismatch)?;
                    check_length(&field, bits.len(), tensor.elements())?;
                    check_padding(&field, bits, row)?;
                }
                PackedContent::Floats { .. } => {
                    let values = self.floats(tensor.name).ok_or_else(mismatch)?;
                    check_length(&field, values.len(), tensor.elements())?;
                    check_finite(&field, values)?;
                }
                PackedContent::Integers => {
                    let integers = self.integers(tensor.name).ok_or_else(mismatch)?;
                    check_length(&field, integers.len(), tensor.elements())?;
                    check_integers(&field, integers)?;
                }
                PackedContent::Scales { .. } => {
                    let scales = self.floats(tensor.name).ok_or_else(mismatch)?;
                    check_length(&field, scales.len(), tensor.elements())?;
                    check_finite(&field, scales)?;
                    check_scales(&field, scales)?;
                }
            }
        }
        Ok(())
    }

    /// Number of tensors in the file.
    fn tensors(&self) -> usize {
        match self {
            Self::Float { .. } => 1,
            Self::Quantized { .. } => 2,
            Self::Binary { .. } => 3,
            Self::Channels(values) => values.len(),
        }
    }
}

/// Bit index of weight `[in, kernel, kernel]` of a filter.
fn stored_index(weight: usize, in_channels: usize, kernel: usize) -> usize {
    let taps = kernel * kernel;
    weight % taps * in_channels + weight / taps
}

fn check_length(field: &str, found: usize, needed: usize) -> Result<(), EngineError> {
    if found == needed {
        return Ok(());
    }
    Err(EngineError::field(field, format!("has {found} elements, the graph needs {needed}")))
}

fn check_integers(field: &str, integers: &[i8]) -> Result<(), EngineError> {
    match integers.iter().position(|&integer| integer == i8::MIN) {
        Some(index) => Err(EngineError::field(field, format!("element {index} is -128, the least is -127"))),
        None => Ok(()),
    }
}

fn check_scales(field: &str, scales: &[f32]) -> Result<(), EngineError> {
    match scales.iter().position(|&scale| scale < 0.0) {
        Some(index) => {
            let reason = format!("element {index} is {}, a scale is not below 0", scales[index]);
            Err(EngineError::field(field, reason))
        }
        None => Ok(()),
    }
}

fn check_finite(field: &str, values: &[f32]) -> Result<(), EngineError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(EngineError::field(field, format!("element {index} is not a finite number"))),
        None => Ok(()),
    }
}

fn check_padding(field: &str, bits: &[u8], filter: usize) -> Result<(), EngineError> {
    let used = filter % 8;
    if used == 0 {
        return Ok(());
    }
    let dirty = bits.chunks_exact(filter.div_ceil(8)).position(|row| row[row.len() - 1] >> used != 0);
    match dirty {
        Some(filter) => Err(EngineError::field(
            field,
            format!("the unused bits of filter {filter} are not 0; pack the model again"),
        )),
        None => Ok(()),
    }
}
