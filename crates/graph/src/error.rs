use thiserror::Error;

/// Errors in a network's description.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The first node is not the input, or another one is.
    #[error("node 0, and no other, must be the input")]
    Input,
    /// A graph has no node, or more than the limit.
    #[error("a graph has 2 to {limit} nodes, this one has {count}")]
    Size {
        /// Nodes found.
        count: usize,
        /// Nodes allowed.
        limit: usize,
    },
    /// Two nodes share a name, or one has none.
    #[error("node name '{0}' is empty or used twice")]
    Name(String),
    /// A node reads itself or a later one.
    #[error("node '{node}' reads node {input}, which does not come before it")]
    Order {
        /// The reader.
        node: String,
        /// Index of its input.
        input: usize,
    },
    /// An op cannot be applied to its inputs.
    #[error("node '{node}': {reason}")]
    Op {
        /// The node.
        node: String,
        /// The reason.
        reason: String,
    },
    /// Unknown policy.
    #[error("policy '{0}' is unknown: give full, wbin, fbin or hybrid:LAYER,...")]
    Policy(String),
    /// Unknown activation.
    #[error("activation '{0}' is unknown: give relu or rprelu")]
    Activation(String),
    /// Unknown input bits.
    #[error(
        "input bits '{0}' are unknown: give 1, 2 or 4, and LAYER=BITS for layers that differ, as in 1,conv2=4"
    )]
    InputBits(String),
    /// Input bits of a layer with real inputs.
    #[error(
        "input bits name layer '{0}', to which the policy gives real inputs: leave it out of one of them"
    )]
    InputBitsReal(String),
    /// Input bits of a layer that is not binary.
    #[error("input bits name layer '{layer}', which {architecture} does not binarize: it does {known}")]
    InputBitsLayer {
        /// The layer named.
        layer: String,
        /// The architecture.
        architecture: String,
        /// Names of the layers that it binarizes.
        known: String,
    },
    /// A policy that names a layer which the architecture does not binarize.
    #[error("policy names layer '{layer}', which {architecture} does not binarize: it does {known}")]
    Layer {
        /// The layer named.
        layer: String,
        /// The architecture.
        architecture: String,
        /// Names of the layers that it binarizes.
        known: String,
    },
    /// Unknown architecture.
    #[error("architecture '{name}' is unknown: give one of {known}")]
    Architecture {
        /// The requested name.
        name: String,
        /// Known names.
        known: String,
    },
    /// A preprocessing that cannot be applied.
    #[error("{0}")]
    Preprocessing(String),
    /// A canvas that cannot be drawn on.
    #[error("canvas: {0}")]
    Canvas(String),
}
