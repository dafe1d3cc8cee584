//! `POST /v1/recognize`: a sketch in, labels out.

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{Query, Request, State},
    http::Response,
};
use dabnet_engine::{EngineError, run_views, top};
use dabnet_sketch::{MAX_VIEWS, views};
use serde::{Deserialize, Serialize};

use crate::{
    Limits,
    app::App,
    drawing,
    media::Media,
    metrics::Metrics,
    refusal::Refusal,
    workers::{Answer, Bench, Reply},
};

/// Labels that are told of where nobody says how many.
const TOP: u16 = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    model: Option<String>,
    top: Option<u16>,
    views: Option<u8>,
}

/// What a request wants to be told.
#[derive(Clone, Copy)]
struct Wish {
    /// The model, by its place.
    model: usize,
    labels: usize,
    views: usize,
}

#[derive(Serialize)]
struct Recognized<'a> {
    model: &'a str,
    predictions: Vec<Guess<'a>>,
    milliseconds: f64,
    /// What was sent and the model has not seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Guess<'a> {
    label: &'a str,
    probability: f32,
}

pub(crate) async fn recognize(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let Query(asked) = Query::<Asked>::try_from_uri(request.uri()).map_err(|error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        Refusal::Malformed(format!("the query is not valid: {reason}; it takes 'model', 'top' and 'views'"))
    })?;
    let top = usize::from(asked.top.unwrap_or(TOP));
    if top == 0 {
        return Err(Refusal::Malformed("the query's 'top' is 0; ask for at least one label".to_owned()));
    }
    let views = usize::from(asked.views.unwrap_or(1));
    if !(1..=MAX_VIEWS).contains(&views) {
        return Err(Refusal::Malformed(format!(
            "the query's 'views' is {views}; there are 1 to {MAX_VIEWS}"
        )));
    }
    let wish = Wish { model: app.model(asked.model.as_deref())?, labels: top, views };
    let media = Media::of(request.headers())?;
    let max_bytes = match media {
        Media::Json | Media::Svg => app.limits.text_bytes,
        Media::Image(_) | Media::Form(_) | Media::Unsaid => app.limits.image_bytes,
    };
    let (limits, metrics) = (Arc::clone(&app.limits), Arc::clone(&app.metrics));
    let work = move |body: Bytes, bench: &mut Bench| label(&body, &media, &limits, &metrics, bench, wish);
    app.answer(request, max_bytes, work).await
}

/// What `dabnet recognize` does to a file.
fn label(
    body: &Bytes,
    media: &Media,
    limits: &Limits,
    metrics: &Metrics,
    bench: &mut Bench,
    wish: Wish,
) -> Answer {
    let start = Instant::now();
    let (served, session) = bench.model(wish.model);
    let model = served.model();
    let sketch = drawing::read(body, media, limits)?;
    let seen = views(model.preprocessing(), &sketch.drawing, wish.views).ok_or_else(|| {
        let (name, look) = (served.name(), model.preprocessing().look);
        Refusal::Malformed(format!("the model '{name}' has one view of a sketch only: its look is '{look}'"))
    })?;
    let logits = run_views(session, &seen).map_err(|error| no_sketch(served.name(), &error))?;
    let predictions = top(&logits, wish.labels)
        .iter()
        .map(|guess| Guess { label: &model.labels()[guess.class], probability: guess.probability })
        .collect();
    metrics.recognized(served.name(), 1);
    let milliseconds = (start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let answer = Recognized { model: served.name(), predictions, milliseconds, notes: sketch.notes };
    Reply::json(&answer)
}

/// Models of pictures with colours run on tensors only.
fn no_sketch(name: &str, error: &EngineError) -> Refusal {
    Refusal::TooMuch(format!("the model '{name}' takes no sketches ({error}); send it tensors instead"))
}
