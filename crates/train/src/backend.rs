//! Which backend runs a network.

use rand::Rng;

#[cfg(any(feature = "libtorch", feature = "wgpu"))]
use crate::tensors;
use crate::{
    Device, TrainError, native,
    network::{Gradients, Network},
    targets::Targets,
};

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients(
    device: Device,
    mixed_precision: bool,
    network: Network<'_>,
    canvases: &[f32],
    targets: &Targets<'_>,
    rng: &mut dyn Rng,
) -> Result<Gradients, TrainError> {
    match device {
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => {
            let torch = tensors::Torch::open(device)?.mixed(mixed_precision);
            tensors::gradients(&torch, network, canvases, targets, rng)
        }
        #[cfg(feature = "wgpu")]
        Device::Wgpu => tensors::gradients(&tensors::Burn::open(), network, canvases, targets, rng),
        _ => Ok(native::gradients(network, mixed_precision, canvases, targets, rng)),
    }
}

/// Logits of inputs in evaluation mode, one row after another.
pub(crate) fn logits(device: Device, network: Network<'_>, canvases: &[f32]) -> Result<Vec<f32>, TrainError> {
    match device {
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => {
            tensors::logits(&tensors::Torch::open(device)?, network, canvases)
        }
        #[cfg(feature = "wgpu")]
        Device::Wgpu => tensors::logits(&tensors::Burn::open(), network, canvases),
        _ => Ok(native::logits(network, canvases)),
    }
}

/// That this program was built for a device, and that it is there.
pub(crate) fn check(device: Device) -> Result<(), TrainError> {
    let feature = match device {
        Device::Cpu => return Ok(()),
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => return tensors::Torch::open(device).map(|_| ()),
        #[cfg(feature = "wgpu")]
        Device::Wgpu => return tensors::Burn::check(),
        #[cfg(not(feature = "libtorch"))]
        Device::LibTorch | Device::Cuda(_) => "libtorch",
        #[cfg(not(feature = "wgpu"))]
        Device::Wgpu => "wgpu",
    };
    let reason = format!("this program was built without it; build it with --features {feature}");
    Err(TrainError::Device { device, reason })
}
