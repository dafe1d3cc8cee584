//! Compiler from a packed model's graph to steps, with operator fusion.
//!
//! Nodes are visited in topological order. A node's output stays a [`PendingValue`](pending::PendingValue), a
//! producer and the operations still to be applied to it, until it is needed in memory: by a second consumer,
//! a convolution or a sum.
//!
//! A sign needs only one comparison per result, because everything between the producer (or the last sum) and
//! the sign is pointwise or a max pooling, and monotone in each channel; the exception, an RPReLU with a
//! negative slope, is computed. A quantizer needs one comparison per level above 0.

mod compiler;
mod consumers;
mod conv;
mod pending;
mod thresholds;

pub(crate) use compiler::{CompiledSteps, compile};
