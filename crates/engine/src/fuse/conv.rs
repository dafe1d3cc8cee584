//! Choice of the operator that runs a convolution.

use dabnet_graph::{Conv2d, NodeId, Precision, Shape};

use super::{
    compiler::GraphCompiler,
    pending::{PendingValue, ValueProducer},
};
use crate::{
    error::EngineError,
    format::NodeParameters,
    ops::{
        BinaryConv, BinaryWeightConv, ChannelSlice, DenseConv, DepthwiseConv, SparseInputConv, StepOperator,
    },
    plan::{BitValue, ValueId, WindowGeometry},
    simd::UNIT,
};

/// Upper bound of a convolution's groups, unless it is depthwise: every group becomes a step.
const MAX_GROUPS: usize = 1024;

/// One group of a grouped convolution.
#[derive(Clone, Copy)]
struct ConvGroup {
    window: WindowGeometry,
    channels: ChannelSlice,
    index: usize,
}

/// Packed bits of some filters, and their values for ones and zeros.
type BinaryFilterSlices<'a> = (&'a [u8], [&'a [f32]; 2]);

impl GraphCompiler<'_> {
    /// Compiles a convolution. Every group becomes a convolution of its own, and their outputs are
    /// concatenated.
    pub(super) fn compile_conv(&mut self, id: NodeId, conv: &Conv2d) -> Result<PendingValue, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        let shape = self.packed.graph.shape(id);
        let window = self.window(id, [conv.kernel; 2], conv.stride, conv.padding);
        let channels = self.packed.graph.filter_channels(id);
        let depthwise = conv.groups > 1 && channels == 1 && conv.groups == shape.channels;
        let input = self.take_input(id);
        if depthwise {
            let value = self.materialize(input);
            let conv = DepthwiseConv::new(value, window, &self.packed.dense(&node.name)?);
            return Ok(PendingValue::new(node.name.clone(), ValueProducer::Operator(Box::new(conv)), shape));
        }
        if conv.groups > MAX_GROUPS {
            let reason = format!("has {} groups, more than the {MAX_GROUPS} that are taken", conv.groups);
            return Err(EngineError::field(&node.name, reason));
        }
        let part = Shape { channels: shape.channels / conv.groups, ..shape };
        let groups = (0..conv.groups).map(|index| ConvGroup {
            window: WindowGeometry { output: part, ..window },
            channels: ChannelSlice { all: window.input.channels, first: index * channels, count: channels },
            index,
        });
        // Groups that share a unit cannot be separated as bits.
        let bits = conv.precision == Precision::Fbin && (conv.groups == 1 || channels.is_multiple_of(UNIT));
        let origins = if bits {
            let ValueProducer::Bits(bits) = input.producer else {
                unreachable!("a sign or a quantizer gives bits")
            };
            groups.map(|group| self.binary_conv(id, bits, group)).collect::<Result<Vec<_>, _>>()?
        } else {
            let (value, weights) = (self.materialize(input), self.packed.dense(&node.name)?);
            groups.map(|group| self.float_conv(id, value, group, &weights)).collect::<Result<Vec<_>, _>>()?
        };
        let parts: Vec<_> = origins
            .into_iter()
            .map(|producer| PendingValue::new(node.name.clone(), producer, part))
            .collect();
        match <[PendingValue; 1]>::try_from(parts) {
            Ok([whole]) => Ok(whole),
            Err(parts) => Ok(self.concat(parts, shape)),
        }
    }

    fn binary_conv(
        &self,
        id: NodeId,
        bits: BitValue,
        group: ConvGroup,
    ) -> Result<ValueProducer, EngineError> {
        let name = &self.packed.graph.nodes()[id].name;
        let Some((rows, values)) = self.binary_filters(name, group)? else { return Err(mismatch(name)) };
        let conv = BinaryConv::new(bits, group.window, group.channels, rows, values)?;
        Ok(ValueProducer::Binary(Box::new(conv)))
    }

    /// `weights` are those of all groups.
    fn float_conv(
        &self,
        id: NodeId,
        value: ValueId,
        group: ConvGroup,
        weights: &[f32],
    ) -> Result<ValueProducer, EngineError> {
        let ConvGroup { window, channels, index } = group;
        let filters = self.binary_filters(&self.packed.graph.nodes()[id].name, group)?;
        let len = window.output.channels * channels.count * window.taps();
        let weights = &weights[index * len..][..len];
        let on_ink =
            value == ValueId(0) && self.packed.preprocessing.canvas.normalize(0) == 0.0 && channels.is_all();
        let operator: Box<dyn StepOperator> = match filters {
            Some((bits, values)) if window.output.positions() <= BinaryWeightConv::MAX_POSITIONS => {
                Box::new(BinaryWeightConv::new(value, window, channels, bits, values))
            }
            _ if on_ink => Box::new(SparseInputConv::new(value, window, weights)),
            _ => Box::new(DenseConv::new(value, window, channels, weights)),
        };
        Ok(ValueProducer::Operator(operator))
    }

    /// Returns the packed filters of one group if they are binary.
    fn binary_filters(
        &self,
        name: &str,
        group: ConvGroup,
    ) -> Result<Option<BinaryFilterSlices<'_>>, EngineError> {
        let NodeParameters::Binary { bits, alpha, beta } = self.packed.parameters(name)? else {
            return Ok(None);
        };
        let filters = group.window.output.channels;
        let row = bits.len() / alpha.len();
        let (first, end) = (group.index * filters, (group.index + 1) * filters);
        Ok(Some((&bits[first * row..end * row], [&alpha[first..end], &beta[first..end]])))
    }
}

fn mismatch(name: &str) -> EngineError {
    EngineError::field(name, "its parameters are not of the kind that the graph says")
}
