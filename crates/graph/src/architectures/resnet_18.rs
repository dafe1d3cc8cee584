//! ResNet-18 (He et al., CVPR 2016), on one channel.

use crate::{Builder, Filters, Graph, GraphError, NodeId};

pub(super) const NAME: &str = "resnet-18";

pub(super) fn build(mut net: Builder, classes: usize) -> Result<Graph, GraphError> {
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
/// the shape changes. Where each has a way around it of its own, there is no other.
fn residual(net: &mut Builder, name: &str, filters: usize, stride: usize) -> NodeId {
    let (first, last) = (format!("{name}.conv1"), format!("{name}.conv2"));
    let (first_filters, last_filters) =
        (Filters::new(filters, 3).stride(stride).padding(1), Filters::new(filters, 3).padding(1));
    if net.has_shortcut(&first) && net.has_shortcut(&last) {
        net.layer(&first, first_filters);
        return net.layer(&last, last_filters);
    }
    let input = net.head();
    let shortcut = if stride == 1 {
        input
    } else {
        net.linear_layer(&format!("{name}.downsample"), Filters::new(filters, 1).stride(stride));
        net.head()
    };
    net.go_to(input);
    net.layer(&first, first_filters);
    let precision = net.linear_layer(&last, last_filters);
    net.add(format!("{name}.add"), shortcut);
    net.activation_after(&last, precision)
}
