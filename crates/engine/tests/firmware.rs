//! Images for microcontrollers: what their runner computes is what the engine does.

mod common;

use common::{
    Numbers,
    network::{Between, network},
    packed, reference,
};
use dabnet_engine::{EngineError, FirmwareImage, Isa, Model, PackedModel, Session};
use dabnet_graph::{Policy, Precision, Shape, architectures};
use dabnet_micro::{ImageError, Network, format::header};
use proptest::prelude::*;

/// Ink, full or none, as numbers that any sum of a dyadic network is exact for.
fn ink(shape: Shape, seed: u64) -> Vec<u8> {
    let canvas = common::sketch(shape.elements(), Numbers::Dyadic, seed);
    canvas.into_iter().map(|value| if value > 0.0 { 255 } else { 0 }).collect()
}

/// Logits and embedding by the runner.
fn run(image: &[u32], ink: &[u8]) -> Result<(Vec<f32>, Vec<f32>), ImageError> {
    let network = Network::new(image)?;
    // What a run leaves behind must not matter.
    let mut memory = vec![0x7fc0_1234; Network::memory_len(image)];
    network.run(ink, &mut memory)?;
    let logits = network.run(ink, &mut memory)?;
    Ok((logits.iter().collect(), logits.embedding().collect()))
}

fn assert_same(packed: &PackedModel, image: &FirmwareImage, seed: u64) {
    let ink = ink(packed.graph.input_shape(), seed);
    let model = Model::with_isa(packed.clone(), Isa::Scalar).unwrap();
    let mut session = Session::new(&model);
    let canvas = packed.preprocessing.normalized(&ink);
    let expected = session.run(&canvas).unwrap().to_vec();
    let (logits, embedding) = run(image.words(), &ink).unwrap();
    let reference = reference::run(packed, &canvas, Numbers::Dyadic);
    if !reference.exact {
        // Means of nine are rounded, and sums of them depend on their order.
        let largest = expected.iter().fold(0.0, |most: f32, logit| most.max(logit.abs()));
        let near = logits.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-3 * largest);
        assert!(near || reference.margin < 1e-4, "{logits:?}, not {expected:?}");
        return;
    }
    assert_eq!(logits, expected);
    match session.embed(&canvas) {
        Ok(expected) => assert_eq!(embedding, expected),
        Err(_) => assert!(embedding.is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 300 }))]

    /// Most sums of dyadic numbers are exact in any order, and results then equal to the last bit.
    #[test]
    fn random_networks_are_the_same(
        net in network(&[Precision::Full, Precision::Fbin, Precision::Fbin]),
        seed: u64,
    ) {
        let mut net = net;
        net.after.push(Between::GlobalAvgPool);
        let packed = packed(net.graph(false), Numbers::Dyadic, seed);
        match FirmwareImage::new(&packed) {
            Ok(image) => assert_same(&packed, &image, seed),
            Err(EngineError::Firmware { .. }) => prop_assume!(false),
            Err(error) => panic!("{error}"),
        }
    }

    /// Any image is run or refused, never with a panic.
    #[test]
    fn damaged_images_are_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 1..4), small: bool) {
        let image = tiny();
        let mut words = image.words().to_vec();
        for (at, value) in changes {
            let at = header::CHECKSUM + 1 + at.index(words.len() - header::CHECKSUM - 1);
            words[at] = if small { value % 64 } else { value };
        }
        // Offsets, counts and places, not what a larger memory would cost.
        words[header::MEMORY] = image.words()[header::MEMORY];
        let bytes: Vec<u8> = words[header::CHECKSUM + 1..].iter().flat_map(|word| word.to_le_bytes()).collect();
        words[header::CHECKSUM] = crc32fast::hash(&bytes);
        let network = Network::new(&words).unwrap();
        let mut memory = vec![0; Network::memory_len(&words)];
        let mut ink = vec![0; Network::ink_len(&words).min(1 << 16)];
        let _ = network.draw([[[0.0, 0.0], [5.0, 9.0]]], &mut memory, &mut ink);
        let _ = network.run(&ink, &mut memory);
        (0..3).for_each(|output| drop(network.label(output).to_string()));
    }
}

/// Image of a small network with most operators.
fn tiny() -> FirmwareImage {
    let graph = architectures::find("dabnet-xs").unwrap().graph(32, 5, &Policy::Fbin).unwrap();
    FirmwareImage::new(&packed(graph, Numbers::Dyadic, 1)).unwrap()
}

#[test]
fn built_in_networks_are_the_same() {
    for (name, side) in [
        ("dabnet-xs", 64),
        ("dabnet-l", 64),
        ("sketch-a-net-64", 64),
        ("resnet-18", 64),
        ("nin", 112),
        ("squeezenet", 112),
        ("vgg-small", 32),
    ] {
        let graph = architectures::find(name).unwrap().graph(side, 20, &Policy::Fbin).unwrap();
        let packed = packed(graph, Numbers::Dyadic, 7);
        let image = FirmwareImage::new(&packed).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_same(&packed, &image, 7);
    }
}

#[test]
fn what_is_no_image_is_refused() {
    let words = tiny().words().to_vec();
    let error = |words: &[u32]| Network::new(words).unwrap_err();
    assert_eq!(error(&[]), ImageError::NotAnImage);
    assert_eq!(error(&words[..10]), ImageError::NotAnImage);
    assert_eq!(error(&words[..words.len() - 1]), ImageError::Damaged);
    let with = |field: usize, value: u32| {
        let mut words = words.clone();
        words[field] = value;
        words
    };
    assert_eq!(error(&with(header::VERSION, 9)), ImageError::Version { found: 9 });
    assert_eq!(error(&with(header::SIDE, 9)), ImageError::Checksum);
    let network = Network::new(&words).unwrap();
    let (mut memory, mut ink) = (vec![0; Network::memory_len(&words) - 1], vec![0; Network::ink_len(&words)]);
    assert!(matches!(network.run(&ink, &mut memory), Err(ImageError::TooShort { what: "memory", .. })));
    assert!(matches!(network.run(&ink[1..], &mut memory), Err(ImageError::TooShort { what: "ink", .. })));
    let stroke = [[[0.0, 0.0], [1.0, 1.0]]];
    assert!(matches!(network.draw(stroke, &mut memory[..9], &mut ink), Err(ImageError::TooShort { .. })));
    assert_eq!(network.label(4).to_string(), "class 4");
    assert_eq!(network.label(5).to_string(), "");
}

#[test]
fn layers_that_it_does_not_know_are_named() {
    let graph = architectures::find("mobilenet").unwrap().graph(64, 20, &Policy::Wbin).unwrap();
    let error = FirmwareImage::new(&packed(graph, Numbers::Dyadic, 7)).unwrap_err();
    assert!(matches!(error, EngineError::Firmware { .. }), "{error}");
}
