use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage, imageops};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Background color.
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
/// Gray of the line around a cell.
const EDGE: u8 = 228;
/// Gap between two cells, in pixels.
const GAP: u32 = 6;
/// Height of a line of text, in pixels.
const TEXT: u32 = 18;

/// A contact sheet: square cells in rows and columns, a line of text under each and one before each row.
#[derive(Clone, Debug)]
pub struct ContactSheet {
    pixels: RgbImage,
    side: u32,
    /// Width of the row headings, in pixels.
    left: u32,
}

/// The content of a cell.
#[derive(Clone, Debug)]
pub enum SheetCell {
    /// `side × side` ink values.
    Ink(Vec<u8>),
    /// A color picture of any size.
    Rgb(RgbImage),
}

impl ContactSheet {
    /// An empty sheet of cells of `side` pixels. `heading` is the length of the longest row heading, in
    /// characters.
    pub fn new(side: usize, columns: usize, rows: usize, heading: usize) -> Self {
        let (side, columns, rows) = (side as u32, columns as u32, rows as u32);
        let left = GAP + if heading == 0 { 0 } else { heading as u32 * character() + GAP };
        let width = left + columns * (side + GAP);
        let height = GAP + rows * (side + TEXT + GAP);
        Self { pixels: RgbImage::from_pixel(width, height, PAPER), side, left }
    }

    /// Fills a cell and writes `text` under it, shortened to fit.
    pub fn set_cell(&mut self, column: usize, row: usize, cell: &SheetCell, text: &str) {
        let (x, y) = (self.left + column as u32 * (self.side + GAP), self.top(row));
        let side = self.side;
        let picture = match cell {
            SheetCell::Ink(ink) => RgbImage::from_fn(side, side, |x, y| {
                let light = 255 - ink.get((y * side + x) as usize).copied().unwrap_or(0);
                Rgb([light; 3])
            }),
            SheetCell::Rgb(picture) => imageops::resize(picture, side, side, imageops::FilterType::Triangle),
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

    /// Writes the heading of a row.
    pub fn set_heading(&mut self, row: usize, text: &str) {
        self.text(GAP, self.top(row) + self.side / 2 - TEXT / 2, text);
    }

    /// The sheet as a PNG file.
    pub fn to_png(&self) -> Vec<u8> {
        let mut png = Cursor::new(Vec::new());
        self.pixels.write_to(&mut png, ImageFormat::Png).expect("memory takes any picture");
        png.into_inner()
    }

    /// Top edge of a row, in pixels.
    fn top(&self, row: usize) -> u32 {
        GAP + row as u32 * (self.side + TEXT + GAP)
    }

    /// Draws a thin line around a cell, where the cell itself is paper.
    fn edge(&mut self, x: u32, y: u32) {
        for at in 0..self.side {
            for (x, y) in [(x + at, y), (x + at, y + self.side - 1), (x, y + at), (x + self.side - 1, y + at)]
            {
                let pixel = self.pixels.get_pixel_mut(x, y);
                pixel.0 = pixel.0.map(|value| value.min(EDGE));
            }
        }
    }

    /// Draws text; characters that the font lacks become question marks.
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
