use std::io::Cursor;

use base64::{Engine, prelude::BASE64_STANDARD};
use image::{ImageFormat, Rgba, RgbaImage};
use maud::{Markup, html};

use super::palette::diverging;

/// Side of one weight, and what lies between two kernels, in pixels.
const CELL: u32 = 12;
const GAP: u32 = 3;

/// Pixels that travel inside the page.
#[derive(Debug)]
pub(super) struct Picture {
    pixels: RgbaImage,
}

impl Picture {
    /// Ink on transparent paper, `side × side`; dark, so a dark page inverts it.
    pub(super) fn of_ink(ink: &[u8], side: usize) -> Self {
        let alpha = |x, y| ink.get(y as usize * side + x as usize).copied().unwrap_or(0);
        let pixels = RgbaImage::from_fn(side as u32, side as u32, |x, y| Rgba([0, 0, 0, alpha(x, y)]));
        Self { pixels }
    }

    /// Kernels of `kernel × kernel` weights, side by side in rows of `columns`, `±limit` being the
    /// ends of the colour scale.
    pub(super) fn of_kernels(weights: &[f32], kernel: usize, columns: usize, limit: f32) -> Self {
        let taps = kernel * kernel;
        let rows = (weights.len() / taps).div_ceil(columns) as u32;
        let pitch = kernel as u32 * CELL + GAP;
        let mut pixels = RgbaImage::new(columns as u32 * pitch - GAP, rows * pitch - GAP);
        for (index, &weight) in weights.iter().enumerate() {
            let (tile, tap) = (index / taps, index % taps);
            let left = (tile % columns) as u32 * pitch + (tap % kernel) as u32 * CELL;
            let top = (tile / columns) as u32 * pitch + (tap / kernel) as u32 * CELL;
            let [red, green, blue] = diverging(weight / limit.max(f32::MIN_POSITIVE));
            for (x, y) in (0..CELL * CELL).map(|pixel| (pixel % CELL, pixel / CELL)) {
                pixels.put_pixel(left + x, top + y, Rgba([red, green, blue, 255]));
            }
        }
        Self { pixels }
    }

    pub(super) fn img(&self, alt: &str) -> Markup {
        let (width, height) = self.pixels.dimensions();
        html! { img src=(self.data_uri()) alt=(alt) width=(width) height=(height); }
    }

    fn data_uri(&self) -> String {
        let mut png = Cursor::new(Vec::new());
        self.pixels.write_to(&mut png, ImageFormat::Png).expect("memory takes any picture");
        format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png.into_inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_stand_apart_row_by_row() {
        let weights: Vec<f32> = (0..3 * 4).map(|index| if index == 4 { 1.0 } else { -1.0 }).collect();
        let picture = Picture::of_kernels(&weights, 2, 2, 1.0).pixels;
        assert_eq!(picture.dimensions(), (4 * CELL + GAP, 4 * CELL + GAP));
        let second = 2 * CELL + GAP;
        assert_eq!(picture.get_pixel(second, 0).0[..3], diverging(1.0));
        assert_eq!(picture.get_pixel(second + CELL, 0).0[..3], diverging(-1.0));
        assert_eq!(picture.get_pixel(second - 1, 0).0[3], 0);
        assert_eq!(picture.get_pixel(second, second).0[3], 0, "there is no fourth kernel");
    }

    #[test]
    fn a_picture_is_a_png_in_the_page() {
        let uri = Picture::of_ink(&[0, 255, 255, 0], 2).data_uri();
        assert!(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
    }
}
