//! Strokes on a canvas.

use crate::common::{CANVAS, bundled};
use dabnet_graph::{Canvas, Preprocessing};
use dabnet_sketch::{Augmentation, Drawing, Point, Stroke, rasterize};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

fn drawn(strokes: &[&[Point]], canvas: &Canvas) -> Vec<u8> {
    rasterize(&Drawing::Strokes(strokes.iter().map(|points| Stroke::new(points.to_vec())).collect()), canvas)
}

#[test]
fn a_level_line_is_where_it_should_be() {
    let canvas = Canvas { side: 20, line_width: 0.1, margin: 0.1, ..CANVAS };
    let ink = drawn(&[&[[3.0, 7.0], [90.0, 7.0]]], &canvas);
    for (at, ink) in ink.iter().enumerate() {
        let (x, y) = (at % 20, at / 20);
        match (x, y) {
            (3..17, 9..11) => assert_eq!(*ink, 255, "{x} {y}"),
            (2 | 17, 9..11) => assert!(*ink > 100, "{x} {y}"),
            _ => assert_eq!(*ink, 0, "{x} {y}"),
        }
    }
}

#[test]
fn a_line_has_the_ink_of_its_width() {
    let canvas = Canvas { side: 100, line_width: 0.02, margin: 0.1, ..CANVAS };
    let ink = drawn(&[&[[0.0, 0.0], [1.0, 0.0]]], &canvas);
    let column = ink.iter().skip(50).step_by(100).map(|ink| f32::from(*ink)).sum::<f32>() / 255.0;
    assert!((column - 2.0).abs() < 0.05, "{column}");
}

#[test]
fn a_dot_is_a_disc() {
    let canvas = Canvas { side: 32, line_width: 0.25, ..CANVAS };
    for dot in [&[[5.0, 5.0]][..], &[[5.0, 5.0], [5.0, 5.0]]] {
        let area = drawn(&[dot], &canvas).iter().map(|ink| f32::from(*ink) / 255.0).sum::<f32>();
        assert!((area - 16.0 * std::f32::consts::PI).abs() < 1.0, "{area}");
    }
}

#[test]
fn nothing_to_draw_is_paper() {
    for strokes in [&[][..], &[&[][..]], &[&[[f32::NAN, 0.0], [0.0, f32::INFINITY]]]] {
        assert!(drawn(strokes, &CANVAS).iter().all(|ink| *ink == 0));
    }
}

#[test]
fn place_and_size_of_the_drawing_do_not_matter() {
    let drawing = bundled("test").swap_remove(7).drawing;
    let strokes = drawing.to_strokes();
    let moved = strokes.iter().map(|stroke| {
        Stroke::new(stroke.points.iter().map(|[x, y]| [x * 4.0 - 96.0, y * 4.0 + 1024.0]).collect())
    });
    let moved = Drawing::Strokes(moved.collect());
    assert_eq!(rasterize(&moved, &CANVAS), rasterize(&drawing, &CANVAS));
}

#[test]
fn a_long_line_has_no_gap() {
    let points: Vec<Point> = (0..=20_000).map(|i| [i as f32, 0.0]).collect();
    let (whole, runs) = (drawn(&[&[points[0], points[20_000]]], &CANVAS), drawn(&[&points], &CANVAS));
    assert!(whole.iter().zip(&runs).all(|(a, b)| a.abs_diff(*b) <= 1), "a gap");
}

#[test]
fn what_the_network_sees() {
    let canvas = Canvas { mean: 0.25, std: 0.5, ..CANVAS };
    assert_eq!(Preprocessing::lines(canvas).normalized(&[0, 255]), [-0.5, 1.5]);
}

#[test]
fn augmentation_follows_its_seed() {
    let strokes = bundled("train")[0].drawing.to_strokes().into_owned();
    let drawn = |seed| Augmentation::light().apply(&strokes, &CANVAS, &mut Pcg64::seed_from_u64(seed));
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}

#[test]
fn no_augmentation_changes_nothing() {
    for example in bundled("test").iter().step_by(20) {
        let strokes = example.drawing.to_strokes();
        let same = Augmentation::none().apply(&strokes, &CANVAS, &mut Pcg64::seed_from_u64(3));
        let expected = rasterize(&example.drawing, &CANVAS);
        assert!(same.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= 1));
    }
}

#[test]
fn at_most_one_stroke_is_dropped_and_late_short_ones_rather() {
    let strokes: Vec<Stroke> =
        (0..4).map(|i| Stroke::new(vec![[0.0, i as f32], [(4 - i) as f32, i as f32]])).collect();
    let augment = Augmentation::none().with_drop(1.0);
    let mut rng = Pcg64::seed_from_u64(5);
    let mut gone = [0; 4];
    for _ in 0..2000 {
        let left = augment.strokes(&strokes, &mut rng);
        assert_eq!(left.len(), 3);
        let missing = (0..4).find(|i| left.get(*i).is_none_or(|s| s.length() < strokes[*i].length() / 4.01));
        gone[missing.unwrap()] += 1;
    }
    assert!(gone.is_sorted() && gone[0] > 0, "{gone:?}");
    assert_eq!(augment.strokes(&strokes[..1], &mut rng).len(), 1);
}

fn any_strokes() -> impl Strategy<Value = Vec<Vec<Point>>> {
    let coordinate = prop_oneof![-300f32..300.0, any::<f32>()];
    prop::collection::vec(prop::collection::vec(prop::array::uniform2(coordinate), 0..8), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_points_are_drawn_inside_the_margin(
        strokes in any_strokes(),
        side in 8usize..80,
        line_width in 0.07f32..0.5,
        margin in 0f32..0.49,
    ) {
        let canvas = Canvas { side, line_width, margin, ..CANVAS };
        canvas.validate().unwrap();
        let strokes = strokes.into_iter().map(Stroke::new).collect::<Vec<_>>();
        let ink = rasterize(&Drawing::Strokes(strokes.clone()), &canvas);
        prop_assert_eq!(ink.len(), side * side);
        let points = strokes.iter().flat_map(|s| &s.points).any(|p| p.iter().all(|c| c.is_finite()));
        prop_assert_eq!(ink.iter().any(|ink| *ink > 0), points);
        if 1.0 - 2.0 * margin - line_width > (1.0 - line_width) / 4.0 {
            let edge = (margin * side as f32 - 0.51).max(0.0) as usize;
            let outside = |at: usize| [at % side, at / side].iter().any(|c| *c < edge || *c >= side - edge);
            prop_assert!(ink.iter().enumerate().all(|(at, ink)| *ink == 0 || !outside(at)));
        }
    }

    #[test]
    fn any_augmentation_draws_something(
        strokes in any_strokes(),
        seed: u64,
        ranges in prop::array::uniform9(prop_oneof![0f32..2.0, any::<f32>()]),
    ) {
        let strokes = strokes.into_iter().map(Stroke::new).collect::<Vec<_>>();
        let [flip, rotation, stretch, shear, warp, drift, drop, zoom, line] = ranges;
        let wild = Augmentation::none().with_flip(flip).with_rotation(rotation).with_stretch(stretch).with_shear(shear).with_warp(warp).with_drift(drift).with_drop(drop).with_zoom(zoom).with_line(line);
        let mut rng = Pcg64::seed_from_u64(seed);
        prop_assert_eq!(wild.apply(&strokes, &CANVAS, &mut rng).len(), 64 * 64);

        let plain: Vec<Stroke> = strokes.into_iter().filter(|s| s.points.iter().flatten().all(|c| c.abs() < 1e9)).collect();
        let varied = Augmentation::light().strokes(&plain, &mut rng);
        prop_assert!(varied.iter().flat_map(|s| &s.points).flatten().all(|c| c.is_finite()));
        let ink = Augmentation::light().apply(&plain, &CANVAS, &mut rng);
        let points = plain.iter().map(|s| s.points.len()).sum::<usize>();
        prop_assert!(points == 0 || plain.iter().any(|s| s.points.is_empty()) || ink.iter().any(|ink| *ink > 0));
    }
}
