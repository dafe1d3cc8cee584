use dabnet_binarize::Scheme;

use crate::{Tensor, part::ApproximationErrors};

/// Report of binarizing a file.
#[derive(Clone, Debug, PartialEq)]
pub struct BinarizeReport {
    /// Report of each tensor, in the order of the file.
    pub tensors: Vec<TensorReport>,
    /// Size of the input, in bytes.
    pub bytes_in: u64,
    /// Size of the output, in bytes.
    pub bytes_out: u64,
}

/// Report of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorReport {
    /// Name of the tensor.
    pub name: String,
    /// Shape of the tensor.
    pub shape: Vec<usize>,
    /// Number of weights per filter.
    pub filter_len: usize,
    /// Size in the input, in bytes.
    pub bytes: u64,
    /// Outcome of the tensor.
    pub outcome: TensorOutcome,
}

/// Outcome of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorOutcome {
    /// It was binarized.
    Binarized {
        /// `K / n` over all its weights, of the chosen scheme.
        upper_share: f64,
        /// `‖W − W̃‖² / ‖W‖²` under each scheme, in the order of [`Scheme::ALL`].
        relative_errors: [f64; Scheme::ALL.len()],
        /// Size as bits and values, in bytes.
        packed_bytes: u64,
    },
    /// It was copied unchanged, for this reason.
    Kept(&'static str),
    /// It was omitted, for this reason.
    LeftOut(&'static str),
}

impl TensorReport {
    pub(crate) fn new(tensor: &Tensor, outcome: TensorOutcome) -> Self {
        Self {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            filter_len: tensor.filter_len(),
            bytes: tensor.byte_len(),
            outcome,
        }
    }
}

impl TensorOutcome {
    pub(crate) fn binarized(tensor: &Tensor, fit: &ApproximationErrors, packed_bytes: u64) -> Self {
        // A tensor of zeros is exact under every scheme.
        let relative = |error: f64| if fit.norm > 0.0 { error / fit.norm } else { 0.0 };
        Self::Binarized {
            upper_share: fit.upper as f64 / tensor.len() as f64,
            relative_errors: fit.errors.map(relative),
            packed_bytes,
        }
    }
}
