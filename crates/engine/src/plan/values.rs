use dabnet_graph::Shape;

use crate::simd::{Encoding, units};

/// What a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// One number an element.
    Floats,
    /// One bit an element and plane, every position at the start of a [unit](units); of every row, one plane
    /// after another.
    Bits,
}

/// Something that one or more steps write and later ones read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) contents: Contents,
    pub(crate) shape: Shape,
    /// Bits of an element, where it is of bits; 1 elsewhere.
    pub(crate) planes: usize,
}

/// Index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueId(pub(crate) usize);

/// A value of bits, and what they stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bits {
    pub(crate) value: ValueId,
    pub(crate) encoding: Encoding,
}

impl Value {
    pub(super) fn len(&self) -> usize {
        match self.contents {
            Contents::Floats => self.shape.elements(),
            Contents::Bits => self.planes * self.shape.positions() * units(self.shape.channels),
        }
    }
}
