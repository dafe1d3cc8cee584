use crate::{
    Activation, ArchitectureOptions, Conv2d, Graph, GraphError, Node, NodeId, Op, Padding, Policy, Precision,
    Shape, WeightFormat,
};

/// Epsilon of every batch normalization.
pub(crate) const EPSILON: f32 = 1e-5;

/// Writes a graph down, one layer after another.
///
/// [`GraphBuilder::layer`] knows the block order of each precision: `Conv → BatchNorm → ReLU` where
/// inputs are real, `BatchNorm → Sign → Conv` where they are binary, with [`Op::Quantize`] in place of the sign
/// where they have [more bits](ArchitectureOptions::input_bits). The paper (section 4) has a
/// ReLU after that as well; it only takes away what the next sign could use, and networks
/// trained here did worse with it (see `docs/accuracy.md`). [`ArchitectureOptions`] say what else a layer has.
#[derive(Debug)]
pub struct GraphBuilder {
    architecture: &'static str,
    policy: Policy,
    options: ArchitectureOptions,
    /// True if layers get a shortcut regardless of options and policy.
    residual: bool,
    nodes: Vec<Node>,
    /// Output shape of each node; `None` if layers do not fit each other.
    shapes: Vec<Option<Shape>>,
    head: NodeId,
    binarizable: Vec<String>,
}

impl GraphBuilder {
    /// A network that sees `input`.
    pub fn new(architecture: &'static str, policy: &Policy, input: Shape) -> Self {
        let node = Node { name: "input".into(), op: Op::Input { shape: input }, inputs: Vec::new() };
        Self {
            architecture,
            policy: policy.clone(),
            options: ArchitectureOptions::default(),
            residual: false,
            nodes: vec![node],
            shapes: vec![Some(input)],
            head: 0,
            binarizable: Vec::new(),
        }
    }

    /// Sets the options of the following layers.
    #[must_use]
    pub fn options(self, options: ArchitectureOptions) -> Self {
        Self { options, ..self }
    }

    /// Prepares for an architecture designed for binary layers: each following [layer](GraphBuilder::layer) gets a
    /// shortcut if its shape allows one, and ends with an RPReLU if its inputs are binary, regardless of the
    /// options. In full precision the network has the same layers, with ReLUs.
    #[must_use]
    pub fn residual(self) -> Self {
        let options = ArchitectureOptions { activation: Activation::RPReLU, shortcuts: true, ..self.options };
        Self { residual: true, options, ..self }
    }

    /// Appends a node that reads the current head: the last node, or the one set by [`GraphBuilder::go_to`].
    pub fn push(&mut self, name: impl Into<String>, op: Op) -> NodeId {
        self.push_reading(name, op, vec![self.head])
    }

    /// The node that the next one reads.
    pub fn head(&self) -> NodeId {
        self.head
    }

    /// Side of the last node's output: the kernel of a fully connected layer behind it. 1 if layers do not
    /// fit each other, which [`GraphBuilder::build`] reports.
    pub fn extent(&self) -> usize {
        self.shapes[self.head].map_or(1, |shape| shape.height)
    }

    /// Makes the next node read `node`: where a branch begins.
    pub fn go_to(&mut self, node: NodeId) {
        self.head = node;
    }

    /// Appends the sum of the last node and `other`.
    pub fn add(&mut self, name: impl Into<String>, other: NodeId) -> NodeId {
        self.push_reading(name, Op::Add, vec![self.head, other])
    }

    /// The channels of `branches`, one after another.
    pub fn concat(&mut self, name: impl Into<String>, branches: Vec<NodeId>) -> NodeId {
        self.push_reading(name, Op::Concat, branches)
    }

    /// A bare convolution in full precision: the classifier.
    pub fn conv(&mut self, name: &str, filters: ConvSpec) -> NodeId {
        let conv = self.end(filters);
        self.push(name, Op::Conv2d(conv))
    }

    /// A layer in full precision whatever the policy: the first one.
    pub fn full_layer(&mut self, name: &str, filters: ConvSpec) -> NodeId {
        let conv = self.end(filters);
        self.block(name, conv);
        self.activation_after(name, Precision::Full)
    }

    /// A layer whose precision the policy decides.
    pub fn layer(&mut self, name: &str, filters: ConvSpec) -> NodeId {
        let precision = self.layer_with_shortcut(name, filters);
        self.activation_after(name, precision)
    }

    /// Appends a [layer](GraphBuilder::layer) that only the classifier follows. If its inputs are binary, it ends
    /// with batch normalization and an [activation](Activation), possibly a ReLU: otherwise it and the
    /// classifier would be a single linear map of its bits.
    pub fn last_layer(&mut self, name: &str, filters: ConvSpec) -> NodeId {
        let precision = self.layer_with_shortcut(name, filters);
        if precision == Precision::Fbin {
            self.batch_norm(format!("{name}.output"));
        }
        match (precision, self.options.activation) {
            (Precision::Fbin, Activation::Relu) => self.relu(format!("{name}.relu")),
            _ => self.activation_after(name, precision),
        }
    }

    /// True if a [layer](GraphBuilder::layer) has a shortcut, provided that its shape allows one.
    pub fn has_shortcut(&self, name: &str) -> bool {
        self.residual || self.options.shortcuts && self.policy.precision(name) == Precision::Fbin
    }

    /// Appends a [layer](GraphBuilder::layer) without shortcut and activation, to be followed by a sum. Returns
    /// its precision, which decides the [activation](GraphBuilder::activation_after) after the sum.
    pub fn linear_layer(&mut self, name: &str, filters: ConvSpec) -> Precision {
        let precision = self.policy.precision(name);
        self.binarizable.push(name.to_owned());
        self.block(name, filters.conv(precision));
        precision
    }

    /// A layer whose precision the policy decides, in the order `BatchNorm → ReLU → Conv` where inputs
    /// are real (He et al., *Identity mappings*, 2016): nothing follows the convolution.
    pub fn layer_behind_norm(&mut self, name: &str, filters: ConvSpec) -> NodeId {
        let precision = self.policy.precision(name);
        if precision == Precision::Fbin {
            return self.layer(name, filters);
        }
        self.binarizable.push(name.to_owned());
        self.batch_norm(format!("{name}.norm"));
        self.relu(format!("{name}.relu"));
        self.push(name, Op::Conv2d(filters.conv(precision)))
    }

    /// Appends the [activation](Activation) of layer `name`.
    pub fn activation_after(&mut self, name: &str, precision: Precision) -> NodeId {
        match (precision, self.options.activation) {
            (Precision::Fbin, Activation::Relu) => self.head,
            (Precision::Fbin, Activation::RPReLU) => self.push(format!("{name}.rprelu"), Op::RPReLU),
            (Precision::Full | Precision::Wbin, _) => self.relu(format!("{name}.relu")),
        }
    }

    /// `max(x, 0)`.
    pub fn relu(&mut self, name: impl Into<String>) -> NodeId {
        self.push(name, Op::Relu)
    }

    /// Max pooling over `kernel × kernel` windows inside the input.
    pub fn max_pool(&mut self, name: impl Into<String>, kernel: usize, stride: usize) -> NodeId {
        self.push(name, Op::MaxPool { kernel, stride, padding: Padding::NONE })
    }

    /// Max pooling over windows that stick out by `padding`.
    pub fn padded_max_pool(
        &mut self,
        name: impl Into<String>,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> NodeId {
        self.push(name, Op::MaxPool { kernel, stride, padding: padding.into() })
    }

    /// Means over `kernel × kernel` windows inside the input.
    pub fn avg_pool(&mut self, name: impl Into<String>, kernel: usize, stride: usize) -> NodeId {
        self.push(name, Op::AvgPool { kernel, stride, padding: Padding::NONE })
    }

    /// Appends the mean of each channel.
    pub fn global_avg_pool(&mut self, name: &str) {
        self.push(name, Op::GlobalAvgPool);
    }

    /// Dropout in training.
    pub fn dropout(&mut self, name: &str, p: f32) {
        self.push(name, Op::Dropout { p });
    }

    /// Batch normalization.
    pub fn batch_norm(&mut self, name: impl Into<String>) {
        self.push(name, Op::BatchNorm { epsilon: EPSILON });
    }

    /// The finished graph.
    ///
    /// # Errors
    /// [`GraphError`] if the layers do not fit each other, or if a hybrid policy or the input bits name a
    /// layer that was not given to [`GraphBuilder::layer`].
    pub fn build(self) -> Result<Graph, GraphError> {
        if let Some(layer) = self.options.input_bits.named().find(|layer| !self.has(layer)) {
            let (layer, architecture) = (layer.to_owned(), self.architecture.to_owned());
            let known = self.binarizable.join(", ");
            return Err(GraphError::InputBitsLayer { layer, architecture, known });
        }
        if let Policy::Hybrid(layers) = &self.policy
            && let Some(layer) = layers.iter().find(|layer| !self.has(layer))
        {
            let (layer, architecture) = (layer.clone(), self.architecture.to_owned());
            return Err(GraphError::Layer { layer, architecture, known: self.binarizable.join(", ") });
        }
        Graph::new(self.architecture.to_owned(), self.policy, self.nodes)
    }

    /// True if the policy decides the precision of this layer.
    fn has(&self, layer: &str) -> bool {
        self.binarizable.iter().any(|name| name == layer)
    }

    fn push_reading(&mut self, name: impl Into<String>, op: Op, inputs: Vec<NodeId>) -> NodeId {
        let name = name.into();
        let shapes: Option<Vec<Shape>> = inputs.iter().map(|&input| self.shapes[input]).collect();
        self.shapes.push(shapes.and_then(|shapes| op.output_shape(&name, &shapes).ok()));
        self.nodes.push(Node { name, op, inputs });
        self.head = self.nodes.len() - 1;
        self.head
    }

    /// A convolution in full precision whatever the policy.
    fn end(&self, filters: ConvSpec) -> Conv2d {
        let weight_format = self.options.weight_format(&self.policy);
        Conv2d { weight_format, ..filters.conv(Precision::Full) }
    }

    /// Appends a layer without its activation.
    fn layer_with_shortcut(&mut self, name: &str, filters: ConvSpec) -> Precision {
        let begin = self.head;
        let precision = self.linear_layer(name, filters);
        if self.has_shortcut(name) {
            self.shortcut(name, begin, filters.stride);
        }
        precision
    }

    /// Adds what node `begin` gives to the last node, if the shapes allow for that.
    fn shortcut(&mut self, name: &str, begin: NodeId, stride: usize) {
        let end = self.head;
        let (Some(from), Some(to)) = (self.shapes[begin], self.shapes[end]) else { return };
        let side = |extent: usize| extent.checked_sub(stride).map(|rest| rest / stride + 1);
        let keeps_side = (side(from.height), side(from.width)) == (Some(to.height), Some(to.width));
        let copies = to.channels / from.channels;
        if !keeps_side || !(1..=2).contains(&copies) || copies * from.channels != to.channels {
            return;
        }
        self.go_to(begin);
        if stride > 1 {
            self.avg_pool(format!("{name}.shortcut"), stride, stride);
        }
        if copies > 1 {
            self.concat(format!("{name}.twice"), vec![self.head; copies]);
        }
        let around = self.head;
        self.go_to(end);
        self.add(format!("{name}.add"), around);
    }

    fn block(&mut self, name: &str, conv: Conv2d) {
        let binary_input = conv.precision == Precision::Fbin;
        if binary_input {
            self.batch_norm(format!("{name}.norm"));
            let (quantizer, op) = self.options.input_bits.op(name);
            self.push(quantizer, op);
        }
        self.push(name, Op::Conv2d(conv));
        if !binary_input {
            self.batch_norm(format!("{name}.norm"));
        }
    }
}

/// Specification of a convolution without its precision.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec {
    count: usize,
    kernel: usize,
    stride: usize,
    padding: Padding,
    groups: usize,
}

impl ConvSpec {
    /// `count` filters of `kernel × kernel`, at every position inside the input.
    pub const fn new(count: usize, kernel: usize) -> Self {
        Self { count, kernel, stride: 1, padding: Padding::NONE, groups: 1 }
    }

    /// Step between positions.
    #[must_use]
    pub const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Sets the zero padding on every side of the input.
    #[must_use]
    pub const fn padding(self, padding: usize) -> Self {
        self.padded(Padding::all(padding))
    }

    /// Zeros around the input.
    #[must_use]
    pub const fn padded(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Parts that channels and filters are cut into.
    #[must_use]
    pub const fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    const fn conv(self, precision: Precision) -> Conv2d {
        let Self { count, kernel, stride, padding, groups } = self;
        Conv2d {
            out_channels: count,
            kernel,
            stride,
            padding,
            groups,
            precision,
            weight_format: WeightFormat::F32,
        }
    }
}
