//! Bodies that are watched until they are let go.

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// What watches a body. It is dropped when that was let go, whether all of it passed or not.
pub trait WatchBody: Send + Unpin + 'static {
    /// So many bytes more have passed.
    fn passed(&mut self, _bytes: u64) {}
}

/// The same body, watched.
pub fn watched(body: Body, watch: impl WatchBody) -> Body {
    Body::new(WatchedBody { body, watch })
}

/// Fields are dropped in their order.
struct WatchedBody<W> {
    body: Body,
    watch: W,
}

impl<W: WatchBody> HttpBody for WatchedBody<W> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.watch.passed(data.len() as u64);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
