//! What a compiled model does: steps, each of which computes the results of all positions, one
//! after another, and sends every one through its [`Epilogue`]. One file a source of results.

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
mod sink;
mod sparse_input_conv;
mod step;
mod values;
mod weights;

pub(crate) use binary_conv::BinaryConv;
pub(crate) use binary_weight_conv::SelectConv;
pub(crate) use bit_pool::BitPool;
pub(crate) use channel_slice::ChannelSlice;
pub(crate) use dense_conv::DenseConv;
pub(crate) use depthwise_conv::DepthwiseConv;
pub(crate) use epilogue::{Epilogue, MAX_BIT_OUTPUTS, RowOp, Rows, Store};
pub(crate) use float_pool::{AvgPool, MaxPool};
pub(crate) use load::{Copy, Unpack};
pub(crate) use memory::{Memory, Needs};
pub(crate) use operator::Source;
pub(crate) use sparse_input_conv::InkConv;
pub(crate) use step::Step;
pub(crate) use weights::negate_columns;
