//! HTTP service that recognizes sketches, with a page to draw them on.
//!
//! A [`Server`] answers for the models of a [`ModelRegistry`]: strokes in JSON, SVG and pictures at `/v1/recognize`,
//! tensors by the [Open Inference Protocol](https://github.com/kserve/open-inference-protocol) at `/v2`, and the files
//! of the page. Connections are served on a few asynchronous threads. All work, from parsing a body to running a
//! network, is done by worker threads that take it from one bounded queue. [`PageFiles`] are the files of the page, for
//! a server and for [a folder](PageFiles::write).
#![forbid(unsafe_code)]

mod app;
mod body;
mod docs;
mod drawing;
mod embed;
mod error;
mod files;
mod form;
mod inference;
mod json;
mod log;
mod media;
mod metrics;
mod model;
mod observe;
mod options;
mod queue;
mod recognize;
mod request_error;
mod response;
mod routes;
mod server;
mod tensor;
mod timed_stream;
mod word_store;
mod words;
mod workers;

pub use error::ServeError;
pub use files::{Icon, PageFiles};
pub use log::{LogFormat, LogGuard};
pub use model::{ModelRegistry, ServedModel};
pub use options::{RequestLimits, ServerOptions};
pub use server::Server;
