use std::ops::Range;

use dabnet_binarize::SplitError;

use crate::{NumberFormat, WeightsError};

/// A tensor of a network's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name in the file.
    pub name: String,
    /// Shape of the tensor.
    pub shape: Vec<usize>,
    /// Element type as named in safetensors: `F32`, `I64` and so on.
    pub dtype: String,
    /// Storage type of its weights; `None` if they cannot be binarized.
    pub number: Option<NumberFormat>,
    /// Axis of its filters.
    pub filters: FilterAxis,
    /// Role in the network.
    pub role: LayerRole,
    /// Index of its file.
    pub(crate) file: usize,
    /// Range of its bytes in that file; `None` if they are not contiguous.
    pub(crate) bytes: Option<Range<u64>>,
}

/// Axis of a tensor that counts its filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterAxis {
    /// The first: `OIHW` and `OI`.
    First,
    /// The last of two: `IO`, as in a product with a matrix from the right.
    Last,
}

/// Role of a tensor in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerRole {
    /// Weights of a layer between the first and the last.
    Inner,
    /// Weights of the first layer, which sees the input.
    First,
    /// Weights of the last layer, whose outputs are the network's.
    Last,
    /// No weights of a layer, for this reason.
    Other(&'static str),
}

impl Tensor {
    /// Number of filters.
    pub fn filter_count(&self) -> usize {
        match self.filters {
            FilterAxis::First => self.shape.first().copied().unwrap_or(1),
            FilterAxis::Last => self.shape.last().copied().unwrap_or(1),
        }
    }

    /// Number of elements per filter, the paper's `n`.
    pub fn filter_len(&self) -> usize {
        self.shape.iter().product::<usize>().checked_div(self.filter_count()).unwrap_or(0)
    }

    /// Elements in all.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True if it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ranges of filters to read at once: all if they are not contiguous, otherwise enough to keep all cores
    /// busy.
    pub fn parts(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        const AT_ONCE: usize = 4 << 20;
        let count = self.filter_count();
        let step = match self.filters {
            FilterAxis::First => (AT_ONCE / self.filter_len().max(1)).max(1),
            FilterAxis::Last => count.max(1),
        };
        (0..count).step_by(step).map(move |first| first..(first + step).min(count))
    }

    /// Error of a split of weights that start at index `start` of the tensor, filter by filter.
    pub fn split_error(&self, start: usize, reason: SplitError) -> WeightsError {
        let element = match reason {
            SplitError::NonFinite { index } => Some(start + index),
            _ => None,
        };
        let n = self.filter_len().max(1);
        WeightsError::Split {
            tensor: self.name.clone(),
            filter: element.unwrap_or(start) / n,
            element: element.map(|element| element % n),
            reason,
        }
    }

    /// Size in the file, in bytes.
    pub fn byte_len(&self) -> u64 {
        self.bytes.as_ref().map_or(0, |bytes| bytes.end - bytes.start)
    }

    /// Reason for which it can never be binarized, if there is one.
    pub fn obstacle(&self) -> Option<&'static str> {
        self.obstacle_if(self.bytes.is_some())
    }

    /// As [`Tensor::obstacle`], for a tensor of which it is known otherwise that it is contiguous.
    pub(crate) fn obstacle_if(&self, is_stored: bool) -> Option<&'static str> {
        if self.number.is_none() {
            Some("not F32, F16 or BF16")
        } else if self.shape.len() < 2 {
            Some("one dimension")
        } else if self.is_empty() {
            Some("no elements")
        } else if !is_stored {
            Some("not stored in one piece")
        } else {
            None
        }
    }
}
