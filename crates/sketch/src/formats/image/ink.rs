//! What of a picture is ink.

use image::DynamicImage;

use super::photo;

/// The least difference between paper and ink, of 255; less is noise.
pub(super) const MIN_CONTRAST: u8 = 16;
/// Rows that are turned into grey together.
const STRIP: usize = 64;
/// Share of the pixels that have about the same grey in a picture that a program has made; a photograph has no such.
const FLAT: f32 = 0.35;
/// How far from the edges the frame of a sheet may end, as a share of the shorter side.
const FRAME: f32 = 0.12;
/// Share of a ring of pixels that is of one grey where it is a part of a frame.
const RING: f32 = 0.95;
/// The broadest lines that light paper would hide, as a share of the longer side, and how much of all ink they have to be.
const LINE: f32 = 0.04;
const MOST_LIGHT: f32 = 0.2;

/// Grey values, row by row.
pub(super) struct Grey {
    pub width: usize,
    pub values: Vec<u8>,
}

/// Ink, row by row: 0 is paper and 255 the farthest from it.
pub(in crate::formats) struct Ink {
    pub width: usize,
    pub values: Vec<u8>,
}

impl Grey {
    pub fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// Without so many pixels on each side.
    fn inner(&self, border: usize) -> Self {
        let (width, height) = (self.width, self.height());
        let rows = self.values.chunks_exact(width).skip(border).take(height - 2 * border);
        let values = rows.flat_map(|row| &row[border..width - border]).copied().collect();
        Self { width: width - 2 * border, values }
    }

    /// The pixels that lie so far from the nearest edge.
    fn ring(&self, depth: usize) -> Vec<u8> {
        let (width, last) = (self.width, self.height() - 1 - depth);
        let row = |y: usize| &self.values[y * width..][depth..width - depth];
        let sides = (depth + 1..last).flat_map(|y| [row(y)[0], row(y)[width - 2 * depth - 1]]);
        row(depth).iter().chain(row(last)).copied().chain(sides).collect()
    }
}

/// The ink of a picture.
///
/// # Errors
/// Why there is none.
pub(in crate::formats) fn of(picture: &DynamicImage) -> Result<Ink, String> {
    let grey = grey(picture);
    let border = frame(&grey);
    if border > 0
        && let Ok(ink) = inside(&grey.inner(border))
    {
        return Ok(ink);
    }
    // A frame with nothing in it is what was drawn.
    inside(&grey)
}

/// The ink of a picture without a frame.
fn inside(grey: &Grey) -> Result<Ink, String> {
    if !is_flat(grey) {
        return photo::ink(grey);
    }
    let values = contrast(grey).ok_or_else(|| {
        format!("it has no ink: no pixel is farther than {MIN_CONTRAST} of 255 from the paper")
    })?;
    Ok(Ink { width: grey.width, values })
}

/// A picture on paper: white, where what is transparent lets see it, or black where that would hide its lines.
fn grey(picture: &DynamicImage) -> Grey {
    let (width, height) = (picture.width(), picture.height());
    let (mut light, mut alphas) = (Vec::new(), Vec::new());
    // In strips, as a second copy of a large picture takes much memory.
    for top in (0..height).step_by(STRIP) {
        let strip = picture.crop_imm(0, top, width, STRIP as u32).into_luma_alpha8();
        light.extend(strip.pixels().map(|pixel| pixel.0[0]));
        if picture.color().has_alpha() {
            alphas.extend(strip.pixels().map(|pixel| pixel.0[1]));
        }
    }
    let width = width as usize;
    if !alphas.is_empty() {
        let paper = if hides_lines(&light, &alphas, width) { 0 } else { 255 };
        light.iter_mut().zip(&alphas).for_each(|(grey, alpha)| *grey = over(*grey, *alpha, paper));
    }
    Grey { width, values: light }
}

fn over(grey: u8, alpha: u8, paper: u32) -> u8 {
    let (grey, alpha) = (u32::from(grey), u32::from(alpha));
    ((grey * alpha + paper * (255 - alpha) + 127) / 255) as u8
}

/// Whether there are light lines that could not be seen on white: a light area may be paper cut out, lines are not.
fn hides_lines(light: &[u8], alphas: &[u8], width: usize) -> bool {
    let is_light = |at: usize| alphas[at] > 127 && 255 - over(light[at], alphas[at], 255) < MIN_CONTRAST;
    let ink = alphas.iter().filter(|alpha| **alpha > 127).count();
    let (mut area, mut edge) = (0usize, 0usize);
    for at in (0..light.len()).filter(|at| is_light(*at)) {
        let (x, y) = (at % width, at / width);
        let inside = x > 0 && x + 1 < width && y > 0 && at + width < light.len();
        area += 1;
        edge += usize::from(!inside || ![at - 1, at + 1, at - width, at + width].into_iter().all(is_light));
    }
    let longer = width.max(light.len() / width);
    let breadth = 2.0 * area as f32 / edge.max(1) as f32;
    ink < light.len() && area as f32 > MOST_LIGHT * ink as f32 && breadth <= 2.0 + LINE * longer as f32
}

/// Pixels of a frame that runs around a sheet of paper, on each side; 0 where there is none.
fn frame(grey: &Grey) -> usize {
    let shorter = grey.width.min(grey.height());
    let deepest = (FRAME * shorter as f32) as usize;
    let rings: Vec<(u8, bool)> = (0..=deepest).map(|depth| uniform(grey.ring(depth))).collect();
    // Where the colour changes for the last time, and a ring of paper follows.
    let changes = |depth: &usize| {
        let [(outer, frame), (inner, paper)] = [rings[*depth], rings[*depth + 1]];
        frame && paper && outer.abs_diff(inner) >= MIN_CONTRAST
    };
    (0..deepest).rev().find(changes).map_or(0, |depth| depth + 1)
}

/// The median of some pixels, and whether about all are near it.
fn uniform(mut ring: Vec<u8>) -> (u8, bool) {
    let count = ring.len();
    let median = *ring.select_nth_unstable(count / 2).1;
    let near = ring.iter().filter(|grey| grey.abs_diff(median) < MIN_CONTRAST).count();
    (median, near as f32 >= RING * count as f32)
}

/// Whether most of a picture is of one grey.
fn is_flat(grey: &Grey) -> bool {
    let mut counts = [0usize; 256];
    grey.values.iter().for_each(|value| counts[usize::from(*value)] += 1);
    let most = counts.windows(3).map(|near| near.iter().sum::<usize>()).max().unwrap_or(0);
    most as f32 >= FLAT * grey.values.len() as f32
}

/// How far each grey value is from that of the paper, the farthest being 255; nothing where all
/// are about the same.
fn contrast(grey: &Grey) -> Option<Vec<u8>> {
    let paper = uniform(grey.ring(0)).0;
    let mut values = grey.values.clone();
    let (darkest, lightest) =
        values.iter().fold((255, 0), |(low, high), g| (g.min(&low).to_owned(), high.max(*g)));
    let light_paper = paper - darkest >= lightest - paper;
    let contrast = if light_paper { paper - darkest } else { lightest - paper };
    if contrast < MIN_CONTRAST {
        return None;
    }
    for value in &mut values {
        let away = if light_paper { paper.saturating_sub(*value) } else { value.saturating_sub(paper) };
        *value = (u32::from(away) * 255 / u32::from(contrast)) as u8;
    }
    Some(values)
}
