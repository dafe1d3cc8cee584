//! Google's *Quick, Draw!* as ndjson: one JSON object a line.
//!
//! Both published forms are read. Simplified: `{"word": "cat", "key_id": "…", "drawing":
//! [[[x, …], [y, …]], …]}`. Raw: the same with a third list, of times, in each stroke. Other fields are
//! left out. See
//! <https://github.com/googlecreativelab/quickdraw-dataset>.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{MAX_POINTS, truncate_message};
use crate::{Drawing, Point, Sketch, SketchError, Stroke};

/// The longest line read, in bytes.
pub(crate) const MAX_LINE: usize = 16 << 20;

/// Cuts text into lines.
///
/// Blank lines are passed over. A line that is too long is an error with its number, and the next line
/// is read after it; a source that fails is the last item.
pub(super) struct LineReader<R> {
    source: R,
    line: u64,
    failed: bool,
}

impl<R: BufRead> LineReader<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, line: 0, failed: false }
    }

    /// The next line with its number from 1; `name` stands for the file in errors.
    pub(crate) fn next(&mut self, name: &str) -> Option<Result<(u64, Vec<u8>), SketchError>> {
        let mut bytes = Vec::new();
        while !self.failed {
            bytes.clear();
            self.line += 1;
            match read_line(&mut self.source, &mut bytes) {
                Ok(LineEnd::End) => return None,
                Ok(LineEnd::TooLong) => {
                    let reason = format!("the line is longer than {MAX_LINE} bytes");
                    return Some(Err(SketchError::Line { name: name.to_owned(), line: self.line, reason }));
                }
                Ok(LineEnd::Whole) if bytes.trim_ascii().is_empty() => {}
                Ok(LineEnd::Whole) => return Some(Ok((self.line, bytes))),
                Err(source) => {
                    self.failed = true;
                    return Some(Err(SketchError::Read { name: name.to_owned(), source }));
                }
            }
        }
        None
    }
}

enum LineEnd {
    Whole,
    TooLong,
    End,
}

/// Reads up to the end of a line, holding no more than [`MAX_LINE`] bytes of it.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<LineEnd> {
    let (mut any, mut long) = (false, false);
    loop {
        let buffer = match source.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..newline.unwrap_or(buffer.len())];
        let (used, end) = match newline {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        any |= used > 0;
        long |= line.len() + part.len() > MAX_LINE;
        if !long {
            line.extend_from_slice(part);
        }
        source.consume(used);
        if end {
            return Ok(match (any, long) {
                (false, _) => LineEnd::End,
                (true, true) => LineEnd::TooLong,
                (true, false) => LineEnd::Whole,
            });
        }
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a sketch as {\"word\": ..., \"drawing\": [...]}")]
struct JsonSketch {
    word: Option<String>,
    key_id: Option<Value>,
    drawing: Vec<StrokeColumns>,
}

/// The sketch in a line, or what is wrong with it.
pub(super) fn parse(line: &[u8]) -> Result<Sketch, String> {
    // What serde_json says ends in "at line 1 column …", of which only the column tells anything.
    let explain = |error: serde_json::Error| {
        truncate_message(&error.to_string().replace(" at line 1 column", " at column"))
    };
    let record: JsonSketch = serde_json::from_slice(line).map_err(explain)?;
    if record.drawing.iter().map(|columns| columns.x.len()).sum::<usize>() > MAX_POINTS {
        return Err(format!("the drawing has more than {MAX_POINTS} points"));
    }
    let strokes = record.drawing.into_iter().enumerate();
    let strokes = strokes.map(|(index, columns)| columns.stroke().map_err(|e| format!("stroke {index} {e}")));
    // One that was begun and not drawn is not there.
    let mut strokes = strokes.collect::<Result<Vec<Stroke>, _>>()?;
    strokes.retain(|stroke| !stroke.points.is_empty());
    if strokes.is_empty() {
        return Err("the drawing has no strokes".to_owned());
    }
    let id = record.key_id.map(|id| match id {
        Value::String(text) => text,
        other => other.to_string(),
    });
    let drawing = Drawing::Strokes(strokes);
    Ok(Sketch { word: record.word, id, ..drawing.into() })
}

/// A stroke as its x and its y coordinates and, perhaps, its times.
struct StrokeColumns {
    x: Vec<f32>,
    y: Vec<f32>,
    times: Vec<f32>,
}

impl StrokeColumns {
    fn stroke(self) -> Result<Stroke, String> {
        let Self { x, y, times } = self;
        if x.len() != y.len() {
            return Err(format!("has {} x but {} y coordinates", x.len(), y.len()));
        }
        if !times.is_empty() && times.len() != x.len() {
            return Err(format!("has {} points but {} times", x.len(), times.len()));
        }
        if !times.iter().all(|time| time.is_finite()) {
            return Err("has a time out of the range of f32".to_owned());
        }
        if !x.iter().chain(&y).all(|coordinate| coordinate.is_finite()) {
            return Err("has a coordinate out of the range of f32".to_owned());
        }
        let points: Vec<Point> = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
        Ok(Stroke { points, times })
    }
}

impl<'de> Deserialize<'de> for StrokeColumns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(StrokeVisitor)
    }
}

/// Whatever follows times is passed over.
struct StrokeVisitor;

impl<'de> Visitor<'de> for StrokeVisitor {
    type Value = StrokeColumns;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a stroke as [[x, ...], [y, ...]] or [[x, ...], [y, ...], [t, ...]]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<StrokeColumns, A::Error> {
        let x = lists.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let y = lists.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        let times = lists.next_element()?.unwrap_or_default();
        while lists.next_element::<IgnoredAny>()?.is_some() {}
        Ok(StrokeColumns { x, y, times })
    }
}
