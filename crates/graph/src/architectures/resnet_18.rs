//! ResNet-18 (He et al., CVPR 2016), on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError, NodeId};

pub(super) const NAME: &str = "resnet-18";

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(64, 7).stride(2).padding(3));
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
    net.conv("fc", ConvSpec::new(classes, 1));
    net.build()
}

/// Residual block: two convolutions and a shortcut, which is the input or a 1 × 1 convolution of it where the
/// shape changes. If every convolution has a shortcut of its own, there is no other.
fn residual(net: &mut GraphBuilder, name: &str, filters: usize, stride: usize) -> NodeId {
    let (first, last) = (format!("{name}.conv1"), format!("{name}.conv2"));
    let (first_filters, last_filters) =
        (ConvSpec::new(filters, 3).stride(stride).padding(1), ConvSpec::new(filters, 3).padding(1));
    if net.has_shortcut(&first) && net.has_shortcut(&last) {
        net.layer(&first, first_filters);
        return net.layer(&last, last_filters);
    }
    let input = net.head();
    let shortcut = if stride == 1 {
        input
    } else {
        net.linear_layer(&format!("{name}.downsample"), ConvSpec::new(filters, 1).stride(stride));
        net.head()
    };
    net.go_to(input);
    net.layer(&first, first_filters);
    let precision = net.linear_layer(&last, last_filters);
    net.add(format!("{name}.add"), shortcut);
    net.activation_after(&last, precision)
}
