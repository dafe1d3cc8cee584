//! PNG, JPEG, WebP, GIF and BMP: dark lines on light paper, or light ones on dark.

mod card;
mod fills;
pub(super) mod ink;
mod photo;
pub(super) mod plane;

use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use self::plane::InkPlane;
use crate::{Drawing, Raster, Sketch, SketchError};

/// The largest width and the largest height read, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// The most bytes of pixels: 8192 × 8192 of four bytes, and half as much again.
const MAX_ALLOC: u64 = 384 << 20;
/// The most memory for what comes before the pixels, such as a profile of colors.
const MAX_HEAD: u64 = 8 << 20;

/// A format of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFileFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG File Interchange Format and Exif.
    Jpeg,
    /// WebP, with losses or without.
    WebP,
    /// Graphics Interchange Format, of which the first picture counts.
    Gif,
    /// Windows bitmap.
    Bmp,
}

impl ImageFileFormat {
    /// The format of a file that begins with these bytes.
    pub fn recognize(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x89PNG") {
            Some(Self::Png)
        } else if head.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else if head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]) {
            Some(Self::Bmp)
        } else {
            None
        }
    }

    /// Common name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        }
    }
}

/// Reads the sketch in a picture's file; `name` stands for the file in errors.
///
/// Transparent pixels are paper, colors become gray, and an Exif rotation is applied. What
/// most of the picture's border is made of is taken for paper, dark or light, a frame around it left aside; or a card that
/// lies on it is. In a photograph ink is what is thin and darker than what lies around.
///
/// # Errors
/// [`SketchError::Image`] where the file is damaged or cut short, larger than [`MAX_SIDE`], or
/// without ink.
pub fn read(name: &str, format: ImageFileFormat, bytes: &[u8]) -> Result<Sketch, SketchError> {
    let fail = |reason| SketchError::Image { name: name.to_owned(), format: format.name(), reason };
    let (picture, _alone) = decode(format, bytes).map_err(fail)?;
    let InkPlane { width, values } = ink::of(&picture).map_err(fail)?;
    Ok(Drawing::Raster(Raster::new(width, values.len() / width, values)?).into())
}

/// Held while a large picture is in memory, whoever reads it.
static LARGE: Mutex<()> = Mutex::new(());
/// The most bytes of pixels that a picture is read with beside others.
const SMALL: u64 = 16 << 20;

/// The pixels, and for large ones the right to hold them.
fn decode(
    format: ImageFileFormat,
    bytes: &[u8],
) -> Result<(DynamicImage, Option<MutexGuard<'static, ()>>), String> {
    if format == ImageFileFormat::Jpeg && !jpeg_has_end(bytes) {
        return Err("the file is cut short".to_owned());
    }
    // What comes before the pixels is read twice: first to know how much memory they may take.
    let bytes_needed = decoder(format, bytes, MAX_HEAD)?.total_bytes();
    if bytes_needed > MAX_ALLOC {
        return Err(format!("its pixels take more than {MAX_ALLOC} bytes"));
    }
    // What one reader panics with is no reason for others not to go on.
    let alone = (bytes_needed > SMALL).then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut decoder = decoder(format, bytes, MAX_HEAD + bytes_needed + bytes_needed / 2)?;
    let orientation = decoder.orientation().map_err(explain)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    picture.apply_orientation(orientation);
    Ok((picture, alone))
}

/// Width and height of a picture in pixels, without reading them; `name` stands for the file in errors.
///
/// # Errors
/// [`SketchError::Image`] where the file's head is damaged, or the picture larger than [`MAX_SIDE`].
pub fn dimensions(name: &str, format: ImageFileFormat, bytes: &[u8]) -> Result<(u32, u32), SketchError> {
    let fail = |reason| SketchError::Image { name: name.to_owned(), format: format.name(), reason };
    decoder(format, bytes, MAX_HEAD).map(|decoder| decoder.dimensions()).map_err(fail)
}

/// Opens a decoder that has read a picture's head and may use so many bytes of memory.
fn decoder(format: ImageFileFormat, bytes: &[u8], max_alloc: u64) -> Result<impl ImageDecoder + '_, String> {
    let format = match format {
        ImageFileFormat::Png => ImageFormat::Png,
        ImageFileFormat::Jpeg => ImageFormat::Jpeg,
        ImageFileFormat::WebP => ImageFormat::WebP,
        ImageFileFormat::Gif => ImageFormat::Gif,
        ImageFileFormat::Bmp => ImageFormat::Bmp,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(max_alloc);
    reader.limits(limits);
    reader.into_decoder().map_err(explain)
}

/// True if an end marker follows the last scan. The decoder fills in what is missing, and a picture
/// that is half gray is no sketch.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    let scan = bytes.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap_or(bytes.len());
    bytes[scan..].windows(2).any(|marker| marker == [0xff, 0xd9])
}

fn explain(error: ImageError) -> String {
    match error {
        ImageError::Limits(_) => format!("it is larger than {MAX_SIDE}×{MAX_SIDE} pixels"),
        ImageError::IoError(_) => "the file is cut short".to_owned(),
        other => other.to_string(),
    }
}
