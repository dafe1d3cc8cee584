use super::{
    memory::{ThreadWorkspace, WorkspaceSize},
    operator::StepOperator,
    record::OperatorRecord,
    sink::ResultSink,
    values::OperatorContext,
};
use crate::{
    plan::{BitValue, ValueId, WindowGeometry},
    simd::{BitEncoding, UNIT, units},
    sparse::GridPosition,
};

/// Max pooling of bits.
#[derive(Debug)]
pub(crate) struct BitMaxPool {
    bits: BitValue,
    window: WindowGeometry,
    /// Mask of channels whose bits are inverted, because the functions after the pooling decrease: there the
    /// maximum of the values is the minimum of the levels, which is the maximum of their inverses.
    inverted: Vec<u32>,
}

impl BitMaxPool {
    /// Creates a pooling of `bits`, in which the given channels are inverted.
    pub(crate) fn new(bits: BitValue, window: WindowGeometry, inverted: &[bool]) -> Self {
        let mut channels = vec![0; units(window.input.channels)];
        for (channel, _) in inverted.iter().enumerate().filter(|(_, inverts)| **inverts) {
            channels[channel / UNIT] |= 1 << (channel % UNIT);
        }
        Self { bits, window, inverted: channels }
    }

    /// Pools one position of signs: the OR of all bits.
    fn pool_signs(&self, bits: &[u32], position: GridPosition, pooled: &mut [u32]) {
        let (units, width) = (pooled.len(), self.window.input.width);
        let across = self.window.columns(position.x());
        let from = self.window.column_at(position.x(), across.start);
        pooled.fill(0);
        for row in self.window.rows(position.y()) {
            let first = (self.window.row_at(position.y(), row) * width + from) * units;
            for bits in bits[first..first + across.len() * units].chunks_exact(units) {
                pooled.iter_mut().zip(bits).for_each(|(pooled, bits)| *pooled |= bits);
            }
        }
        pooled.iter_mut().zip(&self.inverted).for_each(|(pooled, inverted)| *pooled ^= inverted);
    }

    /// Pools one position of levels in `P` planes, plane by plane.
    fn pool<const P: usize>(&self, bits: &[u32], position: GridPosition, pooled: &mut [u32]) {
        let units = self.inverted.len();
        let plane = self.window.input.width * units;
        let across = self.window.columns(position.x());
        let from = self.window.column_at(position.x(), across.start) * units;
        pooled.fill(0);
        for row in self.window.rows(position.y()) {
            let row = &bits[self.window.row_at(position.y(), row) * P * plane + from..];
            for first in (0..across.len() * units).step_by(units) {
                for unit in 0..units {
                    let other = std::array::from_fn(|at| row[at * plane + first + unit]);
                    let most = greatest::<P>(std::array::from_fn(|at| pooled[at * units + unit]), other);
                    most.iter().enumerate().for_each(|(at, bits)| pooled[at * units + unit] = *bits);
                }
            }
        }
        for pooled in pooled.chunks_exact_mut(units) {
            pooled.iter_mut().zip(&self.inverted).for_each(|(pooled, inverted)| *pooled ^= inverted);
        }
    }
}

/// Bitwise maximum of two numbers in `P` planes, the least significant first.
#[inline(always)]
fn greatest<const P: usize>(a: [u32; P], b: [u32; P]) -> [u32; P] {
    // Bits at which `b` is greater, and bits at which both are equal so far, from the highest plane down.
    let (greater, _) = (0..P).rev().fold((0, u32::MAX), |(greater, equal), plane| {
        (greater | equal & b[plane] & !a[plane], equal & !(a[plane] ^ b[plane]))
    });
    std::array::from_fn(|plane| a[plane] & !greater | b[plane] & greater)
}

impl StepOperator for BitMaxPool {
    fn input(&self) -> ValueId {
        self.bits.value
    }

    fn window(&self) -> Option<&WindowGeometry> {
        Some(&self.window)
    }

    fn record(&self) -> Option<OperatorRecord<'_>> {
        Some(OperatorRecord::BitMaxPool { bits: self.bits, inverted: &self.inverted })
    }

    fn workspace_size(&self) -> WorkspaceSize {
        WorkspaceSize {
            compared: self.bits.encoding.planes() * self.inverted.len(),
            ..WorkspaceSize::default()
        }
    }

    fn run(&self, context: OperatorContext<'_>, workspace: &mut ThreadWorkspace, sink: &mut ResultSink<'_>) {
        const { assert!(BitEncoding::MAX_PLANES == 4) };
        let bits = context.values.bits(self.bits.value);
        let planes = self.bits.encoding.planes();
        let pooled = &mut workspace.compared[..planes * self.inverted.len()];
        for position in context.positions {
            match planes {
                1 => self.pool_signs(bits, *position, pooled),
                2 => self.pool::<2>(bits, *position, pooled),
                3 => self.pool::<3>(bits, *position, pooled),
                _ => self.pool::<4>(bits, *position, pooled),
            }
            sink.bits(*position, pooled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::greatest;

    #[test]
    fn the_greater_of_all_pairs_is_found() {
        for (a, b) in (0..16_u32).flat_map(|a| (0..16).map(move |b| (a, b))) {
            let planes = |number: u32| std::array::from_fn(|plane| (number >> plane & 1) << 5);
            assert_eq!(greatest::<4>(planes(a), planes(b)), planes(a.max(b)), "{a} {b}");
        }
    }
}
