//! Exported networks, imported again, are the networks that they were.

use std::path::Path;

use dabnet_engine::{Model, NodeParameters, PackedModel, Session};
use dabnet_graph::{ArchitectureOptions, Canvas, Policy, Precision, Preprocessing, architectures};
use dabnet_onnx::{ExportForm, ImportOptions, export, import_bytes};

const SIDE: usize = 64;

fn preprocessing(side: usize) -> Preprocessing {
    Preprocessing::lines(Canvas::to_measure(side))
}

fn model(architecture: &str, policy: &Policy, input_bits: &str) -> PackedModel {
    let options = ArchitectureOptions::default().with_input_bits(input_bits.parse().unwrap());
    let graph = architectures::find(architecture).unwrap().graph_with(SIDE, 7, policy, options).unwrap();
    PackedModel::random(graph, preprocessing(SIDE), 5)
}

fn reimported(packed: &PackedModel, form: ExportForm) -> PackedModel {
    let bytes = export(packed, form).unwrap();
    import_bytes(Path::new("m.onnx"), bytes, &ImportOptions::default(), preprocessing).unwrap()
}

fn logits(packed: &PackedModel, number: usize) -> Vec<f32> {
    let ink = |at: usize| ((at + 37 * number) * 7919 % 101) as f32 / 101.0;
    let canvas: Vec<f32> = (0..SIDE * SIDE).map(|at| if ink(at) > 0.8 { ink(at) } else { 0.0 }).collect();
    Session::new(&Model::new(packed.clone()).unwrap()).run(&canvas).unwrap().to_vec()
}

fn binary_layers(packed: &PackedModel) -> usize {
    packed.graph.convolutions().filter(|(_, _, conv)| conv.precision == Precision::Fbin).count()
}

#[test]
fn dense_networks_come_back_to_the_bit() {
    for (architecture, policy, bits) in [
        ("sketch-a-net-64", Policy::Fbin, "1"),
        ("dabnet-m", Policy::Fbin, "2"),
        ("dabnet-xs", Policy::Fbin, "1"),
        ("resnet-18", Policy::Fbin, "1"),
        ("sketch-a-net-64", Policy::Full, "1"),
    ] {
        let packed = model(architecture, &policy, bits);
        let again = reimported(&packed, ExportForm::Dense);
        assert_eq!(binary_layers(&again), binary_layers(&packed), "{architecture}");
        for number in 0..3 {
            assert_eq!(logits(&again, number), logits(&packed, number), "{architecture}");
        }
    }
}

#[test]
fn qonnx_is_the_same_sum_in_two_parts() {
    for (architecture, bits) in [("sketch-a-net-64", "1"), ("dabnet-m", "2")] {
        let packed = model(architecture, &Policy::Fbin, bits);
        let again = reimported(&packed, ExportForm::Qonnx);
        assert!(binary_layers(&again) >= binary_layers(&packed));
        let (found, expected) = (logits(&again, 1), logits(&packed, 1));
        let largest = expected.iter().fold(0.0_f32, |most, logit| most.max(logit.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            // A sum that is rounded otherwise may cross a threshold.
            assert!((found - expected).abs() <= 0.05 * largest, "{architecture}: {found}, not {expected}");
        }
    }
}

#[test]
fn bits_stay_bits() {
    let packed = model("dabnet-m", &Policy::Fbin, "2");
    let [dense, bits] = [ExportForm::Dense, ExportForm::Packed].map(|form| export(&packed, form).unwrap());
    let stored: usize = packed
        .parameters
        .values()
        .map(|parameters| match parameters {
            NodeParameters::Binary { bits, .. } => bits.len(),
            _ => 0,
        })
        .sum();
    assert!(bits.len() < dense.len() / 10, "{} of {}", bits.len(), dense.len());
    assert!(bits.len() < 2 * stored + (1 << 17), "{} for {stored} bytes of bits", bits.len());
}
