use dabnet_graph::Shape;

use crate::simd::{BitEncoding, units};

/// Element kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// One float per element.
    Floats,
    /// Bit planes. Every position begins a [unit](units), and the planes of a row follow one another.
    Bits,
}

/// A tensor that steps write and later steps read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedValue {
    pub(crate) kind: ElementKind,
    pub(crate) shape: Shape,
    /// Bits per element; 1 for floats.
    pub(crate) planes: usize,
}

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueId(pub(crate) usize);

/// A value of bits and its encoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BitValue {
    pub(crate) value: ValueId,
    pub(crate) encoding: BitEncoding,
}

impl PlannedValue {
    pub(super) fn len(&self) -> usize {
        match self.kind {
            ElementKind::Floats => self.shape.elements(),
            ElementKind::Bits => self.planes * self.shape.positions() * units(self.shape.channels),
        }
    }
}
