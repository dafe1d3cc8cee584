//! `dabnet export --form firmware`: real sketches by the runner of microcontrollers and by the engine.

use std::{fs, path::Path};

use dabnet_engine::{FirmwareImage, Model, PackedModel, Session, rank};
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_micro::Network;
use dabnet_sketch::{Drawing, Preprocess, read_file};

use crate::common::{assert_one_clear_line, dabnet, ok, shipped, text};

/// Words of a shipped model's image.
fn exported(model: &str, folder: &Path) -> Vec<u32> {
    let file = folder.join("model.bin");
    ok(&["export", model, "-o", &text(&file), "--form", "firmware", "--force"]);
    let bytes = fs::read(&file).unwrap();
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

fn sketches(file: &str) -> Vec<Drawing> {
    read_file(shipped(file)).unwrap().map(|sketch| sketch.unwrap().drawing).collect()
}

#[test]
fn twenty_words_are_drawn_and_told_on_a_microcontroller() {
    let folder = tempfile::tempdir().unwrap();
    let image = exported("quickdraw-20", folder.path());
    assert!(4 * image.len() < 128 << 10 && 4 * Network::memory_len(&image) < 48 << 10);
    let network = Network::new(&image).unwrap();
    let (mut memory, mut ink) = (vec![0; Network::memory_len(&image)], vec![0; Network::ink_len(&image)]);
    let model = Model::load(shipped("models/quickdraw-20")).unwrap();
    let labels: Vec<String> = (0..network.label_count()).map(|at| network.label(at).to_string()).collect();
    assert_eq!(labels, model.labels());
    let mut session = Session::new(&model);
    let test = sketches("data/quickdraw-20/test.ndjson.gz");
    assert_eq!(test.len(), 600);
    for drawing in test.iter().chain(&sketches("data/examples/airplane.svg")) {
        let strokes = drawing.to_strokes();
        let points = strokes.iter().map(|stroke| stroke.points.iter().copied());
        network.draw(points, &mut memory, &mut ink).unwrap();
        assert!(ink == model.preprocessing().ink(drawing), "drawn otherwise");
        assert_told_alike(network, &mut memory, &mut session, &model, &ink);
    }
    network.draw([[[0.0, f32::NAN]]], &mut memory, &mut ink).unwrap();
    assert!(ink.iter().all(|ink| *ink == 0), "no point is no ink");
}

#[test]
fn lines_of_any_width_are_drawn() {
    let drawings = sketches("data/examples/quickdraw.ndjson");
    let packed = PackedModel::load(shipped("models/quickdraw-20")).unwrap();
    // The first is thinner than a pixel, the last leaves no room but what is always left.
    for (line_width, margin) in [(0.006, 0.0), (0.0157, 0.1), (0.03, 0.3), (0.2, 0.0), (0.5, 0.45)] {
        let canvas = Canvas { line_width, margin, ..packed.preprocessing.canvas };
        let packed = PackedModel { preprocessing: Preprocessing::lines(canvas), ..packed.clone() };
        let image = FirmwareImage::new(&packed).unwrap();
        let network = Network::new(image.words()).unwrap();
        let (mut memory, mut ink) =
            (vec![0; Network::memory_len(image.words())], vec![0; Network::ink_len(image.words())]);
        for drawing in &drawings {
            let strokes = drawing.to_strokes();
            let points = strokes.iter().map(|stroke| stroke.points.iter().copied());
            network.draw(points, &mut memory, &mut ink).unwrap();
            assert!(ink == packed.preprocessing.ink(drawing), "lines of {line_width} are drawn otherwise");
        }
    }
}

#[test]
fn more_words_and_channels_are_told_from_ink() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["quickdraw-345", "tu-berlin-250"] {
        let image = exported(name, folder.path());
        let network = Network::new(&image).unwrap();
        let mut memory = vec![0; Network::memory_len(&image)];
        let model = Model::load(shipped("models").join(name)).unwrap();
        let mut session = Session::new(&model);
        for drawing in
            sketches("data/examples/airplane.svg").iter().chain(&sketches("data/examples/butterfly.png"))
        {
            let planes = model.preprocessing().planes(drawing);
            assert_told_alike(network, &mut memory, &mut session, &model, &planes);
        }
    }
}

/// The embedding is the same to the last bit, and so are labels; logits are sums of it in another order. Where more than two
/// fifths of a canvas are ink, the engine sums the first layer in another order, too.
fn assert_told_alike(
    network: Network<'_>,
    memory: &mut [u32],
    session: &mut Session,
    model: &Model,
    ink: &[u8],
) {
    let canvas = model.preprocessing().normalized(ink);
    let logits = session.run(&canvas).unwrap().to_vec();
    let found = network.run(ink, memory).unwrap();
    let embedding = session.embed(&canvas).unwrap();
    let same = found.embedding().eq(embedding.iter().copied());
    let side = model.preprocessing().canvas.side;
    let inked = (0..side * side).filter(|at| ink.iter().skip(*at).step_by(side * side).any(|ink| *ink > 0));
    assert!(same || 5 * inked.count() > 2 * side * side, "another embedding");
    assert!(found.embedding().zip(embedding).all(|(found, value)| (found - value).abs() < 1e-4));
    assert!(found.iter().zip(&logits).all(|(found, logit)| (found - logit).abs() < 1e-4), "other logits");
    assert_eq!(rank(&logits, found.best()), Some(0));
}

#[test]
fn networks_that_firmware_does_not_run_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(&folder.path().join("x.bin"));
    let refused = dabnet(&["export", "nobody", "-o", &out, "--form", "firmware"]);
    assert_one_clear_line(&refused, 2, &["nobody"]);
    assert!(!Path::new(&out).exists());
}
