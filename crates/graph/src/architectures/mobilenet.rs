//! MobileNet (Howard et al., 2017), on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "mobilenet";

/// Filters of each block, and the stride of its depthwise convolution.
const BLOCKS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(32, 3).stride(2).padding(1));
    let mut channels = 32;
    for (block, (filters, stride)) in (1..).zip(BLOCKS) {
        let depthwise = ConvSpec::new(channels, 3).stride(stride).padding(1).groups(channels);
        net.layer(&format!("block{block}.depthwise"), depthwise);
        net.layer(&format!("block{block}.pointwise"), ConvSpec::new(filters, 1));
        channels = filters;
    }
    net.global_avg_pool("pool");
    net.conv("fc", ConvSpec::new(classes, 1));
    net.build()
}
