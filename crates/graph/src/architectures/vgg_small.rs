//! VGG-small: the network that binary networks are compared on with CIFAR-10 (Courbariaux et al.,
//! *BinaryConnect*, NeurIPS 2015, in the form with one fully connected layer of Zhang et al., *LQ-Nets*,
//! ECCV 2018), on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "vgg-small";

/// Filters of the two layers of each stage; pooling ends it.
const STAGES: [usize; 3] = [128, 256, 512];

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    for (stage, count) in (1..).zip(STAGES) {
        for layer in 1..=2 {
            let (name, filters) = (format!("conv{stage}_{layer}"), ConvSpec::new(count, 3).padding(1));
            if (stage, layer) == (1, 1) {
                net.full_layer(&name, filters)
            } else {
                net.layer(&name, filters)
            };
        }
        net.max_pool(format!("pool{stage}"), 2, 2);
    }
    net.conv("fc", ConvSpec::new(classes, net.extent()));
    net.build()
}
