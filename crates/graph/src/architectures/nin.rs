//! Network in Network (Lin, Chen & Yan, ICLR 2014) in its size for large pictures, with batch
//! normalization and on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "nin";

/// Dropout before the last block, as published.
const DROPOUT: f32 = 0.5;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(96, 11).stride(4));
    perceptron(&mut net, "cccp1", 96);
    perceptron(&mut net, "cccp2", 96);
    net.max_pool("pool1", 3, 2);
    net.layer("conv2", ConvSpec::new(256, 5).padding(2));
    perceptron(&mut net, "cccp3", 256);
    perceptron(&mut net, "cccp4", 256);
    net.max_pool("pool2", 3, 2);
    net.layer("conv3", ConvSpec::new(384, 3).padding(1));
    perceptron(&mut net, "cccp5", 384);
    perceptron(&mut net, "cccp6", 384);
    net.max_pool("pool3", 3, 2);
    net.dropout("drop4", DROPOUT);
    net.layer("conv4", ConvSpec::new(1024, 3).padding(1));
    net.last_layer("cccp7", ConvSpec::new(1024, 1));
    net.conv("cccp8", ConvSpec::new(classes, 1));
    net.global_avg_pool("pool4");
    net.build()
}

/// 1 × 1 convolutions: the same perceptron at every position.
fn perceptron(net: &mut GraphBuilder, name: &str, neurons: usize) {
    net.layer(name, ConvSpec::new(neurons, 1));
}
