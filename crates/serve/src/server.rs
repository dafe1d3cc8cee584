use std::{
    convert::Infallible,
    future::pending,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Request, http::HeaderValue};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::{Builder, Runtime},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

use crate::{
    ModelRegistry, ServeError, ServerOptions,
    app::AppState,
    routes,
    timed_stream::{RequestTimer, TimedStream},
    workers,
};

/// Connections that the system may hold for a server that has not accepted them yet.
const BACKLOG: u32 = 1024;
/// Upper bounds of a request's headers: their number, and their bytes including the request line.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;
/// Bytes that a connection is read by.
const BUFFER: usize = 64 << 10;
/// Threads that connections are served on; what takes time is elsewhere.
const ASYNC_THREADS: usize = 2;
/// Time in which connections of a stopping server end with their next response, before silent ones are
/// closed.
const LAST_ANSWERS: Duration = Duration::from_millis(300);
/// Interval at which it checks for that.
const TURN: Duration = Duration::from_millis(5);
/// The wait before another try where the system has no connection to give, as with too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// A server that listens.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    signals: ShutdownSignals,
    app: Arc<AppState>,
    origins: Vec<HeaderValue>,
    options: ServerOptions,
}

impl Server {
    /// Starts workers and listens; connections are accepted by [`Server::run`].
    ///
    /// # Errors
    /// [`ServeError::Bind`] if the address is not available, [`ServeError::Origin`] if an origin is invalid,
    /// [`ServeError::Start`] if the system gives no threads, timers or signals; of [`ServerOptions::teachable`]
    /// [`ServeError::Write`], [`ServeError::Busy`] and [`ServeError::Model`].
    pub fn bind(registry: ModelRegistry, options: ServerOptions) -> Result<Self, ServeError> {
        let origins = routes::origins(&options.origins)?;
        let mut builder = Builder::new_multi_thread();
        let runtime =
            builder.worker_threads(ASYNC_THREADS).enable_all().build().map_err(ServeError::Start)?;
        let inside = runtime.enter();
        let bound = listen(options.bind).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) =
            bound.map_err(|source| ServeError::Bind { address: options.bind, source })?;
        let signals = ShutdownSignals::new().map_err(ServeError::Start)?;
        drop(inside);
        let registry = Arc::new(registry);
        let app = Arc::new(AppState::new(Arc::clone(&registry), &options)?);
        workers::start(options.threads, &registry, &app.queue, &app.metrics)?;
        Ok(Self { runtime, listener, address, signals, app, origins, options })
    }

    /// Address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT, and then until every accepted request is answered or
    /// [`ServerOptions::drain_timeout`] has passed. A second signal ends it at once. Errors of a connection
    /// end that connection only.
    pub fn run(self) {
        let Self { runtime, listener, address: _, signals, app, origins, options } = self;
        let router = routes::router(Arc::clone(&app), &origins);
        let connections = ConnectionSet::new(router, Arc::clone(&app));
        runtime.block_on(serve(listener, signals, connections, &options));
        app.queue.close();
        // A worker may still be busy with what nobody waits for.
        runtime.shutdown_background();
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of an earlier server that have not quite ended do not keep the address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn serve(
    listener: TcpListener,
    mut signals: ShutdownSignals,
    connections: ConnectionSet,
    options: &ServerOptions,
) {
    tokio::select! {
        () = signals.next() => {}
        never = connections.accept(&listener) => match never {},
    }
    tracing::info!("told to stop");
    connections.app.drain();
    tokio::select! {
        () = sleep(options.drain_delay) => {}
        () = signals.next() => return,
        never = connections.accept(&listener) => match never {},
    }
    match listener.into_std() {
        Ok(listener) => connections.accept_waiting(&listener),
        Err(error) => tracing::warn!(%error, "connections that wait to be accepted are lost"),
    }
    let app = Arc::clone(&connections.app);
    let ended = tokio::select! {
        ended = timeout(options.drain_timeout, connections.end()) => ended.is_ok(),
        () = signals.next() => false,
    };
    if !ended {
        tracing::warn!(connections = app.metrics.connections.get(), "stopped before all was answered");
    }
}

/// All open connections.
struct ConnectionSet {
    app: Arc<AppState>,
    service: TowerToHyperService<Router>,
    http: http1::Builder,
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
    /// Says when connections on which nothing comes are to be closed.
    closing: watch::Sender<bool>,
}

impl ConnectionSet {
    fn new(router: Router, app: Arc<AppState>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(app.limits.idle)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(BUFFER);
        Self {
            permits: Arc::new(Semaphore::new(app.limits.connections.clamp(1, Semaphore::MAX_PERMITS))),
            app,
            service: TowerToHyperService::new(router),
            http,
            graceful: GracefulShutdown::new(),
            closing: watch::Sender::new(false),
        }
    }

    /// Accepts connections as long as it is polled.
    async fn accept(&self, listener: &TcpListener) -> Infallible {
        loop {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { pending().await };
            match listener.accept().await {
                Ok((stream, _)) => self.start(stream, permit),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Accepts what waits, and no more.
    fn accept_waiting(&self, listener: &StdListener) {
        while let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            let Ok((stream, _)) = listener.accept() else { return };
            if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                self.start(stream, permit);
            }
        }
    }

    fn start(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        // An answer is written at once; waiting for more of it gains nothing.
        _ = stream.set_nodelay(true);
        let timer = RequestTimer::default();
        let io = TokioIo::new(TimedStream::new(stream, timer.clone(), self.app.limits.send));
        let (service, requests) = (self.service.clone(), timer.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            requests.begin(&mut request);
            let (answer, requests) = (service.call(request), requests.clone());
            async move {
                let answer = answer.await;
                requests.finish();
                answer
            }
        });
        let connection = self.graceful.watch(self.http.serve_connection(io, service));
        let (closing, app) = (self.closing.subscribe(), Arc::clone(&self.app));
        app.metrics.connections.inc();
        tokio::spawn(async move {
            tokio::select! {
                // A client that breaks off or the rules of HTTP is told by the connection itself.
                _ = connection => {}
                () = silent(closing, timer) => {}
            }
            app.metrics.connections.dec();
            drop(permit);
        });
    }

    /// Ends once every connection has. Clients that ask often end theirs with the next answer, which tells them
    /// to; to close a connection on which a request may be under way would lose it. Those on which nothing
    /// comes for a moment are closed after that, and the rest once they have their answer.
    async fn end(self) {
        let last = Instant::now() + LAST_ANSWERS;
        while self.graceful.count() > 0 && Instant::now() < last {
            sleep(TURN).await;
        }
        _ = self.closing.send(true);
        self.graceful.shutdown().await;
    }
}

/// Ends when silent connections are to be closed, and this is one.
async fn silent(mut closing: watch::Receiver<bool>, timer: RequestTimer) {
    if closing.wait_for(|closing| *closing).await.is_err() || !timer.is_silent() {
        pending().await
    }
}

/// Signals that end the server.
#[cfg(unix)]
struct ShutdownSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl ShutdownSignals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct ShutdownSignals;

#[cfg(not(unix))]
impl ShutdownSignals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            pending().await
        }
    }
}
