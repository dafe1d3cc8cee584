use dabnet_graph::Shape;

use super::thresholds::DeferredOp;
use crate::{
    ops::{BinaryConv, BitDecode, EpilogueOp, FloatLoad, StepOperator, negate_columns},
    plan::{BitValue, ValueId},
    simd::Monotonicity,
};

/// What a node gives, not yet computed, or not wholly.
pub(super) struct PendingValue {
    /// The convolution it comes from.
    pub(super) layer: String,
    pub(super) producer: ValueProducer,
    /// Shape of what the producer gives, and `rows` leave.
    pub(super) shape: Shape,
    /// Done to the results of every position, up to the last sum.
    pub(super) epilogue_ops: Vec<EpilogueOp>,
    /// Done after that.
    pub(super) deferred: Vec<DeferredOp>,
}

/// Where results come from.
pub(super) enum ValueProducer {
    Floats(ValueId),
    Bits(BitValue),
    /// A binary convolution, whose results can be compared without becoming floats.
    Binary(Box<BinaryConv>),
    Operator(Box<dyn StepOperator>),
}

impl PendingValue {
    pub(super) fn new(layer: String, producer: ValueProducer, shape: Shape) -> Self {
        Self { layer, producer, shape, epilogue_ops: Vec::new(), deferred: Vec::new() }
    }

    pub(super) fn then(mut self, op: DeferredOp) -> Self {
        self.deferred.push(op);
        self
    }

    /// Whether nothing is to be done to what the producer gives.
    pub(super) fn is_computed(&self) -> bool {
        self.epilogue_ops.is_empty() && self.deferred.is_empty()
    }

    /// The places of the poolings in the tail.
    pub(super) fn pools(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.deferred.len()).filter(|&at| matches!(self.deferred[at], DeferredOp::Pool(_)))
    }

    /// How many ops of the tail a comparison cannot stand for, and what comes before them: bits can be pooled
    /// once, as after a second pooling there could be ANDs of ORs, and all functions have to be monotone.
    pub(super) fn unfusable_len(&self) -> usize {
        let last_but_one = self.pools().rev().nth(1);
        let channels = self.shape.channels;
        let bent = |op: &DeferredOp| {
            op.function()
                .is_some_and(|it| (0..channels).any(|channel| it.trend(channel) == Monotonicity::Bent))
        };
        last_but_one.max(self.deferred.iter().rposition(bent)).map_or(0, |at| at + 1)
    }

    /// Whether a pooling of this can as well be done before `functions`, as where they rise, the largest
    /// argument has the largest value. Where they fall the producer is turned around, if it can be, and they
    /// with it; where they are constant, infinite arguments would make a difference.
    pub(super) fn commutes_with_pool(&mut self, functions: &mut [DeferredOp]) -> bool {
        let mut falling = vec![false; self.shape.channels];
        for function in functions.iter().filter_map(DeferredOp::function) {
            for (channel, falls) in falling.iter_mut().enumerate() {
                match function.trend(channel) {
                    Monotonicity::Rising => {}
                    Monotonicity::Falling => *falls = !*falls,
                    Monotonicity::Flat | Monotonicity::Bent => return false,
                }
            }
        }
        if !falling.contains(&true) {
            return true;
        }
        let Some(DeferredOp::Pointwise(first)) = functions.first_mut() else { return false };
        let Some(factor) = first.factor_mut() else { return false };
        let turned = self.epilogue_ops.is_empty() && self.producer.negate(&falling);
        if turned {
            negate_columns(factor, &falling);
        }
        turned
    }

    /// The same for another consumer, where it is in memory.
    pub(super) fn shared(&self) -> Option<Self> {
        let producer = match self.producer {
            ValueProducer::Floats(value) => ValueProducer::Floats(value),
            ValueProducer::Bits(bits) => ValueProducer::Bits(bits),
            ValueProducer::Binary(_) | ValueProducer::Operator(_) => return None,
        };
        self.is_computed().then(|| Self::new(self.layer.clone(), producer, self.shape))
    }
}

impl ValueProducer {
    /// As [`StepOperator::negate`].
    fn negate(&mut self, falling: &[bool]) -> bool {
        match self {
            Self::Binary(conv) => conv.negate(falling),
            Self::Operator(operator) => operator.negate(falling),
            Self::Floats(_) | Self::Bits(_) => false,
        }
    }

    /// The source of results of a shape.
    pub(super) fn into_operator(self, Shape { channels, width, .. }: Shape) -> Box<dyn StepOperator> {
        match self {
            Self::Floats(value) => Box::new(FloatLoad { value, channels }),
            Self::Bits(bits) => Box::new(BitDecode { bits, channels, width }),
            Self::Binary(conv) => conv,
            Self::Operator(operator) => operator,
        }
    }
}
