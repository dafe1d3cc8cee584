use dabnet_graph::Conv2d;

use super::expected::Expected;
use crate::EngineError;

/// The parameters of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameters {
    /// A convolution in full precision.
    Float {
        /// Weights, `[out, in, kernel, kernel]` row-major.
        weights: Vec<f32>,
    },
    /// A convolution whose filters are two values each.
    Binary {
        /// One row of `⌈n/8⌉` bytes a filter, `n = kernel · kernel · in`. Weight
        /// `(row · kernel + column) · in + channel` of a filter is bit `i % 8`, counted from the
        /// least significant, of byte `i / 8`; the bits that fill the last byte are 0.
        bits: Vec<u8>,
        /// Per filter, the value of its weights whose bit is 1.
        alpha: Vec<f32>,
        /// Per filter, the value of its weights whose bit is 0.
        beta: Vec<f32>,
    },
    /// A batch normalisation folded into `y = scale · x + shift`.
    Affine {
        /// One scale a channel.
        scale: Vec<f32>,
        /// One shift a channel.
        shift: Vec<f32>,
    },
    /// An RPReLU: with `d = x − threshold`, `d + shift` where `d > 0`, `slope · d + shift` elsewhere.
    RPReLU {
        /// Where the lines meet, one a channel.
        threshold: Vec<f32>,
        /// The slope below that, one a channel.
        slope: Vec<f32>,
        /// What is given there, one a channel.
        shift: Vec<f32>,
    },
}

impl Parameters {
    /// Packs the filters of `conv` on `in_channels` channels: `selected` says for every weight,
    /// `[out, in / groups, kernel, kernel]` row-major, whether it is `alpha` of its filter rather than
    /// `beta`.
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

    /// The real weights of a convolution, `[out, in, kernel, kernel]` row-major; `None` for what
    /// is no convolution.
    pub(super) fn dense(&self, expected: Expected) -> Option<Vec<f32>> {
        match (self, expected) {
            (Self::Float { weights }, _) => Some(weights.clone()),
            (Self::Binary { bits, alpha, beta }, Expected::Binary { in_channels, kernel, .. }) => {
                let filter = in_channels * kernel * kernel;
                let rows = bits.chunks_exact(filter.div_ceil(8)).zip(alpha.iter().zip(beta));
                let weights = rows.flat_map(|(row, (&alpha, &beta))| {
                    (0..filter).map(move |weight| {
                        let bit = stored_index(weight, in_channels, kernel);
                        if row[bit / 8] >> (bit % 8) & 1 == 1 { alpha } else { beta }
                    })
                });
                Some(weights.collect())
            }
            _ => None,
        }
    }

    /// Checks these parameters of node `name` against what its graph expects.
    pub(super) fn check(&self, name: &str, expected: Expected) -> Result<(), EngineError> {
        let stored = expected.tensors();
        let named = |part: usize| format!("{name}{}", stored[part].suffix);
        let elements = |part: usize| stored[part].shape.iter().product::<usize>();
        let floats = |part: usize, values: &[f32]| {
            check_length(&named(part), values.len(), elements(part))?;
            match values.iter().position(|value| !value.is_finite()) {
                Some(index) => {
                    Err(EngineError::field(named(part), format!("element {index} is not a finite number")))
                }
                None => Ok(()),
            }
        };
        match (self, expected) {
            (Self::Float { weights }, Expected::Float { .. }) => floats(0, weights),
            (Self::Binary { bits, alpha, beta }, Expected::Binary { in_channels, kernel, .. }) => {
                check_length(&named(0), bits.len(), elements(0))?;
                check_padding(&named(0), bits, in_channels * kernel * kernel)?;
                floats(1, alpha)?;
                floats(2, beta)
            }
            (Self::Affine { scale, shift }, Expected::Affine { .. }) => {
                floats(0, scale)?;
                floats(1, shift)
            }
            (Self::RPReLU { threshold, slope, shift }, Expected::RPReLU { .. }) => {
                floats(0, threshold)?;
                floats(1, slope)?;
                floats(2, shift)
            }
            _ => Err(EngineError::field(name, "its parameters are not of the kind that the graph says")),
        }
    }
}

/// Where weight `[in, kernel, kernel]` of a filter lies among its stored bits.
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
