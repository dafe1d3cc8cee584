use crate::{Conv2d, Graph, GraphError, Node, NodeId, Op, Policy, Precision, Shape};

/// Epsilon of every batch normalisation.
const EPSILON: f32 = 1e-5;

/// Writes a graph down, one layer after another.
///
/// [`Builder::layer`] knows the block order of each precision: `Conv → BatchNorm → ReLU` where
/// inputs are real, `BatchNorm → Sign → Conv` where they are binary. The paper (section 4) has a
/// ReLU after that as well; it only takes away what the next sign could use, and networks
/// trained here did worse with it (see `docs/accuracy.md`).
#[derive(Debug)]
pub struct Builder {
    architecture: &'static str,
    policy: Policy,
    nodes: Vec<Node>,
    binarizable: Vec<String>,
}

impl Builder {
    /// A network that sees `input`.
    pub fn new(architecture: &'static str, policy: &Policy, input: Shape) -> Self {
        let node = Node { name: "input".into(), op: Op::Input { shape: input }, inputs: Vec::new() };
        Self { architecture, policy: policy.clone(), nodes: vec![node], binarizable: Vec::new() }
    }

    /// Appends a node that reads the last one.
    pub fn push(&mut self, name: impl Into<String>, op: Op) -> NodeId {
        let last = self.nodes.len() - 1;
        self.nodes.push(Node { name: name.into(), op, inputs: vec![last] });
        last + 1
    }

    /// A bare convolution in full precision: the classifier.
    pub fn conv(&mut self, name: &str, out_channels: usize, kernel: usize) -> NodeId {
        let conv = Conv2d { out_channels, kernel, stride: 1, padding: 0, precision: Precision::Full };
        self.push(name, Op::Conv2d(conv))
    }

    /// A layer in full precision whatever the policy: the first one.
    pub fn full_layer(&mut self, name: &str, out_channels: usize, kernel: usize, stride: usize) {
        let conv = Conv2d { out_channels, kernel, stride, padding: 0, precision: Precision::Full };
        self.block(name, conv);
    }

    /// A layer whose precision the policy decides.
    pub fn layer(&mut self, name: &str, out_channels: usize, kernel: usize, padding: usize) {
        let precision = self.policy.precision(name);
        self.binarizable.push(name.to_owned());
        self.block(name, Conv2d { out_channels, kernel, stride: 1, padding, precision });
    }

    /// Max pooling over `kernel × kernel` windows.
    pub fn max_pool(&mut self, name: &str, kernel: usize, stride: usize) {
        self.push(name, Op::MaxPool { kernel, stride });
    }

    /// Dropout in training.
    pub fn dropout(&mut self, name: &str, p: f32) {
        self.push(name, Op::Dropout { p });
    }

    /// Batch normalisation.
    pub fn batch_norm(&mut self, name: impl Into<String>) {
        self.push(name, Op::BatchNorm { epsilon: EPSILON });
    }

    /// The finished graph.
    ///
    /// # Errors
    /// [`GraphError`] if the layers do not fit each other, or if a hybrid policy names a layer
    /// that was not given to [`Builder::layer`].
    pub fn build(self) -> Result<Graph, GraphError> {
        if let Policy::Hybrid(layers) = &self.policy
            && let Some(layer) = layers.iter().find(|layer| !self.binarizable.contains(layer))
        {
            let (layer, architecture) = (layer.clone(), self.architecture.to_owned());
            return Err(GraphError::Layer { layer, architecture });
        }
        Graph::new(self.architecture.to_owned(), self.policy, self.nodes)
    }

    fn block(&mut self, name: &str, conv: Conv2d) {
        let binary_input = conv.precision == Precision::Fbin;
        if binary_input {
            self.batch_norm(format!("{name}.norm"));
            self.push(format!("{name}.sign"), Op::Sign);
        }
        self.push(name, Op::Conv2d(conv));
        if !binary_input {
            self.batch_norm(format!("{name}.norm"));
            self.push(format!("{name}.relu"), Op::Relu);
        }
    }
}
