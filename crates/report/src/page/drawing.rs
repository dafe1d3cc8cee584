use std::fmt::Write;

use dabnet_sketch::{Drawing, Point, Stroke};
use maud::{Markup, html};

/// Side of the picture and margin around the drawing, in units of the view box.
const SIDE: f32 = 100.0;
const MARGIN: f32 = 5.0;

/// A drawing as SVG lines in the color of the surrounding text.
pub(crate) fn drawing(drawing: &Drawing, alt: &str) -> Markup {
    html! {
        svg.drawing viewBox={ "0 0 " (SIDE) " " (SIDE) } role="img" aria-label=(alt) {
            path d=(path(&drawing.to_strokes())) {}
        }
    }
}

fn path(strokes: &[Stroke]) -> String {
    let finite = |stroke: &Stroke| -> Vec<Point> {
        stroke.points.iter().copied().filter(|[x, y]| x.is_finite() && y.is_finite()).collect()
    };
    let lines: Vec<Vec<Point>> = strokes.iter().map(finite).filter(|line| !line.is_empty()).collect();
    let [left, top, right, bottom] = lines.iter().flatten().fold(
        [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY],
        |[left, top, right, bottom], [x, y]| [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)],
    );
    let (width, height) = (right - left, bottom - top);
    // A dot has no size; any scale puts it in the middle.
    let scale = (SIDE - 2.0 * MARGIN) / width.max(height).max(1e-6);
    let place = |[x, y]: Point| {
        let middle = SIDE / 2.0;
        [middle + scale * (x - left - width / 2.0), middle + scale * (y - top - height / 2.0)]
    };

    let mut path = String::new();
    for line in lines {
        for (index, point) in line.iter().enumerate() {
            let [x, y] = place(*point);
            let pen = if index == 0 { 'M' } else { 'L' };
            // Writing to a string does not fail.
            let _ = write!(path, "{pen}{x:.1} {y:.1}");
        }
        if line.len() == 1 {
            // A line to where the pen already is leaves a dot.
            path.push_str("h0");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use dabnet_sketch::Stroke;

    use super::path;

    #[test]
    fn strokes_fill_the_picture_and_keep_their_aspect() {
        let stroke = Stroke::new(vec![[10.0, 10.0], [30.0, 20.0], [f32::NAN, 0.0]]);
        assert_eq!(path(&[stroke]), "M5.0 27.5L95.0 72.5");
    }

    #[test]
    fn dots_and_nothing_are_drawn() {
        assert_eq!(path(&[Stroke::new(vec![[7.0, 7.0]]), Stroke::default()]), "M50.0 50.0h0");
        assert_eq!(path(&[]), "");
    }
}
