//! Separation of ink from paper in a picture.

use image::{DynamicImage, GrayAlphaImage, Rgba};

use super::plane::{GrayPlane, InkPlane, MIN_CONTRAST, MarkedArea, PixelRect, uniform};
use super::{card, fills, photo};

/// Rows that are turned into gray together.
const STRIP: usize = 64;
/// Share of the pixels that have about the same gray in a picture that a program has made; a photograph has no such.
const FLAT: f32 = 0.35;
/// Largest distance of a frame's inner edge from the picture's edge, as a share of the shorter side.
const FRAME: f32 = 0.12;
/// Share of all ink that light lines have to be where white paper would hide them.
const MOST_LIGHT: f32 = 0.2;

/// The ink of a picture.
///
/// # Errors
/// Why there is none.
pub(in crate::formats) fn of(picture: &DynamicImage) -> Result<InkPlane, String> {
    let paper = if is_dark_card(picture) { 0 } else { 255 };
    let gray = gray(picture, paper);
    let border = frame(&gray);
    if border > 0
        && let Ok(ink) = inside(picture, paper, &gray.inner(border), border)
    {
        return Ok(ink);
    }
    if border == 0
        && let Some(part) = card::find(&gray)
        && let Ok(ink) = on_card(picture, paper, part)
    {
        return Ok(ink);
    }
    // A frame with nothing in it is what was drawn.
    inside(picture, paper, &gray, 0)
}

/// The ink of a part of a picture.
fn on_card(picture: &DynamicImage, paper: u8, part: PixelRect) -> Result<InkPlane, String> {
    let PixelRect { left, top, width, height } = part;
    let [left, top, width, height] = [left, top, width, height].map(|pixels| pixels as u32);
    let card = picture.crop_imm(left, top, width, height);
    inside(&card, paper, &gray(&card, paper), 0)
}

/// The ink of a picture without its frame of so many pixels.
fn inside(picture: &DynamicImage, paper: u8, gray: &GrayPlane, border: usize) -> Result<InkPlane, String> {
    if !is_flat(gray) {
        return photo::ink(gray);
    }
    let values =
        if picture.color().has_color() { colors_away(picture, paper, border) } else { grays_away(gray) };
    let values = contrast(values).ok_or_else(|| {
        format!("it has no ink: no pixel is farther than {MIN_CONTRAST} of 255 from the paper")
    })?;
    Ok(fills::hollowed(InkPlane { width: gray.width, values }))
}

/// Distance of each gray value from that of the paper.
fn grays_away(gray: &GrayPlane) -> Vec<u8> {
    let paper = uniform(gray.ring(0)).0;
    gray.values.iter().map(|value| value.abs_diff(paper)).collect()
}

/// Distance of each color from that of the paper, in the channel in which it is farthest.
fn colors_away(picture: &DynamicImage, paper: u8, border: usize) -> Vec<u8> {
    let inset = border as u32;
    let (width, height) = (picture.width() - 2 * inset, picture.height() - 2 * inset);
    let laid = |pixel: &Rgba<u8>| {
        let [red, green, blue, alpha] = pixel.0;
        [red, green, blue].map(|value| over(value, alpha, paper.into()))
    };
    let part = |x: u32, y: u32, width: u32, height: u32| {
        picture.crop_imm(inset + x, inset + y, width, height).into_rgba8()
    };
    let edges = [
        part(0, 0, width, 1),
        part(0, height - 1, width, 1),
        part(0, 0, 1, height),
        part(width - 1, 0, 1, height),
    ];
    let ring: Vec<[u8; 3]> = edges.iter().flat_map(|edge| edge.pixels().map(laid)).collect();
    let sheet: [u8; 3] =
        std::array::from_fn(|channel| uniform(ring.iter().map(|color| color[channel]).collect()).0);
    let away = |color: [u8; 3]| {
        color.iter().zip(sheet).map(|(value, paper)| value.abs_diff(paper)).max().unwrap_or(0)
    };
    let mut values = Vec::with_capacity(width as usize * height as usize);
    for top in (0..height).step_by(STRIP) {
        let strip = part(0, top, width, (height - top).min(STRIP as u32));
        values.extend(strip.pixels().map(|pixel| away(laid(pixel))));
    }
    values
}

/// True if transparent pixels are black paper: white would hide lines.
fn is_dark_card(picture: &DynamicImage) -> bool {
    if !picture.color().has_alpha() {
        return false;
    }
    let (mut light, mut alphas) = (Vec::new(), Vec::new());
    for_each_strip(picture, |strip| {
        light.extend(strip.pixels().map(|pixel| pixel.0[0]));
        alphas.extend(strip.pixels().map(|pixel| pixel.0[1]));
    });
    hides_lines(&light, &alphas, picture.width() as usize)
}

/// The light of a picture on paper that is seen where it is transparent.
fn gray(picture: &DynamicImage, paper: u8) -> GrayPlane {
    let mut values = Vec::with_capacity(picture.width() as usize * picture.height() as usize);
    for_each_strip(picture, |strip| {
        values.extend(strip.pixels().map(|pixel| over(pixel.0[0], pixel.0[1], paper.into())));
    });
    GrayPlane { width: picture.width() as usize, values }
}

/// Light and transparency of a picture, in strips, as a second copy of a large picture takes much memory.
fn for_each_strip(picture: &DynamicImage, mut work: impl FnMut(GrayAlphaImage)) {
    for top in (0..picture.height()).step_by(STRIP) {
        work(picture.crop_imm(0, top, picture.width(), STRIP as u32).into_luma_alpha8());
    }
}

fn over(gray: u8, alpha: u8, paper: u32) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    ((gray * alpha + paper * (255 - alpha) + 127) / 255) as u8
}

/// True if there are light lines that white would hide: a light area may be paper cut out, lines are not.
fn hides_lines(light: &[u8], alphas: &[u8], width: usize) -> bool {
    let is_light = |at: usize| alphas[at] > 127 && 255 - over(light[at], alphas[at], 255) < MIN_CONTRAST;
    let ink = alphas.iter().filter(|alpha| **alpha > 127).count();
    let MarkedArea { area, is_lines } = MarkedArea::of(light.len(), width, is_light);
    ink < light.len() && area as f32 > MOST_LIGHT * ink as f32 && is_lines
}

/// Pixels of a frame that runs around a sheet of paper, on each side; 0 where there is none.
fn frame(gray: &GrayPlane) -> usize {
    let shorter = gray.width.min(gray.height());
    let deepest = (FRAME * shorter as f32) as usize;
    let rings: Vec<(u8, bool)> = (0..=deepest).map(|depth| uniform(gray.ring(depth))).collect();
    // Where the color changes for the last time, and a ring of paper follows.
    let changes = |depth: &usize| {
        let [(outer, frame), (inner, paper)] = [rings[*depth], rings[*depth + 1]];
        frame && paper && outer.abs_diff(inner) >= MIN_CONTRAST
    };
    (0..deepest).rev().find(changes).map_or(0, |depth| depth + 1)
}

/// True if most of a picture is of one gray.
fn is_flat(gray: &GrayPlane) -> bool {
    let mut counts = [0usize; 256];
    gray.values.iter().for_each(|value| counts[usize::from(*value)] += 1);
    let most = counts.windows(3).map(|near| near.iter().sum::<usize>()).max().unwrap_or(0);
    most as f32 >= FLAT * gray.values.len() as f32
}

/// The same with 255 for the farthest; nothing where all are about the same.
fn contrast(mut away: Vec<u8>) -> Option<Vec<u8>> {
    let farthest = away.iter().copied().max().filter(|farthest| *farthest >= MIN_CONTRAST)?;
    for value in &mut away {
        *value = (u32::from(*value) * 255 / u32::from(farthest)) as u8;
    }
    Some(away)
}
