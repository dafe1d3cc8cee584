use dabnet_graph::Shape;

use crate::simd::{UNIT, units};

/// Activation counts of one layer: how often each filter's output was +1, or a level above 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationCounts {
    /// Positions of the layer's output.
    pub positions: usize,
    /// Number of positions at which each filter was active, one element per filter.
    pub counts: Vec<u32>,
}

impl ActivationCounts {
    /// Counts the active bits of a value stored as [`ElementKind::Bits`](crate::plan::ElementKind::Bits).
    pub(crate) fn count(shape: Shape, planes: usize, bits: &[u32]) -> Self {
        let Shape { channels, height, width } = shape;
        let (units, mut counts) = (units(channels), vec![0; channels]);
        for row in bits.chunks_exact(planes * width * units).take(height) {
            for x in 0..width {
                for (channel, count) in counts.iter_mut().enumerate() {
                    let unit = |plane: usize| row[(plane * width + x) * units + channel / UNIT];
                    let any = (0..planes).fold(0, |any, plane| any | unit(plane));
                    *count += any >> (channel % UNIT) & 1;
                }
            }
        }
        Self { positions: shape.positions(), counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_channel_by_channel() {
        let bits = [0b101, 0b1, 0b100, 0b0, 0xFFFF_FFFF, 0b1];
        let fired = ActivationCounts::count(Shape::new(33, 1, 2), 1, &bits);
        assert_eq!(fired.positions, 2);
        assert_eq!((fired.counts[0], fired.counts[1], fired.counts[2], fired.counts[32]), (1, 0, 2, 1));
        let levels = ActivationCounts::count(Shape::new(33, 1, 1), 2, &bits);
        assert_eq!((levels.counts[0], levels.counts[1], levels.counts[2], levels.counts[32]), (1, 0, 1, 1));
    }
}
