use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::IntoResponse,
};
use serde_json::json;
use thiserror::Error;

use crate::response::json_response;

/// Upper bound of a message's length, in characters: parsers quote their input.
const MAX_MESSAGE: usize = 300;

/// Error of a request; its text is sent to the client.
#[derive(Clone, Debug, Error)]
pub(crate) enum RequestError {
    /// The body or query is malformed.
    #[error("{0}")]
    Malformed(String),
    #[error("there is nothing at this address; see /openapi.json for what there is")]
    NotFound,
    #[error("there is no model '{name}' here; there are: {known}")]
    UnknownModel { name: String, known: String },
    #[error("this server takes no words: start it with --teachable")]
    NotTeachable,
    #[error("the model was not taught '{word}'; see /v1/words for what it was")]
    UnknownWord { word: String },
    #[error("the model knows '{word}' from its training; call yours otherwise")]
    KnownWord { word: String },
    #[error("another client teaches a model; try again in a second")]
    Teaching,
    #[error("the words could not be saved, and are not learned; the server's log says why")]
    Unsaved,
    #[error("the model '{name}' has the version 1 alone")]
    UnknownVersion { name: String },
    #[error("this address does not take the method; see the header Allow")]
    Method,
    #[error("the request took longer than {0} s to arrive; send it faster, or less of it")]
    Slow(f64),
    #[error("the body is larger than {0} bytes; send a smaller one")]
    TooLarge(usize),
    #[error("{0}")]
    MediaType(String),
    /// Well formed, and more than is allowed.
    #[error("{0}")]
    TooMuch(String),
    #[error("too much is waiting already; try again in a second")]
    Full,
    #[error("the server holds as many bytes of requests as it may; try again in a second")]
    BufferedBody,
    #[error("no worker could answer in time; try again in a second")]
    Late,
    #[error("the server failed to answer this; please report it")]
    Failed,
}

impl RequestError {
    /// The error of a part of a body.
    pub(crate) fn about(self, part: &str) -> Self {
        match self {
            Self::Malformed(reason) => Self::Malformed(format!("{part}: {reason}")),
            Self::TooMuch(reason) => Self::TooMuch(format!("{part}: {reason}")),
            other => other,
        }
    }

    /// A parser's error.
    pub(crate) fn malformed(reason: impl ToString) -> Self {
        Self::Malformed(reason.to_string())
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotFound
            | Self::UnknownModel { .. }
            | Self::UnknownVersion { .. }
            | Self::UnknownWord { .. } => StatusCode::NOT_FOUND,
            Self::NotTeachable => StatusCode::FORBIDDEN,
            Self::KnownWord { .. } => StatusCode::CONFLICT,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMuch(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Full | Self::BufferedBody | Self::Late | Self::Teaching => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed | Self::Unsaved => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Value of the metrics' `reason` label.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::NotFound => "not_found",
            Self::UnknownModel { .. } => "unknown_model",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::NotTeachable => "not_teachable",
            Self::UnknownWord { .. } => "unknown_word",
            Self::KnownWord { .. } => "known_word",
            Self::Teaching => "teaching",
            Self::Unsaved => "unsaved",
            Self::Method => "method",
            Self::Slow(_) => "slow_request",
            Self::TooLarge(_) => "body_too_large",
            Self::MediaType(_) => "media_type",
            Self::TooMuch(_) => "over_limit",
            Self::Full => "queue_full",
            Self::BufferedBody => "memory_full",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> axum::response::Response {
        let message: String = self.to_string().chars().take(MAX_MESSAGE).collect();
        let mut response = json_response(json!({ "error": message }).to_string());
        *response.status_mut() = self.status();
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(RejectionReason(self.reason()));
        response
    }
}

/// Reason for an error, attached to its response for the metrics.
#[derive(Clone, Copy)]
pub(crate) struct RejectionReason(pub(crate) &'static str);
