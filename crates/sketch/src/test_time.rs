use dabnet_graph::{Look, Preprocessing};

use crate::{Drawing, Point, Preprocess, Stroke};

/// The most views of a drawing that an answer can be averaged over.
pub const MAX_VIEWS: usize = 8;

/// Ways to look at a drawing again: as it is or mirrored (−1), turned this way or that, and how much wider. Each is
/// within what a person would not call another drawing.
const WAYS: [(f32, f32, f32); MAX_VIEWS] = [
    (1.0, 0.0, 1.0),
    (-1.0, 0.0, 1.0),
    (1.0, 1.0, 1.08),
    (-1.0, 1.0, 1.08),
    (1.0, -1.0, 0.93),
    (-1.0, -1.0, 0.93),
    (1.0, 0.0, 1.12),
    (-1.0, 0.0, 1.12),
];

/// Sine and cosine of the angle by which a drawing is turned, 0.08: written out, as machines differ in the last digit.
const TURN: [f32; 2] = [0.079_914_69, 0.996_801_7];

/// Inputs of the network for `count` views of a drawing, at least one and at most [`MAX_VIEWS`]: the drawing itself,
/// then the same mirrored, turned and stretched a little. Answers to them are averaged.
///
/// Only models that see lines look again; for others there is nothing where `count` is more than one.
///
/// ```
/// use dabnet_graph::{Canvas, Preprocessing};
/// use dabnet_sketch::{Drawing, Preprocess, Stroke, test_time_views};
///
/// let preprocessing = Preprocessing::lines(Canvas::to_measure(64));
/// let line = Drawing::Strokes(vec![Stroke::new(vec![[0.0, 0.0], [3.0, 4.0]])]);
/// let seen = test_time_views(&preprocessing, &line, 2).unwrap();
/// assert_eq!(seen[0], preprocessing.apply(&line));
/// assert_ne!(seen[0], seen[1]);
/// ```
pub fn test_time_views(
    preprocessing: &Preprocessing,
    drawing: &Drawing,
    count: usize,
) -> Option<Vec<Vec<f32>>> {
    if count <= 1 {
        return Some(vec![preprocessing.apply(drawing)]);
    }
    if preprocessing.look != Look::Lines {
        return None;
    }
    let strokes = drawing.to_strokes();
    let seen = WAYS.iter().take(count).map(|&way| {
        let strokes = strokes.iter().map(|stroke| seen(stroke, way)).collect();
        preprocessing.apply(&Drawing::Strokes(strokes))
    });
    Some(seen.collect())
}

/// Inputs of the network for at most `count` views of a drawing, of which none is mirrored: to learn from where left is not
/// right. One for models that see no lines.
pub fn unmirrored_views(preprocessing: &Preprocessing, drawing: &Drawing, count: usize) -> Vec<Vec<f32>> {
    let all = test_time_views(preprocessing, drawing, MAX_VIEWS);
    let seen = all.map(|views| views.into_iter().step_by(2).take(count).collect());
    seen.unwrap_or_else(|| vec![preprocessing.apply(drawing)])
}

fn seen(stroke: &Stroke, (side, turn, width): (f32, f32, f32)) -> Stroke {
    let (sin, cos) = (turn * TURN[0], if turn == 0.0 { 1.0 } else { TURN[1] });
    let place = |[x, y]: Point| [side * width * (cos * x - sin * y), sin * x + cos * y];
    Stroke::new(stroke.drawable().map(place).collect())
}

#[cfg(test)]
mod tests {
    use dabnet_graph::Canvas;

    use super::*;

    #[test]
    fn every_view_is_another_and_the_first_is_the_drawing_itself() {
        let preprocessing = Preprocessing::lines(Canvas::to_measure(32));
        let points = vec![[0.0, 0.0], [30.0, 5.0], [20.0, 28.0], [3.0, 9.0]];
        let drawing = Drawing::Strokes(vec![Stroke::new(points)]);
        let seen = test_time_views(&preprocessing, &drawing, MAX_VIEWS).unwrap();
        assert_eq!((seen.len(), &seen[0]), (MAX_VIEWS, &preprocessing.apply(&drawing)));
        for (at, view) in seen.iter().enumerate() {
            assert!(!seen[..at].contains(view), "{at}");
        }
        assert!(test_time_views(&Preprocessing::bitmap(), &drawing, 2).is_none());
        assert_eq!(test_time_views(&Preprocessing::bitmap(), &drawing, 1).unwrap().len(), 1);
    }
}
