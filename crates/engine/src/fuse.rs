//! From a packed model to steps.
//!
//! Nodes are visited in order, and what a node gives stays [`PendingValue`], a source of results and what
//! is to be done with them, until something needs it in memory: another reader, a convolution, a
//! sum. What a sign needs is not the results but one comparison with each: everything between the
//! source, or the last sum, and the sign is pointwise or a max pooling, and monotone in each
//! channel; but for an RPReLU with a slope below 0, which is computed. A quantiser needs one comparison for
//! each of its levels but the first.

mod compiler;
mod consumers;
mod conv;
mod pending;
mod thresholds;

pub(crate) use compiler::{CompiledSteps, compile};
