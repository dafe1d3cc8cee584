//! Filled areas: what one sees of them is their edges, and lines that are drawn on them.
//!
//! An opening (Serra, *Image Analysis and Mathematical Morphology*, 1982) leaves what is broader than its window: the
//! areas. What it takes away are lines, on paper or on an area, by how much farther from the paper they are than that.

use super::plane::{FloatPlane, InkPlane, MIN_CONTRAST, SIDE};

/// Breadth from which on what is inked is an area and no line, as a share of the longer side of all that is.
const BROAD: f32 = 0.12;
/// A drawing is at least this share of its picture's longer side: what is smaller has no areas.
const LEAST_EXTENT: f32 = 0.25;
/// Breadth of an edge, as a share of the longer side.
const EDGE: f32 = 0.012;
/// Longer side at which it is seen whether there are areas at all.
const COARSE: usize = 160;
/// The least share of a picture that areas take.
const LEAST: f32 = 0.005;

/// Ink in which areas are hollow; the same where there are none.
pub(super) fn hollowed(ink: InkPlane) -> InkPlane {
    let areas = |side: usize| {
        let plane = FloatPlane::reduced(&ink.values, ink.width, side);
        let radius = (BROAD * extent(&plane) / 2.0).ceil() as usize;
        let areas = plane.clone().opened(radius);
        (plane, areas)
    };
    let (_, coarse) = areas(COARSE);
    let inked = coarse.values.iter().filter(|value| is_ink(**value)).count();
    if (inked as f32) < LEAST * coarse.values.len() as f32 {
        return ink;
    }
    let (plane, areas) = areas(SIDE);
    let inner = areas.least_around((EDGE * plane.longer() as f32).ceil() as usize);
    let all = plane.values.iter().zip(&areas.values).zip(&inner.values);
    let values = all.map(|((value, area), inner)| if is_ink(area - inner) { 255.0 } else { value - area });
    InkPlane { width: plane.width, values: values.map(|value| value.round() as u8).collect() }
}

fn is_ink(value: f32) -> bool {
    value >= f32::from(MIN_CONTRAST)
}

/// The longer side of what is inked.
fn extent(plane: &FloatPlane) -> f32 {
    let inked = || (0..plane.values.len()).filter(|at| is_ink(plane.values[*at]));
    let span = |place: &dyn Fn(usize) -> usize| {
        let (least, most) =
            inked().map(place).fold((usize::MAX, 0), |(least, most), at| (least.min(at), most.max(at)));
        (most + 1).saturating_sub(least)
    };
    let longer = span(&|at| at % plane.width).max(span(&|at| at / plane.width));
    (longer as f32).max(LEAST_EXTENT * plane.longer() as f32)
}
