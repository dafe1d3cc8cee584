use std::collections::BTreeMap;

use dabnet_container::{Dtype, Tensor, to_bytes};
use dabnet_train::TrainedNetwork;

use crate::error::CliError;

/// The latent weights of every convolution, `NAME.weight` in `OIHW`, as a safetensors file.
pub(crate) fn latent(trained: &TrainedNetwork) -> Result<Vec<u8>, CliError> {
    let graph = trained.graph();
    let tensors = graph.convolutions().map(|(id, node, conv)| Tensor {
        name: format!("{}.weight", node.name),
        dtype: Dtype::F32,
        shape: vec![conv.out_channels, graph.filter_channels(id), conv.kernel, conv.kernel],
        data: trained.parameters().get(id, "weight").iter().flat_map(|weight| weight.to_le_bytes()).collect(),
    });
    to_bytes(&BTreeMap::new(), tensors.collect())
        .map_err(|error| CliError::Failure(format!("cannot save the latent weights: {error}")))
}
