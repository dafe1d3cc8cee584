//! ResNet-18 (He et al., CVPR 2016), on one channel.

use crate::{Builder, Filters, Graph, GraphError, NodeId, Policy, Shape};

pub(super) const NAME: &str = "resnet-18";

pub(super) fn build(side: usize, classes: usize, policy: &Policy) -> Result<Graph, GraphError> {
    let mut net = Builder::new(NAME, policy, Shape::new(1, side, side));
    net.full_layer("conv1", Filters::new(64, 7).stride(2).padding(3));
    net.padded_max_pool("pool1", 3, 2, 1);
    let mut channels = 64;
    for (layer, filters) in [64, 128, 256, 512].into_iter().enumerate() {
        for block in 0..2 {
            let stride = filters / channels;
            residual(&mut net, &format!("layer{}.{block}", layer + 1), filters, stride);
            channels = filters;
        }
    }
    net.global_avg_pool("pool5");
    net.conv("fc", Filters::new(classes, 1));
    net.build()
}

/// Two convolutions, and the way around them: what comes in, or a 1 × 1 convolution of it where
/// the shape changes.
fn residual(net: &mut Builder, name: &str, filters: usize, stride: usize) -> NodeId {
    let input = net.head();
    let shortcut = if stride == 1 {
        input
    } else {
        net.linear_layer(&format!("{name}.downsample"), Filters::new(filters, 1).stride(stride));
        net.head()
    };
    net.go_to(input);
    net.layer(&format!("{name}.conv1"), Filters::new(filters, 3).stride(stride).padding(1));
    let last = format!("{name}.conv2");
    let precision = net.linear_layer(&last, Filters::new(filters, 3).padding(1));
    net.add(format!("{name}.add"), shortcut);
    net.relu_after(&last, precision)
}
