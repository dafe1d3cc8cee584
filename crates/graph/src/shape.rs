use serde::{Deserialize, Serialize};

/// The shape of one activation: `channels × height × width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// Upper bound of the size of an activation or weight tensor, in elements, inclusive. It limits the
    /// memory that a hostile model file can make a reader allocate.
    pub const MAX_ELEMENTS: usize = 1 << 28;

    /// A shape. It is not checked here but by [`Graph`](crate::Graph).
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// Number of elements.
    pub const fn elements(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Number of positions in one channel.
    pub const fn positions(self) -> usize {
        self.height * self.width
    }

    /// Number of elements, unless it is zero or above [`Self::MAX_ELEMENTS`].
    pub(crate) fn checked_elements(self) -> Option<usize> {
        checked_product(&[self.channels, self.height, self.width])
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}

pub(crate) fn checked_product(factors: &[usize]) -> Option<usize> {
    factors
        .iter()
        .try_fold(1usize, |product, &factor| product.checked_mul(factor))
        .filter(|&product| (1..=Shape::MAX_ELEMENTS).contains(&product))
}
