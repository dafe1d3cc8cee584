//! Media types of request bodies.

use axum::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use dabnet_sketch::formats::image::ImageFileFormat;

use crate::{
    request_error::RequestError,
    response::{BYTES, JSON},
};

const FORM: &str = "multipart/form-data";

/// A body that a sketch may be sent as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Json,
    Svg,
    Image(ImageFileFormat),
    /// A multipart form, with its boundary.
    Form(String),
    /// Unspecified: the format is detected from the content.
    Unsaid,
}

impl MediaType {
    /// Media type according to the headers.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, RequestError> {
        match essence(headers)?.as_str() {
            JSON => Ok(Self::Json),
            "image/svg+xml" => Ok(Self::Svg),
            "image/png" => Ok(Self::Image(ImageFileFormat::Png)),
            "image/jpeg" | "image/jpg" => Ok(Self::Image(ImageFileFormat::Jpeg)),
            "image/webp" => Ok(Self::Image(ImageFileFormat::WebP)),
            "image/gif" => Ok(Self::Image(ImageFileFormat::Gif)),
            "image/bmp" => Ok(Self::Image(ImageFileFormat::Bmp)),
            FORM => {
                let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
                let boundary = multer::parse_boundary(text);
                boundary.map(Self::Form).map_err(|_| {
                    RequestError::MediaType("the header Content-Type has no boundary of the form's fields".to_owned())
                })
            }
            // The last is what curl says of any data.
            "" | BYTES | "application/x-www-form-urlencoded" => Ok(Self::Unsaid),
            _ => Err(RequestError::MediaType(
                "send a sketch as application/json, image/svg+xml, image/png, image/jpeg, image/webp, image/gif, image/bmp or multipart/form-data, and say so in the header Content-Type".to_owned(),
            )),
        }
    }

    /// Media type according to the first bytes of a body, if they tell.
    pub(crate) fn of_content(body: &[u8]) -> Option<Self> {
        if let Some(format) = ImageFileFormat::recognize(body) {
            return Some(Self::Image(format));
        }
        let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
        match start {
            [b'<', ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Self::Svg),
            // A list is no sketch, as its reader says.
            [b'{' | b'[', ..] => Some(Self::Json),
            _ => None,
        }
    }
}

/// Checks that the headers announce JSON or nothing.
pub(crate) fn json_only(headers: &HeaderMap) -> Result<(), RequestError> {
    if ["", JSON].contains(&essence(headers)?.as_str()) {
        return Ok(());
    }
    Err(send_json())
}

fn send_json() -> RequestError {
    let message = "send JSON, and say so with the header 'Content-Type: application/json'";
    RequestError::MediaType(message.to_owned())
}

/// Checks that the headers announce JSON.
pub(crate) fn stated_json(headers: &HeaderMap) -> Result<(), RequestError> {
    if headers.contains_key(CONTENT_TYPE) { json_only(headers) } else { Err(send_json()) }
}

/// Checks that a body is sent without a content encoding.
pub(crate) fn plain(headers: &HeaderMap) -> Result<(), RequestError> {
    essence(headers).map(drop)
}

/// Content type without its parameters, of which only UTF-8 as the charset is accepted.
fn essence(headers: &HeaderMap) -> Result<String, RequestError> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let message = "send the body as it is, without a Content-Encoding";
        return Err(RequestError::MediaType(message.to_owned()));
    }
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Ok(String::new()) };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_owned();
    if parts.any(|part| part.strip_prefix("charset=").is_some_and(|set| set.trim_matches('"') != "utf-8")) {
        return Err(RequestError::MediaType("send text as UTF-8".to_owned()));
    }
    Ok(essence)
}
