//! AlexNet on one device (Krizhevsky, *One weird trick*, 2014), with batch normalisation and on one
//! channel.

use crate::{Builder, Filters, Graph, GraphError};

pub(super) const NAME: &str = "alexnet";

/// Dropout before each of the two hidden fully connected layers, as published.
const DROPOUT: f32 = 0.5;

pub(super) fn build(mut net: Builder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", Filters::new(64, 11).stride(4).padding(2));
    net.max_pool("pool1", 3, 2);
    net.layer("conv2", Filters::new(192, 5).padding(2));
    net.max_pool("pool2", 3, 2);
    net.layer("conv3", Filters::new(384, 3).padding(1));
    net.layer("conv4", Filters::new(256, 3).padding(1));
    net.layer("conv5", Filters::new(256, 3).padding(1));
    net.max_pool("pool5", 3, 2);
    net.dropout("drop6", DROPOUT);
    net.layer("fc6", Filters::new(4096, net.extent()));
    net.dropout("drop7", DROPOUT);
    net.last_layer("fc7", Filters::new(4096, 1));
    net.conv("fc8", Filters::new(classes, 1));
    net.build()
}
