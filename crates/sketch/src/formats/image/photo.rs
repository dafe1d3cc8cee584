//! The ink of a photograph of a drawing on paper: uneven light, shadows, a desk around the sheet.
//!
//! Ink is dark and thin. A morphological closing (Serra, *Image Analysis and Mathematical Morphology*, 1982) fills
//! in all that is thinner than its window and leaves light, shadows and the desk as they are: what it has filled in, as a
//! share of what lies around, is how dark the ink is there.

use super::plane::{FloatPlane, GrayPlane, InkPlane, SIDE, extreme};
use crate::otsu::{self, OtsuClasses};

/// Breadths of what is thin, as shares of the longer side: of lines of a pen, and of a marker's.
const THIN: [f32; 3] = [0.045, 0.09, 0.15];
/// As dark as a marker's ink, and hardly a shadow.
const INKY: f32 = 0.5;
/// Growth of dark area with the next breadth from which on lines are too broad for one.
const BROADER: f32 = 1.5;
/// Ink that is less dark than that beside it, as a share, is noise or a print on the paper.
const FAINT: f32 = 0.12;
/// The least darkness of a drawing's lines.
const DARK: f32 = 0.2;
/// Share of the darkest lines at which others are no longer ink but lines of a notebook or a trace of what is behind.
const BESIDE: f32 = 0.4;
/// A desk is at most so light, as a share of the paper.
const DESK: f32 = 0.6;
/// The least share of a picture that its sheet of paper takes.
const SHEET: f32 = 0.08;
/// Margin inside the sheet's edge where ink begins, as a share of the longer side.
const EDGE: f32 = 0.02;
/// The most of a sheet that is ink.
const MOST: f32 = 0.3;

/// The ink of a photograph.
///
/// # Errors
/// The reason that no lines are found.
pub(super) fn ink(gray: &GrayPlane) -> Result<InkPlane, String> {
    let picture = FloatPlane::reduced(&gray.values, gray.width, SIDE).blurred();
    let light_paper = is_light(&picture);
    let picture = if light_paper { picture } else { picture.negative() };
    let mut told = PaperSeparation::apart(&picture, THIN[0]);
    for thin in &THIN[1..] {
        let broader = PaperSeparation::apart(&picture, *thin);
        if broader.inky() as f32 <= BROADER * told.inky() as f32 {
            break;
        }
        told = broader;
    }
    let PaperSeparation { mut darkness, sheet } = told;
    let inked = darkness.iter().filter(|dark| **dark > 0.0).count();
    let area = sheet.iter().filter(|inside| **inside).count();
    if inked as f32 > MOST * area as f32 {
        return Err("most of it would be ink: photograph one drawing on plain paper".to_owned());
    }
    let darkest = upper(&darkness);
    if darkest < DARK {
        return Err("no lines in it are told from its paper: photograph it nearer, in more light".to_owned());
    }
    let least = BESIDE * darkest;
    darkness.iter_mut().for_each(|dark| *dark = ((*dark - least) / (darkest - least)).clamp(0.0, 1.0));
    let values = darkness.iter().map(|dark| (dark * 255.0).round() as u8).collect();
    Ok(InkPlane { width: picture.width, values })
}

/// Separation of lines from the paper, and of the paper from its surroundings.
struct PaperSeparation {
    /// Darkness of each pixel relative to the paper, as a share.
    darkness: Vec<f32>,
    /// Pixels of the sheet of paper.
    sheet: Vec<bool>,
}

impl PaperSeparation {
    /// Separates lines, thinner than a share of the longer side.
    fn apart(picture: &FloatPlane, thin: f32) -> Self {
        let paper = picture.closed((thin * picture.longer() as f32 / 2.0).ceil() as usize);
        let sheet = sheet(&paper);
        let darkness = (picture.values.iter().zip(&paper.values).zip(&sheet))
            .map(|((value, paper), inside)| if *inside { (paper - value) / paper.max(1.0) } else { 0.0 })
            .map(|dark| if dark < FAINT { 0.0 } else { dark })
            .collect();
        Self { darkness, sheet }
    }

    /// Pixels that are as dark as ink.
    fn inky(&self) -> usize {
        self.darkness.iter().filter(|dark| **dark > INKY).count()
    }
}

/// True if more is light than dark, half way between the ends.
fn is_light(picture: &FloatPlane) -> bool {
    let mean = picture.values.iter().sum::<f32>() / picture.values.len() as f32;
    let mut sorted = picture.values.clone();
    sorted.sort_by(f32::total_cmp);
    let [low, high] = [sorted[sorted.len() / 50], sorted[sorted.len() * 49 / 50]];
    // A desk is dark, and so is ink; light lines on dark paper leave next to nothing light.
    let light = sorted.iter().filter(|value| **value > (low + high) / 2.0).count();
    mean > 128.0 || light as f32 > SHEET * sorted.len() as f32
}

/// Returns the 90th percentile of darkness among inked pixels.
fn upper(darkness: &[f32]) -> f32 {
    let mut inked: Vec<f32> = darkness.iter().copied().filter(|dark| *dark > 0.0).collect();
    if inked.is_empty() {
        return 0.0;
    }
    let at = inked.len() * 9 / 10;
    *inked.select_nth_unstable_by(at, f32::total_cmp).1
}

/// Finds the sheet of paper: all of the picture, or its light part if something dark lies around.
fn sheet(paper: &FloatPlane) -> Vec<bool> {
    let everywhere = vec![true; paper.values.len()];
    let grays = paper.values.iter().map(|value| value.clamp(0.0, 255.0) as u8);
    let Some(OtsuClasses { last_below, .. }) = otsu::classes(grays) else { return everywhere };
    let threshold = f32::from(last_below) + 0.999;
    let (dark, light): (Vec<f32>, Vec<f32>) = paper.values.iter().partition(|value| **value <= threshold);
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    if dark.is_empty() || mean(&dark) > DESK * mean(&light) {
        return everywhere;
    }
    let (width, height) = (paper.width, paper.height());
    let is_light: Vec<bool> = paper.values.iter().map(|value| *value > threshold).collect();
    let edge = |at: usize| {
        at.is_multiple_of(width) || (at + 1).is_multiple_of(width) || at < width || at / width == height - 1
    };
    let around = (0..is_light.len()).filter(|at| edge(*at));
    let dark_around = around.clone().filter(|at| !is_light[*at]).count();
    let margin = (EDGE * paper.longer() as f32).ceil() as usize;
    let sheet = largest(&is_light, width);
    let area = sheet.iter().filter(|inside| **inside).count();
    let is_desk = 2 * dark_around > around.count() && is_sharp(paper, &sheet, margin);
    if !is_desk || (area as f32) < SHEET * sheet.len() as f32 {
        return everywhere;
    }
    // Ink that was too broad to be filled in is no hole, and the sheet's edge no ink.
    shrunk(&filled(&sheet, width), width, margin)
}

/// The largest part of what is marked that hangs together.
fn largest(marked: &[bool], width: usize) -> Vec<bool> {
    let mut open = marked.to_vec();
    let mut best = Vec::new();
    for start in 0..marked.len() {
        if open[start] {
            let part = flood(&mut open, width, start);
            if part.len() > best.len() {
                best = part;
            }
        }
    }
    let mut out = vec![false; marked.len()];
    best.into_iter().for_each(|at| out[at] = true);
    out
}

/// Takes all that hangs together with a place.
fn flood(open: &mut [bool], width: usize, start: usize) -> Vec<usize> {
    let mut part = vec![start];
    open[start] = false;
    let mut next = 0;
    while next < part.len() {
        let at = part[next];
        next += 1;
        let (left, right) = (at % width > 0, at % width + 1 < width);
        let near = [
            left.then(|| at - 1),
            right.then(|| at + 1),
            at.checked_sub(width),
            Some(at + width).filter(|below| *below < open.len()),
        ];
        for neighbor in near.into_iter().flatten() {
            if std::mem::take(&mut open[neighbor]) {
                part.push(neighbor);
            }
        }
    }
    part
}

/// The same without holes.
fn filled(marked: &[bool], width: usize) -> Vec<bool> {
    let mut outside: Vec<bool> = marked.iter().map(|inside| !inside).collect();
    let height = marked.len() / width;
    let mut out = vec![true; marked.len()];
    let rows = (0..height).flat_map(|y| [y * width, y * width + width - 1]);
    for start in rows.chain(0..width).chain((height - 1) * width..height * width) {
        if outside[start] {
            flood(&mut outside, width, start).into_iter().for_each(|at| out[at] = false);
        }
    }
    out
}

/// The same less a margin.
fn shrunk(marked: &[bool], width: usize, margin: usize) -> Vec<bool> {
    let values = marked.iter().map(|inside| f32::from(u8::from(*inside))).collect();
    let plane = FloatPlane { width, values }.along_both(|line| extreme(line, margin, f32::min));
    plane.values.iter().map(|value| *value > 0.5).collect()
}

/// True if paper ends at a part's edge: light fades over a longer way.
fn is_sharp(paper: &FloatPlane, part: &[bool], margin: usize) -> bool {
    let width = paper.width;
    let (mut steps, mut count) = (0.0, 0);
    let inside = |at: usize| part[at];
    for at in 0..part.len() {
        let right = at + margin;
        if at % width + margin < width && inside(at) != inside(right) {
            steps += (paper.values[at] - paper.values[right]).abs()
                / paper.values[at].max(paper.values[right]).max(1.0);
            count += 1;
        }
    }
    count > 0 && steps / count as f32 > 0.25
}
