//! The threads that recognize.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Instant,
};

use dabnet_engine::Session;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{
    ModelRegistry, ServeError, ServedModel, metrics::ServerMetrics, queue::BoundedQueue,
    request_error::RequestError,
};

/// Stack size of a worker, in bytes: that of a main thread, since nested SVG is parsed recursively.
const STACK: usize = 8 << 20;

pub(crate) type WorkResult = Result<ReplyBody, RequestError>;

/// Body of a response.
pub(crate) struct ReplyBody {
    pub(crate) body: Vec<u8>,
    /// Length of the JSON, if binary data follows it.
    pub(crate) json_bytes: Option<usize>,
}

impl ReplyBody {
    /// A body of JSON alone.
    pub(crate) fn json(answer: &impl Serialize) -> WorkResult {
        let body = serde_json::to_vec(answer).map_err(|_| RequestError::Failed)?;
        Ok(Self { body, json_bytes: None })
    }
}

/// Work of a request, to be done by a worker.
pub(crate) type WorkFn = Box<dyn FnOnce(&mut WorkerSessions) -> WorkResult + Send>;

/// A unit of work, with its deadline and the channel for its result.
pub(crate) struct QueuedJob {
    pub(crate) work: WorkFn,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<WorkResult>,
}

/// Inference sessions of a worker, one per model.
pub(crate) struct WorkerSessions {
    registry: Arc<ModelRegistry>,
    sessions: Vec<(Arc<ServedModel>, Session)>,
}

impl WorkerSessions {
    pub(crate) fn new(registry: Arc<ModelRegistry>) -> Self {
        let sessions = registry.models().into_iter().map(with_session).collect();
        Self { registry, sessions }
    }

    /// A model as it is now, and its session, by index.
    pub(crate) fn model(&mut self, index: usize) -> (&ServedModel, &mut Session) {
        let served = self.registry.at(index);
        if !Arc::ptr_eq(&served, &self.sessions[index].0) {
            self.sessions[index] = with_session(served);
        }
        let (served, session) = &mut self.sessions[index];
        (served, session)
    }
}

fn with_session(served: Arc<ServedModel>) -> (Arc<ServedModel>, Session) {
    let session = Session::new(served.model());
    (served, session)
}

/// Starts threads that work until the queue is closed.
///
/// # Errors
/// [`ServeError::Start`] if the system does not give them.
pub(crate) fn start(
    threads: usize,
    registry: &Arc<ModelRegistry>,
    queue: &Arc<BoundedQueue<QueuedJob>>,
    metrics: &Arc<ServerMetrics>,
) -> Result<(), ServeError> {
    for index in 0..threads.max(1) {
        let (registry, queue, metrics) = (Arc::clone(registry), Arc::clone(queue), Arc::clone(metrics));
        let worker = move || work(&registry, &queue, &metrics);
        let builder = thread::Builder::new().name(format!("recognize-{index}")).stack_size(STACK);
        builder.spawn(worker).map_err(ServeError::Start)?;
    }
    Ok(())
}

fn work(registry: &Arc<ModelRegistry>, queue: &BoundedQueue<QueuedJob>, metrics: &ServerMetrics) {
    let mut sessions = WorkerSessions::new(Arc::clone(registry));
    while let Some(QueuedJob { work, deadline, reply }) = queue.pop() {
        // Whoever asked may be gone, or have been told that it took too long.
        if reply.is_closed() {
            continue;
        }
        if Instant::now() >= deadline {
            _ = reply.send(Err(RequestError::Late));
            continue;
        }
        let answer = catch_unwind(AssertUnwindSafe(|| work(&mut sessions))).unwrap_or_else(|_| {
            metrics.panics.inc();
            // What was interrupted may be half written.
            sessions = WorkerSessions::new(Arc::clone(registry));
            Err(RequestError::Failed)
        });
        _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ask(queue: &BoundedQueue<QueuedJob>, work: WorkFn, time: Duration) -> oneshot::Receiver<WorkResult> {
        let (reply, answer) = oneshot::channel();
        assert!(queue.push(QueuedJob { work, deadline: Instant::now() + time, reply }).is_ok());
        answer
    }

    #[test]
    fn a_worker_survives_a_panic_and_skips_what_is_late() {
        let model = ServedModel::from_bytes("model", dabnet_models::QUICKDRAW_20).unwrap();
        let registry = Arc::new(ModelRegistry::new(vec![model]).unwrap());
        let metrics = Arc::new(ServerMetrics::new());
        let queue = Arc::new(BoundedQueue::new(8));
        let long = Duration::from_secs(60);
        let panics = ask(&queue, Box::new(|_| panic!("as a test asks")), long);
        let late = ask(&queue, Box::new(|_| ReplyBody::json(&0)), Duration::ZERO);
        drop(ask(&queue, Box::new(|_| panic!("nobody waits for this")), long));
        let good = ask(
            &queue,
            Box::new(|sessions| {
                let (served, session) = sessions.model(0);
                let blank = vec![0.0; served.model().input_len()];
                ReplyBody::json(&session.run(&blank).is_ok())
            }),
            long,
        );
        start(1, &registry, &queue, &metrics).unwrap();
        assert!(matches!(panics.blocking_recv(), Ok(Err(RequestError::Failed))));
        assert!(matches!(late.blocking_recv(), Ok(Err(RequestError::Late))));
        assert!(matches!(good.blocking_recv(), Ok(Ok(answer)) if answer.body == b"true"));
        assert_eq!(metrics.panics.get(), 1);
        queue.close();
    }
}
