//! PNG, JPEG and WebP: dark lines on light paper, or light ones on dark.

use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::{Drawing, Raster, Sketch, SketchError};

/// The largest width and the largest height read, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// The most bytes of pixels: 8192 × 8192 of four bytes, and half as much again.
const MAX_ALLOC: u64 = 384 << 20;
/// The most memory for what comes before the pixels, such as a profile of colours.
const MAX_HEAD: u64 = 8 << 20;
/// Rows that are turned into grey together.
const STRIP: usize = 64;
/// The least difference between paper and ink, of 255; less is noise.
const MIN_CONTRAST: u8 = 16;

/// A format of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG File Interchange Format and Exif.
    Jpeg,
    /// WebP, with losses or without.
    WebP,
}

impl Format {
    /// The format of a file that begins with these bytes.
    pub fn recognize(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x89PNG") {
            Some(Self::Png)
        } else if head.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
        }
    }
}

/// Reads the sketch in a picture's file; `name` stands for the file in errors.
///
/// Transparency is laid on white, colours become grey, and an Exif rotation is applied. What
/// most of the picture's border is made of is taken for paper, dark or light.
///
/// # Errors
/// [`SketchError::Image`] where the file is damaged or cut short, larger than [`MAX_SIDE`], or
/// without ink.
pub fn read(name: &str, format: Format, bytes: &[u8]) -> Result<Sketch, SketchError> {
    let fail = |reason| SketchError::Image { name: name.to_owned(), format: format.name(), reason };
    let (picture, _alone) = decode(format, bytes).map_err(fail)?;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let ink = ink_of(&picture).ok_or_else(|| {
        fail(format!("it has no ink: no pixel is farther than {MIN_CONTRAST} of 255 from the paper"))
    })?;
    Ok(Drawing::Raster(Raster::new(width, height, ink)?).into())
}

/// The ink of a picture, of each pixel; nothing where there is none.
pub(super) fn ink_of(picture: &DynamicImage) -> Option<Vec<u8>> {
    ink(on_white(picture), picture.width() as usize)
}

/// Held while a large picture is in memory, whoever reads it.
static LARGE: Mutex<()> = Mutex::new(());
/// The most bytes of pixels that a picture is read with beside others.
const SMALL: u64 = 16 << 20;

/// The pixels, and for large ones the right to hold them.
fn decode(format: Format, bytes: &[u8]) -> Result<(DynamicImage, Option<MutexGuard<'static, ()>>), String> {
    if format == Format::Jpeg && !jpeg_has_end(bytes) {
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
pub fn dimensions(name: &str, format: Format, bytes: &[u8]) -> Result<(u32, u32), SketchError> {
    let fail = |reason| SketchError::Image { name: name.to_owned(), format: format.name(), reason };
    decoder(format, bytes, MAX_HEAD).map(|decoder| decoder.dimensions()).map_err(fail)
}

/// What has read the head of a picture, and may use so many bytes of memory.
fn decoder(format: Format, bytes: &[u8], max_alloc: u64) -> Result<impl ImageDecoder + '_, String> {
    let format = match format {
        Format::Png => ImageFormat::Png,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::WebP => ImageFormat::WebP,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(max_alloc);
    reader.limits(limits);
    reader.into_decoder().map_err(explain)
}

/// Whether an end marker follows the last scan. The decoder fills in what is missing, and a picture
/// that is half grey is no sketch.
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

fn on_white(picture: &DynamicImage) -> Vec<u8> {
    let over_white = |[grey, alpha]: [u8; 2]| {
        let (grey, alpha) = (u32::from(grey), u32::from(alpha));
        ((grey * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let (width, height) = (picture.width(), picture.height());
    let mut grey = Vec::with_capacity(width as usize * height as usize);
    // In strips, as a second copy of a large picture takes much memory.
    for top in (0..height).step_by(STRIP) {
        let strip = picture.crop_imm(0, top, width, STRIP as u32);
        grey.extend(strip.into_luma_alpha8().pixels().map(|pixel| over_white(pixel.0)));
    }
    grey
}

/// How far each grey value is from that of the paper, the farthest being 255; nothing where all
/// are about the same.
fn ink(mut grey: Vec<u8>, width: usize) -> Option<Vec<u8>> {
    let paper = paper(&grey, width);
    let (darkest, lightest) =
        grey.iter().fold((255, 0), |(low, high), g| (g.min(&low).to_owned(), high.max(*g)));
    let light_paper = paper - darkest >= lightest - paper;
    let contrast = if light_paper { paper - darkest } else { lightest - paper };
    if contrast < MIN_CONTRAST {
        return None;
    }
    for value in &mut grey {
        let away = if light_paper { paper.saturating_sub(*value) } else { value.saturating_sub(paper) };
        *value = (u32::from(away) * 255 / u32::from(contrast)) as u8;
    }
    Some(grey)
}

/// The median grey value of the picture's border.
fn paper(grey: &[u8], width: usize) -> u8 {
    let rows = grey.chunks_exact(width);
    let sides = rows.clone().flat_map(|row| [row[0], row[width - 1]]);
    let ends = rows.clone().next().into_iter().chain(rows.last()).flatten().copied();
    let mut border: Vec<u8> = sides.chain(ends).collect();
    let middle = border.len() / 2;
    *border.select_nth_unstable(middle).1
}
