use dabnet_graph::{NodeId, OpKind, Padding, Shape};
use std::mem;

use super::{
    consumers::{FusionChain, NodeConsumers},
    pending::{PendingValue, ValueProducer},
    thresholds::{DeferredOp, FusedThresholds},
};
use crate::{
    error::EngineError,
    format::PackedModel,
    ops::{
        AvgPool, BitMaxPool, CompiledStep, EpilogueOp, FloatEpilogue, FloatStore, MAX_BIT_OUTPUTS, MaxPool,
        StepEpilogue,
    },
    plan::{BitValue, ElementKind, PlannedValue, ValueId, WindowGeometry},
    simd::{BitEncoding, ChannelThresholds, MAX_STAGES, PointwiseFunction},
};

/// Steps that run a model, and the values they read and write.
#[derive(Debug)]
pub(crate) struct CompiledSteps {
    pub(crate) steps: Vec<CompiledStep>,
    /// Values by id; the first is the input.
    pub(crate) values: Vec<PlannedValue>,
    /// Network output.
    pub(crate) output: ValueId,
}

/// Compiles a model, which must be [valid](PackedModel::check).
pub(crate) fn compile(packed: &PackedModel) -> Result<CompiledSteps, EngineError> {
    let graph = &packed.graph;
    let last = graph.nodes().len() - 1;
    let mut compiler = GraphCompiler {
        packed,
        consumers: NodeConsumers::new(graph),
        results: graph.nodes().iter().map(|_| None).collect(),
        values: Vec::new(),
        steps: Vec::new(),
    };
    for id in 0..=last {
        if compiler.consumers.is_live(id)
            && compiler.results[id].is_none()
            && !compiler.consumers.is_fused(id)
        {
            let result = compiler.compile_node(id)?;
            compiler.record_output(id, result);
        }
    }
    let output = compiler.take_output(last);
    let output = compiler.materialize(output);
    Ok(CompiledSteps { steps: compiler.steps, values: compiler.values, output })
}

pub(super) struct GraphCompiler<'a> {
    pub(super) packed: &'a PackedModel,
    consumers: NodeConsumers<'a>,
    /// Outputs of nodes, until their last consumer takes them.
    results: Vec<Option<PendingValue>>,
    values: Vec<PlannedValue>,
    steps: Vec<CompiledStep>,
}

impl GraphCompiler<'_> {
    fn compile_node(&mut self, id: NodeId) -> Result<PendingValue, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        Ok(match node.op.kind() {
            OpKind::Input { shape } => {
                let value = self.float_value(shape);
                PendingValue::new(node.name.clone(), ValueProducer::Floats(value), shape)
            }
            OpKind::Dropout { .. }
            | OpKind::BatchNorm { .. }
            | OpKind::Pointwise(_)
            | OpKind::MaxPool { .. } => {
                let op = self.deferred_op(id)?;
                let input = self.take_input(id);
                match op {
                    Some(op) => input.then(op),
                    None => input,
                }
            }
            OpKind::AvgPool { kernel, stride, padding } => {
                self.compile_avg_pool(id, [kernel; 2], stride, padding)
            }
            OpKind::GlobalAvgPool => {
                let input = self.packed.graph.input_shape_of(id);
                self.compile_avg_pool(id, [input.height, input.width], 1, Padding::NONE)
            }
            OpKind::Add => self.compile_add(id),
            OpKind::Concat => {
                let parts = node.inputs.clone();
                let parts = parts.into_iter().map(|input| self.take_output(input)).collect();
                self.concat(parts, self.packed.graph.shape(id))
            }
            OpKind::Sign | OpKind::Quantize { .. } => {
                let (input, encoding) = (self.take_input(id), self.encoding(id)?);
                self.encode(input, encoding)
            }
            OpKind::Conv2d(conv) => self.compile_conv(id, conv)?,
        })
    }

    /// Takes the output of a node's only input.
    pub(super) fn take_input(&mut self, id: NodeId) -> PendingValue {
        self.take_output(self.packed.graph.nodes()[id].inputs[0])
    }

    /// Takes the output of a node on behalf of one consumer.
    fn take_output(&mut self, id: NodeId) -> PendingValue {
        let result = &mut self.results[id];
        let shared = result.as_ref().and_then(PendingValue::shared);
        shared.or_else(|| result.take()).expect("nodes come after what they read")
    }

    /// Records the output of a node, in memory if there are several consumers. Signs among these are compiled
    /// at once, fused into the step that computes the node.
    fn record_output(&mut self, id: NodeId, result: PendingValue) {
        if self.consumers.count(id) == 1 {
            self.results[id] = Some(result);
            return;
        }
        if matches!(result.producer, ValueProducer::Bits(_)) && result.is_computed() {
            self.results[id] = Some(result);
            return;
        }
        let chains = self.consumers.fusion_chains(id, MAX_BIT_OUTPUTS);
        let result = self.resolve_pools(result);
        let others = self.consumers.count(id) > chains.len();
        let (layer, shape) = (result.layer.clone(), result.shape);
        let value = if chains.is_empty() {
            Some(self.materialize(result))
        } else if let (ValueProducer::Floats(value), true) = (&result.producer, result.is_computed()) {
            let value = *value;
            self.push_step(result, None, chains);
            Some(value)
        } else {
            let store = others.then(|| self.store(shape));
            self.push_step(result, store, chains);
            store.map(|store| store.value)
        };
        self.results[id] = value.map(|value| PendingValue::new(layer, ValueProducer::Floats(value), shape));
    }

    fn compile_avg_pool(
        &mut self,
        id: NodeId,
        kernel: [usize; 2],
        stride: usize,
        padding: Padding,
    ) -> PendingValue {
        let window = self.window(id, kernel, stride, padding);
        let input = self.take_input(id);
        let layer = input.layer.clone();
        let value = self.materialize(input);
        PendingValue::new(layer, ValueProducer::Operator(Box::new(AvgPool { value, window })), window.output)
    }

    /// Fuses a sum into the step that computes one of its terms, if any is still pending.
    fn compile_add(&mut self, id: NodeId) -> PendingValue {
        let inputs = self.packed.graph.nodes()[id].inputs.clone();
        let mut terms: Vec<PendingValue> = inputs.into_iter().map(|input| self.take_output(input)).collect();
        let open = terms
            .iter()
            .position(|term| !matches!(term.producer, ValueProducer::Floats(_) | ValueProducer::Bits(_)));
        let open = terms.remove(open.unwrap_or(0));
        let mut sum = self.resolve_pools(open);
        sum.epilogue_ops.extend(sum.deferred.drain(..).filter_map(DeferredOp::into_epilogue_op));
        for term in terms {
            let value = self.materialize(term);
            sum.epilogue_ops.push(EpilogueOp::Add(value));
        }
        sum
    }

    pub(super) fn concat(&mut self, parts: Vec<PendingValue>, shape: Shape) -> PendingValue {
        let value = self.float_value(shape);
        let layer = parts[0].layer.clone();
        let mut first = 0;
        for part in parts {
            let part = self.resolve_pools(part);
            let channels = part.shape.channels;
            self.push_step(part, Some(FloatStore { value, first, stride: shape.channels }), Vec::new());
            first += channels;
        }
        PendingValue::new(layer, ValueProducer::Floats(value), shape)
    }

    /// Returns the bit encoding of a sign's or quantizer's output.
    fn encoding(&self, id: NodeId) -> Result<BitEncoding, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        let OpKind::Quantize { bits } = node.op.kind() else { return Ok(BitEncoding::Signs) };
        let step = self.packed.channel_values(&node.name, "step")?[0];
        Ok(BitEncoding::Levels { planes: bits.into(), step })
    }

    /// Encodes a value as bits.
    fn encode(&mut self, mut input: PendingValue, encoding: BitEncoding) -> PendingValue {
        let signs = BitEncoding::Signs;
        let is_sign = matches!(&input.producer, ValueProducer::Bits(bits) if bits.encoding == signs);
        if encoding == signs && is_sign && input.is_computed() {
            return input;
        }
        let unfusable_len = input.unfusable_len();
        if unfusable_len > 0 {
            let deferred = input.deferred.split_off(unfusable_len);
            input = self.resolve_pools(input);
            input.epilogue_ops.extend(input.deferred.drain(..).filter_map(DeferredOp::into_epilogue_op));
            input.deferred = deferred;
        }
        let deferred = mem::take(&mut input.deferred);
        let layer = input.layer.clone();
        let thresholds = FusedThresholds::new(input.shape.channels, &deferred, encoding);
        let shape = thresholds.pool.map_or(input.shape, |window| window.output);
        let bits = self.push_bit_step(input, thresholds, encoding);
        PendingValue::new(layer, ValueProducer::Bits(bits), shape)
    }

    pub(super) fn window(
        &self,
        id: NodeId,
        kernel: [usize; 2],
        stride: usize,
        padding: Padding,
    ) -> WindowGeometry {
        let (graph, padding) = (&self.packed.graph, [padding.top, padding.left]);
        WindowGeometry { input: graph.input_shape_of(id), output: graph.shape(id), kernel, stride, padding }
    }

    fn float_value(&mut self, shape: Shape) -> ValueId {
        self.value(PlannedValue { kind: ElementKind::Floats, shape, planes: 1 })
    }

    fn bit_value(&mut self, shape: Shape, encoding: BitEncoding) -> BitValue {
        let value = PlannedValue { kind: ElementKind::Bits, shape, planes: encoding.planes() };
        BitValue { value: self.value(value), encoding }
    }

    fn value(&mut self, value: PlannedValue) -> ValueId {
        self.values.push(value);
        ValueId(self.values.len() - 1)
    }

    /// Allocates a float value of `shape`, and a store to all its channels.
    fn store(&mut self, shape: Shape) -> FloatStore {
        FloatStore { value: self.float_value(shape), first: 0, stride: shape.channels }
    }

    /// Materializes the inputs of all deferred poolings, leaving only pointwise ops deferred.
    fn resolve_pools(&mut self, mut pending: PendingValue) -> PendingValue {
        // Functions moved behind the poolings that they precede.
        let mut later = Vec::new();
        loop {
            let pool = pending.pools().next();
            let Some(pool) = pool else { break };
            let mut rest = pending.deferred.split_off(pool);
            let DeferredOp::Pool(window) = rest.remove(0) else { unreachable!("a pooling is there") };
            let mut functions = mem::take(&mut pending.deferred);
            if pending.commutes_with_pool(&mut functions) {
                later.append(&mut functions);
            } else {
                pending.deferred = later.drain(..).chain(functions).collect();
            }
            let layer = pending.layer.clone();
            let value = self.materialize(pending);
            pending = PendingValue::new(
                layer,
                ValueProducer::Operator(Box::new(MaxPool { value, window })),
                window.output,
            );
            pending.deferred = rest;
        }
        pending.deferred.splice(..0, later);
        pending
    }

    /// Materializes a value as floats.
    pub(super) fn materialize(&mut self, pending: PendingValue) -> ValueId {
        let pending = self.resolve_pools(pending);
        if let (ValueProducer::Floats(value), true) = (&pending.producer, pending.is_computed()) {
            return *value;
        }
        let store = self.store(pending.shape);
        self.push_step(pending, Some(store), Vec::new());
        store.value
    }

    /// Adds a step that computes `pending` and encodes it as bits.
    fn push_bit_step(
        &mut self,
        pending: PendingValue,
        thresholds: FusedThresholds,
        encoding: BitEncoding,
    ) -> BitValue {
        let pending = self.limit_stages(pending);
        let unpooled = self.bit_value(pending.shape, encoding);
        let (layer, shape) = (pending.layer.clone(), pending.shape);
        let FusedThresholds { sign, values, pool, inverted } = thresholds;
        match pending.producer {
            ValueProducer::Binary(mut conv) if pending.epilogue_ops.is_empty() => {
                let epilogue =
                    StepEpilogue::Bits { bits: unpooled, thresholds: conv.fold_thresholds(&sign, values) };
                self.steps.push(CompiledStep { layer: layer.clone(), operator: conv, epilogue, shape });
            }
            producer => {
                let (comparisons, bits) = (vec![ChannelThresholds::new(&sign, &values)], vec![unpooled]);
                let epilogue = StepEpilogue::Floats(FloatEpilogue {
                    ops: pending.epilogue_ops,
                    store: None,
                    comparisons,
                    bits,
                });
                self.steps.push(CompiledStep {
                    layer: layer.clone(),
                    operator: producer.into_operator(shape),
                    epilogue,
                    shape,
                });
            }
        }
        self.pool_bits(layer, unpooled, pool, &inverted)
    }

    /// Adds a step that computes `pending`, which has no deferred pooling, stores it, and encodes the outputs
    /// of `chains`.
    fn push_step(&mut self, mut pending: PendingValue, store: Option<FloatStore>, chains: Vec<FusionChain>) {
        pending.epilogue_ops.extend(pending.deferred.drain(..).filter_map(DeferredOp::into_epilogue_op));
        let PendingValue { layer, shape, producer, epilogue_ops: ops, .. } = self.limit_stages(pending);
        let (mut comparisons, mut bits, mut pools) = (Vec::new(), Vec::new(), Vec::new());
        for chain in chains {
            let deferred_op = |&id: &NodeId| self.deferred_op(id).expect("a valid model has its parameters");
            let deferred: Vec<DeferredOp> = chain.ops.iter().filter_map(deferred_op).collect();
            let encoding = self.encoding(chain.sign).expect("a valid model has its parameters");
            let FusedThresholds { sign, values, pool, inverted } =
                FusedThresholds::new(shape.channels, &deferred, encoding);
            let unpooled = self.bit_value(shape, encoding);
            comparisons.push(ChannelThresholds::new(&sign, &values));
            bits.push(unpooled);
            pools.push((chain.sign, unpooled, pool, inverted));
        }
        let epilogue = StepEpilogue::Floats(FloatEpilogue { ops, store, comparisons, bits });
        let operator = producer.into_operator(shape);
        self.steps.push(CompiledStep { layer: layer.clone(), operator, epilogue, shape });
        for (sign, unpooled, pool, inverted) in pools {
            let bits = self.pool_bits(layer.clone(), unpooled, pool, &inverted);
            let shape = pool.map_or(shape, |window| window.output);
            let result = PendingValue::new(layer.clone(), ValueProducer::Bits(bits), shape);
            self.results[sign] = Some(result);
        }
    }

    /// Splits off steps until the remaining epilogue has at most [`MAX_STAGES`] ops.
    fn limit_stages(&mut self, mut pending: PendingValue) -> PendingValue {
        let mut rest = mem::take(&mut pending.epilogue_ops).into_iter();
        loop {
            pending.epilogue_ops = rest.by_ref().take(MAX_STAGES).collect();
            if rest.len() == 0 {
                return pending;
            }
            let (layer, shape, deferred) =
                (pending.layer.clone(), pending.shape, mem::take(&mut pending.deferred));
            let value = self.materialize(pending);
            pending = PendingValue {
                layer,
                producer: ValueProducer::Floats(value),
                shape,
                epilogue_ops: Vec::new(),
                deferred,
            };
        }
    }

    /// Adds a step that pools bits, if `pool` is given.
    fn pool_bits(
        &mut self,
        layer: String,
        bits: BitValue,
        pool: Option<WindowGeometry>,
        inverted: &[bool],
    ) -> BitValue {
        let Some(window) = pool else { return bits };
        let pooled = self.bit_value(window.output, bits.encoding);
        let operator = Box::new(BitMaxPool::new(bits, window, inverted));
        let epilogue = StepEpilogue::Bits { bits: pooled, thresholds: Vec::new() };
        self.steps.push(CompiledStep { layer, operator, epilogue, shape: window.output });
        pooled
    }

    /// Returns the deferred op of a pointwise node or a max pooling; `None` for a no-op.
    fn deferred_op(&self, id: NodeId) -> Result<Option<DeferredOp>, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        let values = |parameter: &str| self.packed.channel_values(&node.name, parameter);
        Ok(match node.op.kind() {
            OpKind::BatchNorm { .. } => {
                let (scale, shift) = (values("scale")?, values("shift")?);
                Some(DeferredOp::Pointwise(PointwiseFunction::Affine { scale, shift }))
            }
            OpKind::Pointwise(op) => Some(DeferredOp::Pointwise(PointwiseFunction::new(op, values)?)),
            OpKind::MaxPool { kernel, stride, padding } => {
                Some(DeferredOp::Pool(self.window(id, [kernel; 2], stride, padding)))
            }
            OpKind::Dropout { .. }
            | OpKind::Input { .. }
            | OpKind::Conv2d(_)
            | OpKind::Sign
            | OpKind::Quantize { .. }
            | OpKind::AvgPool { .. }
            | OpKind::GlobalAvgPool
            | OpKind::Add
            | OpKind::Concat => None,
        })
    }
}
