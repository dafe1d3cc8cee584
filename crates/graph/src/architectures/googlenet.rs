//! GoogLeNet (Szegedy et al., CVPR 2015) with batch normalization, without its auxiliary
//! classifiers and on one channel.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

pub(super) const NAME: &str = "googlenet";

/// Filters of an inception module: 1 × 1; reduction before 3 × 3, and 3 × 3; reduction before 5 × 5, and 5 ×
/// 5; 1 × 1 behind the pooling.
type InceptionFilters = (&'static str, [usize; 6]);

const THREE: [InceptionFilters; 2] = [("3a", [64, 96, 128, 16, 32, 32]), ("3b", [128, 128, 192, 32, 96, 64])];
const FOUR: [InceptionFilters; 5] = [
    ("4a", [192, 96, 208, 16, 48, 64]),
    ("4b", [160, 112, 224, 24, 64, 64]),
    ("4c", [128, 128, 256, 24, 64, 64]),
    ("4d", [112, 144, 288, 32, 64, 64]),
    ("4e", [256, 160, 320, 32, 128, 128]),
];
const FIVE: [InceptionFilters; 2] =
    [("5a", [256, 160, 320, 32, 128, 128]), ("5b", [384, 192, 384, 48, 128, 128])];

/// Dropout before the classifier, as published.
const DROPOUT: f32 = 0.4;

pub(super) fn build(mut net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
    net.full_layer("conv1", ConvSpec::new(64, 7).stride(2).padding(3));
    net.padded_max_pool("pool1", 3, 2, 1);
    net.layer("conv2.reduce", ConvSpec::new(64, 1));
    net.layer("conv2", ConvSpec::new(192, 3).padding(1));
    net.padded_max_pool("pool2", 3, 2, 1);
    THREE.iter().for_each(|module| inception(&mut net, module));
    net.padded_max_pool("pool3", 3, 2, 1);
    FOUR.iter().for_each(|module| inception(&mut net, module));
    net.padded_max_pool("pool4", 3, 2, 1);
    FIVE.iter().for_each(|module| inception(&mut net, module));
    net.global_avg_pool("pool5");
    net.dropout("drop5", DROPOUT);
    net.conv("fc", ConvSpec::new(classes, 1));
    net.build()
}

fn inception(
    net: &mut GraphBuilder,
    (module, [one, reduce3, three, reduce5, five, pooled]): &InceptionFilters,
) {
    let (input, name) = (net.head(), |part: &str| format!("inception{module}.{part}"));
    let branch1 = net.layer(&name("1x1"), ConvSpec::new(*one, 1));
    net.go_to(input);
    net.layer(&name("3x3.reduce"), ConvSpec::new(*reduce3, 1));
    let branch3 = net.layer(&name("3x3"), ConvSpec::new(*three, 3).padding(1));
    net.go_to(input);
    net.layer(&name("5x5.reduce"), ConvSpec::new(*reduce5, 1));
    let branch5 = net.layer(&name("5x5"), ConvSpec::new(*five, 5).padding(2));
    net.go_to(input);
    net.padded_max_pool(name("pool"), 3, 1, 1);
    let branch_pool = net.layer(&name("pool.proj"), ConvSpec::new(*pooled, 1));
    net.concat(name("concat"), vec![branch1, branch3, branch5, branch_pool]);
}
