/// A function of single values that is monotone in each channel.
#[derive(Clone, Debug)]
pub(crate) enum Pointwise {
    /// `scale · x + shift`, both one a channel.
    Affine { scale: Vec<f32>, shift: Vec<f32> },
    /// `max(x, 0)`.
    Relu,
}

impl Pointwise {
    /// The function's value at `x` in `channel`, for an `x` that may be infinite too.
    pub(crate) fn at(&self, channel: usize, x: f32) -> f32 {
        match self {
            // A constant, where zero times infinity would not be one.
            Self::Affine { scale, shift } if scale[channel] == 0.0 => shift[channel],
            Self::Affine { scale, shift } => scale[channel] * x + shift[channel],
            Self::Relu => x.max(0.0),
        }
    }

    /// Whether a larger argument gives a smaller value in `channel`.
    pub(crate) fn decreases(&self, channel: usize) -> bool {
        matches!(self, Self::Affine { scale, .. } if scale[channel] < 0.0)
    }
}
