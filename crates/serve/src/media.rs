//! What bodies are said to be.

use axum::http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use dabnet_sketch::formats::image::Format;

use crate::refusal::Refusal;

pub(crate) const JSON: &str = "application/json";

/// A body that a sketch may be sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Svg,
    Image(Format),
}

impl Media {
    /// What the headers say the body is.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        match essence(headers)?.as_str() {
            JSON => Ok(Self::Json),
            "image/svg+xml" => Ok(Self::Svg),
            "image/png" => Ok(Self::Image(Format::Png)),
            "image/jpeg" => Ok(Self::Image(Format::Jpeg)),
            "image/webp" => Ok(Self::Image(Format::WebP)),
            "image/gif" => Ok(Self::Image(Format::Gif)),
            "image/bmp" => Ok(Self::Image(Format::Bmp)),
            _ => Err(Refusal::MediaType(
                "send a sketch as application/json, image/svg+xml, image/png, image/jpeg, image/webp, image/gif or image/bmp, and say so in the header Content-Type".to_owned(),
            )),
        }
    }
}

/// Whether the headers say that the body is JSON, as they must.
pub(crate) fn json_only(headers: &HeaderMap) -> Result<(), Refusal> {
    if essence(headers)? == JSON {
        return Ok(());
    }
    let message = "send JSON, and say so with the header 'Content-Type: application/json'";
    Err(Refusal::MediaType(message.to_owned()))
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
