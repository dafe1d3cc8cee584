use serde::{Deserialize, Serialize};

use crate::{Padding, Precision};

/// A convolution with weights of shape `[out_channels, in_channels / groups, kernel, kernel]`.
///
/// A fully connected layer is one whose kernel is as large as its input: the weights are the same
/// numbers in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Number of filters.
    pub out_channels: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros added around the input.
    pub padding: Padding,
    /// Number of groups that channels and filters are divided into; a filter sees the channels of its group.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Representation of weights and inputs.
    pub precision: Precision,
    /// Storage format of real weights in a packed model.
    #[serde(rename = "weights", default, skip_serializing_if = "WeightFormat::is_f32")]
    pub weight_format: WeightFormat,
}

impl Conv2d {
    /// Channels that one filter sees of `in_channels`.
    pub const fn group_channels(&self, in_channels: usize) -> usize {
        in_channels / self.groups
    }

    /// Weights in one filter on `in_channels` channels: `n = c_in / groups · k · k`.
    pub const fn filter_len(&self, in_channels: usize) -> usize {
        self.group_channels(in_channels) * self.kernel * self.kernel
    }

    /// Weights in the whole layer.
    pub const fn weights(&self, in_channels: usize) -> usize {
        self.out_channels * self.filter_len(in_channels)
    }

    pub(crate) fn check_format(&self) -> Result<(), String> {
        if self.precision.binary_weights() && !self.weight_format.is_f32() {
            return Err("binary weights are stored as bits, not as i8".to_owned());
        }
        Ok(())
    }

    pub(crate) fn check_groups(&self, in_channels: usize) -> Result<(), String> {
        let divides = |channels: usize| self.groups != 0 && channels.is_multiple_of(self.groups);
        if divides(in_channels) && divides(self.out_channels) {
            return Ok(());
        }
        let (groups, filters) = (self.groups, self.out_channels);
        Err(format!("{groups} groups do not divide {in_channels} channels and {filters} filters"))
    }
}

const fn one() -> usize {
    1
}

fn is_one(value: &usize) -> bool {
    *value == 1
}

/// Storage format in a packed model of the weights of a convolution in full precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightFormat {
    /// Numbers in single precision.
    #[default]
    F32,
    /// Eight-bit integers from −127 to 127, with a scale per filter. The network computes with `scale ·
    /// integer` in single precision, in training too.
    I8,
}

impl WeightFormat {
    /// Format with so many bits per weight, 8 or 32.
    pub const fn of_bits(bits: u8) -> Option<Self> {
        match bits {
            8 => Some(Self::I8),
            32 => Some(Self::F32),
            _ => None,
        }
    }

    /// True for single precision.
    pub const fn is_f32(&self) -> bool {
        matches!(self, Self::F32)
    }
}
