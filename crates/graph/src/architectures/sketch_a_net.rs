//! Sketch-A-Net (Yu et al., BMVC 2015), as the paper's authors trained it.

use crate::{Builder, Graph, GraphError, Policy, Shape};

pub(super) const NAME: &str = "sketch-a-net";

/// Dropout of the two last hidden layers, as published for the fully binary network.
const DROPOUT: f32 = 0.2;

pub(super) fn build(side: usize, classes: usize, policy: &Policy) -> Result<Graph, GraphError> {
    let mut net = Builder::new(NAME, policy, Shape::new(1, side, side));
    net.full_layer("conv1", 64, 15, 3);
    net.max_pool("pool1", 3, 2);
    net.layer("conv2", 128, 5, 0);
    net.max_pool("pool2", 3, 2);
    net.layer("conv3", 256, 3, 1);
    net.layer("conv4", 256, 3, 1);
    net.layer("conv5", 256, 3, 1);
    net.max_pool("pool5", 3, 2);
    net.layer("conv6", 512, 7, 0);
    net.dropout("drop6", DROPOUT);
    net.layer("conv7", 512, 1, 0);
    net.dropout("drop7", DROPOUT);
    net.conv("conv8", classes, 1);
    net.build()
}
