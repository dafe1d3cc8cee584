use dabnet_graph::Shape;

use super::thresholds::TailOp;
use crate::{
    ops::{BinaryConv, Copy, RowOp, Source, Unpack, negate_columns},
    plan::{Bits, ValueId},
    simd::Trend,
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
    Bits(Bits),
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

    /// How many ops of the tail a comparison cannot stand for, and what comes before them: bits can be pooled
    /// once, as after a second pooling there could be ANDs of ORs, and all functions have to be monotone.
    pub(super) fn uncomparable(&self) -> usize {
        let last_but_one = self.pools().rev().nth(1);
        let channels = self.shape.channels;
        let bent = |op: &TailOp| {
            op.function().is_some_and(|it| (0..channels).any(|channel| it.trend(channel) == Trend::Bent))
        };
        last_but_one.max(self.tail.iter().rposition(bent)).map_or(0, |at| at + 1)
    }

    /// Whether a pooling of this can as well be done before `functions`, as where they rise, the largest
    /// argument has the largest value. Where they fall the origin is turned around, if it can be, and they
    /// with it; where they are constant, infinite arguments would make a difference.
    pub(super) fn rises_under(&mut self, functions: &mut [TailOp]) -> bool {
        let mut falling = vec![false; self.shape.channels];
        for function in functions.iter().filter_map(TailOp::function) {
            for (channel, falls) in falling.iter_mut().enumerate() {
                match function.trend(channel) {
                    Trend::Rising => {}
                    Trend::Falling => *falls = !*falls,
                    Trend::Flat | Trend::Bent => return false,
                }
            }
        }
        if !falling.contains(&true) {
            return true;
        }
        let Some(TailOp::Pointwise(first)) = functions.first_mut() else { return false };
        let Some(factor) = first.factor_mut() else { return false };
        let turned = self.rows.is_empty() && self.origin.negate(&falling);
        if turned {
            negate_columns(factor, &falling);
        }
        turned
    }

    /// The same for another reader, where it is in memory.
    pub(super) fn shared(&self) -> Option<Self> {
        let origin = match self.origin {
            Origin::Floats(value) => Origin::Floats(value),
            Origin::Bits(bits) => Origin::Bits(bits),
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

    /// The source of results of a shape.
    pub(super) fn into_source(self, Shape { channels, width, .. }: Shape) -> Box<dyn Source> {
        match self {
            Self::Floats(value) => Box::new(Copy { value, channels }),
            Self::Bits(bits) => Box::new(Unpack { bits, channels, width }),
            Self::Binary(conv) => conv,
            Self::Source(source) => source,
        }
    }
}
