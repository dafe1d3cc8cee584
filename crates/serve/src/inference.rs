//! The Open Inference Protocol, version 2, over REST: models that take tensors and give tensors.
//! <https://github.com/kserve/open-inference-protocol>

use std::{sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Path, Request, State},
    http::{Response, request::Parts},
};
use dabnet_engine::{Model, softmax, top};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Limits, app, app::App, json, media, refusal::Refusal, tensor::Data, wire::Arrived, workers::Bench,
};

/// The one input.
const INPUT: &str = "canvas";
/// What can be asked for.
const OUTPUTS: [&str; 3] = ["logits", "probabilities", "label"];
/// What the values of the input are, for people who read metadata.
const CONTENT: &str = "0 is paper and 1 is ink; the server normalises as the model asks for";

/// The model that an address names. What is no text names none.
pub(crate) struct Name(String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| Refusal::NotFound)
    }
}

/// `GET /v2`.
pub(crate) async fn server() -> Response<Body> {
    let server = json!({ "name": "dabnet", "version": env!("CARGO_PKG_VERSION"), "extensions": [] });
    app::json(server.to_string())
}

/// `GET /v2/models/{model}`.
pub(crate) async fn metadata(
    State(app): State<Arc<App>>,
    Name(name): Name,
) -> Result<Response<Body>, Refusal> {
    let served = &app.catalogue.models()[app.model(Some(&name))?];
    let model = served.model();
    let input = model.graph().input_shape();
    let tensor =
        |name, datatype, shape: &[i64]| json!({ "name": name, "datatype": datatype, "shape": shape });
    let sides = [input.channels, input.height, input.width].map(|side| side as i64);
    let mut canvas = tensor(INPUT, "FP32", &[-1, sides[0], sides[1], sides[2]]);
    canvas["parameters"] = json!({ "content": CONTENT });
    let labels = model.labels().len() as i64;
    let metadata = json!({
        "name": served.name(),
        "platform": "dabnet",
        "inputs": [canvas],
        "outputs": [
            tensor(OUTPUTS[0], "FP32", &[-1, labels]),
            tensor(OUTPUTS[1], "FP32", &[-1, labels]),
            tensor(OUTPUTS[2], "BYTES", &[-1]),
        ],
    });
    Ok(app::json(metadata.to_string()))
}

/// `GET /v2/models/{model}/ready`.
pub(crate) async fn ready(State(app): State<Arc<App>>, Name(name): Name) -> Result<Response<Body>, Refusal> {
    app.model(Some(&name))?;
    Ok(app::json(json!({ "name": name, "ready": true }).to_string()))
}

/// `POST /v2/models/{model}/infer`.
pub(crate) async fn infer(
    State(app): State<Arc<App>>,
    Name(name): Name,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let index = app.model(Some(&name))?;
    media::json_only(request.headers())?;
    let deadline = Arrived::of(&request) + app.limits.request;
    let (limits, metrics) = (Arc::clone(&app.limits), Arc::clone(&app.metrics));
    let work = move |body: Bytes, bench: &mut Bench| {
        let answer = answer(&body, &limits, bench, index, deadline)?;
        metrics.recognized(&answer.model_name, answer.count);
        serde_json::to_vec(&answer).map_err(|_| Refusal::Failed)
    };
    app.answer(request, app.limits.text_bytes, work).await
}

/// Parameters of all kinds are passed over: none has a meaning here.
#[derive(Deserialize)]
#[serde(expecting = "an inference request as {\"inputs\": [{\"name\": \"canvas\", ...}]}")]
struct Asked {
    id: Option<String>,
    inputs: Vec<Input>,
    outputs: Option<Vec<Output>>,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    data: Data,
}

#[derive(Deserialize)]
struct Output {
    name: String,
}

#[derive(Serialize)]
struct Inferred {
    model_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<Tensor>,
    #[serde(skip)]
    count: usize,
}

#[derive(Serialize)]
struct Tensor {
    name: &'static str,
    datatype: &'static str,
    shape: Vec<usize>,
    data: Values,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Values {
    Floats(Vec<f32>),
    Texts(Vec<String>),
}

fn answer(
    body: &[u8],
    limits: &Limits,
    bench: &mut Bench,
    index: usize,
    deadline: Instant,
) -> Result<Inferred, Refusal> {
    let Asked { id, inputs, outputs } = json::parse(body)?;
    let wanted = wanted(outputs)?;
    let (served, session) = bench.model(index);
    let model = served.model();
    let canvases = canvases(inputs, model, limits.batch)?;
    let mut results = Results::default();
    for canvas in canvases.chunks_exact(model.input_len()) {
        if Instant::now() >= deadline {
            return Err(Refusal::Late);
        }
        let logits = session.run(canvas).map_err(Refusal::malformed)?;
        results.add(logits, model);
    }
    let count = results.labels.len();
    let outputs = wanted.into_iter().map(|output| results.tensor(output, model.labels().len())).collect();
    Ok(Inferred { model_name: served.name().to_owned(), id, outputs, count })
}

/// The names of the outputs to give, in the order in which they were asked for.
fn wanted(outputs: Option<Vec<Output>>) -> Result<Vec<&'static str>, Refusal> {
    let Some(outputs) = outputs.filter(|outputs| !outputs.is_empty()) else { return Ok(OUTPUTS.to_vec()) };
    let known = |output: &Output| {
        OUTPUTS.into_iter().find(|known| *known == output.name).ok_or_else(|| {
            Refusal::Malformed(format!(
                "there is no output '{}'; ask for some of {}",
                output.name,
                OUTPUTS.join(", ")
            ))
        })
    };
    let wanted = outputs.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    if (1..wanted.len()).any(|index| wanted[..index].contains(&wanted[index])) {
        return Err(Refusal::Malformed("an output is asked for twice".to_owned()));
    }
    Ok(wanted)
}

/// The values of all canvases, normalised.
fn canvases(inputs: Vec<Input>, model: &Model, batch: usize) -> Result<Vec<f32>, Refusal> {
    let fail = |message: String| Err(Refusal::Malformed(message));
    let Ok([Input { name, shape, datatype, data }]) = <[Input; 1]>::try_from(inputs) else {
        return fail(format!("give exactly one input, '{INPUT}'"));
    };
    if name != INPUT {
        return fail(format!("there is no input '{name}'; give '{INPUT}'"));
    }
    if datatype != "FP32" {
        return fail(format!("'{INPUT}' is FP32, not '{datatype}'"));
    }
    let input = model.graph().input_shape();
    let expected = [input.channels, input.height, input.width];
    let count = match shape[..] {
        [count, ref rest @ ..] if rest == expected && count > 0 => count,
        _ => {
            return fail(format!(
                "'{INPUT}' has the shape [N, {}, {}, {}], not {shape:?}",
                expected[0], expected[1], expected[2]
            ));
        }
    };
    if count > batch {
        return Err(Refusal::TooMuch(format!("'{INPUT}' holds {count} canvases; send up to {batch}")));
    }
    let Data { mut values, lengths } = data;
    if values.len() != count * model.input_len() || (lengths.len() > 1 && lengths != shape) {
        return fail(format!("the data of '{INPUT}' is not of the shape {shape:?} that it is said to have"));
    }
    if !values.iter().all(|value| (0.0..=1.0).contains(value)) {
        return fail(format!("'{INPUT}' has values outside 0..=1; {CONTENT}"));
    }
    let canvas = model.preprocessing().canvas;
    for value in &mut values {
        *value = (*value - canvas.mean) / canvas.std;
    }
    Ok(values)
}

/// What has been computed of a batch.
#[derive(Default)]
struct Results {
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    labels: Vec<String>,
}

impl Results {
    fn add(&mut self, logits: &[f32], model: &Model) {
        self.logits.extend_from_slice(logits);
        self.probabilities.extend(softmax(logits));
        let best = top(logits, 1);
        self.labels.extend(best.iter().map(|best| model.labels()[best.class].clone()));
    }

    fn tensor(&self, name: &'static str, classes: usize) -> Tensor {
        let count = self.labels.len();
        let floats = |data: &[f32]| ("FP32", vec![count, classes], Values::Floats(data.to_vec()));
        let (datatype, shape, data) = match name {
            "logits" => floats(&self.logits),
            "probabilities" => floats(&self.probabilities),
            _ => ("BYTES", vec![count], Values::Texts(self.labels.clone())),
        };
        Tensor { name, datatype, shape, data }
    }
}
