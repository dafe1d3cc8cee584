/// A position as `[x, y]`, x to the right and y down, in the units of its drawing.
pub type Point = [f32; 2];

/// One line, drawn without lifting the pen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stroke {
    /// The corners of the polyline, in drawing order. A single point is a dot.
    pub points: Vec<Point>,
    /// When the pen was at each point, in milliseconds since the drawing began; empty where nobody
    /// knows.
    pub times: Vec<f32>,
}

impl Stroke {
    /// A stroke through these points, drawn nobody knows when.
    pub fn new(points: Vec<Point>) -> Self {
        Self { points, times: Vec::new() }
    }

    /// The length of the line, in the units of its points; 0 for a dot.
    pub fn length(&self) -> f32 {
        self.points.windows(2).map(|ends| (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1])).sum()
    }

    /// The points that can be drawn: neither infinite nor NaN.
    pub(crate) fn drawable(&self) -> impl Iterator<Item = Point> {
        self.points.iter().copied().filter(|point| point.iter().all(|c| c.is_finite()))
    }
}
