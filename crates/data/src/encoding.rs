//! One sketch as bytes, and back. `docs/data-format.md` is the specification.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use dabnet_sketch::formats::image::MAX_SIDE;
use dabnet_sketch::{Drawing, Point, Raster, RgbImage, Sketch, Stroke};

use crate::Part;

const STROKES_U8: u8 = 0;
const STROKES_I16: u8 = 1;
const STROKES_F32: u8 = 2;
const RASTER_BITS: u8 = 3;
const RASTER_BYTES: u8 = 4;
const PICTURE: u8 = 5;

/// Flags beside the kind.
const TIMES: u8 = 1;
const DEFLATED: u8 = 2;

/// The longest id kept, in bytes.
const MAX_ID: usize = 255;
/// Compression level of pixels: twice the bytes of the best level in a fifth of its time would gain nothing,
/// as reading takes the same time for all.
const LEVEL: Compression = Compression::new(6);

/// A sketch ready to be written.
pub(crate) struct EncodedSketch {
    pub bytes: Vec<u8>,
    pub word: Option<String>,
    pub part: Option<Part>,
    /// Name of the kind of drawing in the manifest.
    pub kind: &'static str,
}

impl EncodedSketch {
    pub(crate) fn new(sketch: Sketch, part: Option<Part>) -> Self {
        let kind = match &sketch.drawing {
            Drawing::Strokes(_) => "strokes",
            Drawing::Raster(_) => "raster",
            Drawing::Picture(_) => "picture",
        };
        Self { bytes: encode(&sketch), word: sketch.word, part, kind }
    }
}

/// A sketch without its word: the id, then its [content](content).
pub(crate) fn encode(sketch: &Sketch) -> Vec<u8> {
    let id = sketch.id.as_deref().map(|id| &id[..id.floor_char_boundary(MAX_ID)]).unwrap_or_default();
    let mut bytes = vec![id.len() as u8];
    bytes.extend_from_slice(id.as_bytes());
    match &sketch.drawing {
        Drawing::Strokes(strokes) => encode_strokes(strokes, &mut bytes),
        Drawing::Raster(raster) => {
            let bits = raster.ink().iter().all(|ink| matches!(ink, 0 | 255));
            let (kind, pixels) = if bits {
                (RASTER_BITS, packed(raster.ink()))
            } else {
                (RASTER_BYTES, raster.ink().to_vec())
            };
            encode_pixels(kind, [raster.width(), raster.height()], &pixels, &mut bytes);
        }
        Drawing::Picture(picture) => {
            encode_pixels(PICTURE, [picture.width(), picture.height()], picture.rgb(), &mut bytes);
        }
    }
    bytes
}

/// Decodes what [`encode`] wrote; nothing where these bytes are something else.
pub(crate) fn decode(bytes: &[u8]) -> Option<Sketch> {
    let content = content(bytes)?;
    let id = id(bytes)?;
    let (&[kind, flags], mut body) = content.split_first_chunk()?;
    let drawing = match kind {
        STROKES_U8 | STROKES_I16 | STROKES_F32 => Drawing::Strokes(decode_strokes(kind, flags, &mut body)?),
        RASTER_BITS | RASTER_BYTES | PICTURE => decode_pixels(kind, flags, &mut body)?,
        _ => return None,
    };
    body.is_empty().then_some(Sketch { id, ..drawing.into() })
}

/// The id, if there is one.
pub(crate) fn id(bytes: &[u8]) -> Option<Option<String>> {
    let (id, _) = split(bytes)?;
    (!id.is_empty()).then(|| String::from_utf8(id.to_vec())).transpose().ok()
}

/// The drawing alone: the same bytes for the same drawing, whatever it is called.
pub(crate) fn content(bytes: &[u8]) -> Option<&[u8]> {
    split(bytes).map(|(_, content)| content)
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn encode_strokes(strokes: &[Stroke], bytes: &mut Vec<u8>) {
    let timed = strokes.iter().any(|stroke| !stroke.times.is_empty())
        && strokes.iter().all(|stroke| stroke.times.len() == stroke.points.len());
    let kind = stroke_kind(strokes);
    bytes.extend([kind, if timed { TIMES } else { 0 }]);
    put_length(strokes.len(), bytes);
    for stroke in strokes {
        put_length(stroke.points.len(), bytes);
        for axis in 0..2 {
            for coordinate in stroke.points.iter().map(|point| point[axis]) {
                match kind {
                    STROKES_U8 => bytes.push(coordinate as u8),
                    STROKES_I16 => bytes.extend((coordinate as i16).to_le_bytes()),
                    _ => bytes.extend(coordinate.to_le_bytes()),
                }
            }
        }
        if timed {
            bytes.extend(stroke.times.iter().flat_map(|time| time.to_le_bytes()));
        }
    }
}

/// The smallest numbers that hold every coordinate as it is.
fn stroke_kind(strokes: &[Stroke]) -> u8 {
    let fits = |holds: fn(f32) -> bool| {
        strokes.iter().flat_map(|stroke| &stroke.points).flatten().all(|c| holds(*c))
    };
    // A minus before a zero would be lost, too.
    if fits(|c| f32::from(c as u8).to_bits() == c.to_bits()) {
        STROKES_U8
    } else if fits(|c| f32::from(c as i16).to_bits() == c.to_bits()) {
        STROKES_I16
    } else {
        STROKES_F32
    }
}

fn decode_strokes(kind: u8, flags: u8, body: &mut &[u8]) -> Option<Vec<Stroke>> {
    let width = match kind {
        STROKES_U8 => 1,
        STROKES_I16 => 2,
        _ => 4,
    };
    let coordinate = |bytes: &[u8]| match *bytes {
        [byte] => f32::from(byte),
        [low, high] => f32::from(i16::from_le_bytes([low, high])),
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
        _ => 0.0,
    };
    let mut strokes = Vec::new();
    for _ in 0..take_length(body)? {
        let count = take_length(body)?;
        let x = take(body, count.checked_mul(width)?)?.chunks_exact(width).map(coordinate);
        let y = take(body, count.checked_mul(width)?)?.chunks_exact(width).map(coordinate);
        let points: Vec<Point> = x.zip(y).map(|(x, y)| [x, y]).collect();
        let times = if flags & TIMES == 0 { &[] } else { take(body, count.checked_mul(4)?)? };
        strokes.push(Stroke { points, times: times.chunks_exact(4).map(coordinate).collect() });
    }
    Some(strokes)
}

/// Pixels of 0 or 255 as bits, the lowest first.
fn packed(ink: &[u8]) -> Vec<u8> {
    let byte = |pixels: &[u8]| (0..pixels.len()).fold(0, |byte, at| byte | (pixels[at] & 1) << at);
    ink.chunks(8).map(byte).collect()
}

fn unpacked(bits: &[u8], pixels: usize) -> Vec<u8> {
    let pixel = |at: usize| if bits[at / 8] >> (at % 8) & 1 == 1 { 255 } else { 0 };
    (0..pixels).map(pixel).collect()
}

fn encode_pixels(kind: u8, sides: [usize; 2], pixels: &[u8], bytes: &mut Vec<u8>) {
    let mut encoder = DeflateEncoder::new(Vec::new(), LEVEL);
    // Memory takes any bytes.
    let deflated = encoder.write_all(pixels).and_then(|()| encoder.finish()).unwrap_or_default();
    let smaller = !deflated.is_empty() && deflated.len() < pixels.len();
    bytes.extend([kind, if smaller { DEFLATED } else { 0 }]);
    sides.into_iter().for_each(|side| put_length(side, bytes));
    bytes.extend_from_slice(if smaller { &deflated } else { pixels });
}

fn decode_pixels(kind: u8, flags: u8, body: &mut &[u8]) -> Option<Drawing> {
    let (width, height) = (take_length(body)?, take_length(body)?);
    if width.max(height) > MAX_SIDE as usize {
        return None;
    }
    let pixels = width * height;
    let size = match kind {
        RASTER_BITS => pixels.div_ceil(8),
        RASTER_BYTES => pixels,
        _ => 3 * pixels,
    };
    let stored = std::mem::take(body);
    let bytes = if flags & DEFLATED == 0 { stored.to_vec() } else { inflated(stored, size)? };
    if bytes.len() != size {
        return None;
    }
    match kind {
        RASTER_BITS => Raster::new(width, height, unpacked(&bytes, pixels)).ok().map(Drawing::Raster),
        RASTER_BYTES => Raster::new(width, height, bytes).ok().map(Drawing::Raster),
        _ => RgbImage::new(width, height, bytes).ok().map(Drawing::Picture),
    }
}

/// Inflates up to one byte more than expected, so that an excess is noticed.
fn inflated(deflated: &[u8], size: usize) -> Option<Vec<u8>> {
    // Deflate makes nothing smaller than by a factor of 1032.
    let mut bytes = Vec::with_capacity(size.min(deflated.len().saturating_mul(1032)) + 1);
    DeflateDecoder::new(deflated).take(size as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A length in groups of seven bits, the lowest first (LEB128).
fn put_length(mut length: usize, bytes: &mut Vec<u8>) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    let mut length = 0_u32;
    for shift in (0..28).step_by(7) {
        let byte = take(bytes, 1)?[0];
        length |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(length as usize);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stroke(coordinate: impl Strategy<Value = f32> + Clone, timed: bool) -> impl Strategy<Value = Stroke> {
        prop::collection::vec([coordinate.clone(), coordinate], 0..40).prop_map(move |points| {
            let times =
                if timed { (0..points.len()).map(|at| at as f32 * 1.5).collect() } else { Vec::new() };
            Stroke { points, times }
        })
    }

    fn drawing() -> impl Strategy<Value = Drawing> {
        let strokes = |coordinate: BoxedStrategy<f32>| {
            any::<bool>()
                .prop_flat_map(move |timed| prop::collection::vec(stroke(coordinate.clone(), timed), 0..6))
        };
        let pixels = |values: BoxedStrategy<u8>, channels: usize| {
            (1_usize..20, 1_usize..20).prop_flat_map(move |(width, height)| {
                (Just(width), Just(height), prop::collection::vec(values.clone(), width * height * channels))
            })
        };
        prop_oneof![
            strokes((0_u8..=255).prop_map(f32::from).boxed()).prop_map(Drawing::Strokes),
            strokes(any::<i16>().prop_map(f32::from).boxed()).prop_map(Drawing::Strokes),
            strokes((-1e9_f32..1e9).boxed()).prop_map(Drawing::Strokes),
            pixels(prop_oneof![Just(0), Just(255)].boxed(), 1)
                .prop_map(|(w, h, ink)| Drawing::Raster(Raster::new(w, h, ink).unwrap())),
            pixels(any::<u8>().boxed(), 1)
                .prop_map(|(w, h, ink)| Drawing::Raster(Raster::new(w, h, ink).unwrap())),
            pixels(any::<u8>().boxed(), 3)
                .prop_map(|(w, h, rgb)| Drawing::Picture(RgbImage::new(w, h, rgb).unwrap())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(drawing in drawing(), id in prop::option::of("[a-zé]{1,9}")) {
            let sketch = Sketch { id, ..drawing.into() };
            let bytes = encode(&sketch);
            prop_assert_eq!(decode(&bytes), Some(sketch.clone()));
            prop_assert_eq!(decode(&bytes[..bytes.len() - 1]), None);
            let unnamed = encode(&Sketch { id: None, ..sketch });
            prop_assert_eq!(content(&bytes), content(&unnamed));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0_u8..7) {
            let _ = decode(&bytes);
            let mut named = vec![0, kind];
            named.extend(bytes);
            let _ = decode(&named);
        }
    }

    #[test]
    fn simple_coordinates_take_a_byte() {
        let points =
            |scale: f32| Sketch::from(Drawing::Strokes(vec![Stroke::new(vec![[scale, 255.0]; 100])]));
        assert_eq!([1.0, -1.0, 0.5, -0.0].map(|scale| encode(&points(scale)).len()), [205, 405, 805, 805]);
    }
}
