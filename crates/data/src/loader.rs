//! Batches of examples, drawn ahead on threads of their own while something else learns from them.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{panic, thread};

use rand::Rng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::DataError;

/// Examples that a network learns from.
pub trait Examples: Sync {
    /// Number of examples.
    fn len(&self) -> usize;

    /// True if there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of examples with a label, which come first. Of the others only teachers' answers are learned.
    fn labeled_len(&self) -> usize {
        self.len()
    }

    /// Label of example `index`, one of those that have one.
    fn label(&self, index: usize) -> usize;

    /// Network input of example `index`, varied with `rng`: as many values as the graph's
    /// input has elements.
    ///
    /// # Errors
    /// If the example cannot be read.
    fn draw(&self, index: usize, rng: &mut dyn Rng) -> Result<Vec<f32>, DataError>;

    /// Number of teachers with preprocessing of their own.
    fn viewers(&self) -> usize {
        0
    }

    /// Input of one of these, counted from 0, for example `index` where the network's input is what
    /// [`draw`](Self::draw) makes of it with an `rng` of the same state.
    ///
    /// # Errors
    /// If the example cannot be read.
    fn draw_for(&self, viewer: usize, index: usize, rng: &Pcg64) -> Result<Vec<f32>, DataError> {
        let _ = viewer;
        self.draw(index, &mut rng.clone())
    }
}

/// Batch size, order and extent of a run over examples.
///
/// All of it follows from the seed: neither the number of threads nor the batch that one begins with
/// changes a bit of any batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOrder {
    /// Examples in a batch. What is left of an epoch when a whole one cannot be filled is left out.
    pub batch: usize,
    /// Decides the order of every epoch and how each example is varied in it.
    pub seed: u64,
    /// The batch to begin with, counted from 0 over all epochs.
    pub first: usize,
    /// The batches to give, over all epochs.
    pub count: usize,
    /// Threads that draw; 0 for as many as there are cores.
    pub threads: usize,
    /// The most batches that wait to be taken.
    pub ahead: usize,
}

/// Some examples of one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Indices of the examples.
    pub indices: Vec<usize>,
    /// Their labels; `None` where only teachers' answers are learned.
    pub labels: Vec<Option<usize>>,
    /// Network inputs, one after the other.
    pub values: Vec<f32>,
    /// Inputs of each of the [viewers](Examples::viewers), one after the other.
    pub views: Vec<Vec<f32>>,
}

/// Returns the shuffled indices of an epoch, counted from 1.
pub fn epoch_order(len: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut random_stream(seed, 0, 0, epoch));
    order
}

/// Returns the random generator of one purpose, epoch and example, independent of all others.
pub fn random_stream(seed: u64, purpose: u8, epoch: usize, index: usize) -> Pcg64 {
    Pcg64::new(u128::from(seed), u128::from(purpose) << 120 | (epoch as u128) << 60 | index as u128)
}

/// The purpose of the randomness that examples are varied with.
const VARY: u8 = 1;

/// Draws batches on background threads while `consume` takes them in order.
///
/// Not more than `order.ahead` batches wait, and one is drawn on each thread. The threads end when
/// `consume` does, whatever it has taken.
///
/// ```
/// use dabnet_data::{BatchOrder, Dataset, Part, SketchExamples, load_batches};
/// use dabnet_graph::{Canvas, Preprocessing};
/// use dabnet_sketch::{Augmentation, TrainingPipeline};
///
/// let data = Dataset::bundled()?;
/// let preprocessing = Preprocessing::lines(Canvas::to_measure(32));
/// let pipeline = TrainingPipeline { preprocessing, augmentation: Augmentation::light() };
/// let examples = SketchExamples::new(&data, Part::Train, pipeline)?;
/// let order = BatchOrder { batch: 8, seed: 1, first: 0, count: 2, threads: 0, ahead: 1 };
/// load_batches(&examples, &order, |batches| {
///     for batch in batches {
///         assert_eq!(batch?.values.len(), 8 * 32 * 32);
///     }
///     Ok::<(), dabnet_data::DataError>(())
/// })?;
/// # Ok::<(), dabnet_data::DataError>(())
/// ```
pub fn load_batches<E: Examples + ?Sized, R>(
    examples: &E,
    order: &BatchOrder,
    consume: impl FnOnce(&mut BatchIter<'_>) -> R,
) -> R {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let threads = if order.threads == 0 { cores() } else { order.threads };
    let shared = LoaderShared::new(examples.len(), order);
    thread::scope(|scope| {
        for _ in 0..threads.min(shared.end - shared.first).max(1) {
            scope.spawn(|| shared.work(examples));
        }
        // However it ends, the threads must.
        let _ended = StopGuard(&shared);
        consume(&mut BatchIter { shared: &shared, next: shared.first })
    })
}

/// Batches in their order.
pub struct BatchIter<'a> {
    shared: &'a LoaderShared,
    next: usize,
}

impl Iterator for BatchIter<'_> {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.shared.end {
            return None;
        }
        let mut state = self.shared.lock();
        loop {
            if let Some(batch) = state.ready.remove(&self.next) {
                self.next += 1;
                state.taken = self.next;
                self.shared.room.notify_all();
                return Some(batch);
            }
            assert!(!state.failed, "a thread that draws examples panicked");
            state = self.shared.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// State shared by the drawing threads and the consumer.
struct LoaderShared {
    len: usize,
    batch: usize,
    seed: u64,
    first: usize,
    end: usize,
    ahead: usize,
    state: Mutex<LoaderState>,
    /// There is room for another batch.
    room: Condvar,
    /// Another batch is there.
    filled: Condvar,
}

#[derive(Default)]
struct LoaderState {
    /// The next batch to draw.
    claimed: usize,
    /// The next batch to take.
    taken: usize,
    ready: BTreeMap<usize, Result<Batch, DataError>>,
    /// The order of an epoch, which several batches are cut from.
    order: Option<(usize, Arc<Vec<usize>>)>,
    ended: bool,
    failed: bool,
}

impl LoaderShared {
    fn new(len: usize, order: &BatchOrder) -> Self {
        let batch = order.batch.clamp(1, len.max(1));
        let count = if len == 0 { 0 } else { order.count };
        let state = LoaderState { claimed: order.first, taken: order.first, ..LoaderState::default() };
        Self {
            len,
            batch,
            seed: order.seed,
            first: order.first,
            end: order.first.saturating_add(count),
            ahead: order.ahead.max(1),
            state: Mutex::new(state),
            room: Condvar::new(),
            filled: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, LoaderState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws batches until there are no more to draw.
    fn work<E: Examples + ?Sized>(&self, examples: &E) {
        while let Some((number, epoch, indices)) = self.claim() {
            let drawn = panic::catch_unwind(panic::AssertUnwindSafe(|| self.draw(examples, epoch, indices)));
            let mut state = self.lock();
            match drawn {
                Ok(batch) => _ = state.ready.insert(number, batch),
                Err(_) => state.failed = true,
            }
            self.filled.notify_all();
        }
    }

    /// The next batch, when there is room for it: its number, its epoch and its examples.
    fn claim(&self) -> Option<(usize, usize, Vec<usize>)> {
        let mut state = self.lock();
        while !state.ended && state.claimed < self.end && state.claimed >= state.taken + self.ahead {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.ended || state.failed || state.claimed >= self.end {
            return None;
        }
        let number = state.claimed;
        state.claimed += 1;
        let per_epoch = self.len / self.batch;
        let (epoch, at) = (number / per_epoch + 1, number % per_epoch * self.batch);
        let order = match &state.order {
            Some((of, order)) if *of == epoch => order.clone(),
            _ => {
                let order = Arc::new(epoch_order(self.len, self.seed, epoch));
                state.order = Some((epoch, order.clone()));
                order
            }
        };
        Some((number, epoch, order[at..at + self.batch].to_vec()))
    }

    fn draw<E: Examples + ?Sized>(
        &self,
        examples: &E,
        epoch: usize,
        indices: Vec<usize>,
    ) -> Result<Batch, DataError> {
        let label = |index: &usize| (*index < examples.labeled_len()).then(|| examples.label(*index));
        let labels = indices.iter().map(label).collect();
        let mut values = Vec::new();
        let mut views = vec![Vec::new(); examples.viewers()];
        for index in &indices {
            let rng = random_stream(self.seed, VARY, epoch, *index);
            values.extend(examples.draw(*index, &mut rng.clone())?);
            for (viewer, seen) in views.iter_mut().enumerate() {
                seen.extend(examples.draw_for(viewer, *index, &rng)?);
            }
        }
        Ok(Batch { epoch, indices, labels, values, views })
    }
}

/// Stops the drawing threads when dropped.
struct StopGuard<'a>(&'a LoaderShared);

impl Drop for StopGuard<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.room.notify_all();
    }
}
