//! `POST /v1/embed`: a sketch in, the vector before the last layer out.

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::Response,
};
use dabnet_engine::EngineError;
use dabnet_sketch::Preprocess;
use serde::{Deserialize, Serialize};

use crate::{
    ServedModel,
    app::AppState,
    drawing,
    media::MediaType,
    recognize::{max_bytes, milliseconds_since, query, takes_no_sketches},
    request_error::RequestError,
    workers::{ReplyBody, WorkerSessions},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbedQuery {
    model: Option<String>,
    #[serde(default)]
    bits: bool,
}

#[derive(Serialize)]
struct EmbedResponse<'a> {
    model: &'a str,
    embedding: &'a [f32],
    /// Its bits in hexadecimal digits, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<String>,
    milliseconds: f64,
    /// Parts of the sketch that were ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

pub(crate) async fn embed(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let EmbedQuery { model, bits } = query(&request, "'model' and 'bits'")?;
    let model = app.model(model.as_deref())?;
    let media = MediaType::of(request.headers())?;
    let max_bytes = max_bytes(&media, &app.limits);
    let (limits, metrics) = (Arc::clone(&app.limits), Arc::clone(&app.metrics));
    let work = move |body: Bytes, sessions: &mut WorkerSessions| {
        let start = Instant::now();
        let (served, session) = sessions.model(model);
        let sketch = drawing::read(&body, &media, &limits)?;
        let canvas = served.model().preprocessing().apply(&sketch.drawing);
        let embedding = session.embed(&canvas).map_err(|error| match error {
            EngineError::NoEmbedding => {
                RequestError::TooMuch(format!("the model '{}': {error}", served.name()))
            }
            error => takes_no_sketches(served.name(), &error),
        })?;
        let bits = if bits { Some(hexadecimal_bits(served, embedding)?) } else { None };
        metrics.recognized(served.name(), 1);
        let milliseconds = milliseconds_since(start);
        let (model, notes) = (served.name(), sketch.notes);
        ReplyBody::json(&EmbedResponse { model, embedding, bits, milliseconds, notes })
    };
    app.answer(request, max_bytes, work).await
}

/// Bits of an embedding in hexadecimal digits, two a byte.
fn hexadecimal_bits(served: &ServedModel, embedding: &[f32]) -> Result<String, RequestError> {
    let statistics = served.model().embedding_statistics().ok_or_else(|| {
        let name = served.name();
        RequestError::TooMuch(format!(
            "the model '{name}' was not calibrated, and has no medians of its embeddings"
        ))
    })?;
    Ok(statistics.bits(embedding).iter().map(|byte| format!("{byte:02x}")).collect())
}
