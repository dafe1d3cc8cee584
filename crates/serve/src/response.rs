//! Media types, and responses of JSON.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, header::CONTENT_TYPE},
};

/// Media type of JSON.
pub(crate) const JSON: &str = "application/json";
/// Media type of any bytes.
pub(crate) const BYTES: &str = "application/octet-stream";
/// Header with the length of the JSON in a body, where bytes of tensors follow.
pub(crate) const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");

/// Returns a response of JSON.
pub(crate) fn json_response(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}
