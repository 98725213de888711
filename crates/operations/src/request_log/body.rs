//! Bodies whose bytes are counted as they pass.

use super::{Entry, writer::RequestLog};
use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

/// What is read of a request.
pub(super) struct CountedRequest {
    pub(super) body: Body,
    pub(super) read: Arc<AtomicU64>,
}

impl HttpBody for CountedRequest {
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
            self.read.fetch_add(data.len() as u64, Ordering::Relaxed);
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

/// What is sent in answer. When it is let go, sent or not, the request is over and logged.
pub(super) struct CountedAnswer {
    pub(super) body: Body,
    pub(super) log: RequestLog,
    pub(super) entry: Option<Entry>,
    /// Of the request, when there is something to read.
    pub(super) read: Option<Arc<AtomicU64>>,
}

impl HttpBody for CountedAnswer {
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
            let sent = data.len() as u64;
            if let Some(entry) = &mut self.entry {
                entry.bytes_out += sent;
            }
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

impl Drop for CountedAnswer {
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.bytes_in = self.read.as_ref().map_or(0, |read| read.load(Ordering::Relaxed));
            self.log.add(entry);
        }
    }
}
