//! Batches a second, from a data set on disk to what a network sees: read, decoded, varied, in order.

use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dabnet_data::{BatchOrder, Dataset, DatasetImport, Part, SketchExamples, load_batches};
use dabnet_graph::{Canvas, Look, Preprocessing};
use dabnet_sketch::{Augmentation, TrainingPipeline, rasterize, read_file};
use image::GrayImage;

const SIDE: usize = 225;
const BATCH: usize = 32;
/// Batches of a run.
const COUNT: usize = 16;

fn imported(source: &Path, folder: &Path) -> Dataset {
    let import = DatasetImport::default().with_sources(vec![source.to_owned()]).with_part(Some(Part::Train));
    import.run(folder, |_, _| {}).expect("an import");
    Dataset::open(folder).expect("a data set")
}

/// Some of the sketches as pictures of 256 × 256, as TU-Berlin has them at that size.
fn as_pictures(strokes: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let canvas = Canvas::to_measure(256);
    for (at, sketch) in read_file(strokes).expect("sketches").take(600).enumerate() {
        let ink = rasterize(&sketch.expect("a sketch").drawing, &canvas);
        let paper = ink.into_iter().map(|ink| 255 - ink).collect();
        let picture = GrayImage::from_raw(256, 256, paper).expect("a picture");
        picture.save(folder.join(format!("{at}.png"))).expect("a file");
    }
}

fn loader(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/quickdraw-20/test.ndjson.gz");
    as_pictures(&bundled, &folder.path().join("pictures/drawn"));
    let strokes = imported(&bundled, &folder.path().join("strokes"));
    let rasters = imported(&folder.path().join("pictures"), &folder.path().join("rasters"));
    let canvas = Canvas::to_measure(SIDE);
    let mut group = c.benchmark_group("loader, 225 pixels");
    group.throughput(Throughput::Elements((BATCH * COUNT) as u64)).sample_size(10);
    for (name, data, preprocessing) in [
        ("strokes", &strokes, Preprocessing::lines(canvas)),
        ("rasters", &rasters, Preprocessing::new(Look::Pixels, canvas)),
        ("as published", &rasters, Preprocessing::paper_tu_berlin(SIDE)),
    ] {
        // A sketch without a word is no example, and pictures are all of one class here.
        let view = TrainingPipeline { preprocessing, augmentation: Augmentation::light() };
        let examples = SketchExamples::new(data, Part::Train, view).expect("examples");
        for threads in [1, 2] {
            let order = BatchOrder { batch: BATCH, seed: 1, first: 0, count: COUNT, threads, ahead: 2 };
            group.bench_function(BenchmarkId::new(name, format!("{threads} threads")), |b| {
                b.iter(|| load_batches(&examples, &order, |batches| batches.filter(Result::is_ok).count()));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = loader
}
criterion_main!(benches);
