//! `dabnet binarize` on files of every kind it reads, whole and damaged.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::common::{assert_one_clear_line, dabnet, stderr, stdout};
use crate::networks::{Layer, onnx, read, safetensors, weights};
use dabnet_binarize::{Scheme, split};
use safetensors::Dtype;
use serde_json::Value;

/// Binarizes, whatever was written before.
fn binarize(arguments: &[&str]) -> Output {
    dabnet(&[&["binarize", "--force"], arguments].concat())
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> String {
    fs::write(folder.join(name), bytes).unwrap();
    path(folder, name)
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}

/// The tensors that a report says were binarized, by name.
fn binarized(report: &Value) -> Vec<&str> {
    let tensors = report["tensors"].as_array().unwrap().iter();
    let mut names: Vec<&str> =
        tensors.filter(|t| t["upper_share"].is_number()).map(|t| t["name"].as_str().unwrap()).collect();
    names.sort();
    names
}

/// A network of three convolutions and a linear layer, in several number formats.
fn network() -> Vec<Layer> {
    vec![
        Layer::new("conv1.weight", &[6, 1, 5, 5], Dtype::F32),
        Layer::new("conv1.bias", &[6], Dtype::F32),
        Layer::new("conv2.weight", &[8, 6, 3, 3], Dtype::F16),
        Layer::new("conv10.weight", &[9, 8, 3, 3], Dtype::BF16),
        Layer::new("fc1.weight", &[30, 9], Dtype::F32),
        Layer::new("fc2.weight", &[4, 30], Dtype::F32),
    ]
}

fn expected(scheme: Scheme, weights: &[f32], n: usize) -> Vec<f32> {
    let values = |filter: &[f32]| {
        let split = split(scheme, filter).unwrap();
        filter.iter().map(move |&weight| split.value(weight)).collect::<Vec<_>>()
    };
    weights.chunks(n).flat_map(values).collect()
}

#[test]
fn dense_output_has_the_same_tensors_with_two_values_a_filter() {
    let folder = tempfile::tempdir().unwrap();
    let input = written(folder.path(), "net.safetensors", &safetensors(&network()));
    let out = path(folder.path(), "out.safetensors");
    let output = binarize(&[&input, "-o", &out, "--dense"]);
    let table = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    for part in ["conv2.weight", "8×6×3×3", "54", "first layer: conv1.weight", "last layer: fc2.weight"] {
        assert!(table.contains(part), "'{part}' is not in:\n{table}");
    }

    let (before, after) = (read(&input), read(&out));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (name, tensor) in &after {
        let original = &before[name];
        assert_eq!((tensor.dtype, &tensor.shape), (original.dtype, &original.shape));
        let n: usize = tensor.shape[1..].iter().product();
        match name.as_str() {
            "conv2.weight" | "conv10.weight" | "fc1.weight" => {
                let values = expected(Scheme::Dab, &original.numbers(), n);
                let tolerance = if tensor.dtype == Dtype::F32 { 0.0 } else { 0.01 };
                let near = |(a, b): (&f32, &f32)| (a - b).abs() <= tolerance * b.abs();
                assert!(tensor.numbers().iter().zip(&values).all(near), "{name}");
            }
            _ => assert!(tensor.bytes == original.bytes, "{name} has changed"),
        }
    }
    assert_eq!(fs::metadata(&input).unwrap().len(), fs::metadata(&out).unwrap().len());
}

#[test]
fn packed_output_holds_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let input = written(folder.path(), "net.safetensors", &safetensors(&network()));
    for granularity in ["filter", "group:7", "tensor"] {
        let (packed, dense) = (path(folder.path(), "p.safetensors"), path(folder.path(), "d.safetensors"));
        let options = ["--granularity", granularity, "--scheme", "mean", "--include", "*.weight", "--json"];
        let mut all = vec![input.as_str(), "-o", packed.as_str()];
        all.extend(options);
        let summary = report(&binarize(&all));
        assert_eq!(binarized(&summary).len(), 5, "{summary}");
        all[2] = dense.as_str();
        all.push("--dense");
        report(&binarize(&all));

        let (packed, dense) = (read(&packed), read(&dense));
        assert!(packed.contains_key("conv1.bias") && !packed.contains_key("conv1.weight"));
        for name in binarized(&summary) {
            let tensor = &dense[name];
            let rows = tensor.shape[0];
            let n = tensor.numbers().len() / rows;
            let bits = &packed[&format!("{name}.bits")];
            assert_eq!(bits.shape, [rows, n.div_ceil(8)]);
            let [alpha, beta] = ["alpha", "beta"].map(|value| packed[&format!("{name}.{value}")].numbers());
            for (index, &value) in tensor.numbers().iter().enumerate() {
                let (row, column) = (index / n, index % n);
                let bit = bits.bytes[row * n.div_ceil(8) + column / 8] >> (column % 8) & 1;
                let group = match granularity {
                    "filter" => row,
                    "tensor" => 0,
                    _ => row * n.div_ceil(7) + column / 7,
                };
                let packed = if bit == 1 { alpha[group] } else { beta[group] };
                assert!((packed - value).abs() <= 0.01 * packed.abs(), "{name} {index}: {packed} {value}");
            }
        }
    }
}

#[test]
fn the_report_gives_the_error_of_every_scheme() {
    let folder = tempfile::tempdir().unwrap();
    let layers = network();
    let input = written(folder.path(), "net.safetensors", &safetensors(&layers));
    let out = path(folder.path(), "out.safetensors");
    let summary = report(&binarize(&[&input, "-o", &out, "--json"]));
    let fc1 = summary["tensors"].as_array().unwrap().iter().find(|t| t["name"] == "fc1.weight").unwrap();
    let weights = read(&input)["fc1.weight"].numbers();
    let norm: f64 = weights.iter().map(|&w| f64::from(w).powi(2)).sum();
    for scheme in Scheme::ALL {
        let error: f64 = weights.chunks(9).map(|f| split(scheme, f).unwrap().squared_error(f)).sum();
        let reported = fc1["relative_error"][scheme.name()].as_f64().unwrap();
        assert!((reported - error / norm).abs() < 1e-9, "{scheme}: {reported} {}", error / norm);
    }
    assert_eq!(fc1["packed_bytes"], 30 * 2 + 30 * 8);
    assert_eq!(summary["bytes_out"], fs::metadata(&out).unwrap().len());
}

#[test]
fn onnx_models_are_binarized_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let model = onnx();
    let input = written(folder.path(), "net.onnx", &model.bytes);
    let out = path(folder.path(), "out.onnx");
    let summary = report(&binarize(&[&input, "-o", &out, "--dense", "--json"]));
    assert_eq!(binarized(&summary), ["constant", "middle", "product"]);
    let after = fs::read(&out).unwrap();
    assert_eq!(after.len(), model.bytes.len());
    for (name, place) in &model.places {
        let (before, after) = (weights(&model.bytes[place.clone()]), weights(&after[place.clone()]));
        match name.as_str() {
            // Filters are rows, or, on the right of a product, columns.
            "middle" | "constant" => {
                assert_eq!(after, expected(Scheme::Dab, &before, before.len() / 4), "{name}");
            }
            "product" => {
                let columns =
                    |m: &[f32]| (0..5).flat_map(|c| m.iter().copied().skip(c).step_by(5)).collect::<Vec<_>>();
                assert_eq!(columns(&after), expected(Scheme::Dab, &columns(&before), before.len() / 5));
            }
            _ => assert_eq!(after, before, "{name}"),
        }
    }
    let mut rest = (model.bytes.clone(), after);
    for (_, place) in &model.places {
        rest.0[place.clone()].fill(0);
        rest.1[place.clone()].fill(0);
    }
    assert!(rest.0 == rest.1, "something but weights has changed");
}

#[test]
fn shards_stay_shards() {
    let folder = tempfile::tempdir().unwrap();
    let layers = network();
    let names = ["a.safetensors", "b.safetensors"];
    let mut map = serde_json::Map::new();
    for (name, layers) in names.iter().zip([&layers[..3], &layers[3..]]) {
        written(folder.path(), name, &safetensors(layers));
        map.extend(layers.iter().map(|layer| (layer.name.clone(), (*name).into())));
    }
    let index = serde_json::json!({ "weight_map": map }).to_string();
    let input = written(folder.path(), "model.safetensors.index.json", index.as_bytes());
    let out = path(folder.path(), "out");
    let summary = report(&binarize(&[&input, "-o", &out, "--dense", "--json"]));
    assert_eq!(binarized(&summary), ["conv10.weight", "conv2.weight", "fc1.weight"]);
    for name in names {
        let before = read(&path(folder.path(), name));
        assert!(read(&path(Path::new(&out), name)).keys().eq(before.keys()));
    }
    // The folder can be read again, and nothing changes any more.
    let again = path(folder.path(), "again");
    report(&binarize(&[&out, "-o", &again, "--dense", "--json"]));
    for name in names {
        let read = |folder: &str| fs::read(Path::new(folder).join(name)).unwrap();
        assert!(read(&out) == read(&again), "{name}");
    }
    let same = binarize(&[&input, "-o", folder.path().to_str().unwrap(), "--dense"]);
    assert_one_clear_line(&same, 2, &["is a file that is read"]);

    // A shard with a weight that is no number: not even the folder is left.
    let mut layers = network();
    layers[4].set(3, f32::NAN);
    written(folder.path(), names[1], &safetensors(&layers[3..]));
    let nowhere = path(folder.path(), "nowhere");
    assert_one_clear_line(&binarize(&[&input, "-o", &nowhere, "--dense"]), 2, &["fc1.weight", "weight 3"]);
    assert!(!Path::new(&nowhere).exists());

    for bad in ["../a.safetensors", "/etc/passwd", "missing.safetensors"] {
        let index = serde_json::json!({ "weight_map": { "conv1.weight": bad } }).to_string();
        let input = written(folder.path(), "bad.index.json", index.as_bytes());
        assert_one_clear_line(&binarize(&[&input, "-o", &out]), 2, &[bad]);
    }
}

/// Runs on damaged input: one line with all of `parts`, nothing written, what was there still there.
fn assert_refused(folder: &Path, input: &str, parts: &[&str]) {
    for dense in [false, true] {
        let out = written(folder, "old.out", b"old");
        let before = entries(folder);
        let mut arguments = vec![input, "-o", out.as_str()];
        arguments.extend(dense.then_some("--dense"));
        assert_one_clear_line(&binarize(&arguments), 2, parts);
        assert_eq!(fs::read(&out).unwrap(), b"old");
        assert_eq!(entries(folder), before, "something was left behind");
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn damaged_files_are_refused_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = safetensors(&network());

    let missing = path(folder, "missing.safetensors");
    assert_refused(folder, &missing, &["cannot read", "missing.safetensors"]);
    let cut = written(folder, "cut.safetensors", &good[..good.len() - 100]);
    assert_refused(folder, &cut, &["cut.safetensors", "is it whole?"]);
    let cut = written(folder, "cut.safetensors", &good[..60]);
    assert_refused(folder, &cut, &["cut.safetensors", "cut short"]);
    let empty = written(folder, "empty", b"");
    assert_refused(folder, &empty, &["is empty"]);
    let zip = written(folder, "net.pt", b"PK\x03\x04 and so on");
    assert_refused(folder, &zip, &["save the weights as safetensors"]);
    let packed = crate::common::shipped("models/quickdraw-20");
    assert_refused(folder, packed.to_str().unwrap(), &["is packed already (dabnet)", "real weights"]);
    let imported = path(folder, "imported");
    let golden = crate::common::shipped("crates/onnx/tests/golden/plain.onnx");
    crate::common::ok(&["import", golden.to_str().unwrap(), "-o", &imported]);
    assert_refused(folder, &imported, &["sealed with a checksum", "--start-from"]);
    let text = written(folder, "text", b"hello, world");
    assert_refused(folder, &text, &["no safetensors file"]);

    let header = r#"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]}}"#;
    let overlapping = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 24]].concat();
    let overlapping = written(folder, "overlapping.safetensors", &overlapping);
    assert_refused(folder, &overlapping, &["overlapping.safetensors", "invalid offset for tensor `b`"]);
    let wrong_size = header.replace("[8,24]", "[16,24]");
    let wrong_size = [&(wrong_size.len() as u64).to_le_bytes()[..], wrong_size.as_bytes(), &[0; 24]].concat();
    let wrong_size = written(folder, "wrong.safetensors", &wrong_size);
    assert_refused(folder, &wrong_size, &["wrong.safetensors", "header that is not right"]);

    for bad in [f32::NAN, f32::INFINITY] {
        let mut layers = network();
        layers[4].set(9 * 7 + 5, bad);
        let input = written(folder, "nan.safetensors", &safetensors(&layers));
        assert_refused(folder, &input, &["tensor 'fc1.weight', filter 7: weight 5 is NaN or infinite"]);
    }
    let model = onnx();
    for length in [1, 20, model.bytes.len() / 2, model.bytes.len() - 3] {
        let cut = written(folder, "cut.onnx", &model.bytes[..length]);
        assert_refused(folder, &cut, &["cut.onnx"]);
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = written(folder, "net.safetensors", &safetensors(&network()));
    let out = path(folder, "out");
    let refused = |arguments: &[&str], parts: &[&str]| {
        assert_one_clear_line(&binarize(arguments), 2, parts);
        assert!(!Path::new(&out).exists());
    };
    refused(&[&input, "-o", &input], &["is a file that is read"]);
    refused(&[&input, "-o", &out, "--include", "nothing.*"], &["'nothing.*'", "matches no tensor"]);
    refused(&[&input, "-o", &out, "--exclude", "[z"], &["'[z'", "cannot be read"]);
    refused(&[&input, "-o", &out, "--exclude", "*"], &["no tensor to binarize", "excluded"]);
    refused(&[&input, "-o", &out, "--include", "conv1.bias"], &["no tensor to binarize"]);
    let starred = report(&binarize(&[&input, "-o", &out, "--include", "**.weight", "--json"]));
    assert_eq!(binarized(&starred).len(), 5);
    fs::remove_file(&out).unwrap();
    for bad in [&["--scheme", "ternary"][..], &["--granularity", "group:0"], &[]] {
        let output = binarize(&[&[input.as_str()], bad].concat());
        assert_eq!(output.status.code(), Some(2));
    }
    let nowhere = path(folder, "no/such/folder/out");
    let output = binarize(&[&input, "-o", &nowhere]);
    assert_one_clear_line(&output, 1, &["cannot write"]);
}

#[test]
fn nothing_is_replaced_but_a_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let input = written(folder, "net.safetensors", &safetensors(&network()));
    // No folder that a failure has made stays.
    let index = serde_json::json!({ "weight_map": { "conv1.weight": "nan.safetensors" } }).to_string();
    let mut layers = network();
    layers[4].set(0, f32::NAN);
    written(folder, "nan.safetensors", &safetensors(&layers));
    let index = written(folder, "model.safetensors.index.json", index.as_bytes());
    let deep = path(folder, "p/q/r");
    assert_one_clear_line(&binarize(&[&index, "-o", &deep, "--dense"]), 2, &["fc1.weight"]);
    assert!(!folder.join("p").exists());
    #[cfg(unix)]
    {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let _socket = UnixListener::bind(folder.join("socket")).unwrap();
        let socket = path(folder, "socket");
        assert_one_clear_line(&binarize(&[&input, "-o", &socket]), 1, &["socket", "no regular file"]);
        // What a link names is written, and the link stays.
        let target = written(folder, "target", b"old");
        symlink(&target, folder.join("link")).unwrap();
        assert!(binarize(&[&input, "-o", &path(folder, "link")]).status.success());
        assert!(folder.join("link").is_symlink() && fs::read(&target).unwrap() != b"old");
        symlink(&input, folder.join("alias")).unwrap();
        assert_one_clear_line(
            &binarize(&[&input, "-o", &path(folder, "alias")]),
            2,
            &["is a file that is read"],
        );
    }
}

#[test]
fn onnx_weights_in_a_branch_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let input = written(folder.path(), "branch.onnx", &crate::networks::onnx_with_a_branch());
    let summary = report(&binarize(&[&input, "-o", &path(folder.path(), "out"), "--json"]));
    let hidden = summary["tensors"].as_array().unwrap().iter().find(|tensor| tensor["name"] == "hidden");
    assert_eq!(hidden.unwrap()["kept"], "in a branch of the graph");
}

#[test]
fn onnx_weights_in_another_file_are_binarized() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (model, numbers) = crate::networks::onnx_with_data_in("net.data");
    let input = written(folder, "net.onnx", &model);
    let whole = written(folder, "whole.onnx", &crate::networks::onnx().bytes);
    // Without the file, what is in it is left out of a packed file, and no copy is made.
    let out = path(folder, "out");
    assert_one_clear_line(&binarize(&[&input, "-o", &out, "--dense"]), 2, &["net.data", "not there"]);
    let summary = report(&binarize(&[&input, "-o", &out, "--json"]));
    let middle = |summary: &Value| {
        let tensors = summary["tensors"].as_array().unwrap();
        tensors.iter().find(|tensor| tensor["name"] == "middle").unwrap().clone()
    };
    assert_eq!(middle(&summary)["left_out"], "in a file that is not there");

    let data = written(folder, "net.data", &numbers);
    assert_one_clear_line(&binarize(&[&input, "-o", &data]), 2, &["is a file that is read"]);
    assert_one_clear_line(
        &binarize(&[&input, "-o", &out, "--dense"]),
        2,
        &["net.data", "is a file that is read"],
    );
    let (found, expected) = (
        report(&binarize(&[&input, "-o", &out, "--json"])),
        report(&binarize(&[&whole, "-o", &out, "--json"])),
    );
    assert_eq!(middle(&found), middle(&expected));
    // A copy has the file beside it, with the same weights replaced and everything else as it was.
    fs::create_dir(folder.join("copy")).unwrap();
    let [copy, inside] = ["copy/net.onnx", "inside.onnx"].map(|name| path(folder, name));
    assert!(binarize(&[&input, "-o", &copy, "--dense"]).status.success());
    assert!(binarize(&[&whole, "-o", &inside, "--dense"]).status.success());
    let beside = fs::read(folder.join("copy/net.data")).unwrap();
    // A second one is not written over it, and what is cut short is not copied.
    let again = dabnet(&["binarize", &input, "-o", &path(folder, "copy/other.onnx"), "--dense"]);
    assert_one_clear_line(&again, 2, &["net.data", "there already", "--force"]);
    assert_eq!((&beside[..16], &beside[beside.len() - 3..]), (&[7; 16][..], &b"end"[..]));
    let weights = &beside[16..beside.len() - 3];
    assert!(fs::read(inside).unwrap().windows(weights.len()).any(|bytes| bytes == weights));
    written(folder, "net.data", &numbers[..100]);
    assert_one_clear_line(
        &binarize(&[&input, "-o", &path(folder, "short.onnx"), "--dense"]),
        2,
        &["not whole"],
    );
    written(folder, "net.data", &numbers);
    assert!(weights != &numbers[16..numbers.len() - 3] && fs::read(&data).unwrap() == numbers);
}

/// 512 MiB of tensors pass through a fraction of that.
#[cfg(target_os = "linux")]
#[test]
fn memory_stays_near_the_largest_tensor() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("large.safetensors");
    let (filters, n, count) = (4096, 2048, 16);
    let each = filters * n * 4;
    let tensors: Vec<String> = (0..count)
        .map(|i| {
            let (start, end) = (i * each, (i + 1) * each);
            format!(r#""l{i:02}":{{"dtype":"F32","shape":[{filters},{n}],"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    let header = format!("{{{}}}", tensors.join(","));
    fs::write(&input, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&input).unwrap();
    // A hole, which reads as zeros and takes no room.
    file.set_len(8 + header.len() as u64 + (count * each) as u64).unwrap();

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dabnet"))
        .args([Path::new("binarize"), &input, Path::new("-o"), &folder.path().join("out")])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = kilobytes.and_then(|number| number.parse().ok()).unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    assert!((1000..200_000).contains(&peak), "{peak} kB");
}
