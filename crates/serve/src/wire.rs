//! A connection, watched: when a request began to arrive, and whether its client takes the answer.

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

/// When the first byte of a request arrived.
#[derive(Clone, Copy)]
pub(crate) struct Arrived(pub(crate) Instant);

impl Arrived {
    /// Of a request that [`Wire`] read; of others now.
    pub(crate) fn of<B>(request: &axum::http::Request<B>) -> Instant {
        request.extensions().get::<Self>().map_or_else(Instant::now, |arrived| arrived.0)
    }
}

/// What is known of a connection's present request.
#[derive(Clone, Default)]
pub(crate) struct Arrival(Arc<Mutex<Present>>);

#[derive(Default)]
struct Present {
    /// When its first byte came.
    began: Option<Instant>,
    /// Whether an answer is being made.
    answering: bool,
}

impl Arrival {
    /// Marks a request that is about to be answered with when it began.
    pub(crate) fn mark(&self, request: &mut Request) {
        let mut present = self.lock();
        present.answering = true;
        request.extensions_mut().insert(Arrived(present.began.unwrap_or_else(Instant::now)));
    }

    /// Notes that the answer is made.
    pub(crate) fn answered(&self) {
        self.lock().answering = false;
    }

    /// Whether nothing has come since the last answer.
    pub(crate) fn is_silent(&self) -> bool {
        let present = self.lock();
        present.began.is_none() && !present.answering
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that notes when requests arrive, and fails when nothing of an answer is taken for too long.
pub(crate) struct Wire {
    stream: TcpStream,
    arrival: Arrival,
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, arrival: Arrival, patience: Duration) -> Self {
        Self { stream, arrival, patience, stalled: None }
    }

    /// What a write came to: something taken begins a new wait, nothing taken goes on with it.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.stalled = None;
            // What is read from here on is the next request.
            self.arrival.lock().began = None;
            return result;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.arrival.lock().began.get_or_insert_with(Instant::now);
        }
        result
    }
}

impl AsyncWrite for Wire {
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
