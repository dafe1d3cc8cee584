//! `dabnet analyze` on files of every kind, whole and damaged.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::common::{assert_one_clear_line, dabnet, shipped, stderr, stdout};
use crate::networks::{Layer, onnx, safetensors};
use dabnet_binarize::{FilterStatistics, Scheme};
use dabnet_engine::PackedModel;
use dabnet_train::{LayerSnapshot, WeightSnapshot};
use safetensors::Dtype;
use serde_json::Value;

/// A folder, and the page in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn written(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn analyze(&self, input: &Path, more: &[&str]) -> Output {
        let (out, input) = (self.path("page.html"), input.to_str().unwrap());
        let mut arguments = vec!["analyze", "--force", input, "-o", out.to_str().unwrap()];
        arguments.extend(more);
        dabnet(&arguments)
    }

    /// The page and the numbers of an analysis that succeeds.
    fn analyzed(&self, input: &Path, more: &[&str]) -> (String, Value) {
        let output = self.analyze(input, &[more, &["--json"]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let page = fs::read_to_string(self.path("page.html")).unwrap();
        assert_self_contained(&page);
        (page, serde_json::from_str(&stdout(&output)).unwrap())
    }

    /// Asserts that an analysis fails with one line, and leaves nothing behind.
    fn assert_refused(&self, input: &Path, more: &[&str], parts: &[&str]) {
        assert_one_clear_line(&self.analyze(input, more), 2, parts);
        let left = fs::read_dir(self.folder.path()).unwrap();
        let pages =
            left.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("page"));
        assert_eq!(pages.count(), 0);
    }
}

fn assert_self_contained(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    assert_eq!(page.matches("http").count(), page.matches("<a href=\"https://").count());
    assert!(["<script", "<link", "@import", "src=\"/"].iter().all(|outside| !page.contains(outside)));
    assert_eq!(page.matches("<img").count(), page.matches("alt=\"").count());
    // Pictures are letters, too, and any of them.
    let told: String =
        page.split("base64,").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect();
    assert!(!told.contains("NaN") && !told.contains("inf\u{a0}%") && !told.contains("Infinity"));
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
}

fn network() -> Vec<Layer> {
    vec![
        Layer::new("conv1.weight", &[6, 1, 5, 5], Dtype::F32),
        Layer::new("conv1.bias", &[6], Dtype::F32),
        Layer::new("conv2.<b>weight", &[8, 6, 3, 3], Dtype::F16),
        Layer::new("conv10.weight", &[9, 8, 3, 3], Dtype::BF16),
        Layer::new("fc1.weight", &[30, 9], Dtype::F32),
        Layer::new("fc2.weight", &[4, 30], Dtype::F32),
    ]
}

/// What a training run leaves: latent weights near those of the shipped model, and a history.
fn run(place: &Place) -> PathBuf {
    let folder = place.path("run");
    fs::create_dir(&folder).unwrap();
    let model = shipped("models/quickdraw-20/model.safetensors");
    fs::copy(&model, folder.join("model.safetensors")).unwrap();
    let packed = PackedModel::load(&model).unwrap();
    let (mut latent, mut layers) = (Vec::new(), Vec::new());
    for (id, node, conv) in packed.graph.convolutions() {
        let shape = [conv.out_channels, packed.graph.input_shape_of(id).channels, conv.kernel, conv.kernel];
        let mut layer = Layer::new(&format!("{}.weight", node.name), &shape, Dtype::F32);
        let noise = layer.numbers();
        for (index, weight) in packed.dense(&node.name).unwrap().iter().enumerate() {
            layer.set(index, weight + 0.01 * noise[index]);
        }
        latent.push(layer);
        layers.push(snapshot(&node.name, conv.out_channels));
    }
    let snapshot = |epoch| serde_json::to_string(&WeightSnapshot { epoch, layers: layers.clone() }).unwrap();
    let history: Vec<String> = (0..4).map(snapshot).collect();
    fs::write(folder.join("latent.safetensors"), safetensors(&latent)).unwrap();
    fs::write(folder.join("history.jsonl"), history.join("\n")).unwrap();
    folder
}

fn snapshot(layer: &str, filters: usize) -> LayerSnapshot {
    LayerSnapshot {
        layer: layer.to_owned(),
        least: -0.5,
        greatest: 1.0,
        magnitude: 0.35,
        positive_share: 0.5,
        histogram: vec![1, 5, 9, 4, 2, 1],
        alpha: vec![0.4; filters],
        beta: vec![-0.3; filters],
        upper_share: vec![0.45; filters],
    }
}

#[test]
fn the_numbers_are_those_of_each_filter() {
    let place = Place::new();
    let input = place.written("net.safetensors", &safetensors(&network()));
    let (page, numbers) = place.analyzed(&input, &[]);
    assert!(!page.contains("<b>weight") && page.contains("conv2.&lt;b&gt;weight"));
    assert!(page.contains("first layer") && page.contains("What two values fit well, and what badly"));

    let tensors = numbers["tensors"].as_array().unwrap();
    assert_eq!(tensors.len(), 5);
    for tensor in tensors {
        let layer = network().into_iter().find(|layer| layer.name == tensor["name"]).unwrap();
        let weights = layer.numbers();
        let n = weights.len() / layer.shape[0];
        assert_eq!(
            (tensor["filters"].as_u64(), tensor["n"].as_u64()),
            (Some(layer.shape[0] as u64), Some(n as u64))
        );
        let filters: Vec<FilterStatistics> =
            weights.chunks(n).map(|filter| FilterStatistics::of(filter).unwrap()).collect();
        let norm: f64 = weights.iter().map(|&weight| f64::from(weight).powi(2)).sum();
        for scheme in Scheme::ALL {
            let told = &tensor["relative_error"][scheme.name()];
            let mean =
                filters.iter().map(|s| s.fit(scheme).relative_error).sum::<f64>() / filters.len() as f64;
            let squares = weights.chunks(n).zip(&filters).map(|(w, s)| s.fit(scheme).split.squared_error(w));
            assert!((told["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
            assert!((told["total"].as_f64().unwrap() - squares.sum::<f64>() / norm).abs() < 1e-12);
            let shares = filters.iter().map(|s| s.upper_share(scheme));
            let greatest = tensor["upper_share"][scheme.name()]["greatest"].as_f64().unwrap();
            assert_eq!(greatest, shares.fold(0.0, f64::max));
        }
        let shapes: u64 =
            tensor["shapes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(shapes, layer.shape[0] as u64);
    }
    assert_eq!(tensors[0]["left_alone"], "first layer");
    assert!(tensors[1].get("left_alone").is_none());
}

#[test]
fn onnx_is_read_and_tensors_are_chosen() {
    let place = Place::new();
    let input = place.written("net.onnx", &onnx().bytes);
    let (page, numbers) = place.analyzed(&input, &[]);
    assert!(page.contains("only an illustration"));
    let tensors = numbers["tensors"].as_array().unwrap();
    assert_eq!(tensors.len(), 5);
    let product = tensors.iter().find(|tensor| tensor["name"] == "product").unwrap();
    assert_eq!((&product["filters"], &product["n"]), (&5.into(), &4.into()), "its filters are its columns");

    let sketch = shipped("data/examples/butterfly.png");
    let (_, numbers) = place
        .analyzed(&input, &["--include", "m*", "--include", "last", "--sketch", sketch.to_str().unwrap()]);
    let names: Vec<&str> = numbers["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tensor| tensor["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["middle", "last"]);
}

#[test]
fn a_run_shows_training_and_what_its_network_sees() {
    let place = Place::new();
    let folder = run(&place);
    let (page, numbers) = place.analyzed(&folder, &[]);
    for part in ["Weights over training", "What reaches the layer: ", "and positions", "r = 0.9"] {
        assert!(page.contains(part), "'{part}' is not in the page");
    }
    assert_eq!(numbers["tensors"].as_array().unwrap().len(), 7);

    fs::remove_file(folder.join("history.jsonl")).unwrap();
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    let (page, _) = place.analyzed(&folder, &[]);
    assert!(!page.contains("Weights over training") && !page.contains("What reaches the layer: "));
}

#[test]
fn a_deep_network_stays_a_small_page() {
    let place = Place::new();
    let layers: Vec<Layer> = (0..70)
        .map(|index| Layer::new(&format!("conv{index}.weight"), &[48, 48, 3, 3], Dtype::F32))
        .collect();
    let (page, numbers) = place.analyzed(&place.written("deep.safetensors", &safetensors(&layers)), &[]);
    assert!(page.contains("40 of 70 layers"));
    assert_eq!(numbers["tensors"].as_array().unwrap().len(), 70);
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    let place = Place::new();
    let mut layers = network();
    layers[4].set(9 * 3 + 2, f32::NAN);
    let input = place.written("nan.safetensors", &safetensors(&layers));
    place.assert_refused(&input, &[], &["fc1.weight", "filter 3", "weight 2"]);

    let whole = safetensors(&network());
    let input = place.written("cut.safetensors", &whole[..whole.len() - 9]);
    place.assert_refused(&input, &[], &["cut.safetensors"]);
    let input = place.written("net.safetensors", &whole);
    place.assert_refused(&input, &["--include", "nothing*"], &["nothing*"]);
    place.assert_refused(&input, &["--exclude", "*"], &["no tensor"]);
    place.assert_refused(&input, &["--sketch", "missing.svg"], &["missing.svg"]);
    let output = dabnet(&["analyze", input.to_str().unwrap(), "-o", input.to_str().unwrap()]);
    assert_one_clear_line(&output, 2, &["net.safetensors"]);
    assert_eq!(fs::read(&input).unwrap(), whole);
}

#[test]
fn a_damaged_run_is_told() {
    let place = Place::new();
    let folder = run(&place);
    fs::write(folder.join("history.jsonl"), "{\"epoch\": true}").unwrap();
    place.assert_refused(&folder, &[], &["history.jsonl"]);
    fs::remove_file(folder.join("history.jsonl")).unwrap();
    let model = folder.join("model.safetensors");
    let mut bytes = fs::read(&model).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&model, bytes).unwrap();
    place.assert_refused(&folder, &[], &["model.safetensors"]);
}
