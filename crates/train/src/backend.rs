//! Dispatch of a batch to the backend of its device.

use rand::Rng;

#[cfg(any(feature = "libtorch", feature = "wgpu"))]
use crate::tensors;
use crate::{
    Device, TrainError, native,
    network::{BatchGradients, NetworkRef},
    targets::BatchTargets,
};

/// Loss and gradients over a batch: `canvases` holds one input after another.
pub(crate) fn gradients(
    device: Device,
    mixed_precision: bool,
    network: NetworkRef<'_>,
    canvases: &[f32],
    targets: &BatchTargets<'_>,
    rng: &mut dyn Rng,
) -> Result<BatchGradients, TrainError> {
    match device {
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => {
            let torch = tensors::TorchBackend::open(device)?.with_mixed_precision(mixed_precision);
            tensors::gradients(&torch, network, canvases, targets, rng)
        }
        #[cfg(feature = "wgpu")]
        Device::Wgpu => tensors::gradients(&tensors::BurnBackend::open(), network, canvases, targets, rng),
        _ => Ok(native::gradients(network, mixed_precision, canvases, targets, rng)),
    }
}

/// Logits of inputs in evaluation mode, one row after another.
pub(crate) fn logits(
    device: Device,
    network: NetworkRef<'_>,
    canvases: &[f32],
) -> Result<Vec<f32>, TrainError> {
    match device {
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => {
            tensors::logits(&tensors::TorchBackend::open(device)?, network, canvases)
        }
        #[cfg(feature = "wgpu")]
        Device::Wgpu => tensors::logits(&tensors::BurnBackend::open(), network, canvases),
        _ => Ok(native::logits(network, canvases)),
    }
}

/// Checks that this program was built for a device, and that the device is present.
///
/// # Errors
/// [`TrainError::Device`] otherwise.
pub(crate) fn check(device: Device) -> Result<(), TrainError> {
    let feature = match device {
        Device::Cpu => return Ok(()),
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => return tensors::TorchBackend::open(device).map(|_| ()),
        #[cfg(feature = "wgpu")]
        Device::Wgpu => return tensors::BurnBackend::check(),
        #[cfg(not(feature = "libtorch"))]
        Device::LibTorch | Device::Cuda(_) => "libtorch",
        #[cfg(not(feature = "wgpu"))]
        Device::Wgpu => "wgpu",
    };
    let reason = format!("this program was built without it; build it with --features {feature}");
    Err(TrainError::Device { device, reason })
}
