//! Networks made for binary layers, in five sizes: a way around every binary convolution (Liu et al., *Bi-Real
//! Net*, ECCV 2018), an RPReLU behind it (Liu et al., *ReActNet*, ECCV 2020), a first layer that is cheap where
//! most is paper, and nothing fully connected but the classifier.

use crate::{ConvSpec, Graph, GraphBuilder, GraphError};

/// Channels of the first stage; each stage has twice those of the one before. All are multiples of 64, so that
/// engines read windows of bits where they lie.
const CHANNELS: usize = 64;

/// For some twenty words in some 50 kB.
pub(super) mod smallest {
    use super::{Graph, GraphBuilder, GraphError};

    pub(crate) const NAME: &str = "dabnet-xxs";

    pub(crate) fn build(net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
        super::build(net, &[2, 2], classes)
    }
}

/// For some twenty words in some 0.1 MB.
pub(super) mod tiny {
    use super::{Graph, GraphBuilder, GraphError};

    pub(crate) const NAME: &str = "dabnet-xs";

    pub(crate) fn build(net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
        super::build(net, &[2, 2, 1], classes)
    }
}

/// For 345 words in some 0.3 MB.
pub(super) mod small {
    use super::{Graph, GraphBuilder, GraphError};

    pub(crate) const NAME: &str = "dabnet-s";

    pub(crate) fn build(net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
        super::build(net, &[2, 2, 2], classes)
    }
}

/// In some 0.8 MB.
pub(super) mod medium {
    use super::{Graph, GraphBuilder, GraphError};

    pub(crate) const NAME: &str = "dabnet-m";

    pub(crate) fn build(net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
        super::build(net, &[2, 2, 2, 2], classes)
    }
}

/// In some 1.4 MB. On its larger canvas the first stages have the most positions and the fewest weights.
pub(super) mod large {
    use super::{Graph, GraphBuilder, GraphError};

    pub(crate) const NAME: &str = "dabnet-l";

    pub(crate) fn build(net: GraphBuilder, classes: usize) -> Result<Graph, GraphError> {
        super::build(net, &[1, 3, 5, 3], classes)
    }
}

/// Builds a network of so many convolutions per stage. Each stage but the first halves the side and doubles
/// the channels.
fn build(net: GraphBuilder, stages: &[usize], classes: usize) -> Result<Graph, GraphError> {
    let mut net = net.residual();
    net.full_layer("conv1", ConvSpec::new(CHANNELS, 5).stride(2).padding(2));
    net.padded_max_pool("pool1", 3, 2, 1);
    let mut channels = CHANNELS;
    for (stage, &layers) in (2..).zip(stages) {
        for layer in 1..=layers {
            let halves = layer == 1 && stage > 2;
            channels *= 1 + usize::from(halves);
            let filters = ConvSpec::new(channels, 3).stride(1 + usize::from(halves)).padding(1);
            net.layer(&format!("conv{stage}_{layer}"), filters);
        }
    }
    net.global_avg_pool("pool");
    // What shortcuts add up to grows with the depth.
    net.batch_norm("norm");
    net.conv("fc", ConvSpec::new(classes, 1));
    net.build()
}
