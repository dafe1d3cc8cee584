//! Binary neural networks as data.
//!
//! A [`Graph`] is written down once and read three times: the trainer runs it in floating point, the engine compiles it
//! to bits, and [`Graph::cost`] counts its operations and bytes. An architecture is a function in [`architectures`] from
//! an input size, a class count and a [`Policy`] to a graph; nothing else in the project knows its layers.
//!
//! ```
//! use dabnet_graph::{ConvSpec, GraphBuilder, Policy, Precision, Shape};
//!
//! let policy: Policy = "fbin".parse()?;
//! let mut net = GraphBuilder::new("tiny", &policy, Shape::new(1, 28, 28));
//! net.full_layer("conv1", ConvSpec::new(8, 3));
//! net.layer("conv2", ConvSpec::new(16, 3).padding(1));
//! net.global_avg_pool("mean");
//! net.conv("classes", ConvSpec::new(10, 1));
//! let graph = net.build()?;
//! assert_eq!(graph.outputs(), 10);
//! // 16 filters of 8 · 3 · 3 weights at 26 · 26 positions.
//! assert_eq!(graph.cost().macs(Precision::Fbin), 16 * 72 * 26 * 26);
//! # Ok::<(), dabnet_graph::GraphError>(())
//! ```
//!
//! Tensors are `channels × height × width`; convolution weights are `OIHW`.
#![forbid(unsafe_code)]

pub mod architectures;
mod builder;
mod canvas;
mod conv2d;
mod cost;
pub mod energy;
mod error;
mod graph;
mod graph_rewriter;
mod input_bits;
mod op;
mod options;
mod padding;
mod parameters;
mod policy;
mod preprocessing;
mod quantizer;
mod shape;

pub use builder::{ConvSpec, GraphBuilder};
pub use canvas::Canvas;
pub use conv2d::{Conv2d, WeightFormat};
pub use cost::{LayerCost, NetworkCost};
pub use error::GraphError;
pub use graph::{Graph, Node, NodeId};
pub use input_bits::InputBits;
pub use op::{Op, OpKind, PointwiseOp};
pub use options::{Activation, ArchitectureOptions};
pub use padding::Padding;
pub use parameters::{InitialValues, PackedContent, PackedTensor, ParameterRole, ParameterSpec};
pub use policy::{Policy, Precision};
pub use preprocessing::{Channels, Look, Preprocessing};
pub use quantizer::Quantizer;
pub use shape::Shape;
