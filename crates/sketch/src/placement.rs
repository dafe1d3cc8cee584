use dabnet_graph::Canvas;

use crate::{Point, Stroke};

/// Position, size and line width of a drawing on a canvas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CanvasPlacement {
    /// Part of the largest size that fits, up to 1.
    pub zoom: f32,
    /// Place in the room that zoom leaves, each of x and y from −1 to 1.
    pub shift: [f32; 2],
    /// Width of the line, in units of the canvas's own.
    pub line: f32,
    /// The part of what is then on the canvas that is shown; all of it where there is none.
    pub window: Option<CropWindow>,
}

/// A square part of a square, shown in the place of the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CropWindow {
    /// Magnification, at least 1.
    pub enlarge: f32,
    /// Position in the square, each of x and y from −1 to 1.
    pub at: [f32; 2],
}

impl CropWindow {
    /// Maps a position to where it is shown; both relative to the center of a square of `side`.
    pub(crate) fn show(&self, position: f64, axis: usize, side: f64) -> f64 {
        let (enlarge, at) = (f64::from(self.enlarge), f64::from(self.at[axis]));
        position * enlarge - at * (enlarge - 1.0) * side / 2.0
    }
}

impl CanvasPlacement {
    /// As large as it fits, in the middle.
    pub(crate) const FITTED: Self = Self { zoom: 1.0, shift: [0.0; 2], line: 1.0, window: None };

    /// The same without its window, where it has one.
    pub(crate) fn whole(&self) -> Option<Self> {
        self.window.map(|_| Self { window: None, ..*self })
    }

    /// Width of the line in pixels; never more than half the canvas.
    pub(crate) fn line_width(&self, canvas: &Canvas) -> f32 {
        (self.line * canvas.line_width).min(0.5) * canvas.side as f32
    }
}

/// From the drawing's units to pixels: `pixel = scale · (point − middle) + center`.
///
/// In f64, because the corners of a drawing may be as far apart as f32 reaches.
pub(crate) struct CanvasTransform {
    scale: f64,
    middle: [f64; 2],
    center: [f64; 2],
}

impl CanvasTransform {
    /// Puts the strokes' bounding box inside the margin together with half a line's width, its
    /// aspect kept. Nothing where there is no point to draw.
    pub(crate) fn new(strokes: &[Stroke], canvas: &Canvas, placement: &CanvasPlacement) -> Option<Self> {
        let bounds = bounds(strokes)?;
        let side = canvas.side as f64;
        let line = f64::from(placement.line_width(canvas));
        // A wide line and a wide margin can leave nothing; the drawing then takes a quarter of
        // what the line alone leaves, which is still inside the canvas.
        let room = (side * (1.0 - 2.0 * f64::from(canvas.margin)) - line).max((side - line) / 4.0);
        let zoom = f64::from(placement.zoom);
        let extent = (0..2).map(|axis| bounds[1][axis] - bounds[0][axis]).fold(0.0, f64::max);
        let scale = if extent > 0.0 { zoom * room / extent } else { 0.0 };
        let slack = (1.0 - zoom) * room / 2.0;
        let fit = Self {
            scale,
            middle: [0, 1].map(|axis| f64::midpoint(bounds[0][axis], bounds[1][axis])),
            center: placement.shift.map(|shift| side / 2.0 + f64::from(shift) * slack),
        };
        Some(match &placement.window {
            Some(window) => fit.through(window, side, room),
            None => fit,
        })
    }

    /// The part of the square of `room` in the middle that a window shows, enlarged to all of it.
    fn through(self, window: &CropWindow, side: f64, room: f64) -> Self {
        let show = |axis| side / 2.0 + window.show(self.center[axis] - side / 2.0, axis, room);
        Self { scale: self.scale * f64::from(window.enlarge), center: [0, 1].map(show), ..self }
    }

    /// The pixel position of a point.
    pub(crate) fn apply(&self, point: Point) -> Point {
        [0, 1].map(|axis| {
            ((f64::from(point[axis]) - self.middle[axis]) * self.scale + self.center[axis]) as f32
        })
    }
}

/// The smallest and the largest x and y.
pub(crate) fn bounds(strokes: &[Stroke]) -> Option<[[f64; 2]; 2]> {
    strokes.iter().flat_map(Stroke::drawable).map(|point| point.map(f64::from)).fold(None, |box_, point| {
        let [low, high] = box_.unwrap_or([point, point]);
        Some([[low[0].min(point[0]), low[1].min(point[1])], [high[0].max(point[0]), high[1].max(point[1])]])
    })
}
