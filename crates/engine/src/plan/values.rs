use dabnet_graph::Shape;

use crate::simd::{BitEncoding, units};

/// What a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// One number an element.
    Floats,
    /// One bit an element and plane, every position at the start of a [unit](units); of every row, one plane
    /// after another.
    Bits,
}

/// Something that one or more steps write and later ones read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedValue {
    pub(crate) contents: ElementKind,
    pub(crate) shape: Shape,
    /// BitValue of an element, where it is of bits; 1 elsewhere.
    pub(crate) planes: usize,
}

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueId(pub(crate) usize);

/// A value of bits, and what they stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BitValue {
    pub(crate) value: ValueId,
    pub(crate) encoding: BitEncoding,
}

impl PlannedValue {
    pub(super) fn len(&self) -> usize {
        match self.contents {
            ElementKind::Floats => self.shape.elements(),
            ElementKind::Bits => self.planes * self.shape.positions() * units(self.shape.channels),
        }
    }
}
