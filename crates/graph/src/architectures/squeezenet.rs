//! SqueezeNet 1.1 (Iandola et al., 2016) with batch normalization, on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "squeezenet";

/// Squeeze filters and expand filters of each kind, of the modules between two poolings.
const FIRES: [&[(usize, usize)]; 3] =
    [&[(16, 64), (16, 64)], &[(32, 128), (32, 128)], &[(48, 192), (48, 192), (64, 256), (64, 256)]];

/// Dropout before the classifier, as published.
const DROPOUT: f32 = 0.5;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(64, 3).stride(2));
    let mut number = 2;
    for (stage, fires) in (1..).zip(FIRES) {
        net.max_pool(format!("pool{stage}"), 3, 2);
        for (squeezed, expanded) in fires {
            fire(&mut net, &format!("fire{number}"), *squeezed, *expanded);
            number += 1;
        }
    }
    net.dropout("drop9", DROPOUT);
    net.conv("conv10", ConvSpec::new(classes, 1));
    net.global_avg_pool("pool10");
    net.build()
}

fn fire(net: &mut GraphBuilder, name: &str, squeezed: usize, expanded: usize) {
    let input = net.layer(&format!("{name}.squeeze"), ConvSpec::new(squeezed, 1));
    let one = net.layer(&format!("{name}.expand1x1"), ConvSpec::new(expanded, 1));
    net.go_to(input);
    let three = net.layer(&format!("{name}.expand3x3"), ConvSpec::new(expanded, 3).padding(1));
    net.concat(format!("{name}.concat"), vec![one, three]);
}
