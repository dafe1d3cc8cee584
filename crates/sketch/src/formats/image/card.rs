//! A card on a page: a sheet of another color that a drawing lies on, as in a picture of a dark-mode canvas on a white page.

use super::plane::{GrayPlane, MIN_CONTRAST, MarkedArea, PixelRect, uniform};

/// Insets at which a card is examined, as shares of its shorter side: beyond its rounded corners, and beyond the
/// shadow around it.
const INSETS: [f32; 4] = [0.04, 0.07, 0.1, 0.14];
/// Pixels from the outside in, of which one is of an outline where there is one.
const OUTLINE: usize = 3;
/// The least share of a picture that a card takes.
const LEAST: f32 = 0.2;
/// The least share of a card that is bare: of what is filled as well, but not with paper for lines, less is.
const BARE: f32 = 0.5;

/// The card in a picture whose border is page all around; none where no card is, or no lines are drawn on it.
pub(super) fn find(gray: &GrayPlane) -> Option<PixelRect> {
    let (page, alone) = uniform(gray.ring(0));
    let whole = alone.then(|| unlike(gray, page)).flatten()?;
    if ((whole.width * whole.height) as f32) < LEAST * gray.values.len() as f32 {
        return None;
    }
    let outline = outline(&gray.part(whole), page);
    let mut parts = INSETS.iter().filter_map(|share| whole.inset(*share));
    parts.find(|part| is_card(&gray.part(*part), page, outline))
}

/// Gray value of a card's outline: of its outermost pixels, the farthest from the page.
fn outline(whole: &GrayPlane, page: u8) -> u8 {
    let rings = (0..OUTLINE).map(|depth| uniform(whole.ring(depth)).0);
    rings.max_by_key(|gray| gray.abs_diff(page)).unwrap_or(page)
}

/// True if a part of a picture is a card as a whole.
fn is_card(card: &GrayPlane, page: u8, outline: u8) -> bool {
    let (color, is_even) = uniform(card.ring(0));
    // What has an outline is drawn, and colored in.
    if outline.abs_diff(page) >= color.abs_diff(page).saturating_add(MIN_CONTRAST) {
        return false;
    }
    let is_drawn = |at: usize| card.values[at].abs_diff(color) >= MIN_CONTRAST;
    let drawn = MarkedArea::of(card.values.len(), card.width, is_drawn);
    is_even
        && color.abs_diff(page) >= MIN_CONTRAST
        && drawn.area > 0
        && drawn.area as f32 <= (1.0 - BARE) * card.values.len() as f32
        // A frame around paper is no card: what lies in it is no line.
        && drawn.is_lines
}

/// The smallest part that holds all that is not like the page.
fn unlike(gray: &GrayPlane, page: u8) -> Option<PixelRect> {
    let (mut left, mut right, mut top, mut bottom) = (gray.width, 0, gray.height(), 0);
    for (y, row) in gray.values.chunks_exact(gray.width).enumerate() {
        let is_other = |value: &u8| value.abs_diff(page) >= MIN_CONTRAST;
        let (Some(first), Some(last)) = (row.iter().position(is_other), row.iter().rposition(is_other))
        else {
            continue;
        };
        (left, right) = (left.min(first), right.max(last + 1));
        (top, bottom) = (top.min(y), y + 1);
    }
    (left < right).then(|| PixelRect { left, top, width: right - left, height: bottom - top })
}
