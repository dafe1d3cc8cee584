//! One answer for a sketch, whatever look its model has and whoever asks: the library, `eval`, `recognize`,
//! `serve`, the browser's engine, and the training that made the model.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::common::{ok, server::Server, text};
use dabnet_data::{Dataset, Part};
use dabnet_engine::{Model, Session, top};
use dabnet_graph::Canvas;
use dabnet_sketch::{Drawing, Preprocess, rasterize, read_file};
use dabnet_wasm::ModelInstance;
use image::GrayImage;
use serde_json::Value;
use tempfile::TempDir;

/// A look, the side of its canvas, and what of lines it shows.
const LOOKS: [[&str; 3]; 7] = [
    ["lines", "64", "ink"],
    ["pixels", "64", "ink"],
    ["paper-tu-berlin", "64", "ink"],
    ["paper-sketchy", "64", "ink"],
    ["bitmap", "28", "ink"],
    ["lines", "64", "order"],
    ["lines", "64", "direction"],
];

/// Words to learn, and sketches of each in either form.
const WORDS: [&str; 3] = ["airplane", "bicycle", "umbrella"];
const EACH: usize = 6;

/// A label and its probability.
type Answer = (String, f32);

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn answer(predictions: &Value) -> Answer {
    let first = &predictions[0];
    (first["label"].as_str().unwrap().to_owned(), first["probability"].as_f64().unwrap() as f32)
}

/// Sketches in a folder for each word: strokes as SVG, pictures as PNG.
fn sketches(folder: &Path) -> Vec<PathBuf> {
    let test = Dataset::bundled().unwrap().labeled_sketches(Part::Test).unwrap();
    let mut files = Vec::new();
    for word in WORDS {
        let of_word = test.iter().filter(|example| example.sketch.word.as_deref() == Some(word));
        fs::create_dir_all(folder.join(word)).unwrap();
        for (index, example) in of_word.take(2 * EACH).enumerate() {
            let drawing = &example.sketch.drawing;
            let path =
                folder.join(word).join(format!("{index}.{}", if index < EACH { "svg" } else { "png" }));
            if index < EACH {
                fs::write(&path, svg(drawing)).unwrap()
            } else {
                // Some so large that an import would reduce them.
                let side = if index % 3 == 0 { 620 } else { 180 };
                png(drawing, side).save(&path).unwrap()
            }
            files.push(path);
        }
    }
    files
}

fn svg(drawing: &Drawing) -> String {
    let strokes = drawing.to_strokes();
    let lines = strokes.iter().map(|stroke| {
        let points: Vec<String> = stroke.points.iter().map(|[x, y]| format!("{x},{y}")).collect();
        format!("<polyline points='{}' fill='none' stroke='black'/>", points.join(" "))
    });
    let lines: String = lines.collect();
    format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 256 256'>{lines}</svg>")
}

fn png(drawing: &Drawing, side: usize) -> GrayImage {
    let canvas = Canvas { side, line_width: 0.03, margin: 0.1, mean: 0.0, std: 1.0 };
    let mut ink = rasterize(drawing, &canvas);
    ink.iter_mut().for_each(|ink| *ink = 255 - *ink);
    GrayImage::from_raw(side as u32, side as u32, ink).unwrap()
}

/// What its model is called.
fn name([look, _, channels]: [&str; 3]) -> String {
    format!("{look}-{channels}")
}

/// A model of one look, trained for a moment, and what training says of the sketches held out.
fn trained(folder: &Path, data: &str, [look, side, channels]: [&str; 3]) -> (String, Value) {
    let run = text(&folder.join(name([look, side, channels])));
    let more = [
        "--side",
        side,
        "--look",
        look,
        "--channels",
        channels,
        "--epochs",
        "2",
        "--batch",
        "6",
        "--threads",
        "1",
    ];
    ok(&[&["train", "--data", data, "--out", &run][..], &more].concat());
    let results = fs::read_to_string(Path::new(&run).join("results.json")).unwrap();
    (run, json(&results)["test"].clone())
}

fn by_library(model: &Model, file: &Path) -> Answer {
    let sketch = read_file(file).unwrap().next().unwrap().unwrap();
    let mut session = Session::new(model);
    let logits = session.run(&model.preprocessing().apply(&sketch.drawing)).unwrap();
    let first = top(logits, 1)[0];
    (model.labels()[first.class].clone(), first.probability)
}

fn by_recognize(run: &str, files: &[PathBuf]) -> Vec<Answer> {
    let names: Vec<String> = files.iter().map(|file| text(file)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = ok(&[&["recognize", "--json", "--model", run][..], &names].concat());
    found.lines().map(|line| answer(&json(line)["predictions"])).collect()
}

fn by_server(server: &Server, name: &str, file: &Path) -> Answer {
    let media = if file.extension().unwrap() == "svg" { "image/svg+xml" } else { "image/png" };
    let reply = server.post(&format!("/v1/recognize?model={name}"), media, &fs::read(file).unwrap());
    assert_eq!(reply.status, 200, "{}", reply.text());
    answer(&reply.json()["predictions"])
}

/// A browser has strokes only.
fn by_browser(page: &mut ModelInstance, file: &Path) -> Answer {
    let sketch = read_file(file).unwrap().next().unwrap().unwrap();
    let end = [f32::NAN; 2];
    let strokes = sketch.drawing.to_strokes();
    let points = strokes.iter().flat_map(|stroke| stroke.points.iter().copied().chain([end]));
    let bytes: Vec<u8> = points.flatten().flat_map(f32::to_le_bytes).collect();
    page.input(bytes.len()).copy_from_slice(&bytes);
    assert!(page.recognize(1, false), "{}", String::from_utf8_lossy(page.output()));
    answer(&serde_json::from_slice::<Value>(page.output()).unwrap()["predictions"])
}

/// How often each word was taken for each.
fn confusion(labels: &[String], files: &[PathBuf], answers: &[Answer]) -> Vec<Vec<u64>> {
    let place = |label: &str| labels.iter().position(|other| other == label).unwrap();
    let mut counts = vec![vec![0; labels.len()]; labels.len()];
    for (file, (label, _)) in files.iter().zip(answers) {
        let word = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
        counts[place(word)][place(label)] += 1;
    }
    counts
}

#[test]
fn every_look_has_one_answer() {
    let folder = TempDir::new().unwrap();
    let pictures = folder.path().join("pictures");
    let files = sketches(&pictures);
    let data = text(&folder.path().join("data"));
    ok(&["data", "import", &text(&pictures), "-o", &data]);
    ok(&["data", "split", &data, "--test", "4"]);
    let models: Vec<(String, Value)> =
        LOOKS.iter().map(|look| trained(folder.path(), &data, *look)).collect();
    let served = models.iter().flat_map(|(run, _)| ["--model", run]).collect::<Vec<_>>();
    let server = Server::start(&served);

    let mut inputs = Vec::new();
    for (look, (run, test)) in LOOKS.iter().zip(&models) {
        let look = &name(*look);
        let model = Model::load(run).unwrap();
        let expected: Vec<Answer> = files.iter().map(|file| by_library(&model, file)).collect();
        assert_eq!(by_recognize(run, &files), expected, "{look}: recognize");

        let mut page = ModelInstance::default();
        let bytes = fs::read(Path::new(run).join("model.safetensors")).unwrap();
        page.input(bytes.len()).copy_from_slice(&bytes);
        assert!(page.load(), "{look}: {}", String::from_utf8_lossy(page.output()));
        for (file, expected) in files.iter().zip(&expected) {
            assert_eq!(by_server(&server, look, file), *expected, "{look}: serve, {}", file.display());
            if file.extension().unwrap() == "svg" {
                assert_eq!(by_browser(&mut page, file), *expected, "{look}: browser, {}", file.display());
            }
        }

        let eval = |data: &str| json(&ok(&["eval", "--json", "--model", run, "--data", data]));
        let all = eval(&text(&pictures));
        let counts: Vec<Vec<u64>> = serde_json::from_value(all["confusion"].clone()).unwrap();
        assert_eq!(counts, confusion(model.labels(), &files, &expected), "{look}: eval");
        let held_out = eval(&data);
        assert_eq!(held_out["count"], 4 * WORDS.len(), "{look}");
        assert_eq!(held_out["top1"], test["top1"], "{look}: training");

        let picture = read_file(&files[EACH]).unwrap().next().unwrap().unwrap();
        inputs.push(model.preprocessing().apply(&picture.drawing));
    }
    // Looks that saw the same would prove nothing.
    for (index, input) in inputs.iter().enumerate() {
        assert!(!inputs[..index].contains(input), "{:?}", LOOKS[index]);
    }
}
