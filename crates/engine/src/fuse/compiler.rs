use dabnet_graph::{NodeId, OpKind, Padding, Shape};
use std::mem;

use super::{
    consumers::{Readers, SignChain},
    pending::{Lazy, Origin},
    thresholds::{Cuts, TailOp},
};
use crate::{
    error::EngineError,
    format::PackedModel,
    ops::{AvgPool, BitPool, Epilogue, MAX_BIT_OUTPUTS, MaxPool, RowOp, Rows, Step, Store},
    plan::{Bits, Contents, Value, ValueId, Window},
    simd::{Comparison, Encoding, MAX_STAGES, Pointwise},
};

/// The steps that run a model.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) steps: Vec<Step>,
    /// What they read and write; the first is the input.
    pub(crate) values: Vec<Value>,
    /// The value that holds the network's output.
    pub(crate) output: ValueId,
}

/// Compiles a model, which must be [valid](PackedModel::check).
pub(crate) fn compile(packed: &PackedModel) -> Result<Lowered, EngineError> {
    let graph = &packed.graph;
    let last = graph.nodes().len() - 1;
    let mut lowering = Lowering {
        packed,
        readers: Readers::new(graph),
        results: graph.nodes().iter().map(|_| None).collect(),
        values: Vec::new(),
        steps: Vec::new(),
    };
    for id in 0..=last {
        if lowering.readers.is_live(id) && lowering.results[id].is_none() && !lowering.readers.is_fused(id) {
            let result = lowering.node(id)?;
            lowering.publish(id, result);
        }
    }
    let output = lowering.take(last);
    let output = lowering.floats(output);
    Ok(Lowered { steps: lowering.steps, values: lowering.values, output })
}

pub(super) struct Lowering<'a> {
    pub(super) packed: &'a PackedModel,
    readers: Readers<'a>,
    /// What nodes give, until their last reader takes it.
    results: Vec<Option<Lazy>>,
    values: Vec<Value>,
    steps: Vec<Step>,
}

impl Lowering<'_> {
    pub(super) fn node(&mut self, id: NodeId) -> Result<Lazy, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        Ok(match node.op.kind() {
            OpKind::Input { shape } => {
                let value = self.float_value(shape);
                Lazy::new(node.name.clone(), Origin::Floats(value), shape)
            }
            OpKind::Dropout { .. }
            | OpKind::BatchNorm { .. }
            | OpKind::Pointwise(_)
            | OpKind::MaxPool { .. } => {
                let op = self.tail_op(id)?;
                let input = self.input(id);
                match op {
                    Some(op) => input.then(op),
                    None => input,
                }
            }
            OpKind::AvgPool { kernel, stride, padding } => self.avg_pool(id, [kernel; 2], stride, padding),
            OpKind::GlobalAvgPool => {
                let input = self.packed.graph.input_shape_of(id);
                self.avg_pool(id, [input.height, input.width], 1, Padding::NONE)
            }
            OpKind::Add => self.add(id),
            OpKind::Concat => {
                let parts = node.inputs.clone();
                let parts = parts.into_iter().map(|input| self.take(input)).collect();
                self.concat(parts, self.packed.graph.shape(id))
            }
            OpKind::Sign | OpKind::Quantize { .. } => {
                let (input, encoding) = (self.input(id), self.encoding(id)?);
                self.encode(input, encoding)
            }
            OpKind::Conv2d(conv) => self.conv(id, conv)?,
        })
    }

    /// What the only input of a node gives.
    pub(super) fn input(&mut self, id: NodeId) -> Lazy {
        self.take(self.packed.graph.nodes()[id].inputs[0])
    }

    /// What a node gives, for one of its readers.
    pub(super) fn take(&mut self, id: NodeId) -> Lazy {
        let result = &mut self.results[id];
        let shared = result.as_ref().and_then(Lazy::shared);
        shared.or_else(|| result.take()).expect("nodes come after what they read")
    }

    /// Keeps what a node gives, in memory if it has several readers. Signs among those are dealt with
    /// at once, so that nothing is read again for them.
    pub(super) fn publish(&mut self, id: NodeId, result: Lazy) {
        if self.readers.count(id) == 1 {
            self.results[id] = Some(result);
            return;
        }
        if matches!(result.origin, Origin::Bits(_)) && result.is_bare() {
            self.results[id] = Some(result);
            return;
        }
        let chains = self.readers.sign_chains(id, MAX_BIT_OUTPUTS);
        let result = self.without_pools(result);
        let others = self.readers.count(id) > chains.len();
        let (layer, shape) = (result.layer.clone(), result.shape);
        let value = if chains.is_empty() {
            Some(self.floats(result))
        } else if let (Origin::Floats(value), true) = (&result.origin, result.is_bare()) {
            let value = *value;
            self.emit(result, None, chains);
            Some(value)
        } else {
            let store = others.then(|| self.store(shape));
            self.emit(result, store, chains);
            store.map(|store| store.value)
        };
        self.results[id] = value.map(|value| Lazy::new(layer, Origin::Floats(value), shape));
    }

    pub(super) fn avg_pool(
        &mut self,
        id: NodeId,
        kernel: [usize; 2],
        stride: usize,
        padding: Padding,
    ) -> Lazy {
        let window = self.window(id, kernel, stride, padding);
        let input = self.input(id);
        let layer = input.layer.clone();
        let value = self.floats(input);
        Lazy::new(layer, Origin::Source(Box::new(AvgPool { value, window })), window.output)
    }

    /// A sum is taken as one of its terms is computed, if one still is to be.
    pub(super) fn add(&mut self, id: NodeId) -> Lazy {
        let inputs = self.packed.graph.nodes()[id].inputs.clone();
        let mut terms: Vec<Lazy> = inputs.into_iter().map(|input| self.take(input)).collect();
        let open = terms.iter().position(|term| !matches!(term.origin, Origin::Floats(_) | Origin::Bits(_)));
        let open = terms.remove(open.unwrap_or(0));
        let mut sum = self.without_pools(open);
        sum.rows.extend(sum.tail.drain(..).filter_map(TailOp::into_row_op));
        for term in terms {
            let value = self.floats(term);
            sum.rows.push(RowOp::Add(value));
        }
        sum
    }

    pub(super) fn concat(&mut self, parts: Vec<Lazy>, shape: Shape) -> Lazy {
        let value = self.float_value(shape);
        let layer = parts[0].layer.clone();
        let mut first = 0;
        for part in parts {
            let part = self.without_pools(part);
            let channels = part.shape.channels;
            self.emit(part, Some(Store { value, first, stride: shape.channels }), Vec::new());
            first += channels;
        }
        Lazy::new(layer, Origin::Floats(value), shape)
    }

    /// What the bits stand for that a sign or a quantiser gives.
    pub(super) fn encoding(&self, id: NodeId) -> Result<Encoding, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        let OpKind::Quantize { bits } = node.op.kind() else { return Ok(Encoding::Signs) };
        let step = self.packed.channel_values(&node.name, "step")?[0];
        Ok(Encoding::Levels { planes: bits.into(), step })
    }

    /// Its bits.
    pub(super) fn encode(&mut self, mut input: Lazy, encoding: Encoding) -> Lazy {
        let signs =
            |origin: &Origin| matches!(origin, Origin::Bits(bits) if bits.encoding == Encoding::Signs);
        if encoding == Encoding::Signs && signs(&input.origin) && input.is_bare() {
            return input;
        }
        let uncomparable = input.uncomparable();
        if uncomparable > 0 {
            let tail = input.tail.split_off(uncomparable);
            input = self.without_pools(input);
            input.rows.extend(input.tail.drain(..).filter_map(TailOp::into_row_op));
            input.tail = tail;
        }
        let tail = mem::take(&mut input.tail);
        let layer = input.layer.clone();
        let cuts = Cuts::new(input.shape.channels, &tail, encoding);
        let shape = cuts.pool.map_or(input.shape, |window| window.output);
        let bits = self.emit_bits(input, cuts, encoding);
        Lazy::new(layer, Origin::Bits(bits), shape)
    }

    pub(super) fn window(&self, id: NodeId, kernel: [usize; 2], stride: usize, padding: Padding) -> Window {
        let (graph, padding) = (&self.packed.graph, [padding.top, padding.left]);
        Window { input: graph.input_shape_of(id), output: graph.shape(id), kernel, stride, padding }
    }

    pub(super) fn float_value(&mut self, shape: Shape) -> ValueId {
        self.value(Value { contents: Contents::Floats, shape, planes: 1 })
    }

    pub(super) fn bit_value(&mut self, shape: Shape, encoding: Encoding) -> Bits {
        let value = Value { contents: Contents::Bits, shape, planes: encoding.planes() };
        Bits { value: self.value(value), encoding }
    }

    pub(super) fn value(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        ValueId(self.values.len() - 1)
    }

    /// A new value for floats of `shape`, and all of it to be written.
    pub(super) fn store(&mut self, shape: Shape) -> Store {
        Store { value: self.float_value(shape), first: 0, stride: shape.channels }
    }

    /// The same with every pooling done, so that no result has to wait for others.
    pub(super) fn without_pools(&mut self, mut lazy: Lazy) -> Lazy {
        // What is done after the poolings so far, though it comes before them.
        let mut later = Vec::new();
        loop {
            let pool = lazy.pools().next();
            let Some(pool) = pool else { break };
            let mut rest = lazy.tail.split_off(pool);
            let TailOp::Pool(window) = rest.remove(0) else { unreachable!("a pooling is there") };
            let mut functions = mem::take(&mut lazy.tail);
            if lazy.rises_under(&mut functions) {
                later.append(&mut functions);
            } else {
                lazy.tail = later.drain(..).chain(functions).collect();
            }
            let layer = lazy.layer.clone();
            let value = self.floats(lazy);
            lazy = Lazy::new(layer, Origin::Source(Box::new(MaxPool { value, window })), window.output);
            lazy.tail = rest;
        }
        lazy.tail.splice(..0, later);
        lazy
    }

    /// The value that holds it as floats.
    pub(super) fn floats(&mut self, lazy: Lazy) -> ValueId {
        let lazy = self.without_pools(lazy);
        if let (Origin::Floats(value), true) = (&lazy.origin, lazy.is_bare()) {
            return *value;
        }
        let store = self.store(lazy.shape);
        self.emit(lazy, Some(store), Vec::new());
        store.value
    }

    /// Adds the step that computes `lazy` and makes bits of it.
    pub(super) fn emit_bits(&mut self, lazy: Lazy, cuts: Cuts, encoding: Encoding) -> Bits {
        let lazy = self.within_stages(lazy);
        let unpooled = self.bit_value(lazy.shape, encoding);
        let (layer, shape) = (lazy.layer.clone(), lazy.shape);
        let Cuts { sign, at, pool, inverted } = cuts;
        match lazy.origin {
            Origin::Binary(mut conv) if lazy.rows.is_empty() => {
                let epilogue = Epilogue::Bits { bits: unpooled, at: conv.fold(&sign, at) };
                self.steps.push(Step { layer: layer.clone(), source: conv, epilogue, shape });
            }
            origin => {
                let (comparisons, bits) = (vec![Comparison::new(&sign, &at)], vec![unpooled]);
                let epilogue = Epilogue::Rows(Rows { ops: lazy.rows, store: None, comparisons, bits });
                self.steps.push(Step {
                    layer: layer.clone(),
                    source: origin.into_source(shape),
                    epilogue,
                    shape,
                });
            }
        }
        self.pool_bits(layer, unpooled, pool, &inverted)
    }

    /// Adds the step that computes `lazy`, in which no pooling is left, stores it, and makes the bits
    /// that `chains` lead to.
    pub(super) fn emit(&mut self, mut lazy: Lazy, store: Option<Store>, chains: Vec<SignChain>) {
        lazy.rows.extend(lazy.tail.drain(..).filter_map(TailOp::into_row_op));
        let Lazy { layer, shape, origin, rows: ops, .. } = self.within_stages(lazy);
        let (mut comparisons, mut bits, mut pools) = (Vec::new(), Vec::new(), Vec::new());
        for chain in chains {
            let tail_op = |&id: &NodeId| self.tail_op(id).expect("a valid model has its parameters");
            let tail: Vec<TailOp> = chain.ops.iter().filter_map(tail_op).collect();
            let encoding = self.encoding(chain.sign).expect("a valid model has its parameters");
            let Cuts { sign, at, pool, inverted } = Cuts::new(shape.channels, &tail, encoding);
            let unpooled = self.bit_value(shape, encoding);
            comparisons.push(Comparison::new(&sign, &at));
            bits.push(unpooled);
            pools.push((chain.sign, unpooled, pool, inverted));
        }
        let epilogue = Epilogue::Rows(Rows { ops, store, comparisons, bits });
        let source = origin.into_source(shape);
        self.steps.push(Step { layer: layer.clone(), source, epilogue, shape });
        for (sign, unpooled, pool, inverted) in pools {
            let bits = self.pool_bits(layer.clone(), unpooled, pool, &inverted);
            let shape = pool.map_or(shape, |window| window.output);
            let result = Lazy::new(layer.clone(), Origin::Bits(bits), shape);
            self.results[sign] = Some(result);
        }
    }

    /// The same with no more to be done to the results of a position than a step can do.
    pub(super) fn within_stages(&mut self, mut lazy: Lazy) -> Lazy {
        let mut rest = mem::take(&mut lazy.rows).into_iter();
        loop {
            lazy.rows = rest.by_ref().take(MAX_STAGES).collect();
            if rest.len() == 0 {
                return lazy;
            }
            let (layer, shape, tail) = (lazy.layer.clone(), lazy.shape, mem::take(&mut lazy.tail));
            let value = self.floats(lazy);
            lazy = Lazy { layer, origin: Origin::Floats(value), shape, rows: Vec::new(), tail };
        }
    }

    /// Adds the step that pools bits, if they are to be pooled.
    pub(super) fn pool_bits(
        &mut self,
        layer: String,
        bits: Bits,
        pool: Option<Window>,
        inverted: &[bool],
    ) -> Bits {
        let Some(window) = pool else { return bits };
        let pooled = self.bit_value(window.output, bits.encoding);
        let source = Box::new(BitPool::new(bits, window, inverted));
        let epilogue = Epilogue::Bits { bits: pooled, at: Vec::new() };
        self.steps.push(Step { layer, source, epilogue, shape: window.output });
        pooled
    }

    /// A node that is a function of single values or a max pooling, if it does anything.
    pub(super) fn tail_op(&self, id: NodeId) -> Result<Option<TailOp>, EngineError> {
        let node = &self.packed.graph.nodes()[id];
        let values = |parameter: &str| self.packed.channel_values(&node.name, parameter);
        Ok(match node.op.kind() {
            OpKind::BatchNorm { .. } => {
                let (scale, shift) = (values("scale")?, values("shift")?);
                Some(TailOp::Pointwise(Pointwise::Affine { scale, shift }))
            }
            OpKind::Pointwise(op) => Some(TailOp::Pointwise(Pointwise::new(op, values)?)),
            OpKind::MaxPool { kernel, stride, padding } => {
                Some(TailOp::Pool(self.window(id, [kernel; 2], stride, padding)))
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
