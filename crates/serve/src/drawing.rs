//! Sketches as they are sent: strokes in JSON, SVG and pictures.

use std::io::Cursor;

use axum::body::Bytes;
use dabnet_sketch::{
    Drawing, Sketch,
    formats::{
        self,
        image::{self, ImageFileFormat},
    },
};

use crate::{RequestLimits, form, json, media::MediaType, request_error::RequestError};

/// Name of the body in error messages.
const BODY: &str = "body";

/// The sketch in a body.
///
/// # Errors
/// [`RequestError::Malformed`] if there is none, [`RequestError::TooMuch`] if it passes a limit.
pub(crate) fn read(body: &Bytes, media: &MediaType, limits: &RequestLimits) -> Result<Sketch, RequestError> {
    let sketch = match media {
        MediaType::Json => sketch_in_json(body)?,
        MediaType::Svg => svg(body)?,
        MediaType::Image(format) => picture(body, *format, limits.side)?,
        MediaType::Form(boundary) => return by_content(&form::file(body, boundary)?, limits),
        MediaType::Unsaid => return by_content(body, limits),
    };
    check(&sketch.drawing, limits)?;
    Ok(sketch)
}

/// Reads a sketch whose format is detected from its content.
fn by_content(body: &Bytes, limits: &RequestLimits) -> Result<Sketch, RequestError> {
    let Some(media) = MediaType::of_content(body) else {
        if body.is_empty() {
            return Err(RequestError::Malformed("the body is empty".to_owned()));
        }
        let other = formats::unread(body).map_or(String::new(), |name| format!(": it is {name}"));
        return Err(RequestError::Malformed(format!(
            "the body is no JSON, SVG, PNG, JPEG, WebP, GIF or BMP, as far as its first bytes tell{other}"
        )));
    };
    if matches!(media, MediaType::Json | MediaType::Svg) && body.len() > limits.text_bytes {
        return Err(RequestError::TooLarge(limits.text_bytes));
    }
    read(body, &media, limits)
}

fn check(drawing: &Drawing, limits: &RequestLimits) -> Result<(), RequestError> {
    let Drawing::Strokes(strokes) = drawing else { return Ok(()) };
    if strokes.len() > limits.strokes {
        let message = format!("the sketch has {} strokes; send up to {}", strokes.len(), limits.strokes);
        return Err(RequestError::TooMuch(message));
    }
    let points: usize = strokes.iter().map(|stroke| stroke.points.len()).sum();
    if points > limits.points {
        let message = format!("the sketch has {points} points; send up to {}", limits.points);
        return Err(RequestError::TooMuch(message));
    }
    Ok(())
}

fn sketch_in_json(body: &[u8]) -> Result<Sketch, RequestError> {
    json::check_depth(body)?;
    formats::parse_json(body)
        .map_err(|reason| RequestError::Malformed(format!("the sketch in JSON: {reason}")))
}

fn svg(body: &Bytes) -> Result<Sketch, RequestError> {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let is_utf_16 = start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]);
    // What else the reader of sketches takes, compressed files among it, is not what was announced.
    if !start.starts_with(b"<") && !is_utf_16 {
        return Err(RequestError::Malformed("the body is no SVG: it does not begin with '<'".to_owned()));
    }
    single(body)
}

fn picture(body: &Bytes, format: ImageFileFormat, limit: u32) -> Result<Sketch, RequestError> {
    if ImageFileFormat::recognize(body) != Some(format) {
        return Err(RequestError::Malformed(format!(
            "the body does not begin as a file of {} does; send what the header Content-Type says",
            format.name()
        )));
    }
    let (width, height) = image::dimensions(BODY, format, body).map_err(RequestError::malformed)?;
    if width.max(height) > limit {
        return Err(RequestError::TooMuch(format!(
            "the picture has {width}×{height} pixels; send up to {limit}×{limit}"
        )));
    }
    single(body)
}

/// Reads the only sketch of a body.
fn single(body: &Bytes) -> Result<Sketch, RequestError> {
    let mut sketches =
        dabnet_sketch::read(BODY, Cursor::new(body.clone())).map_err(RequestError::malformed)?;
    match sketches.next() {
        Some(sketch) => sketch.map_err(RequestError::malformed),
        None => Err(RequestError::Malformed("the body holds no sketch".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use dabnet_sketch::Stroke;

    use super::*;

    fn strokes_of(body: &str) -> Result<Vec<Stroke>, RequestError> {
        match read(&Bytes::copy_from_slice(body.as_bytes()), &MediaType::Json, &RequestLimits::default())?
            .drawing
        {
            Drawing::Strokes(strokes) => Ok(strokes),
            _ => unreachable!("JSON holds strokes"),
        }
    }

    #[test]
    fn both_ways_to_write_strokes_are_the_same() {
        let points = strokes_of(r#"{"strokes": [[[1, 2], [3, 4, 99]], [[5.5, -6]]]}"#).unwrap();
        let columns = strokes_of(r#"{"word": "cat", "drawing": [[[1, 3], [2, 4], [0, 9]], [[5.5], [-6]]]}"#);
        let columns: Vec<_> = columns.unwrap().into_iter().map(|stroke| Stroke::new(stroke.points)).collect();
        assert_eq!(points, columns);
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
            r#"{"drawing": [[[1, 2], [3, 4], [5, 6], [7, 8]]]}"#,
        ] {
            assert!(matches!(strokes_of(body), Err(RequestError::Malformed(_))), "{body}");
        }
    }

    #[test]
    fn strokes_and_points_have_limits() {
        let limits = RequestLimits::default();
        let many = |strokes: usize, points: usize| {
            let stroke = format!("[{}]", vec!["[1,2]"; points].join(","));
            strokes_of(&format!(r#"{{"strokes": [{}]}}"#, vec![stroke; strokes].join(",")))
        };
        assert!(many(limits.strokes, 1).is_ok() && many(1, limits.points).is_ok());
        assert!(matches!(many(limits.strokes + 1, 1), Err(RequestError::TooMuch(_))));
        assert!(matches!(many(1, limits.points + 1), Err(RequestError::TooMuch(_))));
    }
}
