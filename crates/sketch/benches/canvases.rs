//! Canvases that one core draws a second, each augmented anew: bundled *Quick, Draw!* sketches,
//! and the example files, two of which are sketches of TU-Berlin as strokes and two as pixels.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dabnet_graph::Canvas;
use dabnet_sketch::{Augmentation, Drawing, PublishedPreprocessing, Stroke, read_file};
use rand::SeedableRng;
use rand_pcg::Pcg64;

const CANVAS: Canvas = Canvas::to_measure(225);

fn examples(files: &[&str]) -> Vec<Vec<Stroke>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples");
    let sketches = files.iter().flat_map(|file| read_file(folder.join(file)).expect("an example file"));
    sketches.map(|sketch| sketch.expect("a sketch").drawing.to_strokes().into_owned()).collect()
}

fn strokes(c: &mut Criterion) {
    let sources = [
        ("quickdraw", examples(&["../quickdraw-20/test.ndjson.gz"])),
        ("svg", examples(&["airplane.svg", "alarm-clock.svg"])),
        ("traced png", examples(&["bicycle.png", "butterfly.png"])),
    ];
    let mut group = c.benchmark_group("strokes to 225 pixels");
    group.throughput(Throughput::Elements(1));
    for (name, sketches) in &sources {
        for augment in ["none", "light", "strong"] {
            let how = Augmentation::named(augment).expect("a name");
            let mut rng = Pcg64::seed_from_u64(1);
            let mut next = sketches.iter().cycle();
            group.bench_function(format!("{name}, {augment}"), |b| {
                b.iter(|| black_box(how.apply(next.next().expect("a sketch"), &CANVAS, &mut rng)));
            });
        }
    }
}

fn rasters(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/examples");
    let sketches = ["bicycle.png", "butterfly.png"].map(|file| {
        let sketch = read_file(folder.join(file)).expect("an example file").next().expect("a sketch");
        sketch.expect("a sketch").drawing
    });
    let mut group = c.benchmark_group("256-pixel rasters to 225 pixels");
    group.throughput(Throughput::Elements(1));
    for name in ["none", "light", "strong"] {
        let augment = Augmentation::named(name).expect("a name");
        let mut rng = Pcg64::seed_from_u64(1);
        let mut next = sketches.iter().cycle();
        group.bench_function(name, |b| {
            b.iter(|| match next.next() {
                Some(Drawing::Raster(raster)) => black_box(augment.raster(raster, &CANVAS, &mut rng)),
                _ => unreachable!("a PNG file is a raster"),
            });
        });
    }
    let paper = PublishedPreprocessing::new(225);
    let mut rng = Pcg64::seed_from_u64(1);
    let mut next = sketches.iter().cycle();
    group.bench_function("as published", |b| {
        b.iter(|| black_box(paper.random_crop(next.next().expect("a sketch"), true, &mut rng)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = strokes, rasters
}
criterion_main!(benches);
