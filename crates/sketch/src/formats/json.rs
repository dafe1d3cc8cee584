//! A sketch as a JSON object: what apps send, and Google's *Quick, Draw!*.
//!
//! Apps: `{"strokes": [[[x, y], …], …]}`, where a point may have a time, `[x, y, t]`, or be `{"x": x, "y": y}`. *Quick, Draw!*,
//! simplified: `{"word": "cat", "key_id": "…", "drawing": [[[x, …], [y, …]], …]}`; raw: the same with a third list, of times,
//! in each stroke. Other fields are left out. See <https://github.com/googlecreativelab/quickdraw-dataset>.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{MAX_POINTS, truncate_message};
use crate::{Drawing, Point, Sketch, Stroke};

/// True if the first bytes of an object are those of a sketch.
pub(super) fn recognize(head: &[u8]) -> bool {
    [&b"\"drawing\""[..], b"\"strokes\""].iter().any(|key| head.windows(key.len()).any(|text| text == *key))
}

/// True if the first object is printed over several lines: behind the first comes a key.
pub(super) fn is_pretty(head: &[u8]) -> bool {
    let rest = head.trim_ascii_start().splitn(2, |byte| *byte == b'\n').nth(1);
    rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
}

/// True if the first bytes are those of a list of objects.
pub(super) fn is_list(head: &[u8]) -> bool {
    head.trim_ascii_start().strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
}

/// Cuts a list of objects, or objects one behind the other, over as many lines as they like.
///
/// What else is between them is an error, as is the last if it does not end.
pub(super) fn objects(text: &[u8]) -> Vec<Result<Vec<u8>, String>> {
    let (mut objects, mut rest) = (Vec::new(), text);
    loop {
        let start = rest.iter().position(|byte| *byte == b'{').unwrap_or(rest.len());
        let (between, from_start) = rest.split_at(start);
        let other = between.split(|byte| b" \t\r\n,[]".contains(byte)).find(|word| !word.is_empty());
        if let Some(other) = other {
            let other = truncate_message(&String::from_utf8_lossy(other));
            objects.push(Err(format!("it is no object: '{other}'")));
        }
        if from_start.is_empty() {
            return objects;
        }
        let Some(length) = object_length(from_start) else {
            objects.push(Err("it does not end: a '}' is missing in it, or what comes after it".to_owned()));
            return objects;
        };
        objects.push(Ok(from_start[..length].to_vec()));
        rest = &from_start[length..];
    }
}

/// Bytes of the object that a text begins with, by its braces.
fn object_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string && depth == 1 => return Some(at + 1),
            b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    None
}

#[derive(Deserialize)]
#[serde(
    expecting = "a sketch as {\"strokes\": [[[x, y], ...], ...]} or {\"drawing\": [[[x, ...], [y, ...]], ...]}"
)]
struct JsonSketch {
    word: Option<String>,
    key_id: Option<Value>,
    strokes: Option<Vec<Vec<JsonPoint>>>,
    drawing: Option<Vec<StrokeColumns>>,
}

/// The sketch in a JSON object, or what is wrong with it.
///
/// # Errors
/// A reason: it is no JSON, or no sketch, or has no strokes.
pub fn parse_json(text: &[u8]) -> Result<Sketch, String> {
    // What serde_json says of a single line ends in "at line 1 column …", of which only the column tells anything.
    let explain = |error: serde_json::Error| {
        let text = error.to_string();
        if text.starts_with("trailing characters") {
            return "something follows the sketch: give one at a time".to_owned();
        }
        truncate_message(&text.replace(" at line 1 column", " at column"))
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.trim_ascii_start().starts_with(b"[") {
        return Err("it is a list: give an object, {\"strokes\": [[[x, y], ...], ...]}".to_owned());
    }
    let record: JsonSketch = serde_json::from_slice(text).map_err(explain)?;
    let mut strokes = match (record.strokes, record.drawing) {
        (Some(strokes), None) => {
            let of_one =
                |points: Vec<JsonPoint>| Stroke::new(points.into_iter().map(|point| point.0).collect());
            strokes.into_iter().map(of_one).collect()
        }
        (None, Some(strokes)) => {
            let of_one = |(index, columns): (usize, StrokeColumns)| {
                columns.stroke().map_err(|reason| format!("stroke {index} {reason}"))
            };
            strokes.into_iter().enumerate().map(of_one).collect::<Result<Vec<Stroke>, _>>()?
        }
        _ => {
            return Err("it has to have either 'strokes', each [[x, y], ...], or 'drawing', each stroke [[x, ...], [y, ...]]"
                .to_owned());
        }
    };
    check(&strokes)?;
    // One that was begun and not drawn is not there.
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

fn check(strokes: &[Stroke]) -> Result<(), String> {
    if strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>() > MAX_POINTS {
        return Err(format!("the drawing has more than {MAX_POINTS} points"));
    }
    for (index, stroke) in strokes.iter().enumerate() {
        if !stroke.points.iter().flatten().all(|coordinate| coordinate.is_finite()) {
            return Err(format!("stroke {index} has a coordinate out of the range of f32"));
        }
    }
    Ok(())
}

/// A point as `[x, y]`, `[x, y, t]` or `{"x": x, "y": y}`; times and other fields are ignored.
struct JsonPoint(Point);

#[derive(Deserialize)]
struct NamedPoint {
    x: f32,
    y: f32,
}

impl<'de> Deserialize<'de> for JsonPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PointVisitor)
    }
}

struct PointVisitor;

impl<'de> Visitor<'de> for PointVisitor {
    type Value = JsonPoint;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a point as [x, y], [x, y, t] or {\"x\": x, \"y\": y}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<JsonPoint, A::Error> {
        let x = numbers.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let y = numbers.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        numbers.next_element::<f64>()?;
        if numbers.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::invalid_length(4, &self));
        }
        Ok(JsonPoint([x, y]))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<JsonPoint, A::Error> {
        let NamedPoint { x, y } = NamedPoint::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(JsonPoint([x, y]))
    }
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
        let points: Vec<Point> = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
        Ok(Stroke { points, times })
    }
}

impl<'de> Deserialize<'de> for StrokeColumns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ColumnsVisitor)
    }
}

struct ColumnsVisitor;

impl<'de> Visitor<'de> for ColumnsVisitor {
    type Value = StrokeColumns;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a stroke as [[x, ...], [y, ...]] or [[x, ...], [y, ...], [t, ...]]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<StrokeColumns, A::Error> {
        let x = lists.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let y = lists.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        let times = lists.next_element()?.unwrap_or_default();
        // What has more is no list of columns but one of points.
        if lists.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::invalid_length(4, &self));
        }
        Ok(StrokeColumns { x, y, times })
    }
}
