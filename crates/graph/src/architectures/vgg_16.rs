//! VGG-16 (Simonyan & Zisserman, ICLR 2015) with batch normalization, on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "vgg-16";

/// Filters of the layers of each stage; pooling ends it.
const STAGES: [&[usize]; 5] = [&[64, 64], &[128, 128], &[256; 3], &[512; 3], &[512; 3]];

/// Dropout before the last two layers, as published.
const DROPOUT: f32 = 0.5;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    for (stage, filters) in (1..).zip(STAGES) {
        for (layer, count) in (1..).zip(filters) {
            let (name, filters) = (format!("conv{stage}_{layer}"), ConvSpec::new(*count, 3).padding(1));
            if (stage, layer) == (1, 1) {
                net.full_layer(&name, filters)
            } else {
                net.layer(&name, filters)
            };
        }
        net.max_pool(format!("pool{stage}"), 2, 2);
    }
    net.layer("fc6", ConvSpec::new(4096, net.extent()));
    net.dropout("drop7", DROPOUT);
    net.last_layer("fc7", ConvSpec::new(4096, 1));
    net.dropout("drop8", DROPOUT);
    net.conv("fc8", ConvSpec::new(classes, 1));
    net.build()
}
