//! A card on a page: a sheet of another colour that a drawing lies on, as in a picture of a dark-mode canvas on a white page.

use super::ink::{Grey, MIN_CONTRAST, uniform};

/// How far inside its edges a card is looked at, as a share of its shorter side: beyond its rounded corners.
const CORNER: f32 = 0.04;
/// The least share of a picture that a card takes.
const LEAST: f32 = 0.2;
/// The least share of a card that is bare: of what is filled as well, but not with paper for lines, less is.
const BARE: f32 = 0.5;

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

/// The card in a picture whose border is page all around; none where no card is, or nothing is drawn on it.
pub(super) fn find(grey: &Grey) -> Option<Part> {
    let (page, alone) = uniform(grey.ring(0));
    let whole = alone.then(|| unlike(grey, page)).flatten()?;
    let inset = (CORNER * whole.width.min(whole.height) as f32).ceil() as usize;
    if inset == 0 || whole.width.min(whole.height) <= 4 * inset {
        return None;
    }
    let part = Part {
        left: whole.left + inset,
        top: whole.top + inset,
        width: whole.width - 2 * inset,
        height: whole.height - 2 * inset,
    };
    let card = grey.part(part);
    let (colour, even) = uniform(card.ring(0));
    let bare = card.values.iter().filter(|value| value.abs_diff(colour) < MIN_CONTRAST).count();
    let area = (whole.width * whole.height) as f32;
    let is_card = even
        && colour.abs_diff(page) >= MIN_CONTRAST
        && area >= LEAST * grey.values.len() as f32
        && bare as f32 >= BARE * card.values.len() as f32
        && bare < card.values.len();
    is_card.then_some(part)
}

/// The smallest part that holds all that is not like the page.
fn unlike(grey: &Grey, page: u8) -> Option<Part> {
    let (mut left, mut right, mut top, mut bottom) = (grey.width, 0, grey.height(), 0);
    for (y, row) in grey.values.chunks_exact(grey.width).enumerate() {
        let is_other = |value: &u8| value.abs_diff(page) >= MIN_CONTRAST;
        let (Some(first), Some(last)) = (row.iter().position(is_other), row.iter().rposition(is_other))
        else {
            continue;
        };
        (left, right) = (left.min(first), right.max(last + 1));
        (top, bottom) = (top.min(y), y + 1);
    }
    (left < right).then(|| Part { left, top, width: right - left, height: bottom - top })
}
