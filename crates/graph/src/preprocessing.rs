use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Canvas, GraphError};

/// Complete preprocessing that turns a sketch into the input of a network.
///
/// A model file has it, so that a sketch is the same to its network wherever that runs; `dabnet-sketch` applies
/// it. Variation belongs to training and is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    version: u32,
    /// Rendering of the drawing as ink.
    pub look: Look,
    /// Size, line, margin and normalization.
    pub canvas: Canvas,
    /// Channels of the canvas; ink alone by default.
    #[serde(default, skip_serializing_if = "Channels::is_ink")]
    pub channels: Channels,
}

/// Channels of a canvas. All but ink are computed from lines, and require [`Look::Lines`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    /// The ink: one channel.
    #[default]
    Ink,
    /// Ink, and ink of the first, second and last third of the drawing's length: four channels (after the
    /// stroke parts of Yu et al., *Sketch-a-Net that Beats Humans*, BMVC 2015).
    Order,
    /// Ink, and ink of lines that are level, rise to the right, are upright, and fall to the right: five
    /// channels.
    Direction,
}

impl Channels {
    /// Number of channels.
    pub const fn count(self) -> usize {
        match self {
            Self::Ink => 1,
            Self::Order => 4,
            Self::Direction => 5,
        }
    }

    /// True for ink alone.
    pub const fn is_ink(&self) -> bool {
        matches!(self, Self::Ink)
    }
}

/// Rendering of a drawing as ink on a canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Lines drawn on the canvas; rasters are traced first.
    #[default]
    Lines,
    /// Rasters as they are, the whole picture resampled; strokes are drawn.
    Pixels,
    /// The middle of a sheet of 256 × 256 pixels, as the published networks were tested (Prabhu et al., WACV
    /// 2018).
    Paper,
    /// The 28 × 28 pixels of *Quick, Draw!*'s own bitmaps.
    Bitmap,
}

impl Preprocessing {
    /// Version that this library reads and writes. It is incremented by any change of a single pixel.
    pub const VERSION: u32 = 1;

    /// Preprocessing of one look on one canvas.
    pub const fn new(look: Look, canvas: Canvas) -> Self {
        Self { version: Self::VERSION, look, canvas, channels: Channels::Ink }
    }

    /// Sets the channels.
    #[must_use]
    pub const fn with_channels(self, channels: Channels) -> Self {
        Self { channels, ..self }
    }

    /// Number of input values: channels × side × side.
    pub const fn len(&self) -> usize {
        self.channels.count() * self.canvas.side * self.canvas.side
    }

    /// True if there are no input values.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines drawn on a canvas.
    pub const fn lines(canvas: Canvas) -> Self {
        Self::new(Look::Lines, canvas)
    }

    /// The preprocessing published for TU-Berlin, with 225 pixels for Sketch-A-Net and 224 for others.
    pub const fn paper_tu_berlin(side: usize) -> Self {
        Self::new(Look::Paper, Canvas { mean: 0.06, std: 0.93, ..Canvas::to_measure(side) })
    }

    /// The preprocessing published for Sketchy.
    pub const fn paper_sketchy(side: usize) -> Self {
        Self::new(Look::Paper, Canvas { mean: 0.0465, std: 0.9, ..Canvas::to_measure(side) })
    }

    /// *Quick, Draw!*'s own bitmaps: lines of 16 and padding of 16 around a drawing of 256, in 28 pixels.
    pub const fn bitmap() -> Self {
        let (line_width, margin) = (16.0 / 304.0, 16.0 / 304.0);
        Self::new(Look::Bitmap, Canvas { side: 28, line_width, margin, mean: 0.0, std: 1.0 })
    }

    /// Network input for drawn ink: [`Canvas::normalize`] of each pixel.
    pub fn normalized(&self, ink: &[u8]) -> Vec<f32> {
        ink.iter().map(|ink| self.canvas.normalize(*ink)).collect()
    }

    /// Checks that the preprocessing is valid and supported by this version.
    ///
    /// # Errors
    /// [`GraphError::Preprocessing`] or [`GraphError::Canvas`], naming the field that is out of range.
    pub fn validate(&self) -> Result<(), GraphError> {
        if self.version != Self::VERSION {
            return Err(GraphError::Preprocessing(format!(
                "version is {}, this version of dabnet applies {}",
                self.version,
                Self::VERSION
            )));
        }
        self.canvas.validate()?;
        if !self.channels.is_ink() && self.look != Look::Lines {
            let Self { channels, look, .. } = self;
            return Err(GraphError::Preprocessing(format!(
                "channels '{channels}' are of lines, and the look '{look}' shows pictures without any: take the look \
                 'lines'"
            )));
        }
        let Some(fixed) = self.look.fixed(self.canvas.side) else { return Ok(()) };
        let fields = [
            ("side", self.canvas.side as f32, fixed.side as f32),
            ("line_width", self.canvas.line_width, fixed.line_width),
            ("margin", self.canvas.margin, fixed.margin),
        ];
        match fields.into_iter().find(|(_, found, fixed)| found != fixed) {
            Some((field, found, fixed)) => Err(GraphError::Preprocessing(format!(
                "{field} is {found}, the look '{}' has {fixed}",
                self.look
            ))),
            None => Ok(()),
        }
    }
}

impl Look {
    /// Canvas of a look that determines all but the normalization.
    pub const fn fixed(self, side: usize) -> Option<Canvas> {
        match self {
            Self::Lines | Self::Pixels => None,
            Self::Paper => Some(Canvas::to_measure(if side > SHEET { SHEET } else { side })),
            Self::Bitmap => Some(Preprocessing::bitmap().canvas),
        }
    }
}

/// Side of the sheet whose middle [`Look::Paper`] shows, in pixels.
const SHEET: usize = 256;

impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Canvas { side, line_width, margin, mean, std } = self.canvas;
        write!(
            f,
            "{} on {side} pixels, line width {line_width}, margin {margin}, less {mean}, by {std}",
            self.look
        )?;
        if self.channels.is_ink() { Ok(()) } else { write!(f, ", channels {}", self.channels) }
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ink => "ink",
            Self::Order => "order",
            Self::Direction => "direction",
        })
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lines => "lines",
            Self::Pixels => "pixels",
            Self::Paper => "paper",
            Self::Bitmap => "bitmap",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Canvas = Canvas { side: 64, line_width: 0.04, margin: 0.03, mean: 0.0, std: 1.0 };

    fn all() -> [Preprocessing; 7] {
        let canvas = CANVAS;
        let [lines, pixels] = [Look::Lines, Look::Pixels].map(|look| Preprocessing::new(look, canvas));
        let paper = [Preprocessing::paper_tu_berlin(225), Preprocessing::paper_sketchy(224)];
        let [order, direction] =
            [Channels::Order, Channels::Direction].map(|channels| lines.with_channels(channels));
        [lines, pixels, paper[0], paper[1], Preprocessing::bitmap(), order, direction]
    }

    #[test]
    fn all_come_back_as_they_were_written() {
        for preprocessing in all() {
            preprocessing.validate().unwrap();
            let text = serde_json::to_string(&preprocessing).unwrap();
            assert_eq!(serde_json::from_str::<Preprocessing>(&text).unwrap(), preprocessing, "{text}");
        }
    }

    /// The form that model files have.
    #[test]
    fn the_form_is_fixed() {
        assert_eq!(
            serde_json::to_string(&Preprocessing::lines(CANVAS)).unwrap(),
            r#"{"version":1,"look":"lines","canvas":{"side":64,"line_width":0.04,"margin":0.03,"mean":0.0,"std":1.0}}"#
        );
    }

    /// Files from before there were channels, and files with channels.
    #[test]
    fn channels_are_said_where_there_are_more_than_one() {
        let direction = Preprocessing::lines(CANVAS).with_channels(Channels::Direction);
        let text = serde_json::to_string(&direction).unwrap();
        assert!(text.ends_with(r#""std":1.0},"channels":"direction"}"#), "{text}");
        let before = text.replace(r#","channels":"direction""#, "");
        assert_eq!(serde_json::from_str::<Preprocessing>(&before).unwrap(), Preprocessing::lines(CANVAS));
        assert_eq!((direction.len(), direction.channels.count()), (5 * 64 * 64, 5));
        for look in [Look::Pixels, Look::Paper, Look::Bitmap] {
            let canvas = look.fixed(28).unwrap_or(CANVAS);
            let error = Preprocessing::new(look, canvas).with_channels(Channels::Order).validate();
            assert!(error.unwrap_err().to_string().contains("'order'"));
        }
    }

    #[test]
    fn a_fault_is_named() {
        let edited = |preprocessing: Preprocessing, from: &str, to: &str| {
            let text = serde_json::to_string(&preprocessing).unwrap();
            assert!(text.contains(from), "{text}");
            serde_json::from_str::<Preprocessing>(&text.replace(from, to)).map_err(|error| error.to_string())
        };
        let invalid = |preprocessing: Preprocessing| preprocessing.validate().unwrap_err().to_string();
        let lines = Preprocessing::lines(CANVAS);
        assert!(invalid(edited(lines, "version\":1", "version\":2").unwrap()).contains("version is 2"));
        assert!(edited(lines, "\"lines\"", "\"dots\"").unwrap_err().contains("dots"));
        assert!(edited(lines, "\"version\"", "\"color\":1,\"version\"").unwrap_err().contains("color"));
        assert!(invalid(Preprocessing::lines(Canvas { side: 2, ..CANVAS })).contains("side 2"));
        for (mean, std) in [(0.0, 1e-45), (0.0, 0.0), (0.0, f32::NAN), (f32::INFINITY, 1.0), (3e38, 0.1)] {
            assert!(invalid(Preprocessing::lines(Canvas { mean, std, ..CANVAS })).contains("std"));
        }
        assert!(invalid(Preprocessing::new(Look::Bitmap, CANVAS)).contains("side is 64"));
        assert!(invalid(Preprocessing::new(Look::Paper, CANVAS)).contains("line_width is 0.04"));
        assert!(invalid(Preprocessing::paper_sketchy(300)).contains("side is 300"));
    }
}
