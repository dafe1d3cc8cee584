use std::sync::{
    Arc, PoisonError, RwLock, RwLockReadGuard,
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
    ModelRegistry, PageFiles, RequestLimits, ServeError, ServedModel, ServerOptions, body,
    metrics::ServerMetrics,
    queue::BoundedQueue,
    request_error::RequestError,
    response::{BYTES, JSON_LENGTH, json_response},
    timed_stream::RequestStart,
    word_store::WordStore,
    workers::{QueuedJob, ReplyBody, WorkResult, WorkerSessions},
};

/// State shared by all requests.
pub(crate) struct AppState {
    pub(crate) registry: Arc<ModelRegistry>,
    /// Where models are kept that clients teach; none if they may not.
    pub(crate) words: Option<WordStore>,
    files: RwLock<PageFiles>,
    pub(crate) limits: Arc<RequestLimits>,
    pub(crate) queue: Arc<BoundedQueue<QueuedJob>>,
    pub(crate) metrics: Arc<ServerMetrics>,
    /// Permits for bytes of buffered bodies.
    held: Arc<Semaphore>,
    draining: AtomicBool,
}

impl AppState {
    /// State of a server with these models.
    ///
    /// # Errors
    /// Those of [`WordStore::open`].
    pub(crate) fn new(registry: Arc<ModelRegistry>, options: &ServerOptions) -> Result<Self, ServeError> {
        let words =
            options.teachable.as_ref().map(|folder| WordStore::open(folder, &registry)).transpose()?;
        Ok(Self {
            words,
            files: RwLock::new(PageFiles::new(&registry)),
            registry,
            limits: Arc::new(options.limits.clone()),
            queue: Arc::new(BoundedQueue::new(options.queue.max(1))),
            metrics: Arc::new(ServerMetrics::new()),
            held: Arc::new(Semaphore::new(options.limits.held_bytes.min(Semaphore::MAX_PERMITS))),
            draining: AtomicBool::new(false),
        })
    }

    /// Files of the page as they are now.
    pub(crate) fn files(&self) -> RwLockReadGuard<'_, PageFiles> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where models are kept that clients teach.
    ///
    /// # Errors
    /// [`RequestError::NotTeachable`] if they may not.
    pub(crate) fn word_store(&self) -> Result<&WordStore, RequestError> {
        self.words.as_ref().ok_or(RequestError::NotTeachable)
    }

    /// Serves a model, and as a file of the page, in the place of what it was.
    pub(crate) fn replace_model(&self, index: usize, model: ServedModel) {
        self.registry.replace(index, model);
        // Compressed before anybody waits for the others.
        let files = PageFiles::of_model(&self.registry, index);
        self.files.write().unwrap_or_else(PoisonError::into_inner).replace(files);
    }

    /// True if the server is about to stop.
    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Index of the named model, or of the default one.
    pub(crate) fn model(&self, name: Option<&str>) -> Result<usize, RequestError> {
        self.registry.find(name).ok_or_else(|| RequestError::UnknownModel {
            name: name.unwrap_or_default().to_owned(),
            known: self.registry.names(),
        })
    }

    /// Reads a request's body, queues `work` on it, and responds with the result.
    pub(crate) async fn answer(
        &self,
        request: Request,
        max_bytes: usize,
        work: impl FnOnce(Bytes, &mut WorkerSessions) -> WorkResult + Send + 'static,
    ) -> Result<Response<Body>, RequestError> {
        let deadline = RequestStart::of(&request) + self.limits.request;
        let read = body::read(request, max_bytes, &self.held);
        let Ok(body) = timeout_at(deadline.into(), read).await else {
            return Err(RequestError::Slow(self.limits.request.as_secs_f64()));
        };
        let body = body?;
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |sessions: &mut WorkerSessions| work(body.into_bytes(), sessions));
        self.queue.push(QueuedJob { work, deadline, reply }).map_err(|_| RequestError::Full)?;
        match timeout_at(deadline.into(), answer).await {
            Ok(Ok(answer)) => Ok(response(answer?)),
            Ok(Err(_)) => Err(RequestError::Failed),
            Err(_) => Err(RequestError::Late),
        }
    }
}

/// Response with a worker's result.
fn response(ReplyBody { body, json_bytes }: ReplyBody) -> Response<Body> {
    let mut response = json_response(body);
    if let Some(bytes) = json_bytes {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(BYTES));
        headers.insert(JSON_LENGTH, bytes.into());
    }
    response
}
