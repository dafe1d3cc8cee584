//! The published preprocessing.

use crate::common::example;
use dabnet_graph::Preprocessing;
use dabnet_sketch::{Drawing, PublishedPreprocessing, Raster, read_file};
use rand::SeedableRng;
use rand_pcg::Pcg64;

const SIDES: [usize; 2] = [225, 224];

fn drawing(file: &str) -> Drawing {
    read_file(example(file)).unwrap().next().unwrap().unwrap().drawing
}

/// A sheet whose pixels say where they are: the column in even rows, the row in odd ones.
fn ruled() -> Drawing {
    let ink = (0..256 * 256).map(|at| if at / 256 % 2 == 0 { at % 256 } else { at / 256 } as u8);
    Drawing::Raster(Raster::new(256, 256, ink.collect()).unwrap())
}

fn mirrored(ink: &[u8], side: usize) -> Vec<u8> {
    ink.chunks(side).flat_map(|row| row.iter().rev()).copied().collect()
}

#[test]
fn a_sheet_is_kept_as_it_is() {
    let paper = PublishedPreprocessing::new(225);
    for drawing in [ruled(), drawing("butterfly.png"), drawing("airplane.svg")] {
        let sheet = paper.sheet(&drawing);
        assert_eq!((sheet.width(), sheet.height()), (256, 256));
        assert!(sheet.ink().iter().any(|ink| *ink > 0));
        assert_eq!(paper.sheet(&Drawing::Raster(sheet.clone())), sheet);
    }
}

#[test]
fn a_raster_is_resized_as_a_whole() {
    let ink = [[10, 10, 90, 90]; 4].concat();
    let sheet = PublishedPreprocessing::new(225).sheet(&Drawing::Raster(Raster::new(4, 4, ink).unwrap()));
    let row = &sheet.ink()[..256];
    // Pixels of 64 each, interpolated between their middles: at 96 and 160.
    assert!(row[..96].iter().all(|ink| *ink == 10) && row[160..].iter().all(|ink| *ink == 90));
    assert!(row.is_sorted() && row[127..129].iter().all(|ink| ink.abs_diff(50) <= 1));
    let wide =
        PublishedPreprocessing::new(225).sheet(&Drawing::Raster(Raster::new(4, 2, vec![200; 8]).unwrap()));
    for (y, row) in wide.ink().chunks(256).enumerate() {
        assert!(row.iter().all(|ink| *ink == if (64..192).contains(&y) { 200 } else { 0 }), "{y}");
    }
}

#[test]
fn ten_crops_are_where_they_should_be() {
    for (side, middle) in [(225, 16), (224, 16)] {
        let paper = PublishedPreprocessing::new(side);
        let crops = paper.ten_crop(&ruled());
        let far = 256 - side;
        let corners = [[0, 0], [far, 0], [0, far], [far, far], [middle, middle]];
        for (crop, [left, top]) in crops.iter().zip(corners) {
            assert_eq!(crop.len(), side * side);
            let (column, row) = if top % 2 == 0 { (0, side) } else { (side, 0) };
            assert_eq!(usize::from(crop[column]), left);
            assert_eq!(usize::from(crop[row]), top + usize::from(top % 2 == 0));
        }
        for index in 0..5 {
            assert_eq!(crops[index + 5], mirrored(&crops[index], side));
        }
        assert_eq!(paper.center_crop(&ruled()), crops[4]);
    }
}

#[test]
fn training_follows_its_seed_and_mirrors_where_it_may() {
    for side in SIDES {
        let drawing = drawing("butterfly.png");
        let drawn = |flip, seed| {
            PublishedPreprocessing::new(side).random_crop(&drawing, flip, &mut Pcg64::seed_from_u64(seed))
        };
        assert_eq!(drawn(true, 1), drawn(true, 1));
        assert_ne!(drawn(true, 1), drawn(true, 2));
        assert_eq!(drawn(false, 1).len(), side * side);
    }
}

/// All ink: what is not, the rotation has brought in from the corners.
#[test]
fn rotation_brings_in_paper() {
    let full = Drawing::Raster(Raster::new(256, 256, vec![255; 256 * 256]).unwrap());
    let mut rng = Pcg64::seed_from_u64(3);
    for _ in 0..20 {
        let ink = PublishedPreprocessing::new(225).random_crop(&full, true, &mut rng);
        let share = ink.iter().filter(|ink| **ink == 255).count() as f32 / ink.len() as f32;
        // Turned by 10 degrees a square covers 92 % of itself.
        assert!(share > 0.9, "{share}");
        assert_eq!(ink[112 * 225 + 112], 255);
    }
}

/// What part of the sheet is shown is told by the values at the middle of the edges.
#[test]
fn parts_have_every_size_and_place() {
    let columns =
        Drawing::Raster(Raster::new(256, 256, (0..256 * 256).map(|at| (at % 256) as u8).collect()).unwrap());
    let mut rng = Pcg64::seed_from_u64(4);
    let mut widths: Vec<u8> = (0..300)
        .map(|_| {
            let ink = PublishedPreprocessing::new(225).random_crop(&columns, false, &mut rng);
            let middle = &ink[112 * 225..113 * 225];
            middle[220] - middle[4]
        })
        .collect();
    widths.sort_unstable();
    // From √(0.08 · 3/4) to all of 256, and half of them above √0.5.
    assert!((55..80).contains(&widths[0]) && widths[299] > 230, "{} {}", widths[0], widths[299]);
    assert!((160..200).contains(&widths[150]), "{}", widths[150]);
}

#[test]
fn what_a_network_sees() {
    let close =
        |values: Vec<f32>, expected: [f32; 2]| values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
    let normalized = |preprocessing: Preprocessing| preprocessing.normalized(&[0, 255]);
    assert!(close(normalized(Preprocessing::paper_tu_berlin(225)), [-0.06 / 0.93, 0.94 / 0.93]));
    assert!(close(normalized(Preprocessing::paper_sketchy(224)), [-0.0465 / 0.9, 0.9535 / 0.9]));
}

#[test]
fn an_odd_side_is_taken_as_one_that_fits() {
    for (side, taken) in [(0, 1), (1, 1), (256, 256), (1000, 256)] {
        let paper = PublishedPreprocessing::new(side);
        assert!(paper.ten_crop(&ruled()).iter().all(|crop| crop.len() == taken * taken));
        assert_eq!(paper.random_crop(&ruled(), true, &mut Pcg64::seed_from_u64(1)).len(), taken * taken);
    }
}
