use std::{net::SocketAddr, time::Duration};

/// How a server runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Threads that recognise, at least 1.
    pub threads: usize,
    /// Requests that may wait for one of them, at least 1.
    pub queue: usize,
    /// Origins whose pages may call the API, as `https://example.org`; none but the server's own if empty.
    pub origins: Vec<String>,
    /// How long a stopping server goes on accepting while it says that it is not ready.
    pub drain_delay: Duration,
    /// How long a stopping server waits for requests it has accepted.
    pub drain_timeout: Duration,
    /// What a client may ask for.
    pub limits: Limits,
}

/// What a client may ask for, and for how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a body of JSON or SVG.
    pub text_bytes: usize,
    /// Bytes of a body that is a picture.
    pub image_bytes: usize,
    /// Bytes of all bodies that are held at a time.
    pub held_bytes: usize,
    /// Strokes of a sketch.
    pub strokes: usize,
    /// Points of all strokes of a sketch together.
    pub points: usize,
    /// Pixels of a picture's width, and of its height.
    pub side: u32,
    /// Canvases of one inference request.
    pub batch: usize,
    /// Connections open at a time; others wait to be accepted.
    pub connections: usize,
    /// From the first byte of a request to its answer.
    pub request: Duration,
    /// How long a connection may be silent between requests, or take to send a request's head.
    pub idle: Duration,
    /// How long a client may take nothing of an answer.
    pub send: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 1 << 20,
            image_bytes: 4 << 20,
            held_bytes: 256 << 20,
            strokes: 2_000,
            points: 20_000,
            side: 4096,
            batch: 64,
            connections: 256,
            request: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            send: Duration::from_secs(10),
        }
    }
}
