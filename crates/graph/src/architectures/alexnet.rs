//! AlexNet on one device (Krizhevsky, *One weird trick*, 2014), with batch normalization and on one
//! channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "alexnet";

/// Dropout before each of the two hidden fully connected layers, as published.
const DROPOUT: f32 = 0.5;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(64, 11).stride(4).padding(2));
    net.max_pool("pool1", 3, 2);
    net.layer("conv2", ConvSpec::new(192, 5).padding(2));
    net.max_pool("pool2", 3, 2);
    net.layer("conv3", ConvSpec::new(384, 3).padding(1));
    net.layer("conv4", ConvSpec::new(256, 3).padding(1));
    net.layer("conv5", ConvSpec::new(256, 3).padding(1));
    net.max_pool("pool5", 3, 2);
    net.dropout("drop6", DROPOUT);
    net.layer("fc6", ConvSpec::new(4096, net.extent()));
    net.dropout("drop7", DROPOUT);
    net.last_layer("fc7", ConvSpec::new(4096, 1));
    net.conv("fc8", ConvSpec::new(classes, 1));
    net.build()
}
