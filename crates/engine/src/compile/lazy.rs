use dabnet_graph::Shape;

use super::cuts::TailOp;
use crate::{
    plan::ValueId,
    step::{BinaryConv, Copy, Pointwise, RowOp, Source, Unpack, negate_columns},
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

    /// Takes away what is done before the first pooling, if it can as well be done after it: where functions
    /// rise, the largest argument has the largest value, and where they fall, the smallest.
    pub(super) fn take_before_pool(&mut self) -> Vec<TailOp> {
        let first = self.pools().next().unwrap_or(0);
        let functions: Vec<&Pointwise> = self.tail[..first].iter().filter_map(TailOp::function).collect();
        let falls =
            |channel| functions.iter().filter(|function| function.decreases(channel)).count() % 2 == 1;
        let falling: Vec<bool> = (0..self.shape.channels).map(falls).collect();
        if falling.contains(&true) {
            let turns = matches!(self.tail[0], TailOp::Pointwise(Pointwise::Affine { .. }));
            if !turns || !self.rows.is_empty() || !self.origin.negate(&falling) {
                return Vec::new();
            }
            if let TailOp::Pointwise(Pointwise::Affine { scale, .. }) = &mut self.tail[0] {
                negate_columns(scale, &falling);
            }
        }
        self.tail.drain(..first).collect()
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
    /// As [`Source::negate`].
    fn negate(&mut self, falling: &[bool]) -> bool {
        match self {
            Self::Binary(conv) => conv.negate(falling),
            Self::Source(source) => source.negate(falling),
            Self::Floats(_) | Self::Bits(_) => false,
        }
    }

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
