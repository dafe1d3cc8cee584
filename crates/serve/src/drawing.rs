//! Sketches as they are sent: strokes in JSON, SVG and pictures.

use std::{fmt, io::Cursor};

use axum::body::Bytes;
use dabnet_sketch::{
    Drawing, Point, Sketch, Stroke,
    formats::{
        self,
        image::{self, ImageFileFormat},
    },
};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{Limits, form, json, media::Media, refusal::Refusal};

/// What a body is called in errors.
const BODY: &str = "body";

/// The sketch in a body.
///
/// # Errors
/// [`Refusal::Malformed`] if there is none, [`Refusal::TooMuch`] if it passes a limit.
pub(crate) fn read(body: &Bytes, media: &Media, limits: &Limits) -> Result<Sketch, Refusal> {
    let sketch = match media {
        Media::Json => strokes(body)?.into(),
        Media::Svg => svg(body)?,
        Media::Image(format) => picture(body, *format, limits.side)?,
        Media::Form(boundary) => return by_content(&form::file(body, boundary)?, limits),
        Media::Unsaid => return by_content(body, limits),
    };
    check(&sketch.drawing, limits)?;
    Ok(sketch)
}

/// The sketch in bytes of which nobody says what they are.
fn by_content(body: &Bytes, limits: &Limits) -> Result<Sketch, Refusal> {
    let Some(media) = Media::of_content(body) else {
        let other = formats::unread(body).map_or(String::new(), |name| format!(": it is {name}"));
        return Err(Refusal::Malformed(format!(
            "the body is no JSON, SVG, PNG, JPEG, WebP, GIF or BMP, as far as its first bytes tell{other}"
        )));
    };
    if matches!(media, Media::Json | Media::Svg) && body.len() > limits.text_bytes {
        return Err(Refusal::TooLarge(limits.text_bytes));
    }
    read(body, &media, limits)
}

fn check(drawing: &Drawing, limits: &Limits) -> Result<(), Refusal> {
    let Drawing::Strokes(strokes) = drawing else { return Ok(()) };
    if strokes.len() > limits.strokes {
        let message = format!("the sketch has {} strokes; send up to {}", strokes.len(), limits.strokes);
        return Err(Refusal::TooMuch(message));
    }
    let points: usize = strokes.iter().map(|stroke| stroke.points.len()).sum();
    if points > limits.points {
        let message = format!("the sketch has {points} points; send up to {}", limits.points);
        return Err(Refusal::TooMuch(message));
    }
    Ok(())
}

fn svg(body: &Bytes) -> Result<Sketch, Refusal> {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let is_utf_16 = start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]);
    // What else the reader of sketches takes, compressed files among it, is not what was announced.
    if !start.starts_with(b"<") && !is_utf_16 {
        return Err(Refusal::Malformed("the body is no SVG: it does not begin with '<'".to_owned()));
    }
    single(body)
}

fn picture(body: &Bytes, format: ImageFileFormat, limit: u32) -> Result<Sketch, Refusal> {
    if ImageFileFormat::recognize(body) != Some(format) {
        return Err(Refusal::Malformed(format!(
            "the body does not begin as a file of {} does; send what the header Content-Type says",
            format.name()
        )));
    }
    let (width, height) = image::dimensions(BODY, format, body).map_err(Refusal::malformed)?;
    if width.max(height) > limit {
        return Err(Refusal::TooMuch(format!(
            "the picture has {width}×{height} pixels; send up to {limit}×{limit}"
        )));
    }
    single(body)
}

/// The one sketch of a body, whose format is known to hold no more.
fn single(body: &Bytes) -> Result<Sketch, Refusal> {
    let mut sketches = dabnet_sketch::read(BODY, Cursor::new(body.clone())).map_err(Refusal::malformed)?;
    match sketches.next() {
        Some(sketch) => sketch.map_err(Refusal::malformed),
        None => Err(Refusal::Malformed("the body holds no sketch".to_owned())),
    }
}

fn strokes(body: &[u8]) -> Result<Drawing, Refusal> {
    let strokes: Vec<Stroke> = match json::parse(body)? {
        Body { strokes: Some(strokes), drawing: None } => strokes.into_iter().map(Stroke::from).collect(),
        Body { strokes: None, drawing: Some(strokes) } => {
            strokes.into_iter().map(Columns::stroke).collect::<Result<_, _>>()?
        }
        _ => {
            let message =
                "give either 'strokes', each [[x, y], ...], or 'drawing', each stroke [[x, ...], [y, ...]]";
            return Err(Refusal::Malformed(message.to_owned()));
        }
    };
    for (index, stroke) in strokes.iter().enumerate() {
        if !stroke.points.iter().flatten().all(|coordinate| coordinate.is_finite()) {
            return Err(Refusal::Malformed(format!(
                "stroke {index} has a coordinate out of the range of f32"
            )));
        }
    }
    // One that was begun and not drawn is not there.
    let strokes: Vec<Stroke> = strokes.into_iter().filter(|stroke| !stroke.points.is_empty()).collect();
    if strokes.is_empty() {
        return Err(Refusal::Malformed("the sketch has no strokes".to_owned()));
    }
    Ok(Drawing::Strokes(strokes))
}

/// Of other fields there may be any: a line of Quick, Draw! has some.
#[derive(Deserialize)]
#[serde(expecting = "a sketch as {\"strokes\": [[[x, y], ...], ...]}")]
struct Body {
    strokes: Option<Vec<Places>>,
    drawing: Option<Vec<Columns>>,
}

/// A stroke as its points.
#[derive(Deserialize)]
struct Places(Vec<Place>);

impl From<Places> for Stroke {
    fn from(places: Places) -> Self {
        Self::new(places.0.into_iter().map(|place| place.0).collect())
    }
}

/// A point as `[x, y]`, as `[x, y, t]`, whose time says nothing about what the sketch shows, or as `{"x": x, "y": y}`,
/// of which other fields say nothing either.
struct Place(Point);

#[derive(Deserialize)]
struct Named {
    x: f32,
    y: f32,
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlaceVisitor)
    }
}

struct PlaceVisitor;

impl<'de> Visitor<'de> for PlaceVisitor {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a point as [x, y], [x, y, t] or {\"x\": x, \"y\": y}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Place, A::Error> {
        let x = numbers.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let y = numbers.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        numbers.next_element::<f64>()?;
        if numbers.next_element::<IgnoredAny>()?.is_some() {
            return Err(A::Error::invalid_length(4, &self));
        }
        Ok(Place([x, y]))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Place, A::Error> {
        let Named { x, y } = Named::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(Place([x, y]))
    }
}

/// A stroke as Quick, Draw! has it: all x, all y and, perhaps, all times.
#[derive(Deserialize)]
struct Columns(Vec<Vec<f32>>);

impl Columns {
    fn stroke(self) -> Result<Stroke, Refusal> {
        let [x, y, ..] = &self.0[..] else {
            return Err(Refusal::Malformed("a stroke of a 'drawing' is [[x, ...], [y, ...]]".to_owned()));
        };
        if x.len() != y.len() {
            return Err(Refusal::Malformed(format!(
                "a stroke has {} x but {} y coordinates",
                x.len(),
                y.len()
            )));
        }
        Ok(Stroke::new(x.iter().zip(y).map(|(x, y)| [*x, *y]).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes_of(body: &str) -> Result<Vec<Stroke>, Refusal> {
        match read(&Bytes::copy_from_slice(body.as_bytes()), &Media::Json, &Limits::default())?.drawing {
            Drawing::Strokes(strokes) => Ok(strokes),
            _ => unreachable!("JSON holds strokes"),
        }
    }

    #[test]
    fn both_ways_to_write_strokes_are_the_same() {
        let points = strokes_of(r#"{"strokes": [[[1, 2], [3, 4, 99]], [[5.5, -6]]]}"#).unwrap();
        let columns = strokes_of(r#"{"word": "cat", "drawing": [[[1, 3], [2, 4], [0, 9]], [[5.5], [-6]]]}"#);
        assert_eq!(points, columns.unwrap());
        assert_eq!(points[0].points, [[1.0, 2.0], [3.0, 4.0]]);
        let named =
            r#"{"strokes": [[{"x": 1, "y": 2, "pressure": 0.5}, {"y": 4, "x": 3}], [], [[5.5, -6]]]}"#;
        assert_eq!(strokes_of(named).unwrap(), points);
    }

    #[test]
    fn what_is_no_sketch_is_malformed() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"strokes": []}"#,
            r#"{"strokes": [[]]}"#,
            r#"{"strokes": [[], []]}"#,
            r#"{"strokes": [[[1]]]}"#,
            r#"{"strokes": [[{"x": 1}]]}"#,
            r#"{"strokes": [[{"x": 1, "y": null}]]}"#,
            r#"{"strokes": [[[1, 2, 3, 4]]]}"#,
            r#"{"strokes": [[[1, 1e39]]]}"#,
            r#"{"strokes": [[[1, "2"]]]}"#,
            r#"{"strokes": [[[1, 2]]], "drawing": [[[1], [2]]]}"#,
            r#"{"drawing": [[[1], [2, 3]]]}"#,
            r#"{"drawing": [[[1]]]}"#,
        ] {
            assert!(matches!(strokes_of(body), Err(Refusal::Malformed(_))), "{body}");
        }
    }

    #[test]
    fn strokes_and_points_have_limits() {
        let limits = Limits::default();
        let many = |strokes: usize, points: usize| {
            let stroke = format!("[{}]", vec!["[1,2]"; points].join(","));
            strokes_of(&format!(r#"{{"strokes": [{}]}}"#, vec![stroke; strokes].join(",")))
        };
        assert!(many(limits.strokes, 1).is_ok() && many(1, limits.points).is_ok());
        assert!(matches!(many(limits.strokes + 1, 1), Err(Refusal::TooMuch(_))));
        assert!(matches!(many(1, limits.points + 1), Err(Refusal::TooMuch(_))));
    }
}
