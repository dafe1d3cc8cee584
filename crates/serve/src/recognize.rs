//! `POST /v1/recognize`: a sketch in, labels out.

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{Query, Request, State},
    http::Response,
};
use dabnet_engine::{EngineError, run_views, top};
use dabnet_sketch::{MAX_VIEWS, test_time_views};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    RequestLimits,
    app::AppState,
    drawing,
    media::MediaType,
    metrics::ServerMetrics,
    request_error::RequestError,
    workers::{ReplyBody, WorkResult, WorkerSessions},
};

/// Default number of labels.
const TOP: u16 = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecognizeQuery {
    model: Option<String>,
    top: Option<u16>,
    views: Option<u8>,
}

/// Validated options of a request.
#[derive(Clone, Copy)]
struct RecognizeOptions {
    /// Index of the model.
    model: usize,
    labels: usize,
    views: usize,
}

#[derive(Serialize)]
struct RecognizeResponse<'a> {
    model: &'a str,
    predictions: Vec<Prediction<'a>>,
    /// True if the sketch is like none that the model knows a word for; none where it was not calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<bool>,
    milliseconds: f64,
    /// Parts of the sketch that were ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Prediction<'a> {
    label: &'a str,
    probability: f32,
}

pub(crate) async fn recognize(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let query: RecognizeQuery = query(&request, "'model', 'top' and 'views'")?;
    let top = usize::from(query.top.unwrap_or(TOP));
    if top == 0 {
        return Err(RequestError::Malformed("the query's 'top' is 0; ask for at least one label".to_owned()));
    }
    let views = usize::from(query.views.unwrap_or(1));
    if !(1..=MAX_VIEWS).contains(&views) {
        return Err(RequestError::Malformed(format!(
            "the query's 'views' is {views}; there are 1 to {MAX_VIEWS}"
        )));
    }
    let options = RecognizeOptions { model: app.model(query.model.as_deref())?, labels: top, views };
    let media = MediaType::of(request.headers())?;
    let max_bytes = max_bytes(&media, &app.limits);
    let (limits, metrics) = (Arc::clone(&app.limits), Arc::clone(&app.metrics));
    let work = move |body: Bytes, sessions: &mut WorkerSessions| {
        recognize_body(&body, &media, &limits, &metrics, sessions, options)
    };
    app.answer(request, max_bytes, work).await
}

/// Milliseconds since then, to a microsecond.
pub(crate) fn milliseconds_since(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e6).round() / 1e3
}

/// Bytes that the body of a sketch may have.
pub(crate) fn max_bytes(media: &MediaType, limits: &RequestLimits) -> usize {
    match media {
        MediaType::Json | MediaType::Svg => limits.text_bytes,
        MediaType::Image(_) | MediaType::Form(_) | MediaType::Unsaid => limits.image_bytes,
    }
}

/// The query of a request, which takes the fields `known`.
pub(crate) fn query<Q: DeserializeOwned>(request: &Request, known: &str) -> Result<Q, RequestError> {
    let read = Query::<Q>::try_from_uri(request.uri()).map_err(|error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        malformed_query(&reason, known)
    });
    read.map(|Query(query)| query)
}

/// Error of a query, whose `reason` is `NAME: WHY` in the words of its parser.
fn malformed_query(reason: &str, known: &str) -> RequestError {
    let takes = format!("it takes {known}");
    let (name, why) = reason.split_once(": ").unwrap_or(("", reason));
    RequestError::Malformed(if why.starts_with("unknown field") {
        format!("the query has '{name}'; {takes}")
    } else if why.starts_with("invalid digit") || why.starts_with("number too large") {
        format!("the query's '{name}' is no whole number, or too large; {takes}")
    } else {
        format!("the query is not valid: {reason}; {takes}")
    })
}

/// Recognizes the sketch in a body, on a worker.
fn recognize_body(
    body: &Bytes,
    media: &MediaType,
    limits: &RequestLimits,
    metrics: &ServerMetrics,
    sessions: &mut WorkerSessions,
    options: RecognizeOptions,
) -> WorkResult {
    let start = Instant::now();
    let (served, session) = sessions.model(options.model);
    let model = served.model();
    let sketch = drawing::read(body, media, limits)?;
    let seen = test_time_views(model.preprocessing(), &sketch.drawing, options.views).ok_or_else(|| {
        let (name, look) = (served.name(), model.preprocessing().look);
        RequestError::Malformed(format!(
            "the model '{name}' has one view of a sketch only: its look is '{look}'"
        ))
    })?;
    let logits = run_views(session, &seen).map_err(|error| takes_no_sketches(served.name(), &error))?;
    let predictions = top(&logits, options.labels)
        .iter()
        .map(|guess| Prediction { label: &model.labels()[guess.class], probability: guess.probability })
        .collect();
    metrics.recognized(served.name(), 1);
    let response = RecognizeResponse {
        model: served.name(),
        predictions,
        unknown: model.calibration().map(|calibration| calibration.is_unknown(&logits)),
        milliseconds: milliseconds_since(start),
        notes: sketch.notes,
    };
    ReplyBody::json(&response)
}

/// Error of a model that takes tensors only, such as one of color images.
pub(crate) fn takes_no_sketches(name: &str, error: &EngineError) -> RequestError {
    RequestError::TooMuch(format!("the model '{name}' takes no sketches ({error}); send it tensors instead"))
}
