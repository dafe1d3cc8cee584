//! The threads that recognise.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Instant,
};

use dabnet_engine::Session;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{Catalogue, ServeError, ServedModel, metrics::Metrics, queue::Queue, refusal::Refusal};

/// Stack of a worker, in bytes: as much as the main thread of a program has, on which nested SVG is read
/// elsewhere.
const STACK: usize = 8 << 20;

pub(crate) type Answer = Result<Reply, Refusal>;

/// The body of an answer.
pub(crate) struct Reply {
    pub(crate) body: Vec<u8>,
    /// How many bytes of it are JSON, where others follow.
    pub(crate) json_bytes: Option<usize>,
}

impl Reply {
    /// An answer of JSON alone.
    pub(crate) fn json(answer: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(answer).map_err(|_| Refusal::Failed)?;
        Ok(Self { body, json_bytes: None })
    }
}

/// What a request asks a worker to do.
pub(crate) type Work = Box<dyn FnOnce(&mut Bench) -> Answer + Send>;

/// A piece of work, who waits for it, and until when.
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// What a worker works with: a session of its own for every model.
pub(crate) struct Bench {
    catalogue: Arc<Catalogue>,
    sessions: Vec<Session>,
}

impl Bench {
    pub(crate) fn new(catalogue: Arc<Catalogue>) -> Self {
        let sessions = catalogue.models().iter().map(|served| Session::new(served.model())).collect();
        Self { catalogue, sessions }
    }

    /// A model by its place, and what runs it.
    pub(crate) fn model(&mut self, index: usize) -> (&ServedModel, &mut Session) {
        (&self.catalogue.models()[index], &mut self.sessions[index])
    }
}

/// Starts threads that work until the queue is closed.
///
/// # Errors
/// [`ServeError::Start`] if the system does not give them.
pub(crate) fn start(
    threads: usize,
    catalogue: &Arc<Catalogue>,
    queue: &Arc<Queue<Job>>,
    metrics: &Arc<Metrics>,
) -> Result<(), ServeError> {
    for index in 0..threads.max(1) {
        let (catalogue, queue, metrics) = (Arc::clone(catalogue), Arc::clone(queue), Arc::clone(metrics));
        let worker = move || work(&catalogue, &queue, &metrics);
        let builder = thread::Builder::new().name(format!("recognise-{index}")).stack_size(STACK);
        builder.spawn(worker).map_err(ServeError::Start)?;
    }
    Ok(())
}

fn work(catalogue: &Arc<Catalogue>, queue: &Queue<Job>, metrics: &Metrics) {
    let mut bench = Bench::new(Arc::clone(catalogue));
    while let Some(Job { work, deadline, reply }) = queue.pop() {
        // Whoever asked may be gone, or have been told that it took too long.
        if reply.is_closed() {
            continue;
        }
        if Instant::now() >= deadline {
            _ = reply.send(Err(Refusal::Late));
            continue;
        }
        let answer = catch_unwind(AssertUnwindSafe(|| work(&mut bench))).unwrap_or_else(|_| {
            metrics.panics.inc();
            // What was interrupted may be half written.
            bench = Bench::new(Arc::clone(catalogue));
            Err(Refusal::Failed)
        });
        _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ask(queue: &Queue<Job>, work: Work, time: Duration) -> oneshot::Receiver<Answer> {
        let (reply, answer) = oneshot::channel();
        assert!(queue.push(Job { work, deadline: Instant::now() + time, reply }).is_ok());
        answer
    }

    #[test]
    fn a_worker_survives_a_panic_and_skips_what_is_late() {
        let bytes = include_bytes!("../../../models/quickdraw-20/model.safetensors");
        let model = ServedModel::from_bytes("model", bytes.as_slice()).unwrap();
        let catalogue = Arc::new(Catalogue::new(vec![model]).unwrap());
        let metrics = Arc::new(Metrics::new());
        let queue = Arc::new(Queue::new(8));
        let long = Duration::from_secs(60);
        let panics = ask(&queue, Box::new(|_| panic!("as a test asks")), long);
        let late = ask(&queue, Box::new(|_| Reply::json(&0)), Duration::ZERO);
        drop(ask(&queue, Box::new(|_| panic!("nobody waits for this")), long));
        let good = ask(
            &queue,
            Box::new(|bench| {
                let (served, session) = bench.model(0);
                let blank = vec![0.0; served.model().input_len()];
                Reply::json(&session.run(&blank).is_ok())
            }),
            long,
        );
        start(1, &catalogue, &queue, &metrics).unwrap();
        assert!(matches!(panics.blocking_recv(), Ok(Err(Refusal::Failed))));
        assert!(matches!(late.blocking_recv(), Ok(Err(Refusal::Late))));
        assert!(matches!(good.blocking_recv(), Ok(Ok(answer)) if answer.body == b"true"));
        assert_eq!(metrics.panics.get(), 1);
        queue.close();
    }
}
