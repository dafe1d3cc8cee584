//! Connections that record the start of each request, and fail if the client stops reading.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::extract::Request;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// Time of a request's first byte.
#[derive(Clone, Copy)]
pub(crate) struct RequestStart(pub(crate) Instant);

impl RequestStart {
    /// Start of a request read by a [`TimedStream`]; now for others.
    pub(crate) fn of<B>(request: &axum::http::Request<B>) -> Instant {
        request.extensions().get::<Self>().map_or_else(Instant::now, |arrived| arrived.0)
    }
}

/// State of a connection's current request.
#[derive(Clone, Default)]
pub(crate) struct RequestTimer(Arc<Mutex<CurrentRequest>>);

#[derive(Default)]
struct CurrentRequest {
    /// Time of its first byte.
    began: Option<Instant>,
    /// True while it is being processed.
    answering: bool,
}

impl RequestTimer {
    /// Marks the current request as being processed, and attaches its start.
    pub(crate) fn begin(&self, request: &mut Request) {
        let mut present = self.lock();
        present.answering = true;
        request.extensions_mut().insert(RequestStart(present.began.unwrap_or_else(Instant::now)));
    }

    /// Notes that the answer is made.
    pub(crate) fn finish(&self) {
        self.lock().answering = false;
    }

    /// True if nothing has arrived since the last response.
    pub(crate) fn is_silent(&self) -> bool {
        let present = self.lock();
        present.began.is_none() && !present.answering
    }

    fn lock(&self) -> MutexGuard<'_, CurrentRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that records the start of each request, and fails if the client reads nothing of a response for
/// too long.
pub(crate) struct TimedStream {
    stream: TcpStream,
    timer: RequestTimer,
    stall_limit: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl TimedStream {
    pub(crate) fn new(stream: TcpStream, timer: RequestTimer, stall_limit: Duration) -> Self {
        Self { stream, timer, stall_limit, stalled: None }
    }

    /// Handles the result of a write: progress resets the stall timer, anything else continues it.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.stalled = None;
            // What is read from here on is the next request.
            self.timer.lock().began = None;
            return result;
        }
        let stall_limit = self.stall_limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall_limit)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.timer.lock().began.get_or_insert_with(Instant::now);
        }
        result
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, buffer);
        self.written(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
