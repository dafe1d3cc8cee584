//! `/v1/words`: words that clients teach a model.

use std::{collections::HashSet, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::Response,
};
use dabnet_embedding::{EmbeddingError, TaughtWord, VIEWS, forget, teach};
use dabnet_engine::{PackedModel, Session};
use dabnet_sketch::unmirrored_views;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    RequestLimits, ServedModel,
    app::AppState,
    drawing, json,
    media::{self, MediaType},
    recognize::{query, takes_no_sketches},
    request_error::RequestError,
    response::json_response,
    word_store::WordStore,
    workers::{ReplyBody, WorkResult, WorkerSessions},
};

/// Upper bound of a word's length, in characters.
const MAX_LABEL: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsQuery {
    model: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordQuery {
    model: Option<String>,
    word: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsBody {
    words: Vec<WordBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordBody {
    label: String,
    /// Sketches as `/v1/recognize` takes them.
    drawings: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
struct WordsResponse<'a> {
    model: &'a str,
    /// Number of words that the model knows.
    words: usize,
    /// Those that it was taught.
    taught: Vec<&'a str>,
    teachable: bool,
}

impl<'a> WordsResponse<'a> {
    fn new(served: &'a ServedModel, teachable: bool) -> Self {
        let model = served.model();
        Self { model: served.name(), words: model.labels().len(), taught: taught(served), teachable }
    }
}

/// Words that a model was taught.
fn taught(served: &ServedModel) -> Vec<&str> {
    served.model().calibration().into_iter().flat_map(|calibration| calibration.taught()).collect()
}

/// `GET /v1/words`: which words a model was taught.
pub(crate) async fn list_words(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let WordsQuery { model } = query(&request, "'model'")?;
    let served = app.registry.at(app.model(model.as_deref())?);
    let response = WordsResponse::new(&served, app.words.is_some());
    serde_json::to_vec(&response).map(json_response).map_err(|_| RequestError::Failed)
}

/// `POST /v1/words`: teaches a model words from drawings.
pub(crate) async fn teach_words(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let WordsQuery { model } = query(&request, "'model'")?;
    let index = app.model(model.as_deref())?;
    app.word_store()?;
    // Any page may have a browser send other types here, without asking first.
    media::stated_json(request.headers())?;
    let state = Arc::clone(&app);
    let work = move |body: Bytes, sessions: &mut WorkerSessions| {
        let WordsBody { words } = json::parse(&body)?;
        check(&words, &state.limits)?;
        let store = state.word_store()?;
        let _turn = store.turn()?;
        let (served, session) = sessions.model(index);
        let words = embed(served, session, &words, &state.limits)?;
        let packed = PackedModel::from_bytes(served.bytes()).map_err(|_| RequestError::Failed)?;
        let packed = teach(&packed, &words).map_err(refused)?;
        change(&state, store, index, &packed)
    };
    app.answer(request, app.limits.image_bytes, work).await
}

/// `DELETE /v1/words`: takes a word from a model that was taught it.
pub(crate) async fn forget_word(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let WordQuery { model, word } = query(&request, "'model' and 'word'")?;
    let index = app.model(model.as_deref())?;
    app.word_store()?;
    let state = Arc::clone(&app);
    let work = move |_: Bytes, _: &mut WorkerSessions| {
        let store = state.word_store()?;
        let _turn = store.turn()?;
        let served = state.registry.at(index);
        if !taught(&served).contains(&word.as_str()) {
            return Err(RequestError::UnknownWord { word });
        }
        let packed = PackedModel::from_bytes(served.bytes()).map_err(|_| RequestError::Failed)?;
        let packed = forget(&packed, &[word]).map_err(refused)?;
        change(&state, store, index, &packed)
    };
    app.answer(request, app.limits.text_bytes, work).await
}

fn check(words: &[WordBody], limits: &RequestLimits) -> Result<(), RequestError> {
    let mut labels = HashSet::new();
    for WordBody { label, .. } in words {
        let length = label.chars().count();
        if !(1..=MAX_LABEL).contains(&length) || label.trim() != label || label.contains(char::is_control) {
            return Err(RequestError::Malformed(format!(
                "a word is called {label:?}: give 1 to {MAX_LABEL} characters, no control characters, and no white space around"
            )));
        }
        if !labels.insert(label) {
            return Err(RequestError::Malformed(format!(
                "the word {label:?} is there twice: give all its drawings at once"
            )));
        }
    }
    let drawings: usize = words.iter().map(|word| word.drawings.len()).sum();
    if drawings > limits.drawings {
        let most = limits.drawings;
        return Err(RequestError::TooMuch(format!(
            "there are {drawings} drawings; send up to {most} at once"
        )));
    }
    Ok(())
}

/// Words as a model learns them.
fn embed(
    served: &ServedModel,
    session: &mut Session,
    words: &[WordBody],
    limits: &RequestLimits,
) -> Result<Vec<TaughtWord>, RequestError> {
    let known = taught(served);
    let new = words.iter().filter(|word| !known.contains(&word.label.as_str())).count();
    if known.len() + new > limits.words {
        let (name, most) = (served.name(), limits.words);
        return Err(RequestError::TooMuch(format!(
            "the model '{name}' would have {} taught words; this server takes up to {most}",
            known.len() + new
        )));
    }
    let preprocessing = served.model().preprocessing();
    let mut taught = Vec::new();
    for WordBody { label, drawings } in words {
        let mut canvases = Vec::new();
        for (at, drawing) in drawings.iter().enumerate() {
            let body = Bytes::copy_from_slice(drawing.get().as_bytes());
            let sketch = drawing::read(&body, &MediaType::Json, limits)
                .map_err(|error| error.about(&format!("drawing {} of {label:?}", at + 1)))?;
            canvases.extend(unmirrored_views(preprocessing, &sketch.drawing, VIEWS));
        }
        let word = TaughtWord::embed(session, label, canvases);
        taught.push(word.map_err(|error| takes_no_sketches(served.name(), &error))?);
    }
    Ok(taught)
}

/// Error of what a model cannot be taught.
fn refused(error: EmbeddingError) -> RequestError {
    match error {
        EmbeddingError::Known { label } => RequestError::KnownWord { word: label },
        EmbeddingError::Drawings { .. } | EmbeddingError::NoWords => RequestError::malformed(error),
        error => RequestError::TooMuch(error.to_string()),
    }
}

/// Keeps a changed model, and serves it from now on.
fn change(app: &AppState, store: &WordStore, index: usize, packed: &PackedModel) -> WorkResult {
    let changed = store.keep(app.registry.at(index).name(), packed)?;
    app.replace_model(index, changed);
    ReplyBody::json(&WordsResponse::new(&app.registry.at(index), true))
}
