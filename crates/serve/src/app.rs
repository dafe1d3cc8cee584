use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderValue, Response, header::CONTENT_TYPE},
};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout_at,
};

use crate::{
    Catalogue, Files, Limits, Options, body, inference, media,
    metrics::Metrics,
    queue::Queue,
    refusal::Refusal,
    wire::Arrived,
    workers::{Answer, Bench, Job, Reply},
};

/// What all requests share.
pub(crate) struct App {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) files: Files,
    pub(crate) limits: Arc<Limits>,
    pub(crate) queue: Arc<Queue<Job>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Bytes of bodies that may still be held.
    held: Arc<Semaphore>,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(catalogue: Arc<Catalogue>, options: &Options) -> Self {
        Self {
            files: Files::new(&catalogue),
            catalogue,
            limits: Arc::new(options.limits.clone()),
            queue: Arc::new(Queue::new(options.queue.max(1))),
            metrics: Arc::new(Metrics::new()),
            held: Arc::new(Semaphore::new(options.limits.held_bytes.min(Semaphore::MAX_PERMITS))),
            draining: AtomicBool::new(false),
        }
    }

    /// Whether the server is about to stop.
    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// The place of a model, for requests that name one or leave it open.
    pub(crate) fn model(&self, name: Option<&str>) -> Result<usize, Refusal> {
        self.catalogue.find(name).ok_or_else(|| Refusal::UnknownModel {
            name: name.unwrap_or_default().to_owned(),
            known: self.catalogue.names(),
        })
    }

    /// Reads a request's body and has a worker make its answer of it.
    pub(crate) async fn answer(
        &self,
        request: Request,
        max_bytes: usize,
        work: impl FnOnce(Bytes, &mut Bench) -> Answer + Send + 'static,
    ) -> Result<Response<Body>, Refusal> {
        let deadline = Arrived::of(&request) + self.limits.request;
        let read = body::read(request, max_bytes, &self.held);
        let Ok(body) = timeout_at(deadline.into(), read).await else {
            return Err(Refusal::Slow(self.limits.request.as_secs_f64()));
        };
        let body = body?;
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |bench: &mut Bench| work(body.into_bytes(), bench));
        self.queue.push(Job { work, deadline, reply }).map_err(|_| Refusal::Full)?;
        match timeout_at(deadline.into(), answer).await {
            Ok(Ok(answer)) => Ok(response(answer?)),
            Ok(Err(_)) => Err(Refusal::Failed),
            Err(_) => Err(Refusal::Late),
        }
    }
}

/// What a worker has answered.
fn response(Reply { body, json_bytes }: Reply) -> Response<Body> {
    let mut response = json(body);
    if let Some(bytes) = json_bytes {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media::BYTES));
        headers.insert(inference::JSON_LENGTH, bytes.into());
    }
    response
}

/// A response of JSON.
pub(crate) fn json(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media::JSON));
    response
}
