//! `dabnet serve` asked as other people's clients ask: without headers, in forms, with points of their own and binary tensors.

use std::{fs, io::Cursor};

use crate::common::{
    server::{Reply, Server},
    shipped,
};
use image::ImageFormat;
use serde_json::{Value, json};

const RECOGNIZE: &str = "/v1/recognize?model=quickdraw-20";
const INFER: &str = "/v2/models/quickdraw-20/infer";

fn example(name: &str) -> Vec<u8> {
    fs::read(shipped("data/examples").join(name)).unwrap()
}

fn predictions(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["predictions"].clone()
}

fn jpeg(png: &[u8]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::load_from_memory(png).unwrap().to_rgb8().write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

#[test]
fn content_tells_where_nobody_does() {
    let server = Server::start::<&str>(&[]);
    let line = example("quickdraw.ndjson").split(|byte| *byte == b'\n').next().unwrap().to_vec();
    for (media, body) in [
        ("image/png", example("butterfly.png")),
        ("image/svg+xml", example("airplane.svg")),
        ("application/json", line),
    ] {
        let expected = predictions(&server.post(RECOGNIZE, media, &body));
        assert_eq!(predictions(&server.ask("POST", RECOGNIZE, &[], &body)), expected, "{media}");
        for unsaid in ["application/octet-stream", "application/x-www-form-urlencoded"] {
            assert_eq!(predictions(&server.post(RECOGNIZE, unsaid, &body)), expected, "{media}");
        }
        let form = [
            &b"--b0\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n"[..],
            &body,
            b"\r\n--b0--\r\n",
        ];
        let form = server.post(RECOGNIZE, "multipart/form-data; boundary=b0", &form.concat());
        assert_eq!(predictions(&form), expected, "{media}");
    }
    server.ask("POST", RECOGNIZE, &[], b"hello").assert_error(400, "first bytes");
    server.ask("POST", RECOGNIZE, &[], b"").assert_error(400, "the body is empty");
    server
        .ask("POST", RECOGNIZE, &[], b" [{\"strokes\": []}]")
        .assert_error(400, "it is a list: give an object");
    server.post(RECOGNIZE, "multipart/form-data", b"").assert_error(415, "boundary");
    server.post(RECOGNIZE, "multipart/form-data; boundary=b0", b"--b0--\r\n").assert_error(400, "no file");
    server.ask("POST", RECOGNIZE, &[], b"II*\0\x08\0\0\0").assert_error(400, "TIFF");
    let jpeg = predictions(&server.post(RECOGNIZE, "image/jpg", &jpeg(&example("butterfly.png"))));
    assert_eq!(jpeg.as_array().unwrap().len(), 3);
    // What is not said to be text has the limit of text.
    let long = [b"{\"strokes\": [", &vec![b' '; 2 << 20][..], b"]}"].concat();
    server.ask("POST", RECOGNIZE, &[], &long).assert_error(413, "bytes");
}

#[test]
fn points_have_names_and_strokes_may_be_empty() {
    let server = Server::start::<&str>(&[]);
    let ask = |body: Value| server.post(RECOGNIZE, "application/json", body.to_string().as_bytes());
    let plain = predictions(&ask(json!({ "strokes": [[[1, 2], [30, 40]], [[5, 60], [70, 8]]] })));
    let named = json!([{ "x": 1, "y": 2, "time": 0 }, { "x": 30, "y": 40 }]);
    assert_eq!(predictions(&ask(json!({ "strokes": [named, [], [[5, 60], [70, 8]]] }))), plain);
    let columns = json!({ "drawing": [[[1, 30], [2, 40]], [[], []], [[5, 70], [60, 8]]] });
    assert_eq!(predictions(&ask(columns)), plain);
    ask(json!({ "strokes": [[], []] })).assert_error(400, "no strokes");
    ask(json!({ "drawing": [[[], []]] })).assert_error(400, "no strokes");
}

#[test]
fn models_have_one_version() {
    let server = Server::start::<&str>(&[]);
    let model = server.get("/v2/models/quickdraw-20").json();
    assert_eq!(model["versions"], json!(["1"]));
    assert_eq!(server.get("/v2/models/quickdraw-20/versions/1").json(), model);
    assert_eq!(server.get("/v2/models/quickdraw-20/versions/1/ready").status, 200);
    server.get("/v2/models/quickdraw-20/versions/2").assert_error(404, "version 1 alone");
    server.get("/v2/models/nobody/versions/1").assert_error(404, "'nobody'");
}

/// What `tritonclient` sends and reads: JSON, and behind it the bytes of tensors.
#[test]
fn tensors_are_binary_where_that_is_asked_for() {
    let server = Server::start::<&str>(&[]);
    let shape = server.get("/v2/models/quickdraw-20").json()["inputs"][0]["shape"].clone();
    let sides: Vec<usize> =
        shape.as_array().unwrap()[1..].iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let count: usize = 2 * sides.iter().product::<usize>();
    let canvas: Vec<f32> = (0..count).map(|at| if at % 7 == 0 { 1.0 } else { 0.0 }).collect();
    let bytes: Vec<u8> = canvas.iter().flat_map(|value| value.to_le_bytes()).collect();
    let shape = json!([2, sides[0], sides[1], sides[2]]);
    let input = |more: Value| {
        let mut input = json!({ "name": "canvas", "shape": shape, "datatype": "FP32" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let plain = json!({ "inputs": [input(json!({ "data": canvas }))] });
    let plain = server.ask("POST", INFER, &[], plain.to_string().as_bytes()).json();
    assert_eq!(plain["model_version"], "1");

    let ask = |head: &Value, length: Option<usize>, bytes: &[u8]| {
        let head = head.to_string();
        let length = length.unwrap_or(head.len()).to_string();
        let body = [head.as_bytes(), bytes].concat();
        server.ask("POST", INFER, &[("inference-header-content-length", &length)], &body)
    };
    let sized = |size: usize| input(json!({ "parameters": { "binary_data_size": size } }));
    // Binary in, JSON out.
    let answer = ask(&json!({ "inputs": [sized(bytes.len())] }), None, &bytes);
    assert_eq!(answer.json(), plain);
    // Binary out, one of them not.
    let outputs = json!([{ "name": "label" }, { "name": "logits", "parameters": { "binary_data": false } }]);
    let head = json!({
        "inputs": [sized(bytes.len())], "outputs": outputs, "parameters": { "binary_data_output": true }
    });
    let answer = ask(&head, None, &bytes);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    let length: usize = answer.header("inference-header-content-length").unwrap().parse().unwrap();
    let told: Value = serde_json::from_slice(&answer.body[..length]).unwrap();
    assert_eq!(told["outputs"][1], plain["outputs"][0]);
    let binary = &answer.body[length..];
    assert_eq!(told["outputs"][0]["parameters"]["binary_data_size"], binary.len());
    let first = plain["outputs"][2]["data"][0].as_str().unwrap();
    assert_eq!(binary[..4], (first.len() as u32).to_le_bytes());
    assert_eq!(&binary[4..4 + first.len()], first.as_bytes());

    let good = json!({ "inputs": [sized(bytes.len())] });
    ask(&good, Some(1 << 20), &bytes).assert_error(400, "fewer");
    ask(&good, None, &bytes[4..]).assert_error(400, "binary_data_size");
    ask(&json!({ "inputs": [input(json!({}))] }), None, &bytes).assert_error(400, "either");
    server.ask("POST", INFER, &[("inference-header-content-length", "x")], b"").assert_error(400, "number");
    let zipped = [("inference-header-content-length", "2"), ("content-encoding", "gzip")];
    server.ask("POST", INFER, &zipped, b"{}").assert_error(415, "Content-Encoding");
    let classes = json!({ "inputs": [sized(bytes.len())], "outputs": [{ "name": "label", "parameters": { "classification": 3 } }] });
    ask(&classes, None, &bytes).assert_error(400, "classification");
}

#[test]
fn metrics_and_the_api_are_for_people_too() {
    let server = Server::start::<&str>(&[]);
    let open = "application/openmetrics-text; version=1.0.0,text/plain;q=0.5";
    let ask = |accept: &str| server.ask("GET", "/metrics", &[("accept", accept)], b"");
    let (text, metrics) = (ask("text/html"), ask(open));
    let plainer = ask("text/plain, application/openmetrics-text;q=0.1");
    assert_eq!(plainer.header("content-type"), text.header("content-type"));
    assert_eq!(ask("application/openmetrics-text;q=0").header("content-type"), text.header("content-type"));
    assert!(text.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(metrics.text().ends_with("# EOF\n") && !text.text().contains("# EOF"));

    let docs = server.get("/docs");
    assert!(docs.header("content-type").unwrap().starts_with("text/html"));
    let described = server.get("/openapi.json").json();
    for path in described["paths"].as_object().unwrap().keys() {
        assert!(docs.text().contains(path), "{path}");
    }
}
