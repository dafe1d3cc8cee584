use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    thread,
    time::Duration,
};

/// Options of a server.
///
/// ```no_run
/// use dabnet_serve::{ModelRegistry, Server, ServerOptions, ServedModel};
///
/// # fn main() -> Result<(), dabnet_serve::ServeError> {
/// let models = ModelRegistry::new(vec![ServedModel::load("models/quickdraw-20")?])?;
/// let mut options = ServerOptions::default();
/// options.bind = ([127, 0, 0, 1], 8080).into();
/// Server::bind(models, options)?.run();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Number of worker threads, at least 1.
    pub threads: usize,
    /// Length of the request queue, at least 1.
    pub queue: usize,
    /// Origins whose pages may call the API, as `https://example.org`; none but the server's own if empty.
    pub origins: Vec<String>,
    /// Folder for models that clients teach words, which takes part from the start: a model that is kept there is served in
    /// place of the one given by that name. Clients may not if there is none.
    pub teachable: Option<PathBuf>,
    /// Time for which a stopping server still accepts requests while it reports that it is not ready.
    pub drain_delay: Duration,
    /// Time for which a stopping server waits for accepted requests.
    pub drain_timeout: Duration,
    /// Limits of requests.
    pub limits: RequestLimits,
}

/// Limits of a request's size and time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestLimits {
    /// Size of a body of JSON or SVG, in bytes.
    pub text_bytes: usize,
    /// Size of a body with a picture, in bytes.
    pub image_bytes: usize,
    /// Total size of all buffered bodies, in bytes.
    pub held_bytes: usize,
    /// Number of strokes per sketch.
    pub strokes: usize,
    /// Total number of points per sketch.
    pub points: usize,
    /// Width and height of a picture, in pixels.
    pub side: u32,
    /// Number of canvases per inference request.
    pub batch: usize,
    /// Number of words that clients may have taught a model.
    pub words: usize,
    /// Number of drawings of words per request that teaches.
    pub drawings: usize,
    /// Connections open at a time; others wait to be accepted.
    pub connections: usize,
    /// Time from the first byte of a request to its response.
    pub request: Duration,
    /// Time for which a connection may be silent between requests, or take to send the head of one.
    pub idle: Duration,
    /// Time for which a client may stop reading a response.
    pub send: Duration,
}

impl Default for ServerOptions {
    /// A server for this machine alone, on port 8080, with a thread per core.
    fn default() -> Self {
        Self {
            bind: (Ipv4Addr::LOCALHOST, 8080).into(),
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            queue: 64,
            origins: Vec::new(),
            teachable: None,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(10),
            limits: RequestLimits::default(),
        }
    }
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            text_bytes: 1 << 20,
            image_bytes: 4 << 20,
            held_bytes: 256 << 20,
            strokes: 2_000,
            points: 20_000,
            side: 4096,
            batch: 64,
            words: 200,
            drawings: 500,
            connections: 256,
            request: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            send: Duration::from_secs(10),
        }
    }
}
