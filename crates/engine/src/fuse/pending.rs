use dabnet_graph::Shape;

use super::thresholds::DeferredOp;
use crate::{
    ops::{BinaryConv, BitDecode, EpilogueOp, FloatLoad, StepOperator, negate_columns},
    plan::{BitValue, ValueId},
    simd::Monotonicity,
};

/// A node's output whose computation is deferred: a producer and the operations still to be applied to it.
pub(super) struct PendingValue {
    /// Name of the convolution that it belongs to.
    pub(super) layer: String,
    pub(super) producer: ValueProducer,
    /// Shape of the producer's output and of the results of `epilogue_ops`.
    pub(super) shape: Shape,
    /// Operations up to the last sum, applied position by position.
    pub(super) epilogue_ops: Vec<EpilogueOp>,
    /// Operations after the last sum.
    pub(super) deferred: Vec<DeferredOp>,
}

/// Producer of a pending value.
pub(super) enum ValueProducer {
    Floats(ValueId),
    Bits(BitValue),
    /// Binary convolution, whose integer results can be compared without conversion to floats.
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

    /// True if no operation is left to apply.
    pub(super) fn is_computed(&self) -> bool {
        self.epilogue_ops.is_empty() && self.deferred.is_empty()
    }

    /// Indices of the deferred poolings.
    pub(super) fn pools(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.deferred.len()).filter(|&at| matches!(self.deferred[at], DeferredOp::Pool(_)))
    }

    /// Number of leading deferred ops that cannot be fused into a comparison. Bits can be pooled once only,
    /// since a second pooling might need an AND of ORs, and all functions have to be monotone.
    pub(super) fn unfusable_len(&self) -> usize {
        let last_but_one = self.pools().rev().nth(1);
        let channels = self.shape.channels;
        let bent = |op: &DeferredOp| {
            op.function()
                .is_some_and(|it| (0..channels).any(|channel| it.trend(channel) == Monotonicity::Bent))
        };
        last_but_one.max(self.deferred.iter().rposition(bent)).map_or(0, |at| at + 1)
    }

    /// True if max pooling can be moved before `functions`: where these rise, the largest argument has the
    /// largest value. Where they fall, the producer is negated if it supports that, and their first factor
    /// with it. Constant functions do not qualify, because of infinite arguments.
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

    /// Returns a copy for another consumer, if the value is in memory.
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
    /// Negates channels, see [`StepOperator::negate`].
    fn negate(&mut self, falling: &[bool]) -> bool {
        match self {
            Self::Binary(conv) => conv.negate(falling),
            Self::Operator(operator) => operator.negate(falling),
            Self::Floats(_) | Self::Bits(_) => false,
        }
    }

    /// Converts into an operator with output of the given shape.
    pub(super) fn into_operator(self, Shape { channels, width, .. }: Shape) -> Box<dyn StepOperator> {
        match self {
            Self::Floats(value) => Box::new(FloatLoad { value, channels }),
            Self::Bits(bits) => Box::new(BitDecode { bits, channels, width }),
            Self::Binary(conv) => conv,
            Self::Operator(operator) => operator,
        }
    }
}
