use dabnet_train::TrainedNetwork;
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use crate::error::CliError;

/// The latent weights of every convolution, `NAME.weight` in `OIHW`, as a safetensors file.
pub(crate) fn latent(trained: &TrainedNetwork) -> Result<Vec<u8>, CliError> {
    let graph = trained.graph();
    let tensors = graph.convolutions().map(|(id, node, conv)| {
        let weights = trained.parameters().get(id, "weight");
        let shape = vec![conv.out_channels, graph.filter_channels(id), conv.kernel, conv.kernel];
        let bytes: Vec<u8> = weights.iter().flat_map(|weight| weight.to_le_bytes()).collect();
        (format!("{}.weight", node.name), shape, bytes)
    });
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = tensors.collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, SafeTensorError>>();
    let failed =
        |error: SafeTensorError| CliError::Failure(format!("cannot save the latent weights: {error}"));
    safetensors::serialize(views.map_err(failed)?, None).map_err(failed)
}
