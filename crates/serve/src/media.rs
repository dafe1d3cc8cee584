//! What bodies are said to be.

use axum::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use dabnet_sketch::formats::image::ImageFileFormat;

use crate::refusal::Refusal;

pub(crate) const JSON: &str = "application/json";
/// Bytes of any kind.
pub(crate) const BYTES: &str = "application/octet-stream";
const FORM: &str = "multipart/form-data";

/// A body that a sketch may be sent as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Svg,
    Image(ImageFileFormat),
    /// A form with a file in it, and what is between its fields.
    Form(String),
    /// Nothing that says anything of a sketch: its content tells.
    Unsaid,
}

impl Media {
    /// What the headers say the body is.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
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
                    Refusal::MediaType("the header Content-Type has no boundary of the form's fields".to_owned())
                })
            }
            // The last is what curl says of any data.
            "" | BYTES | "application/x-www-form-urlencoded" => Ok(Self::Unsaid),
            _ => Err(Refusal::MediaType(
                "send a sketch as application/json, image/svg+xml, image/png, image/jpeg, image/webp, image/gif, image/bmp or multipart/form-data, and say so in the header Content-Type".to_owned(),
            )),
        }
    }

    /// What a body's first bytes are of, where they tell.
    pub(crate) fn of_content(body: &[u8]) -> Option<Self> {
        if let Some(format) = ImageFileFormat::recognize(body) {
            return Some(Self::Image(format));
        }
        let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
        match start {
            [b'<', ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Self::Svg),
            [b'{', ..] => Some(Self::Json),
            _ => None,
        }
    }
}

/// That the headers do not say that the body is something else than JSON.
pub(crate) fn json_only(headers: &HeaderMap) -> Result<(), Refusal> {
    if ["", JSON].contains(&essence(headers)?.as_str()) {
        return Ok(());
    }
    let message = "send JSON, and say so with the header 'Content-Type: application/json'";
    Err(Refusal::MediaType(message.to_owned()))
}

/// That a body is sent as it is.
pub(crate) fn plain(headers: &HeaderMap) -> Result<(), Refusal> {
    essence(headers).map(drop)
}

/// The content type without its parameters, which may say nothing but that text is UTF-8.
fn essence(headers: &HeaderMap) -> Result<String, Refusal> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let message = "send the body as it is, without a Content-Encoding";
        return Err(Refusal::MediaType(message.to_owned()));
    }
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Ok(String::new()) };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_owned();
    if parts.any(|part| part.strip_prefix("charset=").is_some_and(|set| set.trim_matches('"') != "utf-8")) {
        return Err(Refusal::MediaType("send text as UTF-8".to_owned()));
    }
    Ok(essence)
}
