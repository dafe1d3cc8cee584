use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header::EXPECT,
};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::request_error::RequestError;

/// Upper bound of the bytes read and discarded of a body that is too large, so that its sender gets to read
/// the response.
const LINGER_BYTES: usize = 16 << 20;
/// For how long.
const LINGER: Duration = Duration::from_secs(1);

/// Flag that a request's body has been read to its end. Otherwise its connection cannot be used again.
#[derive(Clone, Default)]
pub(crate) struct BodyConsumed(Arc<AtomicBool>);

impl BodyConsumed {
    /// Attaches a flag to `request`, set if its body is empty.
    pub(crate) fn watch(request: &mut Request) -> Self {
        let whole = Self(Arc::new(AtomicBool::new(request.body().is_end_stream())));
        request.extensions_mut().insert(whole.clone());
        whole
    }

    pub(crate) fn is_read(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request body in memory, with the permits for its bytes.
pub(crate) struct BufferedBody {
    bytes: Vec<u8>,
    _right: OwnedSemaphorePermit,
}

impl BufferedBody {
    /// The bytes. What they are read into is short-lived, and not counted.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for BufferedBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a body of up to `max` bytes.
///
/// # Errors
/// [`RequestError::TooLarge`] if it is larger, [`RequestError::BufferedBody`] if all bodies together are,
/// [`RequestError::Malformed`] if it ends before its length.
pub(crate) async fn read(
    request: Request,
    max: usize,
    held: &Arc<Semaphore>,
) -> Result<BufferedBody, RequestError> {
    let expects = request.headers().contains_key(EXPECT);
    let whole = request.extensions().get::<BodyConsumed>().cloned().unwrap_or_default();
    let mut body = request.into_body();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max {
        // Who asks before sending has sent nothing yet.
        if !expects {
            linger(body).await;
        }
        return Err(RequestError::TooLarge(max));
    }
    let mut bytes = Vec::new();
    let mut right = acquire(held, 0)?;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| RequestError::Malformed(format!("the body is cut short: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > max {
            linger(body).await;
            return Err(RequestError::TooLarge(max));
        }
        right.merge(acquire(held, data.len())?);
        bytes.extend_from_slice(&data);
    }
    whole.0.store(true, Ordering::Relaxed);
    Ok(BufferedBody { bytes, _right: right })
}

fn acquire(held: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, RequestError> {
    let count = u32::try_from(bytes).map_err(|_| RequestError::BufferedBody)?;
    Arc::clone(held).try_acquire_many_owned(count).map_err(|_| RequestError::BufferedBody)
}

/// Reads and discards the rest of a body: if a connection is closed while the client still sends, the
/// response is lost.
async fn linger(mut body: Body) {
    let mut left = LINGER_BYTES;
    _ = timeout(LINGER, async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    })
    .await;
}
