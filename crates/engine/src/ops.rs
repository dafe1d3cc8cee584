//! Steps of a compiled model.
//!
//! A step has an operator, which computes results position by position, and an epilogue ([`StepEpilogue`]),
//! which adds, scales, stores and compares them while they are in registers. There is one file per operator
//! or pair of operators.

mod binary_conv;
mod binary_weight_conv;
mod bit_pool;
mod channel_slice;
mod dense_conv;
mod depthwise_conv;
mod epilogue;
mod float_pool;
mod load;
mod memory;
mod operator;
mod padding;
mod record;
mod sink;
mod sparse_input_conv;
mod step;
mod values;
mod weights;

pub(crate) use binary_conv::BinaryConv;
pub(crate) use binary_weight_conv::BinaryWeightConv;
pub(crate) use bit_pool::BitMaxPool;
pub(crate) use channel_slice::ChannelSlice;
pub(crate) use dense_conv::DenseConv;
pub(crate) use depthwise_conv::DepthwiseConv;
pub(crate) use epilogue::{EpilogueOp, FloatEpilogue, FloatStore, MAX_BIT_OUTPUTS, StepEpilogue};
pub(crate) use float_pool::{AvgPool, MaxPool};
pub(crate) use load::{BitDecode, FloatLoad};
pub(crate) use memory::{SessionMemory, WorkspaceSize};
pub(crate) use operator::StepOperator;
pub(crate) use record::OperatorRecord;
pub(crate) use sparse_input_conv::SparseInputConv;
pub(crate) use step::CompiledStep;
pub(crate) use weights::negate_columns;
