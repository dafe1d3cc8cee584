//! Drawings as sketch-rnn has them (Ha & Eck, *A neural representation of sketch drawings*, 2017): a row a point, its
//! offset from the one before, and what the pen does after it.
//!
//! Stroke-3: `Δx, Δy, lifted`. Stroke-5: `Δx, Δy, down, lifted, ended`, of which one is 1. A NumPy array of numbers is one
//! drawing; an array of arrays, as in sketch-rnn's `.npz` files, is as many.

use std::io::Read;

use super::pickle::{self, PickledArray};
use super::{ByteSource, MAX_POINTS};
use crate::{Drawing, Stroke};

/// The largest array of arrays read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberType {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

impl NumberType {
    /// The one that NumPy calls so, with a byte order or without.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.trim_start_matches(['<', '|', '=']) {
            "i1" => Self::I8,
            "i2" => Self::I16,
            "i4" => Self::I32,
            "i8" => Self::I64,
            "f4" => Self::F32,
            "f8" => Self::F64,
            _ => return None,
        })
    }

    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// The number in so many bytes.
    fn read(self, bytes: &[u8]) -> f64 {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        let [a, b, c, d, ..] = eight;
        match self {
            Self::I8 => f64::from(a as i8),
            Self::I16 => f64::from(i16::from_le_bytes([a, b])),
            Self::I32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Self::I64 => i64::from_le_bytes(eight) as f64,
            Self::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Self::F64 => f64::from_le_bytes(eight),
        }
    }
}

/// True if an array of this shape is a drawing.
pub(super) fn is_drawing(shape: &[u64]) -> bool {
    matches!(shape, [_, 3 | 5])
}

/// The drawings of an array of arrays.
pub(super) struct OffsetReader {
    bytes: Vec<u8>,
    arrays: std::vec::IntoIter<PickledArray>,
    item: u64,
}

/// The numbers of a drawing.
pub(super) struct OffsetArray {
    pub number: NumberType,
    pub columns: usize,
    pub bytes: Vec<u8>,
}

impl OffsetReader {
    /// Reads the drawings of a pickle.
    pub(crate) fn pickled(source: ByteSource<'_>) -> Result<Self, String> {
        let mut bytes = Vec::new();
        source.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        let arrays =
            pickle::arrays(&bytes).map_err(|reason| format!("its pickle cannot be read: {reason}"))?;
        Ok(Self { bytes, arrays: arrays.into_iter(), item: 0 })
    }

    /// The next drawing with its number from 1.
    pub(crate) fn next(&mut self) -> Option<(u64, Result<OffsetArray, String>)> {
        let PickledArray { shape, number, place } = self.arrays.next()?;
        self.item += 1;
        let columns = shape.last().copied().unwrap_or(0) as usize;
        let offsets = match NumberType::named(&number) {
            Some(number) if is_drawing(&shape) => {
                let whole = (shape[0] as usize).checked_mul(columns * number.bytes()) == Some(place.len());
                let cut = || "its numbers are not as many as its shape says".to_owned();
                whole
                    .then(|| OffsetArray { number, columns, bytes: self.bytes[place].to_vec() })
                    .ok_or_else(cut)
            }
            _ => Err(format!("it is {number} of shape {shape:?}; drawings are numbers in 3 or 5 columns")),
        };
        Some((self.item, offsets))
    }
}

/// The drawing that rows of offsets are.
pub(super) fn parse(bytes: &[u8], number: NumberType, columns: usize) -> Result<Drawing, String> {
    let row_bytes = columns * number.bytes();
    if bytes.len() / row_bytes > MAX_POINTS {
        return Err(format!("the drawing has more than {MAX_POINTS} points"));
    }
    let (mut at, mut strokes, mut down) = ([0.0; 2], Vec::<Stroke>::new(), false);
    for row in bytes.chunks_exact(row_bytes) {
        let row: Vec<f64> = row.chunks_exact(number.bytes()).map(|bytes| number.read(bytes)).collect();
        let ended = columns == 5 && row[4] > 0.5;
        if ended {
            break;
        }
        at = [at[0] + row[0], at[1] + row[1]];
        let point = at.map(|coordinate| coordinate as f32);
        if !point.iter().all(|coordinate| coordinate.is_finite()) {
            return Err("a point has a coordinate that is not finite".to_owned());
        }
        if !down {
            strokes.push(Stroke::default());
        }
        strokes.last_mut().expect("one was begun").points.push(point);
        down = row[if columns == 3 { 2 } else { 3 }] <= 0.5;
    }
    if strokes.is_empty() {
        return Err("the drawing has no strokes".to_owned());
    }
    Ok(Drawing::Strokes(strokes))
}
