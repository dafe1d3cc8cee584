//! Batches drawn ahead: always the same ones, in order, and never too many at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dabnet_data::{
    Batch, BatchOrder, DataError, Dataset, DatasetImport, Examples, Part, SketchExamples, load_batches,
    random_stream,
};
use dabnet_graph::{Canvas, Look, Preprocessing};
use dabnet_sketch::{Augmentation, Preprocess, TrainingPipeline};
use rand::{Rng, RngExt};

const ORDER: BatchOrder = BatchOrder { batch: 4, seed: 3, first: 0, count: 12, threads: 1, ahead: 2 };

/// Numbers that take differently long to draw.
#[derive(Default)]
struct Numbers {
    drawn: AtomicUsize,
    panics: bool,
    broken: Option<usize>,
}

impl Examples for Numbers {
    fn len(&self) -> usize {
        18
    }

    fn label(&self, index: usize) -> usize {
        index % 3
    }

    fn draw(&self, index: usize, rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        self.drawn.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "as asked");
        std::thread::sleep(Duration::from_micros((index as u64 * 7919) % 500));
        match self.broken {
            Some(broken) if broken == index => Err(DataError::Threads { reason: "as asked".to_owned() }),
            _ => Ok(vec![index as f32, rng.random()]),
        }
    }
}

fn batches(order: BatchOrder) -> Vec<Batch> {
    load_batches(&Numbers::default(), &order, |batches| batches.map(Result::unwrap).collect())
}

#[test]
fn threads_change_nothing() {
    let one = batches(ORDER);
    assert_eq!(one.len(), 12);
    for threads in [0, 2, 3, 8, 50] {
        assert_eq!(batches(BatchOrder { threads, ..ORDER }), one);
    }
    assert_ne!(batches(BatchOrder { seed: 4, ..ORDER }), one);
}

#[test]
fn an_epoch_has_every_example_once_and_a_new_order() {
    let one = batches(ORDER);
    // 18 examples make four batches of four; what is left is left out.
    let epochs: Vec<Vec<usize>> =
        one.chunks(4).map(|epoch| epoch.iter().flat_map(|batch| batch.indices.clone()).collect()).collect();
    for (number, epoch) in epochs.iter().enumerate() {
        let mut sorted = epoch.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 16);
        assert!(one[4 * number..4 * number + 4].iter().all(|batch| batch.epoch == number + 1));
    }
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2]);
    for batch in &one {
        assert_eq!(batch.values.len(), 8);
        for (at, index) in batch.indices.iter().enumerate() {
            assert_eq!((batch.labels[at], batch.values[2 * at]), (Some(index % 3), *index as f32));
        }
    }
}

#[test]
fn one_goes_on_where_one_stopped() {
    let all = batches(ORDER);
    assert_eq!(batches(BatchOrder { first: 5, count: 7, threads: 3, ..ORDER }), all[5..]);
    assert_eq!(batches(BatchOrder { count: 0, ..ORDER }), []);
}

#[test]
fn no_more_are_drawn_than_there_is_room_for() {
    let numbers = Numbers::default();
    load_batches(&numbers, &BatchOrder { threads: 3, ..ORDER }, |batches| {
        batches.next().unwrap().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        // One was taken, and two may wait.
        assert!(numbers.drawn.load(Ordering::Relaxed) <= 3 * ORDER.batch);
    });
    // That it came here shows that threads end although batches were left.
}

#[test]
fn what_is_broken_comes_in_its_place() {
    let all = batches(ORDER);
    let broken = all[2].indices[1];
    let numbers = Numbers { broken: Some(broken), ..Numbers::default() };
    let read: Vec<_> =
        load_batches(&numbers, &BatchOrder { threads: 3, ..ORDER }, |batches| batches.collect());
    assert_eq!(read.len(), all.len());
    for (read, whole) in read.iter().zip(&all) {
        assert_eq!(read.as_ref().ok(), (!whole.indices.contains(&broken)).then_some(whole));
    }
}

#[test]
fn a_panic_is_passed_on() {
    let numbers = Numbers { panics: true, ..Numbers::default() };
    let reached = AtomicBool::new(false);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        load_batches(&numbers, &BatchOrder { threads: 2, ..ORDER }, |batches| {
            reached.store(true, Ordering::Relaxed);
            batches.next().is_some()
        })
    }));
    assert!(result.is_err() && reached.load(Ordering::Relaxed));
}

#[test]
fn a_data_set_is_drawn_in_every_view() {
    let folder = tempfile::tempdir().unwrap();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/examples/quickdraw.ndjson");
    DatasetImport::default().with_sources(vec![examples.into()]).run(folder.path(), |_, _| {}).unwrap();
    let data = Dataset::open(folder.path()).unwrap();
    let canvas = Canvas::to_measure(48);
    let bitmap = Preprocessing::bitmap().apply(&data.sketch(0).unwrap().drawing);
    assert!(bitmap.len() == 28 * 28 && bitmap.contains(&1.0));
    for (preprocessing, augmentation) in [
        (Preprocessing::lines(canvas), Augmentation::light()),
        (Preprocessing::new(Look::Pixels, canvas), Augmentation::strong()),
        (Preprocessing::paper_tu_berlin(48), Augmentation::light()),
    ] {
        let view = TrainingPipeline { preprocessing, augmentation };
        let examples = SketchExamples::new(&data, Part::Train, view).unwrap();
        let order = BatchOrder { batch: 3, count: 2, threads: 2, ..ORDER };
        let read: Vec<Batch> =
            load_batches(&examples, &order, |batches| batches.map(Result::unwrap).collect());
        assert_eq!(read.iter().map(|batch| batch.values.len()).sum::<usize>(), 2 * 3 * 48 * 48);
        assert_ne!(read[0].values, read[1].values);
        let still = SketchExamples::new(&data, Part::Train, view).unwrap().still();
        let drawing = data.sketch(data.indices(Part::Train).unwrap()[0]).unwrap().drawing;
        assert_eq!(still.draw(0, &mut random_stream(0, 0, 0, 0)).unwrap(), preprocessing.apply(&drawing));
    }
}
