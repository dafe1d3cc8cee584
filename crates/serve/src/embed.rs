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
}

#[derive(Serialize)]
struct EmbedResponse<'a> {
    model: &'a str,
    embedding: &'a [f32],
    milliseconds: f64,
    /// Parts of the sketch that were ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

pub(crate) async fn embed(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let EmbedQuery { model } = query(&request, "'model'")?;
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
        metrics.recognized(served.name(), 1);
        let milliseconds = milliseconds_since(start);
        ReplyBody::json(&EmbedResponse { model: served.name(), embedding, milliseconds, notes: sketch.notes })
    };
    app.answer(request, max_bytes, work).await
}
