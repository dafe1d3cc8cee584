//! Changes of strokes and of rasters.

use crate::common::{CANVAS, bundled, example, similarity};
use dabnet_graph::Canvas;
use dabnet_sketch::{Augmentation, Drawing, Point, Raster, Stroke, read_file, resampled};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

fn seeded(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

fn test_strokes() -> Vec<Vec<Stroke>> {
    bundled("test").iter().step_by(60).map(|e| e.drawing.to_strokes().into_owned()).collect()
}

fn butterfly() -> Raster {
    match read_file(example("butterfly.png")).unwrap().next().unwrap().unwrap().drawing {
        Drawing::Raster(raster) => raster,
        other => panic!("{other:?}"),
    }
}

fn length(strokes: &[Stroke]) -> f32 {
    strokes.iter().map(Stroke::length).sum()
}

#[test]
fn every_name_is_a_change_and_no_other_is() {
    let strokes = &test_strokes()[3];
    for name in Augmentation::NAMES {
        let augment = Augmentation::named(name).unwrap();
        let drawn = |seed| augment.apply(strokes, &CANVAS, &mut seeded(seed));
        let plain = Augmentation::none().apply(strokes, &CANVAS, &mut seeded(1));
        assert_eq!(drawn(1), drawn(1), "{name}");
        assert_eq!((1..9).any(|seed| drawn(seed) != plain), name != "none", "{name}");
    }
    assert_eq!(Augmentation::named("all"), None);
    assert_eq!(Augmentation::named("light"), Some(Augmentation::light()));
}

#[test]
fn settings_of_before_are_read_and_unknown_ones_refused() {
    let old = r#"{"flip":0.5,"rotation":0.12,"stretch":0.15,"shear":0.08,"warp":0.015,"drift":0.008,"drop":0.08,"zoom":0.85,"line":0.15}"#;
    assert_eq!(serde_json::from_str::<Augmentation>(old).unwrap(), Augmentation::light());
    assert_eq!(serde_json::from_str::<Augmentation>("{}").unwrap(), Augmentation::light());
    assert!(serde_json::from_str::<Augmentation>(r#"{"blur":1}"#).is_err());
    for name in Augmentation::NAMES {
        let augment = Augmentation::named(name).unwrap();
        let text = serde_json::to_string(&augment).unwrap();
        assert_eq!(serde_json::from_str::<Augmentation>(&text).unwrap(), augment);
    }
}

#[test]
fn late_and_short_strokes_are_removed_and_never_all() {
    let strokes: Vec<Stroke> =
        (0..4).map(|i| Stroke::new(vec![[0.0, i as f32], [(4 - i) as f32, i as f32]])).collect();
    let augment = Augmentation::none().with_remove(1.0);
    let mut rng = seeded(5);
    let mut left = [0; 5];
    let mut kept = [0; 4];
    for _ in 0..2000 {
        let some = augment.strokes(&strokes, &mut rng);
        left[some.len()] += 1;
        for stroke in &some {
            kept[4 - (stroke.length() * 4.0).round() as usize] += 1;
        }
    }
    assert!(left[0] == 0 && left[1..].iter().all(|count| (400..600).contains(count)), "{left:?}");
    assert!(kept.is_sorted_by(|a, b| a > b), "{kept:?}");
    assert_eq!(augment.strokes(&strokes[..1], &mut rng).len(), 1);
}

#[test]
fn a_beginning_is_as_long_as_it_should_be() {
    let augment = Augmentation::none().with_partial(0.6);
    for strokes in test_strokes() {
        let whole = Augmentation::none().strokes(&strokes, &mut seeded(1));
        let shares: Vec<f32> = (0..200)
            .map(|seed| {
                let part = augment.strokes(&strokes, &mut seeded(seed));
                // All but the last stroke are what they were.
                assert_eq!(part[..part.len() - 1], whole[..part.len() - 1]);
                length(&part) / length(&whole)
            })
            .collect();
        let (least, most) = shares.iter().fold((1f32, 0f32), |(a, b), share| (a.min(*share), b.max(*share)));
        assert!((0.399..0.45).contains(&least) && (0.95..1.001).contains(&most), "{least} {most}");
    }
}

#[test]
fn a_bend_moves_and_keeps_the_strokes() {
    for strokes in test_strokes() {
        let plain = Augmentation::none().strokes(&strokes, &mut seeded(1));
        let bent = Augmentation::none().with_bend(0.05).strokes(&strokes, &mut seeded(1));
        assert_eq!(bent.len(), plain.len());
        for (bent, plain) in bent.iter().zip(&plain) {
            let ends =
                [(bent.points.first(), plain.points.first()), (bent.points.last(), plain.points.last())];
            for (a, b) in ends.into_iter().filter_map(|(a, b)| Some((a?, b?))) {
                let moved = (a[0] - b[0]).hypot(a[1] - b[1]);
                assert!(moved > 0.0 && moved < 0.2, "{moved}");
            }
        }
        assert!((length(&bent) / length(&plain) - 1.0).abs() < 0.3);
    }
}

/// With a corner cut away, what is left is larger, and still on the canvas.
#[test]
fn a_crop_enlarges() {
    let square = [Stroke::new(vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])];
    let augment = Augmentation::none().with_crop(0.5);
    let mut cut = 0;
    for seed in 0..50 {
        let ink = augment.apply(&square, &CANVAS, &mut seeded(seed));
        assert!(ink.iter().any(|ink| *ink > 0));
        cut += usize::from(ink.chunks(CANVAS.side).any(|row| row[CANVAS.side - 1] > 0));
    }
    assert!(cut > 20, "{cut}");
}

/// What a crop leaves out may lie far outside the canvas, which a rasterizer has to bear.
#[test]
fn crops_of_wide_lines_are_drawn() {
    let augment = Augmentation::none().with_crop(0.9);
    let lines = [[[0.0, 0.0], [255.0, 0.0]], [[0.0, 255.0], [255.0, 128.0]], [[128.0, 0.0], [128.0, 255.0]]];
    let strokes = lines.map(|line| Stroke::new(line.to_vec()));
    for side in [8, 64, 225, 1024] {
        for seed in 0..if side > 500 { 5 } else { 100 } {
            let canvas = Canvas { side, line_width: 0.03 + 0.002 * seed as f32, ..CANVAS };
            let ink = augment.apply(&strokes, &canvas, &mut seeded(seed));
            assert!(ink.iter().any(|ink| *ink > 0));
        }
    }
}

#[test]
fn without_changes_a_raster_is_only_resampled() {
    for (raster, side) in [
        (butterfly(), 225),
        (butterfly(), 64),
        (butterfly(), 300),
        (butterfly().reduced(28).into_owned(), 64),
    ] {
        let canvas = Canvas { side, ..CANVAS };
        let (same, plain) =
            (Augmentation::none().raster(&raster, &canvas, &mut seeded(1)), resampled(&raster, side));
        assert_eq!(same.len(), side * side);
        assert!(similarity(&same, &plain) > 0.95, "{side}: {}", similarity(&same, &plain));
    }
}

#[test]
fn a_raster_of_the_canvas_is_itself_and_mirrored_twice_too() {
    let small = butterfly().reduced(64).into_owned();
    let flip = Augmentation::none().with_flip(1.0);
    assert_eq!(Augmentation::none().raster(&small, &CANVAS, &mut seeded(1)), small.ink());
    let once = flip.raster(&small, &CANVAS, &mut seeded(1));
    let mirror: Vec<u8> = small.ink().chunks(64).flat_map(|row| row.iter().rev()).copied().collect();
    assert_eq!(once, mirror);
    let twice = flip.raster(&Raster::new(64, 64, once).unwrap(), &CANVAS, &mut seeded(2));
    assert_eq!(twice, small.ink());
}

/// The same changes of the same sketch, as strokes and as pixels, agree.
#[test]
fn rasters_change_as_strokes_do() {
    let canvas = Canvas { side: 200, line_width: 0.04, margin: 0.1, ..CANVAS };
    // A circle keeps its bounding box, so that fitting it anew moves nothing.
    let circle = (0..=60).map(|i| (i as f32 / 60.0 * std::f32::consts::TAU).sin_cos());
    let circle = Stroke::new(circle.map(|(sin, cos)| [cos, sin]).collect());
    let strokes = [circle, Stroke::new(vec![[-0.5, -0.6], [0.6, 0.0], [0.1, 0.3]])];
    let plain = Augmentation::none().apply(&strokes, &canvas, &mut seeded(4));
    let raster = Raster::new(200, 200, plain.clone()).unwrap();
    for (name, least) in [("flip", 0.99), ("rotation", 0.99), ("shear", 0.8)] {
        let augment = Augmentation::named(name).unwrap();
        let (mut right, mut wrong) = (0.0, 0.0);
        for seed in 0..8 {
            let by_strokes = augment.apply(&strokes, &canvas, &mut seeded(seed));
            let by_pixels = augment.raster(&raster, &canvas, &mut seeded(seed));
            right += similarity(&by_strokes, &by_pixels) / 8.0;
            wrong += similarity(&by_strokes, &plain) / 8.0;
        }
        assert!(right > least && right > wrong, "{name}: {right} {wrong}");
    }
}

#[test]
fn lines_of_rasters_become_wider_and_narrower() {
    let raster = butterfly().reduced(64).into_owned();
    let sum = |ink: &[u8]| ink.iter().map(|ink| u64::from(*ink)).sum::<u64>();
    let augment = Augmentation::none().with_line(0.7);
    let sums: Vec<u64> =
        (0..30).map(|seed| sum(&augment.raster(&raster, &CANVAS, &mut seeded(seed)))).collect();
    let plain = sum(raster.ink());
    assert!(sums.iter().any(|sum| *sum > plain * 5 / 4) && sums.iter().any(|sum| *sum < plain * 9 / 10));
}

#[test]
fn many_points_are_drawn_in_time() {
    let wild = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32 / 65536.0;
    let zigzag: Vec<Point> = (0..100_000).map(|i| [i as f32, wild(i)]).collect();
    let ink = Augmentation::strong().apply(&[Stroke::new(zigzag)], &CANVAS, &mut seeded(1));
    assert!(ink.iter().any(|ink| *ink > 0));
    let dots: Vec<Stroke> = (0..100_000).map(|i| Stroke::new(vec![[wild(i), wild(i + 7)]])).collect();
    let most = Augmentation::none().with_remove(1.0).with_partial(0.5).with_bend(0.1);
    assert!(!most.strokes(&dots, &mut seeded(1)).is_empty());
}

fn any_strokes() -> impl Strategy<Value = Vec<Stroke>> {
    let coordinate = prop_oneof![-300f32..300.0, any::<f32>()];
    let stroke = prop::collection::vec(prop::array::uniform2(coordinate), 0..8).prop_map(Stroke::new);
    prop::collection::vec(stroke, 0..6)
}

fn any_raster() -> impl Strategy<Value = Raster> {
    (1usize..40, 1usize..40).prop_flat_map(|(width, height)| {
        prop::collection::vec(any::<u8>(), width * height)
            .prop_map(move |ink| Raster::new(width, height, ink).unwrap())
    })
}

fn any_augment() -> impl Strategy<Value = Augmentation> {
    prop::array::uniform13(prop_oneof![Just(0f32), 0f32..2.0, any::<f32>()]).prop_map(|amounts| {
        let [flip, rotation, stretch, shear, warp, drift, drop, remove, partial, bend, zoom, crop, line] =
            amounts;
        Augmentation::default()
            .with_flip(flip)
            .with_rotation(rotation)
            .with_stretch(stretch)
            .with_shear(shear)
            .with_warp(warp)
            .with_drift(drift)
            .with_drop(drop)
            .with_remove(remove)
            .with_partial(partial)
            .with_bend(bend)
            .with_zoom(zoom)
            .with_crop(crop)
            .with_line(line)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn anything_is_drawn_and_the_same_each_time(strokes in any_strokes(), augment in any_augment(), seed: u64) {
        let drawn = || augment.apply(&strokes, &CANVAS, &mut seeded(seed));
        prop_assert_eq!(drawn().len(), 64 * 64);
        prop_assert_eq!(drawn(), drawn());
        let given = strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>();
        let varied = augment.strokes(&strokes, &mut seeded(seed));
        prop_assert!(varied.len() <= strokes.len());
        prop_assert!(given > 0 || varied.iter().all(|stroke| stroke.points.is_empty()));
    }

    #[test]
    fn moderate_changes_leave_something(strokes in any_strokes(), seed: u64) {
        let strokes: Vec<Stroke> = strokes
            .into_iter()
            .filter(|s| !s.points.is_empty() && s.points.iter().flatten().all(|c| c.abs() < 1e9))
            .collect();
        prop_assume!(!strokes.is_empty());
        let varied = Augmentation::strong().strokes(&strokes, &mut seeded(seed));
        prop_assert!(varied.iter().any(|stroke| !stroke.points.is_empty()));
        prop_assert!(varied.iter().flat_map(|s| &s.points).flatten().all(|c| c.is_finite()));
        prop_assert!(Augmentation::strong().apply(&strokes, &CANVAS, &mut seeded(seed)).iter().any(|ink| *ink > 0));
    }

    #[test]
    fn any_raster_is_varied(raster in any_raster(), augment in any_augment(), seed: u64, side in 8usize..60) {
        let canvas = Canvas { side, ..CANVAS };
        let varied = || augment.raster(&raster, &canvas, &mut seeded(seed));
        prop_assert_eq!(varied().len(), side * side);
        prop_assert_eq!(varied(), varied());
        prop_assert_eq!(resampled(&raster, side).len(), side * side);
    }

    #[test]
    fn paper_stays_paper(width in 1usize..50, height in 1usize..50, seed: u64) {
        let raster = Raster::new(width, height, vec![0; width * height]).unwrap();
        let varied = Augmentation::strong().raster(&raster, &CANVAS, &mut seeded(seed));
        prop_assert!(varied.iter().all(|ink| *ink == 0));
    }
}
