//! Dispatch of a batch to the backend of its device.

use rand::Rng;

#[cfg(feature = "libtorch")]
use crate::libtorch::{self, TorchDevice};
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
            let torch = TorchDevice::open(device)?.with_mixed_precision(mixed_precision);
            libtorch::gradients(&torch, network, canvases, targets, rng)
        }
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
            libtorch::logits(&TorchDevice::open(device)?, network, canvases)
        }
        _ => Ok(native::logits(network, canvases)),
    }
}

/// Checks that this program was built for a device, and that the device is present.
///
/// # Errors
/// [`TrainError::Device`] otherwise.
pub(crate) fn check(device: Device) -> Result<(), TrainError> {
    match device {
        Device::Cpu => Ok(()),
        #[cfg(feature = "libtorch")]
        Device::LibTorch | Device::Cuda(_) => TorchDevice::open(device).map(|_| ()),
        #[cfg(not(feature = "libtorch"))]
        Device::LibTorch | Device::Cuda(_) => Err(TrainError::Device {
            device,
            reason: "this program was built without it; build it with --features libtorch".into(),
        }),
    }
}
