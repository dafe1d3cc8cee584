//! Binary neural networks as data.
//!
//! A [`Graph`] is written down once and read three times: the trainer runs it in floating
//! point, the engine compiles it to bits, and the [accountant](Graph::account) counts what it
//! costs. An architecture is a function in [`architectures`] from an input size, a class count
//! and a [`Policy`] to a graph; nothing else in the project knows its layers.
//!
//! Tensors are `channels × height × width`; convolution weights are `OIHW`.
#![forbid(unsafe_code)]

mod account;
pub mod architectures;
mod builder;
mod canvas;
mod conv2d;
pub mod energy;
mod error;
mod graph;
mod input_bits;
mod op;
mod options;
mod padding;
mod parameters;
mod policy;
mod preprocessing;
mod quantizer;
mod rebuilt;
mod shape;
mod weight_format;

pub use account::{Account, LayerAccount};
pub use builder::{Builder, Filters};
pub use canvas::Canvas;
pub use conv2d::Conv2d;
pub use error::GraphError;
pub use graph::{Graph, Node, NodeId};
pub use input_bits::InputBits;
pub use op::{Op, OpKind, PointwiseOp};
pub use options::{Activation, Options};
pub use padding::Padding;
pub use parameters::{InitialValues, PackedContent, PackedTensor, ParameterRole, ParameterSpec};
pub use policy::{Policy, Precision};
pub use preprocessing::{Channels, Look, Preprocessing};
pub use quantizer::Quantizer;
pub use shape::Shape;
pub use weight_format::WeightFormat;
