//! The Open Inference Protocol, version 2, over REST: models that take tensors and give tensors.
//! <https://github.com/kserve/open-inference-protocol>, with its extension for binary tensors.

use std::{collections::HashMap, sync::Arc, time::Instant};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Path, Request, State},
    http::{HeaderMap, HeaderName, Response, request::Parts},
};
use dabnet_engine::{Model, softmax, top};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::json;

use crate::{
    Limits, app,
    app::App,
    json, media,
    refusal::Refusal,
    tensor::Data,
    wire::Arrived,
    workers::{Answer, Bench, Reply},
};

/// How many bytes of a body are JSON, where those of tensors follow.
pub(crate) const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");
/// The one version of every model.
const VERSION: &str = "1";

/// The one input.
const INPUT: &str = "canvas";
/// What can be asked for.
const OUTPUTS: [&str; 3] = ["logits", "probabilities", "label"];
/// What the values of the input are, for people who read metadata.
const CONTENT: &str = "0 is paper and 1 is ink; the server normalises as the model asks for";

/// The model that an address names, of the one version that there is. What is no text names none.
pub(crate) struct Name(String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut named) = named.map_err(|_| Refusal::NotFound)?;
        let name = named.remove("model").ok_or(Refusal::NotFound)?;
        match named.get("version") {
            Some(version) if version != VERSION => Err(Refusal::UnknownVersion { name }),
            _ => Ok(Self(name)),
        }
    }
}

/// `GET /v2`.
pub(crate) async fn server() -> Response<Body> {
    let server = json!({ "name": "dabnet", "version": env!("CARGO_PKG_VERSION"), "extensions": ["binary_tensor_data"] });
    app::json(server.to_string())
}

/// `GET /v2/models/{model}`, and with its version.
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
        "versions": [VERSION],
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

/// `GET /v2/models/{model}/ready`, and with its version.
pub(crate) async fn ready(State(app): State<Arc<App>>, Name(name): Name) -> Result<Response<Body>, Refusal> {
    app.model(Some(&name))?;
    Ok(app::json(json!({ "name": name, "ready": true }).to_string()))
}

/// `POST /v2/models/{model}/infer`, and with its version.
pub(crate) async fn infer(
    State(app): State<Arc<App>>,
    Name(name): Name,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let index = app.model(Some(&name))?;
    let json_bytes = json_bytes(request.headers())?;
    let deadline = Arrived::of(&request) + app.limits.request;
    let (limits, metrics) = (Arc::clone(&app.limits), Arc::clone(&app.metrics));
    let work = move |body: Bytes, bench: &mut Bench| {
        let (json, binary) = match json_bytes {
            Some(bytes) => body.split_at_checked(bytes).ok_or_else(|| {
                Refusal::Malformed(format!("the header {JSON_LENGTH} says {bytes} bytes; the body has fewer"))
            })?,
            None => (&body[..], &[][..]),
        };
        let answer = answer(json, binary, &limits, bench, index, deadline)?;
        metrics.recognized(&answer.model_name, answer.count);
        answer.into_reply()
    };
    // Numbers in bytes take as much as pictures do.
    let most = if json_bytes.is_some() { app.limits.image_bytes } else { app.limits.text_bytes };
    app.answer(request, most, work).await
}

/// How many bytes of a body are JSON, if others follow; the headers must not say that it is something else.
fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, Refusal> {
    let Some(value) = headers.get(JSON_LENGTH) else {
        media::json_only(headers)?;
        return Ok(None);
    };
    media::plain(headers)?;
    let bytes = value.to_str().ok().and_then(|text| text.parse().ok());
    bytes
        .map(Some)
        .ok_or_else(|| Refusal::Malformed(format!("the header {JSON_LENGTH} is no number of bytes")))
}

/// Of parameters those of binary tensors have a meaning; others are passed over.
#[derive(Deserialize)]
#[serde(expecting = "an inference request as {\"inputs\": [{\"name\": \"canvas\", ...}]}")]
struct Asked {
    id: Option<String>,
    inputs: Vec<Input>,
    outputs: Option<Vec<Output>>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    data: Option<Data>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    #[serde(default)]
    parameters: Parameters,
}

/// Of an input how many bytes it takes behind the JSON, of an output whether it is to be there, and of a request
/// whether all outputs of which nothing is said are.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    binary_data_size: Option<usize>,
    binary_data: Option<bool>,
    binary_data_output: Option<bool>,
    /// What Triton knows beside the protocol.
    classification: Option<IgnoredAny>,
}

#[derive(Serialize)]
struct Inferred {
    model_name: String,
    model_version: &'static str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinarySize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Values>,
    /// What follows the JSON.
    #[serde(skip)]
    binary: Vec<u8>,
}

#[derive(Serialize)]
struct BinarySize {
    binary_data_size: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Values {
    Floats(Vec<f32>),
    Texts(Vec<String>),
}

impl Values {
    /// Little-endian numbers, and texts each behind its length in four bytes.
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

impl Inferred {
    fn into_reply(self) -> Answer {
        let reply = Reply::json(&self)?;
        if self.outputs.iter().all(|output| output.parameters.is_none()) {
            return Ok(reply);
        }
        let json_bytes = Some(reply.body.len());
        let binary = self.outputs.into_iter().flat_map(|output| output.binary);
        Ok(Reply { body: reply.body.into_iter().chain(binary).collect(), json_bytes })
    }
}

fn answer(
    json: &[u8],
    binary: &[u8],
    limits: &Limits,
    bench: &mut Bench,
    index: usize,
    deadline: Instant,
) -> Result<Inferred, Refusal> {
    let Asked { id, inputs, outputs, parameters } = json::parse(json)?;
    let wanted = wanted(outputs, parameters.binary_data_output.unwrap_or(false))?;
    let (served, session) = bench.model(index);
    let model = served.model();
    let canvases = canvases(inputs, binary, model, limits.batch)?;
    let mut results = Results::default();
    for canvas in canvases.chunks_exact(model.input_len()) {
        if Instant::now() >= deadline {
            return Err(Refusal::Late);
        }
        let logits = session.run(canvas).map_err(Refusal::malformed)?;
        results.add(logits, model);
    }
    let count = results.labels.len();
    let tensor = |(name, is_binary)| results.tensor(name, is_binary, model.labels().len());
    let outputs = wanted.into_iter().map(tensor).collect();
    Ok(Inferred { model_name: served.name().to_owned(), model_version: VERSION, id, outputs, count })
}

/// The names of the outputs to give, in the order in which they were asked for, and which are to be binary: `all` where
/// nothing is said.
fn wanted(outputs: Option<Vec<Output>>, all: bool) -> Result<Vec<(&'static str, bool)>, Refusal> {
    let Some(outputs) = outputs.filter(|outputs| !outputs.is_empty()) else {
        return Ok(OUTPUTS.map(|name| (name, all)).to_vec());
    };
    if outputs.iter().any(|output| output.parameters.classification.is_some()) {
        let message = "outputs have no 'classification' here: ask for 'probabilities', or '/v1/recognize'";
        return Err(Refusal::Malformed(message.to_owned()));
    }
    let known = |output: &Output| {
        let known = OUTPUTS.into_iter().find(|known| *known == output.name);
        known.map(|name| (name, output.parameters.binary_data.unwrap_or(all))).ok_or_else(|| {
            Refusal::Malformed(format!(
                "there is no output '{}'; ask for some of {}",
                output.name,
                OUTPUTS.join(", ")
            ))
        })
    };
    let wanted = outputs.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    if (1..wanted.len()).any(|index| wanted[..index].iter().any(|(name, _)| *name == wanted[index].0)) {
        return Err(Refusal::Malformed("an output is asked for twice".to_owned()));
    }
    Ok(wanted)
}

/// The values of all canvases, normalised; those of a binary tensor are in `binary`.
fn canvases(inputs: Vec<Input>, binary: &[u8], model: &Model, batch: usize) -> Result<Vec<f32>, Refusal> {
    let fail = |message: String| Err(Refusal::Malformed(message));
    let Ok([Input { name, shape, datatype, data, parameters }]) = <[Input; 1]>::try_from(inputs) else {
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
    let Data { mut values, lengths } = match (data, parameters.binary_data_size) {
        (Some(data), None) if binary.is_empty() => data,
        (None, Some(size)) if size == binary.len() && size.is_multiple_of(4) => {
            let values = binary.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Data { values, lengths: Vec::new() }
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

    fn tensor(&self, name: &'static str, is_binary: bool, classes: usize) -> Tensor {
        let count = self.labels.len();
        let floats = |data: &[f32]| ("FP32", vec![count, classes], Values::Floats(data.to_vec()));
        let (datatype, shape, data) = match name {
            "logits" => floats(&self.logits),
            "probabilities" => floats(&self.probabilities),
            _ => ("BYTES", vec![count], Values::Texts(self.labels.clone())),
        };
        let binary = if is_binary { data.to_binary() } else { Vec::new() };
        let parameters = is_binary.then_some(BinarySize { binary_data_size: binary.len() });
        Tensor { name, datatype, shape, parameters, data: (!is_binary).then_some(data), binary }
    }
}
