use dabnet_binarize::Scheme;

use crate::{Tensor, part::Fit};

/// What binarizing a file has done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One a tensor, in the order of the file.
    pub tensors: Vec<TensorReport>,
    /// Size of what was read, in bytes.
    pub bytes_in: u64,
    /// Size of what was written, in bytes.
    pub bytes_out: u64,
}

/// What has become of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorReport {
    /// Its name.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Weights of a filter.
    pub filter_len: usize,
    /// Its size in the file that was read, in bytes.
    pub bytes: u64,
    /// What was done with it.
    pub outcome: Outcome,
}

/// What was done with a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was binarized.
    Binarized {
        /// `K / n` over all its weights, of the scheme that was asked for.
        upper_share: f64,
        /// `‖W − W̃‖² / ‖W‖²` under each scheme, in the order of [`Scheme::ALL`].
        relative_errors: [f64; Scheme::ALL.len()],
        /// Its size as bits and values, in bytes.
        packed_bytes: u64,
    },
    /// It was written as it was, for this reason.
    Kept(&'static str),
    /// It was not written, for this reason.
    LeftOut(&'static str),
}

impl TensorReport {
    pub(crate) fn new(tensor: &Tensor, outcome: Outcome) -> Self {
        Self {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            filter_len: tensor.filter_len(),
            bytes: tensor.byte_len(),
            outcome,
        }
    }
}

impl Outcome {
    pub(crate) fn binarized(tensor: &Tensor, fit: &Fit, packed_bytes: u64) -> Self {
        // A tensor of zeros is exact under every scheme.
        let relative = |error: f64| if fit.norm > 0.0 { error / fit.norm } else { 0.0 };
        Self::Binarized {
            upper_share: fit.upper as f64 / tensor.len() as f64,
            relative_errors: fit.errors.map(relative),
            packed_bytes,
        }
    }
}
