use std::{fmt, str::FromStr};

use serde::Deserialize;

use crate::{TrainError, backend};

/// Device that a network is trained on.
///
/// ```
/// use dabnet_train::Device;
///
/// assert_eq!("cuda:1".parse::<Device>().unwrap(), Device::Cuda(1));
/// ```
///
/// Written `cpu`, `libtorch`, `cuda` or `cuda:1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Device {
    /// The processor, by the backend that is always there.
    #[default]
    Cpu,
    /// The processor, by LibTorch.
    LibTorch,
    /// An NVIDIA GPU, by LibTorch, counted from 0.
    Cuda(usize),
}

impl Device {
    /// Checks that this program was built for the device, and that it is present.
    ///
    /// # Errors
    /// [`TrainError::Device`].
    pub fn check(self) -> Result<(), TrainError> {
        backend::check(self)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::LibTorch => f.write_str("libtorch"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = TrainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || TrainError::UnknownDevice { name: text.to_owned() };
        match text {
            "cpu" => Ok(Self::Cpu),
            "libtorch" => Ok(Self::LibTorch),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                index.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

impl TryFrom<String> for Device {
    type Error = TrainError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::Device;

    #[test]
    fn is_read_as_it_is_written() {
        for device in [Device::Cpu, Device::LibTorch, Device::Cuda(0), Device::Cuda(3)] {
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
        }
        assert!("gpu".parse::<Device>().is_err() && "cuda:x".parse::<Device>().is_err());
    }
}
