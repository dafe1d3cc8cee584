use dabnet_graph::Shape;

use super::cuts::TailOp;
use crate::{
    plan::ValueId,
    step::{BinaryConv, Copy, RowOp, Source, Unpack},
};

/// What a node gives, not yet computed, or not wholly.
pub(super) struct Lazy {
    /// The convolution it comes from.
    pub(super) layer: String,
    pub(super) origin: Origin,
    /// Shape of what the origin gives, and `rows` leave.
    pub(super) shape: Shape,
    /// Done to the results of every position, up to the last sum.
    pub(super) rows: Vec<RowOp>,
    /// Done after that.
    pub(super) tail: Vec<TailOp>,
}

/// Where results come from.
pub(super) enum Origin {
    Floats(ValueId),
    Bits(ValueId),
    /// A binary convolution, whose results can be compared without becoming floats.
    Binary(Box<BinaryConv>),
    Source(Box<dyn Source>),
}

impl Lazy {
    pub(super) fn new(layer: String, origin: Origin, shape: Shape) -> Self {
        Self { layer, origin, shape, rows: Vec::new(), tail: Vec::new() }
    }

    pub(super) fn then(mut self, op: TailOp) -> Self {
        self.tail.push(op);
        self
    }

    /// Whether nothing is to be done to what the origin gives.
    pub(super) fn is_bare(&self) -> bool {
        self.rows.is_empty() && self.tail.is_empty()
    }

    /// The places of the poolings in the tail.
    pub(super) fn pools(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.tail.len()).filter(|&at| matches!(self.tail[at], TailOp::Pool(_)))
    }

    /// The same for another reader, where it is in memory.
    pub(super) fn shared(&self) -> Option<Self> {
        let origin = match self.origin {
            Origin::Floats(value) => Origin::Floats(value),
            Origin::Bits(value) => Origin::Bits(value),
            Origin::Binary(_) | Origin::Source(_) => return None,
        };
        self.is_bare().then(|| Self::new(self.layer.clone(), origin, self.shape))
    }
}

impl Origin {
    /// The source of results with so many channels.
    pub(super) fn into_source(self, channels: usize) -> Box<dyn Source> {
        match self {
            Self::Floats(value) => Box::new(Copy { value, channels }),
            Self::Bits(value) => Box::new(Unpack { value, channels }),
            Self::Binary(conv) => conv,
            Self::Source(source) => source,
        }
    }
}
