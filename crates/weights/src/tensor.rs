use std::ops::Range;

use dabnet_binarize::SplitError;

use crate::{Number, WeightsError};

/// A tensor of a network's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name in the file.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// How its elements are called in safetensors: `F32`, `I64` and so on.
    pub dtype: String,
    /// How its weights are stored; `None` where they are none that can be binarized.
    pub number: Option<Number>,
    /// Which dimension counts its filters.
    pub filters: Filters,
    /// What it is to the network.
    pub role: Role,
    /// Which of the source's files it lies in.
    pub(crate) file: usize,
    /// Its bytes in that file; `None` where they are not of one piece.
    pub(crate) bytes: Option<Range<u64>>,
}

/// Which dimension of a tensor counts its filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filters {
    /// The first: `OIHW` and `OI`.
    First,
    /// The last of two: `IO`, as in a product with a matrix from the right.
    Last,
}

/// What a tensor is to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
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
    /// How many filters it has.
    pub fn filter_count(&self) -> usize {
        match self.filters {
            Filters::First => self.shape.first().copied().unwrap_or(1),
            Filters::Last => self.shape.last().copied().unwrap_or(1),
        }
    }

    /// Elements of one filter, the paper's `n`.
    pub fn filter_len(&self) -> usize {
        self.shape.iter().product::<usize>().checked_div(self.filter_count()).unwrap_or(0)
    }

    /// Elements in all.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its filters in runs that are read at once: all of them where they do not lie one after the
    /// other, so many that they keep all cores busy elsewhere.
    pub fn parts(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        const AT_ONCE: usize = 4 << 20;
        let count = self.filter_count();
        let step = match self.filters {
            Filters::First => (AT_ONCE / self.filter_len().max(1)).max(1),
            Filters::Last => count.max(1),
        };
        (0..count).step_by(step).map(move |first| first..(first + step).min(count))
    }

    /// What is wrong with weights that begin with number `start` of the tensor, filters one after the
    /// other.
    pub fn split_error(&self, start: usize, source: SplitError) -> WeightsError {
        let element = match source {
            SplitError::NonFinite { index } => Some(start + index),
            _ => None,
        };
        let n = self.filter_len().max(1);
        WeightsError::Split {
            tensor: self.name.clone(),
            filter: element.unwrap_or(start) / n,
            element: element.map(|element| element % n),
            source,
        }
    }

    /// Its size in the file, in bytes.
    pub fn byte_len(&self) -> u64 {
        self.bytes.as_ref().map_or(0, |bytes| bytes.end - bytes.start)
    }

    /// Why it cannot be binarized, whoever asks.
    pub fn obstacle(&self) -> Option<&'static str> {
        self.obstacle_if(self.bytes.is_some())
    }

    /// The same where it is known otherwise whether it lies somewhere in one piece.
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
