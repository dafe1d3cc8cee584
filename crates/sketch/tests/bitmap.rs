//! Bitmaps of 28 pixels, as those that *Quick, Draw!* comes with.

use crate::common::bundled;
use dabnet_sketch::{Point, Stroke, quickdraw_bitmap};
use proptest::prelude::*;

/// Units of the drawing to one pixel.
const PIXEL: f32 = 304.0 / 28.0;

fn drawn(strokes: &[&[Point]]) -> [u8; 784] {
    quickdraw_bitmap(&strokes.iter().map(|points| Stroke::new(points.to_vec())).collect::<Vec<_>>())
}

#[test]
fn a_level_line_is_16_wide_and_in_the_middle() {
    let ink = drawn(&[&[[0.0, 0.0], [255.0, 0.0]]]);
    // 144 to 160 of 304 from above: rows 13 and 14, each covered for 8 of its 10.86 units.
    let expected = (8.0 / PIXEL * 255.0).round() as u8;
    for x in 3..25 {
        for y in 0..28 {
            let ink = ink[y * 28 + x];
            assert!(ink.abs_diff(if y == 13 || y == 14 { expected } else { 0 }) <= 4, "{x} {y}: {ink}");
        }
    }
    assert!((0..28).all(|y| ink[y * 28] == 0 && ink[y * 28 + 27] == 0));
}

#[test]
fn a_dot_is_a_disc_in_the_middle() {
    let ink = drawn(&[&[[0.0, 0.0]]]);
    let area: f32 = ink.iter().map(|ink| f32::from(*ink) / 255.0).sum::<f32>() * PIXEL * PIXEL;
    assert!((area / (64.0 * std::f32::consts::PI) - 1.0).abs() < 0.03, "{area}");
    let uneven = (0..784).map(|at| ink[at].abs_diff(ink[783 - at])).max();
    assert!(uneven <= Some(10), "{uneven:?}");
}

#[test]
fn only_the_largest_x_and_y_say_where_the_middle_is() {
    let line: [Point; 2] = [[40.0, 0.0], [40.0, 255.0]];
    let (left, right) = (drawn(&[&line]), drawn(&[&line, &[[255.0, 9.0]]]));
    let middle = |ink: &[u8; 784]| (0..28).max_by_key(|x| ink[20 * 28 + x]).unwrap();
    // (256 − 40) / 2 + 40 = 148 and 40.5, and 24 of padding.
    assert_eq!(middle(&left), (172.0f32 / PIXEL) as usize);
    assert_eq!(middle(&right), (64.5f32 / PIXEL) as usize);
}

#[test]
fn strokes_over_each_other_add_up() {
    let line: &[Point] = &[[0.0, 100.0], [255.0, 100.0]];
    let (once, twice) = (drawn(&[line]), drawn(&[line, line]));
    for (once, twice) in once.iter().zip(&twice) {
        let free = 1.0 - f32::from(*once) / 255.0;
        assert!((f32::from(*twice) / 255.0 - (1.0 - free * free)).abs() < 0.01);
    }
}

/// Google's own bitmaps of airplanes have ink on 26.6 % of their pixels and a mean of 42.0, and
/// those of stars on 28.9 % and a mean of 43.9 (64 of each, whose strokes we do not have).
#[test]
fn real_drawings_have_as_much_ink_as_theirs() {
    let bitmaps: Vec<u8> = (bundled("test").iter())
        .filter(|example| example.word.as_deref() == Some("airplane"))
        .flat_map(|example| quickdraw_bitmap(&example.drawing.to_strokes()))
        .collect();
    assert!(!bitmaps.is_empty());
    let share = bitmaps.iter().filter(|ink| **ink > 0).count() as f32 / bitmaps.len() as f32;
    let mean = bitmaps.iter().map(|ink| f32::from(*ink)).sum::<f32>() / bitmaps.len() as f32;
    assert!((share - 0.266).abs() < 0.03 && (mean - 42.0).abs() < 4.0, "{share} {mean}");
}

#[test]
fn nothing_is_paper() {
    assert_eq!(quickdraw_bitmap(&[]), [0; 784]);
    assert_eq!(drawn(&[&[], &[[f32::NAN, 0.0]]]), [0; 784]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_is_drawn_stays_inside(points in prop::collection::vec(prop::array::uniform2(0f32..=255.0), 1..20)) {
        let corner = points.iter().fold([0f32; 2], |a, b| [a[0].max(b[0]), a[1].max(b[1])]);
        prop_assume!(points.iter().all(|p| p[0] <= corner[0]));
        let ink = drawn(&[&points]);
        prop_assert!(ink.iter().any(|ink| *ink > 0));
        prop_assert!((0..28).all(|i| [i, 27 * 28 + i, i * 28, i * 28 + 27].iter().all(|at| ink[*at] == 0)));
    }

    #[test]
    fn anything_is_taken(points in prop::collection::vec(prop::array::uniform2(any::<f32>()), 0..20)) {
        drawn(&[&points, &points]);
    }
}
