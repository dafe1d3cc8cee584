//! Sketch-A-Net (Yu et al., BMVC 2015), as the paper's authors trained it.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "sketch-a-net";

/// Dropout of the two last hidden layers, as published for the fully binary network.
const DROPOUT: f32 = 0.2;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(64, 15).stride(3));
    net.max_pool("pool1", 3, 2);
    net.layer("conv2", ConvSpec::new(128, 5));
    net.max_pool("pool2", 3, 2);
    net.layer("conv3", ConvSpec::new(256, 3).padding(1));
    net.layer("conv4", ConvSpec::new(256, 3).padding(1));
    net.layer("conv5", ConvSpec::new(256, 3).padding(1));
    net.max_pool("pool5", 3, 2);
    // 7 × 7 on the published 225 pixels.
    net.layer("conv6", ConvSpec::new(512, net.extent()));
    net.dropout("drop6", DROPOUT);
    net.last_layer("conv7", ConvSpec::new(512, 1));
    net.dropout("drop7", DROPOUT);
    net.conv("conv8", ConvSpec::new(classes, 1));
    net.build()
}
