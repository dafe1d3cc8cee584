/// A function of single values, another one in each channel.
#[derive(Clone, Debug)]
pub(crate) enum Pointwise {
    /// `scale · x + shift`, both one a channel.
    Affine { scale: Vec<f32>, shift: Vec<f32> },
    /// `max(x, 0)`.
    Relu,
    /// `d = x − threshold`, times `slope` where that is not above 0, plus `shift`; all one a channel.
    RPReLU { threshold: Vec<f32>, slope: Vec<f32>, shift: Vec<f32> },
}

impl Pointwise {
    /// The function's value at `x` in `channel`, for an `x` that may be infinite too.
    pub(crate) fn at(&self, channel: usize, x: f32) -> f32 {
        match self {
            // A constant, where zero times infinity would not be one.
            Self::Affine { scale, shift } if scale[channel] == 0.0 => shift[channel],
            Self::Affine { scale, shift } => scale[channel] * x + shift[channel],
            Self::Relu => x.max(0.0),
            Self::RPReLU { threshold, slope, shift } => {
                let above = x - threshold[channel];
                let (slope, shift) = (slope[channel], shift[channel]);
                match above > 0.0 {
                    true => above + shift,
                    false if slope == 0.0 => shift,
                    false => slope * above + shift,
                }
            }
        }
    }

    /// Whether in every channel larger arguments never give smaller values, or never larger ones.
    pub(crate) fn is_monotone(&self) -> bool {
        match self {
            Self::Affine { .. } | Self::Relu => true,
            Self::RPReLU { slope, .. } => slope.iter().all(|&slope| slope >= 0.0),
        }
    }

    /// Whether a larger argument gives a smaller value in `channel`, for a function that is monotone.
    pub(crate) fn decreases(&self, channel: usize) -> bool {
        matches!(self, Self::Affine { scale, .. } if scale[channel] < 0.0)
    }
}
