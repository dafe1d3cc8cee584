use std::mem;

use dabnet_graph::Canvas;
use tiny_skia::{FillRule, LineCap, LineJoin, Mask, Path, PathBuilder, Stroke as Pen, Transform};

use crate::fit::{Fit, Placement};
use crate::{Drawing, Point, Stroke};

/// Draws a drawing on a canvas: `side × side` ink values, row by row, 0 paper and 255 ink.
///
/// The drawing's bounding box is fitted into the middle of the canvas, its aspect kept, so that
/// its lines, with their width, stay inside the margin. Lines are anti-aliased with round ends
/// and corners; a stroke of one point is a dot. A raster is turned into lines first
/// ([`Drawing::to_strokes`]), so that it looks the same whatever its own size and line width.
///
/// The canvas is taken to be [valid](Canvas::validate). Points that are not finite are left
/// out; a drawing without ink leaves the paper empty.
pub fn rasterize(drawing: &Drawing, canvas: &Canvas) -> Vec<u8> {
    draw(&drawing.to_strokes(), canvas, &Placement::FITTED)
}

/// What the network sees for drawn ink: [`Canvas::normalize`] of each pixel.
pub fn normalized(ink: &[u8], canvas: &Canvas) -> Vec<f32> {
    ink.iter().map(|ink| canvas.normalize(*ink)).collect()
}

/// Draws strokes where a placement puts them.
pub(crate) fn draw(strokes: &[Stroke], canvas: &Canvas, placement: &Placement) -> Vec<u8> {
    let side = canvas.side as u32;
    let Some(mut paper) = Mask::new(side, side) else { return Vec::new() };
    let Some(fit) = Fit::new(strokes, canvas, placement) else { return paper.take() };
    ink(&mut paper, &paths(strokes, |point| fit.apply(point)), placement.line_width(canvas));
    paper.take()
}

/// Draws paths with a round pen.
pub(crate) fn ink(paper: &mut Mask, paths: &[Path], width: f32) {
    let pen = Pen { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Pen::default() };
    for outline in paths.iter().filter_map(|path| path.stroke(&pen, 1.0)) {
        paper.fill_path(&outline, FillRule::Winding, true, Transform::identity());
    }
}

/// The most points drawn at once: the time to fill an outline is quadratic in how often it crosses
/// itself. No drawing made by hand has as many.
const RUN: usize = 4096;

/// The strokes in pixels, in paths of up to [`RUN`] points.
pub(crate) fn paths(strokes: &[Stroke], place: impl Fn(Point) -> Point) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut path = PathBuilder::new();
    for stroke in strokes {
        let mut points = stroke.drawable().map(&place);
        let Some([x, y]) = points.next() else { continue };
        path.move_to(x, y);
        // A line to where the pen already is leaves a dot.
        path.line_to(x, y);
        for [x, y] in points {
            path.line_to(x, y);
            if path.len() >= RUN {
                paths.extend(mem::take(&mut path).finish());
                path.move_to(x, y);
            }
        }
    }
    paths.extend(path.finish());
    paths
}
