//! The Open Inference Protocol, version 2, over REST: models that take tensors and give tensors.
//! <https://github.com/kserve/open-inference-protocol>, with its extension for binary tensors.

use std::{collections::HashMap, sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Path, Request, State},
    http::{HeaderMap, Response, request::Parts},
};
use dabnet_engine::{Model, softmax, top};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::json;

use crate::{
    RequestLimits,
    app::AppState,
    json, media,
    request_error::RequestError,
    response::{JSON_LENGTH, json_response},
    tensor::TensorData,
    timed_stream::RequestStart,
    workers::{ReplyBody, WorkResult, WorkerSessions},
};

/// Version of every model.
const VERSION: &str = "1";

/// The one input.
const INPUT: &str = "canvas";
/// Names of the outputs.
const OUTPUTS: [&str; 3] = ["logits", "probabilities", "label"];
/// Description of the input's values in the metadata.
const CONTENT: &str = "0 is paper and 1 is ink; the server normalizes as the model asks for";

/// Model name in a request's path, whose version is checked.
pub(crate) struct ModelName(String);

impl<S: Send + Sync> FromRequestParts<S> for ModelName {
    type Rejection = RequestError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RequestError> {
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut named) = named.map_err(|_| RequestError::NotFound)?;
        let name = named.remove("model").ok_or(RequestError::NotFound)?;
        match named.get("version") {
            Some(version) if version != VERSION => Err(RequestError::UnknownVersion { name }),
            _ => Ok(Self(name)),
        }
    }
}

/// `GET /v2`.
pub(crate) async fn server() -> Response<Body> {
    let server = json!({ "name": "dabnet", "version": env!("CARGO_PKG_VERSION"), "extensions": ["binary_tensor_data"] });
    json_response(server.to_string())
}

/// `GET /v2/models/{model}`, and with its version.
pub(crate) async fn metadata(
    State(app): State<Arc<AppState>>,
    ModelName(name): ModelName,
) -> Result<Response<Body>, RequestError> {
    let served = app.registry.at(app.model(Some(&name))?);
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
        "versions": [VERSION],
        "platform": "dabnet",
        "inputs": [canvas],
        "outputs": [
            tensor(OUTPUTS[0], "FP32", &[-1, labels]),
            tensor(OUTPUTS[1], "FP32", &[-1, labels]),
            tensor(OUTPUTS[2], "BYTES", &[-1]),
        ],
    });
    Ok(json_response(metadata.to_string()))
}

/// `GET /v2/models/{model}/ready`, and with its version.
pub(crate) async fn ready(
    State(app): State<Arc<AppState>>,
    ModelName(name): ModelName,
) -> Result<Response<Body>, RequestError> {
    app.model(Some(&name))?;
    Ok(json_response(json!({ "name": name, "ready": true }).to_string()))
}

/// `POST /v2/models/{model}/infer`, and with its version.
pub(crate) async fn infer(
    State(app): State<Arc<AppState>>,
    ModelName(name): ModelName,
    request: Request,
) -> Result<Response<Body>, RequestError> {
    let index = app.model(Some(&name))?;
    let json_bytes = json_bytes(request.headers())?;
    let deadline = RequestStart::of(&request) + app.limits.request;
    let (limits, metrics) = (Arc::clone(&app.limits), Arc::clone(&app.metrics));
    let work = move |body: Bytes, sessions: &mut WorkerSessions| {
        let (json, binary) = match json_bytes {
            Some(bytes) => body.split_at_checked(bytes).ok_or_else(|| {
                RequestError::Malformed(format!(
                    "the header {JSON_LENGTH} says {bytes} bytes; the body has fewer"
                ))
            })?,
            None => (&body[..], &[][..]),
        };
        let response = run_model(json, binary, &limits, sessions, index, deadline)?;
        metrics.recognized(&response.model_name, response.count);
        response.into_reply()
    };
    // Numbers in bytes take as much as pictures do.
    let most = if json_bytes.is_some() { app.limits.image_bytes } else { app.limits.text_bytes };
    app.answer(request, most, work).await
}

/// Length of the JSON in a body that also holds binary data; checks the media type otherwise.
fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, RequestError> {
    let Some(value) = headers.get(JSON_LENGTH) else {
        media::json_only(headers)?;
        return Ok(None);
    };
    media::plain(headers)?;
    let bytes = value.to_str().ok().and_then(|text| text.parse().ok());
    bytes
        .map(Some)
        .ok_or_else(|| RequestError::Malformed(format!("the header {JSON_LENGTH} is no number of bytes")))
}

/// An inference request. Unknown parameters are ignored.
#[derive(Deserialize)]
#[serde(expecting = "an inference request as {\"inputs\": [{\"name\": \"canvas\", ...}]}")]
struct InferRequest {
    id: Option<String>,
    inputs: Vec<InputTensor>,
    outputs: Option<Vec<RequestedOutput>>,
    #[serde(default)]
    parameters: TensorParameters,
}

#[derive(Deserialize)]
struct InputTensor {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    data: Option<TensorData>,
    #[serde(default)]
    parameters: TensorParameters,
}

#[derive(Deserialize)]
struct RequestedOutput {
    name: String,
    #[serde(default)]
    parameters: TensorParameters,
}

/// Parameters of the binary data extension, of an input, an output or a request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TensorParameters {
    binary_data_size: Option<usize>,
    binary_data: Option<bool>,
    binary_data_output: Option<bool>,
    /// An extension of Triton that is not supported.
    classification: Option<IgnoredAny>,
}

#[derive(Serialize)]
struct InferResponse {
    model_name: String,
    model_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<OutputTensor>,
    #[serde(skip)]
    count: usize,
}

#[derive(Serialize)]
struct OutputTensor {
    name: &'static str,
    datatype: &'static str,
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinaryDataSize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<TensorValues>,
    /// Binary data that follows the JSON.
    #[serde(skip)]
    binary: Vec<u8>,
}

#[derive(Serialize)]
struct BinaryDataSize {
    binary_data_size: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum TensorValues {
    Floats(Vec<f32>),
    Texts(Vec<String>),
}

impl TensorValues {
    /// Little-endian numbers, or texts that each follow their length in four bytes.
    fn to_binary(&self) -> Vec<u8> {
        match self {
            Self::Floats(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::Texts(texts) => {
                let text = |text: &String| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
                texts.iter().flat_map(text).collect()
            }
        }
    }
}

impl InferResponse {
    fn into_reply(self) -> WorkResult {
        let reply = ReplyBody::json(&self)?;
        if self.outputs.iter().all(|output| output.parameters.is_none()) {
            return Ok(reply);
        }
        let json_bytes = Some(reply.body.len());
        let binary = self.outputs.into_iter().flat_map(|output| output.binary);
        Ok(ReplyBody { body: reply.body.into_iter().chain(binary).collect(), json_bytes })
    }
}

fn run_model(
    json: &[u8],
    binary: &[u8],
    limits: &RequestLimits,
    sessions: &mut WorkerSessions,
    index: usize,
    deadline: Instant,
) -> Result<InferResponse, RequestError> {
    let InferRequest { id, inputs, outputs, parameters } = json::parse(json)?;
    let requested = requested_outputs(outputs, parameters.binary_data_output.unwrap_or(false))?;
    let (served, session) = sessions.model(index);
    let model = served.model();
    let values = input_values(inputs, binary, model, limits.batch)?;
    let mut results = BatchResults::default();
    for canvas in values.chunks_exact(model.input_len()) {
        if Instant::now() >= deadline {
            return Err(RequestError::Late);
        }
        let logits = session.run(canvas).map_err(RequestError::malformed)?;
        results.add(logits, model);
    }
    let count = results.labels.len();
    let tensor = |(name, is_binary)| results.tensor(name, is_binary, model.labels().len());
    let outputs = requested.into_iter().map(tensor).collect();
    Ok(InferResponse { model_name: served.name().to_owned(), model_version: VERSION, id, outputs, count })
}

/// Returns the requested outputs in order, each with true if it is to be binary; `all` is the default.
fn requested_outputs(
    outputs: Option<Vec<RequestedOutput>>,
    all: bool,
) -> Result<Vec<(&'static str, bool)>, RequestError> {
    let Some(outputs) = outputs.filter(|outputs| !outputs.is_empty()) else {
        return Ok(OUTPUTS.map(|name| (name, all)).to_vec());
    };
    if outputs.iter().any(|output| output.parameters.classification.is_some()) {
        let message = "outputs have no 'classification' here: ask for 'probabilities', or '/v1/recognize'";
        return Err(RequestError::Malformed(message.to_owned()));
    }
    let known = |output: &RequestedOutput| {
        let known = OUTPUTS.into_iter().find(|known| *known == output.name);
        known.map(|name| (name, output.parameters.binary_data.unwrap_or(all))).ok_or_else(|| {
            RequestError::Malformed(format!(
                "there is no output '{}'; ask for some of {}",
                output.name,
                OUTPUTS.join(", ")
            ))
        })
    };
    let requested = outputs.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    if (1..requested.len())
        .any(|index| requested[..index].iter().any(|(name, _)| *name == requested[index].0))
    {
        return Err(RequestError::Malformed("an output is asked for twice".to_owned()));
    }
    Ok(requested)
}

/// Returns the normalized values of all canvases, from JSON or `binary`.
fn input_values(
    inputs: Vec<InputTensor>,
    binary: &[u8],
    model: &Model,
    batch: usize,
) -> Result<Vec<f32>, RequestError> {
    let fail = |message: String| Err(RequestError::Malformed(message));
    let Ok([InputTensor { name, shape, datatype, data, parameters }]) = <[InputTensor; 1]>::try_from(inputs)
    else {
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
        return Err(RequestError::TooMuch(format!("'{INPUT}' holds {count} canvases; send up to {batch}")));
    }
    let TensorData { mut values, lengths } = match (data, parameters.binary_data_size) {
        (Some(data), None) if binary.is_empty() => data,
        (None, Some(size)) if size == binary.len() && size.is_multiple_of(4) => {
            let values = binary.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            TensorData { values, lengths: Vec::new() }
        }
        (None, Some(size)) => {
            let length = binary.len();
            return fail(format!(
                "'{INPUT}' has a binary_data_size of {size}, and {length} bytes follow the JSON, whose length the header \
                 {JSON_LENGTH} says"
            ));
        }
        _ => return fail(format!("give either the data of '{INPUT}' in the JSON, or its binary_data_size")),
    };
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

/// Results of a batch.
#[derive(Default)]
struct BatchResults {
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    labels: Vec<String>,
}

impl BatchResults {
    fn add(&mut self, logits: &[f32], model: &Model) {
        self.logits.extend_from_slice(logits);
        self.probabilities.extend(softmax(logits));
        let best = top(logits, 1);
        self.labels.extend(best.iter().map(|best| model.labels()[best.class].clone()));
    }

    fn tensor(&self, name: &'static str, is_binary: bool, classes: usize) -> OutputTensor {
        let count = self.labels.len();
        let floats = |data: &[f32]| ("FP32", vec![count, classes], TensorValues::Floats(data.to_vec()));
        let (datatype, shape, data) = match name {
            "logits" => floats(&self.logits),
            "probabilities" => floats(&self.probabilities),
            _ => ("BYTES", vec![count], TensorValues::Texts(self.labels.clone())),
        };
        let binary = if is_binary { data.to_binary() } else { Vec::new() };
        let parameters = is_binary.then_some(BinaryDataSize { binary_data_size: binary.len() });
        OutputTensor { name, datatype, shape, parameters, data: (!is_binary).then_some(data), binary }
    }
}
