//! Recognises sketches over HTTP, and carries the page to draw them on.
//!
//! A [`Server`] answers for one or several [`ServedModel`]s: JSON strokes, SVG and pictures at
//! `/v1/recognize`, tensors by the [Open Inference Protocol](https://github.com/kserve/open-inference-protocol)
//! at `/v2`, and the files of the page. Connections are served on a few asynchronous threads; whatever takes
//! time, from parsing a body to running a network, is done by workers that take from one bounded queue.
//! [`Files`] are what the page is made of, for a server and for [a folder](Files::write).
#![forbid(unsafe_code)]

mod app;
mod body;
mod catalogue;
mod docs;
mod drawing;
mod error;
mod files;
mod form;
mod health;
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
mod refusal;
mod routes;
mod server;
mod tensor;
mod wire;
mod workers;

pub use catalogue::Catalogue;
pub use error::ServeError;
pub use files::Files;
pub use log::{Log, LogFormat};
pub use model::ServedModel;
pub use options::{Limits, Options};
pub use server::Server;
