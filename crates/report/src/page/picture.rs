use std::io::Cursor;

use base64::{Engine, prelude::BASE64_STANDARD};
use image::{
    Rgba, RgbaImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use maud::{Markup, html};

use super::TileLayout;

/// Side of one weight and gap between two tiles, in pixels.
const CELL: usize = 12;
const GAP: usize = 3;

/// Upper bound of the width in pixels, where smaller cells reach it.
const WIDEST: usize = 420;

/// A picture embedded in the page as a data URI.
#[derive(Debug)]
pub(crate) struct DataUriPicture {
    pixels: RgbaImage,
    /// True if a pixel is a value and keeps its edges when it is enlarged.
    sharp: bool,
}

impl DataUriPicture {
    /// A picture of `side × side` ink values, black on transparent paper; a dark page inverts it.
    pub(crate) fn of_ink(ink: &[u8], side: usize) -> Self {
        let alpha = |x, y| ink.get(y as usize * side + x as usize).copied().unwrap_or(0);
        let pixels = RgbaImage::from_fn(side as u32, side as u32, |x, y| Rgba([0, 0, 0, alpha(x, y)]));
        Self { pixels, sharp: false }
    }

    /// A picture of weights in rows of tiles; `±limit` are the ends of the color scale.
    pub(crate) fn of_tiles(weights: &[f32], tiles: TileLayout, limit: f32) -> Self {
        let columns = tiles.columns();
        let rows = weights.len().div_ceil(tiles.len()).div_ceil(columns);
        // A lone tile needs no gaps: the browser can make its pixels as large as it likes.
        let cell = if tiles.count == 1 { 1 } else { (WIDEST / (columns * tiles.width)).clamp(1, CELL) };
        let gap = cell.div_ceil(CELL / GAP);
        let (wide, high) = (tiles.width * cell + gap, tiles.height * cell + gap);
        let mut pixels = RgbaImage::new((columns * wide - gap) as u32, (rows * high - gap) as u32);
        for (index, &weight) in weights.iter().enumerate() {
            let (tile, tap) = (index / tiles.len(), index % tiles.len());
            let left = tile % columns * wide + tap % tiles.width * cell;
            let top = tile / columns * high + tap / tiles.width * cell;
            let [red, green, blue] = diverging(weight / limit.max(f32::MIN_POSITIVE));
            for (x, y) in (0..cell * cell).map(|pixel| (pixel % cell, pixel / cell)) {
                pixels.put_pixel((left + x) as u32, (top + y) as u32, Rgba([red, green, blue, 255]));
            }
        }
        Self { pixels, sharp: cell == 1 }
    }

    /// An `img` element.
    pub(crate) fn img(&self, alt: &str) -> Markup {
        let (width, height) = self.pixels.dimensions();
        html! { img.sharp[self.sharp] src=(self.data_uri()) alt=(alt) width=(width) height=(height); }
    }

    fn data_uri(&self) -> String {
        let mut png = Cursor::new(Vec::new());
        // Few colors, much repeated: bytes compress better than differences between them.
        let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter);
        self.pixels.write_with_encoder(encoder).expect("memory takes any picture");
        format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png.into_inner()))
    }
}

/// Stops of the color scale, from teal through near-white to brown (ColorBrewer's BrBG): its ends differ for
/// color-blind readers, too.
const STOPS: [[f32; 3]; 9] = [
    [1.0, 102.0, 94.0],
    [53.0, 151.0, 143.0],
    [128.0, 205.0, 193.0],
    [199.0, 234.0, 229.0],
    [245.0, 245.0, 245.0],
    [246.0, 232.0, 195.0],
    [223.0, 194.0, 125.0],
    [191.0, 129.0, 45.0],
    [140.0, 81.0, 10.0],
];

/// Colors between two stops: more would be hard to tell apart, and make pictures larger.
const STEPS: f32 = 6.0;

/// Color of a value in `−1 ..= 1`, clamped.
fn diverging(value: f32) -> [u8; 3] {
    let place = (value.clamp(-1.0, 1.0) + 1.0) / 2.0 * (STOPS.len() - 1) as f32;
    let place = (place * STEPS).round() / STEPS;
    let stop = (place as usize).min(STOPS.len() - 2);
    let share = place - stop as f32;
    std::array::from_fn(|channel| {
        let (low, high) = (STOPS[stop][channel], STOPS[stop + 1][channel]);
        (low + share * (high - low)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_stand_apart_row_by_row() {
        let weights: Vec<f32> = (0..5 * 4).map(|index| if index == 4 { 1.0 } else { -1.0 }).collect();
        let picture =
            DataUriPicture::of_tiles(&weights, TileLayout { count: 5, height: 2, width: 2 }, 1.0).pixels;
        let (cell, gap) = (CELL as u32, GAP as u32);
        assert_eq!(picture.dimensions(), (6 * cell + 2 * gap, 4 * cell + gap));
        let (second, third) = (2 * cell + gap, 4 * cell + 2 * gap);
        assert_eq!(picture.get_pixel(second, 0).0[..3], diverging(1.0));
        assert_eq!(picture.get_pixel(second + cell, 0).0[..3], diverging(-1.0));
        assert_eq!(picture.get_pixel(second - 1, 0).0[3], 0);
        assert_eq!(picture.get_pixel(third, second).0[3], 0, "there is no sixth tile");
    }

    #[test]
    fn a_last_row_may_be_short_and_many_weights_are_small() {
        let tiles = TileLayout { count: 1, height: 1, width: 1000 };
        let picture = DataUriPicture::of_tiles(&[1.0; 99], tiles, 1.0).pixels;
        assert_eq!(picture.dimensions(), (1000, 1));
        assert_eq!(picture.get_pixel(99, 0).0[3], 0);
    }

    #[test]
    fn a_picture_is_a_png_in_the_page() {
        let uri = DataUriPicture::of_ink(&[0, 255, 255, 0], 2).data_uri();
        assert!(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
    }

    #[test]
    fn ends_and_middle_are_the_stops() {
        assert_eq!(diverging(-7.0), [1, 102, 94]);
        assert_eq!(diverging(0.0), [245, 245, 245]);
        assert_eq!(diverging(1.0), [140, 81, 10]);
        assert_eq!(diverging(0.125), [246, 239, 220]);
    }
}
