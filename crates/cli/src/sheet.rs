//! Contact sheets: pictures side by side, with words.

use std::{io::Cursor, path::Path};

use dabnet_container::replace_file;
use image::{ImageError, ImageFormat, Rgb, RgbImage, imageops};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::error::CliError;

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const EDGE: u8 = 228;
/// What lies between two cells, in pixels.
const GAP: u32 = 6;
/// Height of a line of text, in pixels.
const TEXT: u32 = 18;

/// Square cells in rows and columns, with a line of text under each and room for one before each row.
pub(crate) struct Sheet {
    pixels: RgbImage,
    side: u32,
    /// Pixels before the first column.
    left: u32,
}

/// What a cell shows.
pub(crate) enum Cell {
    /// `side × side` ink values.
    Ink(Vec<u8>),
    /// Colours, of any size.
    Colours(RgbImage),
}

impl Sheet {
    /// An empty sheet. `heading` is the longest of the texts before the rows, in characters.
    pub(crate) fn new(side: usize, columns: usize, rows: usize, heading: usize) -> Self {
        let (side, columns, rows) = (side as u32, columns as u32, rows as u32);
        let left = GAP + if heading == 0 { 0 } else { heading as u32 * character() + GAP };
        let width = left + columns * (side + GAP);
        let height = GAP + rows * (side + TEXT + GAP);
        Self { pixels: RgbImage::from_pixel(width, height, PAPER), side, left }
    }

    /// Fills a cell.
    pub(crate) fn cell(&mut self, column: usize, row: usize, cell: &Cell, text: &str) {
        let (x, y) = (self.left + column as u32 * (self.side + GAP), self.top(row));
        let side = self.side;
        let picture = match cell {
            Cell::Ink(ink) => RgbImage::from_fn(side, side, |x, y| {
                let light = 255 - ink.get((y * side + x) as usize).copied().unwrap_or(0);
                Rgb([light; 3])
            }),
            Cell::Colours(colours) => imageops::resize(colours, side, side, imageops::FilterType::Triangle),
        };
        imageops::replace(&mut self.pixels, &picture, x.into(), y.into());
        self.edge(x, y);
        let fits = (side / character()) as usize;
        let mut shown: String = text.chars().take(fits).collect();
        if text.chars().count() > fits {
            shown.replace_range(shown.floor_char_boundary(shown.len().saturating_sub(2)).., "..");
        }
        self.text(x, y + side + 1, &shown);
    }

    /// Writes before a row.
    pub(crate) fn heading(&mut self, row: usize, text: &str) {
        self.text(GAP, self.top(row) + self.side / 2 - TEXT / 2, text);
    }

    /// Writes the sheet as PNG.
    pub(crate) fn save(&self, path: &Path) -> Result<(), CliError> {
        let mut png = Cursor::new(Vec::new());
        let failed =
            |error: ImageError| CliError::Failure(format!("cannot write {}: {error}", path.display()));
        self.pixels.write_to(&mut png, ImageFormat::Png).map_err(failed)?;
        replace_file(path, &png.into_inner()).map_err(|error| CliError::write(path, &error))
    }

    fn top(&self, row: usize) -> u32 {
        GAP + row as u32 * (self.side + TEXT + GAP)
    }

    /// A thin line around a cell, where the cell itself is paper.
    fn edge(&mut self, x: u32, y: u32) {
        for at in 0..self.side {
            for (x, y) in [(x + at, y), (x + at, y + self.side - 1), (x, y + at), (x + self.side - 1, y + at)]
            {
                let pixel = self.pixels.get_pixel_mut(x, y);
                pixel.0 = pixel.0.map(|value| value.min(EDGE));
            }
        }
    }

    /// What the font has no picture of becomes a question mark.
    fn text(&mut self, x: u32, y: u32, text: &str) {
        for (index, letter) in text.chars().enumerate() {
            let picture = |letter| get_raster(letter, FontWeight::Regular, RasterHeight::Size16);
            let Some(picture) = picture(letter).or_else(|| picture('?')) else { continue };
            for (dy, row) in picture.rows().enumerate() {
                for (dx, ink) in row.iter().enumerate() {
                    let (x, y) = (x + index as u32 * character() + dx as u32, y + dy as u32);
                    if *ink > 0 && x < self.pixels.width() && y < self.pixels.height() {
                        self.pixels.put_pixel(x, y, Rgb([255 - ink; 3]));
                    }
                }
            }
        }
    }
}

/// Width of a character, in pixels.
fn character() -> u32 {
    get_raster_width(FontWeight::Regular, RasterHeight::Size16) as u32
}
