use dabnet_graph::Shape;

use crate::bits::{UNIT, units};

/// How often the filters of a layer were +1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Positions at which each filter could be +1.
    pub positions: usize,
    /// At how many of them it was, filter by filter.
    pub counts: Vec<u32>,
}

impl Fired {
    /// Counts bits that lie as [values](crate::plan::Contents::Bits) do.
    pub(crate) fn count(shape: Shape, bits: &[u32]) -> Self {
        let (channels, positions) = (shape.channels, shape.positions());
        let mut counts = vec![0; channels];
        for position in bits.chunks_exact(units(channels)).take(positions) {
            for (channel, count) in counts.iter_mut().enumerate() {
                *count += position[channel / UNIT] >> (channel % UNIT) & 1;
            }
        }
        Self { positions, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_channel_by_channel() {
        let bits = [0b101, 0b1, 0b100, 0b0, 0xFFFF_FFFF, 0b1];
        let fired = Fired::count(Shape::new(33, 1, 2), &bits);
        assert_eq!(fired.positions, 2);
        assert_eq!((fired.counts[0], fired.counts[1], fired.counts[2], fired.counts[32]), (1, 0, 2, 1));
    }
}
