//! Sketch-A-Net's shape on a 64-pixel canvas, at about a tenth of its weights: small enough to
//! train in a minute on two cores.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "sketch-a-net-64";

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(32, 7).stride(2));
    net.max_pool("pool1", 3, 2);
    net.layer("conv2", ConvSpec::new(64, 3).padding(1));
    net.max_pool("pool2", 3, 2);
    net.layer("conv3", ConvSpec::new(96, 3).padding(1));
    net.layer("conv4", ConvSpec::new(96, 3).padding(1));
    net.layer("conv5", ConvSpec::new(96, 3).padding(1));
    // 6 × 6 on 64 pixels.
    net.layer("conv6", ConvSpec::new(192, net.extent()));
    net.last_layer("conv7", ConvSpec::new(512, 1));
    net.conv("conv8", ConvSpec::new(classes, 1));
    net.build()
}
