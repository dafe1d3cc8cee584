//! Photographs of drawings on paper: what the light, the desk and the camera do to them does not change their label.

use std::io::Cursor;

use crate::common::{labeller::Labeller, sample_size};
use dabnet_data::{Dataset, Part};
use dabnet_graph::Canvas;
use dabnet_sketch::{Drawing, rasterize, read_bytes};
use image::{DynamicImage, GrayImage, Luma, codecs::jpeg::JpegEncoder};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg32;

/// Sketches that are photographed in each way, unless [`sample_size`] says otherwise.
const COUNT: usize = 40;
/// The least share of them that keep the label of the drawing itself.
const LEAST: f32 = 0.95;
/// The same of lines so broad that they fill what is small between them.
const LEAST_BROAD: f32 = 0.75;
const WIDTH: u32 = 900;
const HEIGHT: u32 = 700;

/// How a drawing is photographed.
#[derive(Clone, Copy, Default)]
struct Scene {
    /// How much darker the right side is than the left, as a share.
    slope: f32,
    /// Light of the desk around the paper, of 1; 0 where there is none.
    desk: f32,
    /// Light in a shadow across a part of the paper.
    shadow: f32,
    /// Turn in radians, and how much nearer the lower edge is.
    turn: f32,
    near: f32,
    /// Lines on the paper, so much darker than it.
    ruled: f32,
    /// Width of the pen, of the drawing's side.
    pen: f32,
}

const NONE: Scene =
    Scene { slope: 0.0, desk: 0.0, shadow: 0.0, turn: 0.0, near: 0.0, ruled: 0.0, pen: 7.0 / 512.0 };

/// A photograph as JPEG.
fn photograph(drawing: &Drawing, scene: &Scene, rng: &mut impl Rng) -> Vec<u8> {
    const SIDE: usize = 512;
    let canvas = Canvas { side: SIDE, line_width: scene.pen, margin: 0.1, mean: 0.0, std: 1.0 };
    let ink = rasterize(drawing, &canvas);
    let ink_at = |u: f32, v: f32| {
        let at = |t: f32| (t * SIDE as f32) as usize;
        if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) {
            f32::from(ink[at(v) * SIDE + at(u)]) / 255.0
        } else {
            0.0
        }
    };
    let phase: f32 = rng.random_range(0.0..6.0);
    let mut picture = GrayImage::new(WIDTH, HEIGHT);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        // From the middle, in halves of the height.
        let (dx, dy) = ((x as f32 - 450.0) / 350.0, (y as f32 - 350.0) / 350.0);
        let (sin, cos) = scene.turn.sin_cos();
        let (dx, dy) = (cos * dx + sin * dy, cos * dy - sin * dx);
        // Farther away, the same way is shorter.
        let far = 1.0 - scene.near * dy;
        let (u, v) = (dx * far / 1.5 + 0.5, dy * far / 1.5 + 0.5);
        let paper = scene.desk == 0.0 || (u - 0.5).abs() < 0.62 && (v - 0.5).abs() < 0.58;
        let rule = scene.ruled * f32::from(u8::from((v * 18.0).fract() < 0.07));
        let grain = 0.02 * (x as f32 * 0.02 + (y as f32 * 0.3 + phase).sin()).sin();
        let surface =
            if paper { 0.92 * (1.0 - rule) * (1.0 - 0.85 * ink_at(u, v)) } else { scene.desk + grain };
        let light = 1.0 - scene.slope * x as f32 / WIDTH as f32;
        let shade = if scene.shadow > 0.0 && dx * 0.8 + dy > 0.3 { scene.shadow } else { 1.0 };
        let noise: f32 = rng.random_range(-0.02..0.02);
        *pixel = Luma([((surface * light * shade + noise).clamp(0.0, 1.0) * 255.0) as u8]);
    }
    let mut jpeg = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(picture)
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 80))
        .unwrap();
    jpeg.into_inner()
}

/// Photographs drawings as `scene` and counts those that keep their label.
fn check(scene: Scene) {
    let count = sample_size(COUNT);
    let mut labeller = Labeller::new();
    let test = Dataset::bundled().unwrap().labeled_sketches(Part::Test).unwrap();
    let mut rng = Pcg32::seed_from_u64(7);
    let mut kept = 0;
    for example in test.iter().step_by(test.len() / count).take(count) {
        let photograph = photograph(&example.sketch.drawing, &scene, &mut rng);
        let sketch =
            read_bytes("photo.jpg", photograph).and_then(|mut sketches| sketches.next().unwrap()).unwrap();
        kept += usize::from(labeller.label(&sketch.drawing) == labeller.label(&example.sketch.drawing));
    }
    println!("{kept} of {count} photographs keep the label of their drawing");
    let least = if scene.pen > 0.07 { LEAST_BROAD } else { LEAST };
    assert!(
        kept as f32 >= least * count as f32,
        "{kept} of {count} photographs keep the label of their drawing"
    );
}

#[test]
fn mild_light() {
    check(Scene { slope: 0.25, ..NONE });
}

#[test]
fn a_window_at_one_side() {
    check(Scene { slope: 0.65, ..NONE });
}

#[test]
fn a_shadow() {
    check(Scene { slope: 0.2, shadow: 0.6, ..NONE });
}

#[test]
fn a_dark_desk() {
    check(Scene { slope: 0.2, desk: 0.18, ..NONE });
}

#[test]
fn a_dark_desk_at_an_angle() {
    check(Scene { slope: 0.3, desk: 0.25, turn: 0.05, near: 0.15, ..NONE });
}

#[test]
fn a_notebook() {
    check(Scene { slope: 0.3, ruled: 0.18, ..NONE });
}

#[test]
fn a_marker() {
    check(Scene { slope: 0.3, pen: 0.055, ..NONE });
}

#[test]
fn a_broad_marker_at_a_window_on_a_desk() {
    check(Scene { slope: 0.5, desk: 0.2, pen: 0.08, ..NONE });
}

#[test]
fn all_of_it() {
    check(Scene { slope: 0.4, desk: 0.2, shadow: 0.7, turn: -0.04, near: 0.1, ruled: 0.12, ..NONE });
}
