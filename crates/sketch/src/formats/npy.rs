//! Quick, Draw! as NumPy bitmaps: a byte a pixel, 0 paper and 255 ink, `[N, 784]` for 28 × 28.
//!
//! Any array of bytes of the shape `[N, side²]` or `[N, height, width]` is read, and [drawings](super::offsets). See
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::io::Read;

use super::ByteSource;
use super::image::MAX_SIDE;
use super::ndjson::MAX_LINE;
use super::offsets::{self, NumberType, OffsetReader};
use super::record::RecordKind;
use super::rows::RowReader;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header read, in bytes; NumPy's own limit is 10,000.
const MAX_HEADER: u32 = 10_000;

pub(super) fn recognize(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Content of an array file.
pub(super) enum ArrayContents<'a> {
    /// Bitmaps, or one drawing.
    Rows(RowReader<'a>),
    /// An array of drawings.
    Drawings(OffsetReader),
}

/// Reads the content of an array, or says why it is no sketches.
pub(super) fn contents(mut source: ByteSource<'_>) -> Result<ArrayContents<'_>, String> {
    let header = header(&mut source)?;
    let (number, shape) = described(&header)?;
    if number == "|O" {
        return OffsetReader::pickled(source).map(ArrayContents::Drawings);
    }
    if let Some(number) = NumberType::named(number).filter(|_| offsets::is_drawing(&shape)) {
        let columns = shape[1] as usize;
        let bytes =
            usize::try_from(shape[0]).ok().and_then(|rows| rows.checked_mul(columns * number.bytes()));
        let bytes = bytes.filter(|bytes| *bytes <= MAX_LINE).ok_or("it has too many points")?;
        return Ok(ArrayContents::Rows(
            RowReader::new(source, RecordKind::Offsets { number, columns }, bytes).counted(1),
        ));
    }
    if !matches!(number, "|u1" | "u1" | "<u1") {
        return Err(format!(
            "its elements are {number} of shape {shape:?}; bitmaps are of bytes, '|u1', and drawings are offsets in 3 or 5 columns"
        ));
    }
    let (count, width, height) = match shape[..] {
        [count, pixels] if is_square(pixels) => (count, pixels.isqrt(), pixels.isqrt()),
        [count, height, width] => (count, width, height),
        _ => {
            return Err(format!("its shape is {shape:?}; bitmaps have [N, side·side] or [N, height, width]"));
        }
    };
    let sides = 1..=u64::from(MAX_SIDE);
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(format!(
            "its bitmaps are {width}×{height}; they may have up to {MAX_SIDE}×{MAX_SIDE} pixels"
        ));
    }
    let (width, height) = (width as usize, height as usize);
    Ok(ArrayContents::Rows(
        RowReader::new(source, RecordKind::Ink { width, height }, width * height).counted(count),
    ))
}

fn is_square(pixels: u64) -> bool {
    pixels.isqrt().pow(2) == pixels
}

/// The dictionary that describes the array.
fn header(source: &mut impl Read) -> Result<String, String> {
    let cut = |_| "it is cut short in its header".to_owned();
    let mut start = [0; 8];
    source.read_exact(&mut start).map_err(cut)?;
    let mut length = [0; 4];
    let wide = if start[6] == 1 { 2 } else { 4 };
    source.read_exact(&mut length[..wide]).map_err(cut)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(format!("its header says it has {length} bytes; up to {MAX_HEADER} are read"));
    }
    let mut header = vec![0; length as usize];
    source.read_exact(&mut header).map_err(cut)?;
    String::from_utf8(header).map_err(|_| "its header is not text".to_owned())
}

/// The kind of number and the shape in a header such as
/// `{'descr': '|u1', 'fortran_order': False, 'shape': (64, 784), }`.
fn described(header: &str) -> Result<(&str, Vec<u64>), String> {
    let after = |key: &str| {
        let start = header.find(&format!("'{key}'"))? + key.len() + 2;
        Some(header[start..].trim_start().strip_prefix(':')?.trim_start())
    };
    let number = after("descr").and_then(|text| text.strip_prefix('\'')?.split('\'').next());
    let number = number.ok_or("its elements are not of one kind: '|u1' is what bitmaps have")?;
    if !after("fortran_order").is_some_and(|text| text.starts_with("False")) {
        return Err("its columns come before its rows (fortran_order is not False)".to_owned());
    }
    let numbers = after("shape").and_then(|text| text.strip_prefix('(')?.split(')').next());
    let numbers = numbers.ok_or("its header has no shape")?;
    let extents = numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
    let shape = extents.map(|extent| extent.parse().map_err(|_| format!("its shape is ({numbers})")));
    Ok((number, shape.collect::<Result<_, _>>()?))
}
