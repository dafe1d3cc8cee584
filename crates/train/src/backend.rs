//! Which backend runs a network.

use rand::Rng;

use crate::{
    Device, TrainError, native,
    network::{Gradients, Network},
    targets::Targets,
};

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients(
    device: Device,
    network: Network<'_>,
    canvases: &[f32],
    targets: &Targets<'_>,
    rng: &mut dyn Rng,
) -> Result<Gradients, TrainError> {
    match device {
        #[cfg(feature = "tensors")]
        Device::LibTorch | Device::Cuda(_) | Device::Wgpu => {
            crate::tensors::gradients(network, canvases.to_vec(), targets, rng, device)
        }
        _ => Ok(native::gradients(network, canvases, targets, rng)),
    }
}

/// Logits of `count` inputs in evaluation mode, one row after another.
pub(crate) fn logits(
    device: Device,
    network: Network<'_>,
    canvases: &[f32],
    count: usize,
) -> Result<Vec<f32>, TrainError> {
    match device {
        #[cfg(feature = "tensors")]
        Device::LibTorch | Device::Cuda(_) | Device::Wgpu => {
            crate::tensors::logits(network, canvases.to_vec(), count, device)
        }
        _ => Ok(native::logits(network, canvases, count)),
    }
}
