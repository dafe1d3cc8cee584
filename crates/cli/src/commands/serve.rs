use std::{
    io::{self, Write},
    net::{SocketAddr, ToSocketAddrs},
    num::NonZero,
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};
use dabnet_serve::{LogFormat, RequestLimits, Server, ServerOptions};

use crate::{
    error::{CliError, ExitCode},
    models,
};

/// Recognize sketches over HTTP, and serve the page to draw on.
///
/// Answers POST /v1/recognize with strokes, SVG or pictures, the Open Inference Protocol at /v2, and
/// describes itself at /openapi.json and /metrics. Prints the address it listens on. SIGTERM and SIGINT
/// end it once what it has accepted is answered.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dabnet serve
  dabnet serve --model quickstart/dab --bind 0.0.0.0:80
  dabnet serve --teachable words
  curl --data-binary @cat.png 'http://127.0.0.1:8080/v1/recognize?top=5'")]
pub(crate) struct ServeArgs {
    /// Packed model to serve: its folder, its file, or the name of one in the program; again for more, the first
    /// being the default. Without, quickdraw-345 and quickdraw-20
    #[arg(long, value_name = "MODEL")]
    model: Vec<PathBuf>,

    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS", value_parser = address)]
    bind: SocketAddr,

    /// Number of worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = positive)]
    threads: Option<NonZero<usize>>,

    /// Upper bound of waiting requests; more are answered with 503
    #[arg(long, default_value = "64", value_name = "N", value_parser = positive)]
    queue: NonZero<usize>,

    /// Log format on standard error, one line per request
    #[arg(long, value_enum, default_value_t = LogFormatArg::Json, value_name = "FORMAT")]
    log_format: LogFormatArg,

    /// Origin whose pages may call the API, as https://example.org; again for more
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// Let clients teach the models words by POST /v1/words; what they are taught is kept in this folder, and known again
    /// when the server is started with it again
    #[arg(long, value_name = "DIR")]
    teachable: Option<PathBuf>,

    /// Seconds to go on accepting after a signal to stop, not ready any more
    #[arg(long, default_value = "0", value_name = "SECONDS", value_parser = seconds)]
    drain_delay: Duration,

    /// Seconds that accepted requests may take after a signal to stop
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    drain_timeout: Duration,

    #[command(flatten)]
    limits: LimitArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Timeout of a request from its first byte to the answer, in seconds
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = seconds)]
    timeout: Duration,

    /// Idle timeout of a connection, and of the head of a request, in seconds
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    idle_timeout: Duration,

    /// Timeout of a client that reads nothing of an answer, in seconds
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    send_timeout: Duration,

    /// Upper bound of open connections
    #[arg(long, default_value = "256", value_name = "N", value_parser = positive)]
    max_connections: NonZero<usize>,

    /// Upper bound of the bytes of a JSON or SVG body
    #[arg(long, default_value = "1048576", value_name = "BYTES")]
    max_text: usize,

    /// Upper bound of the bytes of a picture
    #[arg(long, default_value = "4194304", value_name = "BYTES")]
    max_image: usize,

    /// Upper bound of the bytes of all bodies together
    #[arg(long, default_value = "268435456", value_name = "BYTES")]
    max_held: usize,

    /// Upper bound of the strokes of a sketch
    #[arg(long, default_value = "2000", value_name = "N")]
    max_strokes: usize,

    /// Upper bound of the points of a sketch
    #[arg(long, default_value = "20000", value_name = "N")]
    max_points: usize,

    /// Upper bound of a picture's width and height in pixels
    #[arg(long, default_value = "4096", value_name = "PIXELS")]
    max_side: u32,

    /// Upper bound of the canvases of an inference request
    #[arg(long, default_value = "64", value_name = "N")]
    max_batch: usize,

    /// Upper bound of the words that a model is taught, with --teachable
    #[arg(long, default_value = "200", value_name = "N")]
    max_words: usize,

    /// Upper bound of the drawings in a request that teaches words
    #[arg(long, default_value = "500", value_name = "N")]
    max_drawings: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormatArg {
    Json,
    Text,
    Off,
}

/// An address and a port; a name stands for its first address.
fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| "give an address and a port, as 127.0.0.1:8080 or localhost:8080".to_owned())
}

impl ServeArgs {
    pub(crate) fn run(self) -> Result<ExitCode, CliError> {
        let registry = models::model_registry(&self.model)?;
        let _log = LogFormat::from(self.log_format).install();
        let server = Server::bind(registry, self.options())?;
        {
            // Whoever started this waits for the line.
            let mut out = io::stdout().lock();
            writeln!(out, "dabnet listens on http://{}", server.address())?;
            out.flush()?;
        }
        server.run();
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self) -> ServerOptions {
        let mut options = ServerOptions::default();
        options.bind = self.bind;
        options.threads = self.threads.map_or(options.threads, NonZero::get);
        options.queue = self.queue.get();
        options.origins.clone_from(&self.allow_origin);
        options.teachable.clone_from(&self.teachable);
        options.drain_delay = self.drain_delay;
        options.drain_timeout = self.drain_timeout;
        options.limits = self.limits.limits();
        options
    }
}

impl LimitArgs {
    fn limits(&self) -> RequestLimits {
        let mut limits = RequestLimits::default();
        limits.text_bytes = self.max_text;
        limits.image_bytes = self.max_image;
        limits.held_bytes = self.max_held;
        limits.strokes = self.max_strokes;
        limits.points = self.max_points;
        limits.side = self.max_side;
        limits.batch = self.max_batch;
        limits.words = self.max_words;
        limits.drawings = self.max_drawings;
        limits.connections = self.max_connections.get();
        limits.request = self.timeout;
        limits.idle = self.idle_timeout;
        limits.send = self.send_timeout;
        limits
    }
}

impl From<LogFormatArg> for LogFormat {
    fn from(log: LogFormatArg) -> Self {
        match log {
            LogFormatArg::Json => Self::Json,
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Off => Self::Off,
        }
    }
}

/// Parses seconds, whole or not, up to a day.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("give seconds from 0 to 86400".to_owned()),
    }
}

/// Parses a number from 1.
fn positive(text: &str) -> Result<NonZero<usize>, String> {
    text.parse().map_err(|_| "give a whole number from 1".to_owned())
}
