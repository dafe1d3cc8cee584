//! Tests of the modules in `web/dabnet` in an interpreter, against the engine of this machine.

use std::{fs, path::PathBuf};

use dabnet_data::{Dataset, LabeledSketch, Part};
use dabnet_engine::{FirmwareImage, Model, PackedModel, Session, top};
use dabnet_graph::{Canvas, Look, Policy, Preprocessing, architectures};
use dabnet_micro_wasm::MicroInstance;
use dabnet_sketch::{Drawing, Preprocess};
use serde_json::{Value, json};
use wasmi::{Config, Engine, Instance, Linker, Memory, Module, Store, WasmParams, WasmResults};

const SKETCHES: usize = 60;

fn file(path: &str) -> Vec<u8> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A module instance and its memory.
struct ModuleInstance {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl ModuleInstance {
    fn new(name: &str) -> Self {
        let mut config = Config::default();
        config.wasm_simd(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, &file(&format!("web/dabnet/{name}"))[..]).unwrap();
        assert_eq!(module.imports().count(), 0, "{name} needs nothing of a page");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        Self { store, instance, memory }
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> R {
        let call = self.instance.get_typed_func::<P, R>(&self.store, name).unwrap();
        call.call(&mut self.store, parameters).unwrap()
    }

    fn give(&mut self, bytes: &[u8]) {
        let at: u32 = self.call("input", bytes.len() as u32);
        self.memory.write(&mut self.store, at as usize, bytes).unwrap();
    }

    fn output(&mut self) -> Vec<u8> {
        let at: u32 = self.call("output", ());
        let mut output = vec![0; self.call::<_, u32>("output_bytes", ()) as usize];
        self.memory.read(&self.store, at as usize, &mut output).unwrap();
        output
    }

    fn load(&mut self, model: &[u8]) -> Value {
        self.give(model);
        let status: u32 = self.call("load", ());
        let output = self.output();
        assert_eq!(status, 0, "{}", String::from_utf8_lossy(&output));
        serde_json::from_slice(&output).unwrap()
    }
}

fn packed(drawing: &Drawing) -> Vec<u8> {
    let mut numbers = Vec::new();
    for stroke in drawing.to_strokes().iter() {
        numbers.extend(stroke.points.iter().flatten());
        numbers.extend([f32::NAN; 2]);
    }
    numbers.iter().flat_map(|number: &f32| number.to_le_bytes()).collect()
}

fn sketches() -> Vec<LabeledSketch> {
    let test = Dataset::bundled().unwrap().labeled_sketches(Part::Test).unwrap();
    let step = test.len() / SKETCHES;
    test.into_iter().step_by(step).collect()
}

#[test]
fn pages_see_what_this_machine_sees_fire_the_same_and_guess_the_same() {
    for name in ["dabnet.wasm", "dabnet-scalar.wasm"] {
        let mut page = ModuleInstance::new(name);
        let description = page.load(&file("models/quickdraw-20/model.safetensors"));
        assert_eq!(description["labels"].as_array().unwrap().len(), 20);
        let bits = |layer: usize| {
            ["weight_bits", "input_bits"].map(|name| description["layers"][layer][name].as_u64())
        };
        assert_eq!([bits(0), bits(1)], [[Some(8), Some(32)], [Some(1), Some(2)]]);
        let model = Model::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/quickdraw-20")).unwrap();
        let mut session = Session::new(&model);
        for example in sketches() {
            let drawing = &example.sketch.drawing;
            page.give(&packed(drawing));
            assert_eq!(page.call::<_, u32>("recognize", (3_u32, 1_u32)), 0);
            let answer: Value = serde_json::from_slice(&page.output()).unwrap();
            let ink = model.preprocessing().ink(drawing);
            assert_eq!(page.call::<_, u32>("ink", ()), 0);
            assert!(page.output() == ink, "{name} draws otherwise");

            // All that is made of bits is the same.
            let canvas = model.preprocessing().normalized(&ink);
            let mut fired = Vec::new();
            let logits = session.run_with_activations(&canvas, |layer, it| {
                fired.push(json!({ "name": layer, "positions": it.positions, "fired": it.counts }));
            });
            let logits = logits.unwrap().to_vec();
            assert!(answer["layers"] == Value::Array(fired), "{name} fires otherwise");

            // The last layer's products of real numbers are summed in another order.
            let best = top(&logits, 3);
            for (guess, best) in answer["predictions"].as_array().unwrap().iter().zip(&best) {
                assert_eq!(guess["class"], best.class);
                assert!((guess["probability"].as_f64().unwrap() - f64::from(best.probability)).abs() < 1e-5);
            }
            // What it multiplies is the same.
            page.give(&packed(drawing));
            assert_eq!(page.call::<_, u32>("embed", ()), 0);
            let embedding = session.embed(&canvas).unwrap().iter().flat_map(|value| value.to_le_bytes());
            assert!(page.output() == embedding.collect::<Vec<_>>(), "{name} embeds otherwise");

            page.give(&canvas.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
            assert_eq!(page.call::<_, u32>("logits", ()), 0);
            let output = page.output();
            let found = output.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
            assert!(
                found.zip(&logits).all(|(found, logit)| (found - logit).abs() < 1e-5 * best[0].logit.abs())
            );
            assert_eq!(output.len(), 4 * logits.len());
        }
    }
}

/// Whatever the look of a model is.
#[test]
fn pages_see_every_look_as_this_machine_does() {
    let lines = Canvas::to_measure(64);
    let looks = [
        Preprocessing::lines(Canvas { mean: 0.25, std: 0.5, ..lines }),
        Preprocessing::new(Look::Pixels, lines),
        Preprocessing::paper_tu_berlin(64),
        Preprocessing::bitmap(),
    ];
    for (preprocessing, name) in looks.iter().zip(["dabnet.wasm", "dabnet-scalar.wasm"].iter().cycle()) {
        let architecture = architectures::find("sketch-a-net-64").unwrap();
        let graph = architecture.graph(preprocessing.canvas.side, 20, &Policy::Fbin).unwrap();
        let model = PackedModel::random(graph, *preprocessing, 1);
        let mut page = ModuleInstance::new(name);
        let description = page.load(&model.to_bytes().unwrap());
        let described = serde_json::from_value(description["preprocessing"].clone());
        assert_eq!(described.ok(), Some(*preprocessing));
        let model = Model::new(model).unwrap();
        let mut session = Session::new(&model);
        for example in sketches().iter().step_by(4) {
            let drawing = &example.sketch.drawing;
            page.give(&packed(drawing));
            assert_eq!(page.call::<_, u32>("recognize", (1_u32, 0_u32)), 0);
            let answer: Value = serde_json::from_slice(&page.output()).unwrap();
            let best = top(session.run(&preprocessing.apply(drawing)).unwrap(), 1)[0];
            assert_eq!(answer["predictions"][0]["class"], best.class, "{name}: {}", preprocessing.look);
            assert_eq!(page.call::<_, u32>("ink", ()), 0);
            assert!(page.output() == preprocessing.ink(drawing), "{name}: {}", preprocessing.look);
        }
    }
}

#[test]
fn what_fires_is_counted() {
    let mut page = ModuleInstance::new("dabnet.wasm");
    page.load(&file("models/quickdraw-20/model.safetensors"));
    page.give(&packed(&sketches()[0].sketch.drawing));
    assert_eq!(page.call::<_, u32>("recognize", (1_u32, 1_u32)), 0);
    let answer: Value = serde_json::from_slice(&page.output()).unwrap();
    let layers = answer["layers"].as_array().unwrap();
    assert!(layers.len() >= 5);
    for layer in layers {
        let positions = layer["positions"].as_u64().unwrap();
        let fired: Vec<u64> =
            layer["fired"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        assert!(fired.iter().all(|&count| count <= positions));
        assert!(fired.iter().any(|&count| count > 0), "{}", layer["name"]);
    }
}

#[test]
fn what_is_wrong_is_said_and_the_module_goes_on() {
    let mut page = ModuleInstance::new("dabnet.wasm");
    assert_eq!(page.call::<_, u32>("recognize", (1_u32, 0_u32)), 1);
    assert_eq!(page.output(), b"no model is loaded");
    page.give(b"no model at all");
    assert_eq!(page.call::<_, u32>("load", ()), 1);
    let model = file("models/quickdraw-20/model.safetensors");
    page.give(&model[..model.len() / 2]);
    assert_eq!(page.call::<_, u32>("load", ()), 1);
    page.load(&model);
    page.give(&[0; 12]);
    assert_eq!(page.call::<_, u32>("logits", ()), 1);
    assert!(String::from_utf8(page.output()).unwrap().contains("4096"));
    // Blank paper, points that are none, and half a point.
    for strokes in [vec![], f32::INFINITY.to_le_bytes().repeat(6), vec![1; 7]] {
        page.give(&strokes);
        assert_eq!(page.call::<_, u32>("recognize", (5_u32, 1_u32)), 0);
    }
}

/// The small module gives to the bit what the same code gives on this machine.
#[test]
fn what_guesses_first_is_the_same() {
    let packed_model = PackedModel::from_bytes(&file("models/quickdraw-20/model.safetensors")).unwrap();
    let image = FirmwareImage::new(&packed_model).unwrap();
    let (mut page, mut here) = (ModuleInstance::new("micro.wasm"), MicroInstance::new());
    here.input(image.words().len()).copy_from_slice(image.words());
    assert!(here.load());
    page.give(&image.bytes());
    assert_eq!((page.call::<_, u32>("load", ()), page.output()), (0, here.output().to_vec()));
    assert_eq!(page.call::<_, f32>("least_energy", ()), here.least_energy());
    for example in sketches() {
        let strokes = packed(&example.sketch.drawing);
        let words: Vec<u32> = strokes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        here.input(words.len()).copy_from_slice(&words);
        assert!(here.recognize());
        page.give(&strokes);
        assert_eq!((page.call::<_, u32>("recognize", ()), page.output()), (0, here.output().to_vec()));
    }
}
