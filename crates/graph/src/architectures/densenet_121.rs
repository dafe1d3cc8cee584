//! DenseNet-121 (Huang et al., CVPR 2017), on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "densenet-121";

/// Layers of each block.
const BLOCKS: [usize; 4] = [6, 12, 24, 16];
/// Channels that each layer adds.
const GROWTH: usize = 32;
/// Filters of the 1 × 1 convolution before them.
const BOTTLENECK: usize = 4 * GROWTH;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(2 * GROWTH, 7).stride(2).padding(3));
    net.padded_max_pool("pool1", 3, 2, 1);
    let mut channels = 2 * GROWTH;
    for (block, layers) in (1..).zip(BLOCKS) {
        for layer in 1..=layers {
            dense(&mut net, &format!("block{block}.{layer}"));
            channels += GROWTH;
        }
        if block < BLOCKS.len() {
            channels /= 2;
            net.layer_behind_norm(&format!("transition{block}"), ConvSpec::new(channels, 1));
            net.avg_pool(format!("transition{block}.pool"), 2, 2);
        }
    }
    net.batch_norm("norm5");
    net.relu("relu5");
    net.global_avg_pool("pool5");
    net.conv("fc", ConvSpec::new(classes, 1));
    net.build()
}

/// A dense layer: it reads the output of all layers before it, and its channels are appended to them.
fn dense(net: &mut GraphBuilder, name: &str) {
    let input = net.head();
    net.layer_behind_norm(&format!("{name}.conv1"), ConvSpec::new(BOTTLENECK, 1));
    let added = net.layer_behind_norm(&format!("{name}.conv2"), ConvSpec::new(GROWTH, 3).padding(1));
    net.concat(format!("{name}.concat"), vec![input, added]);
}
