//! The body of a form, taken apart into its fields in bounded memory and time.
//!
//! The parser keeps what it cannot give to a field yet: all that comes before the first one, and the whole headers of each. So that is counted
//! on its way to the parser, and has a limit.

use crate::{AssetsError, receive::arriving_within};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request, multipart::Field},
};
use futures::{Stream, StreamExt, stream};
use memoreel_web::{Pace, TooSlow};
use std::{
    io, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, ready},
    time::Duration,
};

/// The most that comes between the content of one field and that of the next. Few have a kibibyte of boundary and headers.
const BETWEEN_BYTES_MAX: usize = 64 << 10;
/// The parser is given so much at once, whatever the size of what comes from the network.
const PIECE_BYTES_MAX: usize = 16 << 10;

/// A form that arrives.
pub(super) struct FormBody {
    fields: Multipart,
    course: Course,
}

/// A field of it.
pub(super) struct FormField<'form> {
    field: Field<'form>,
    course: Course,
}

/// Why no more of a form is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormEnd {
    /// Its sender stopped sending.
    #[error("nothing came of the form for too long")]
    Stalled,
    /// Its sender fell behind.
    #[error("the form came too slowly: {0}")]
    TooSlow(TooSlow),
    /// There is no end of what is no content.
    #[error("before a field of the form, or in its headers, are more than {} KiB", BETWEEN_BYTES_MAX >> 10)]
    NoField,
    /// It is none, or broke off.
    #[error("the form cannot be read: it is cut off, or not as multipart/form-data has it")]
    Unreadable,
}

impl FormEnd {
    /// Why the content of a field ended with `error`.
    pub(super) fn of(error: &io::Error) -> Self {
        let end = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        end.copied().unwrap_or(Self::Unreadable)
    }
}

impl From<FormEnd> for AssetsError {
    fn from(end: FormEnd) -> Self {
        match end {
            FormEnd::Stalled => Self::FormStalled,
            FormEnd::TooSlow(too_slow) => Self::FormTooSlow(too_slow),
            FormEnd::NoField | FormEnd::Unreadable => Self::Form(end.to_string()),
        }
    }
}

impl FormBody {
    /// The form that `request` brings, which is given up when nothing comes of it for so long, or it falls behind `pace`.
    pub(super) async fn read(
        request: Request,
        stalled_after: Duration,
        pace: Pace,
    ) -> Result<Self, AssetsError> {
        let course = Course::default();
        let watched = course.clone();
        let request = request.map(|body| {
            let arriving = pace.hold(arriving_within(stalled_after, body.into_data_stream()));
            Body::from_stream(pieces(arriving, watched))
        });
        match Multipart::from_request(request, &()).await {
            Ok(fields) => Ok(Self { fields, course }),
            Err(_) => {
                let sentence = "a file is sent as multipart/form-data with a boundary";
                Err(AssetsError::Form(sentence.to_owned()))
            }
        }
    }

    pub(super) async fn next_field(&mut self) -> Result<Option<FormField<'_>>, FormEnd> {
        let course = self.course.clone();
        match self.fields.next_field().await {
            Ok(None) => Ok(None),
            Ok(Some(field)) => {
                course.came_to_content();
                Ok(Some(FormField { field, course }))
            }
            Err(_) => Err(course.end()),
        }
    }
}

impl<'form> FormField<'form> {
    pub(super) fn name(&self) -> Option<&str> {
        self.field.name()
    }

    pub(super) fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.field.content_type()
    }

    /// What is in it. Of an error, [`FormEnd::of`] says why.
    pub(super) fn content(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<'form> {
        let Self { field, course } = self;
        field.map(move |chunk| match chunk {
            Ok(chunk) => {
                course.came_to_content();
                Ok(chunk)
            }
            Err(_) => Err(io::Error::other(course.end())),
        })
    }
}

/// The body for the parser, in pieces. Asked for one, the parser takes all that is there before it looks at any of it, so that it is told
/// after each piece that there is no more yet.
fn pieces(
    arriving: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    course: Course,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut arriving = Box::pin(arriving);
    let mut rest = Bytes::new();
    let mut is_at_work = false;
    stream::poll_fn(move |context| {
        if mem::take(&mut is_at_work) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Err(end) = course.go_on() {
            return Poll::Ready(Some(Err(io::Error::other(end))));
        }
        while rest.is_empty() {
            rest = match ready!(arriving.poll_next_unpin(context)) {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => {
                    course.broke(&error);
                    return Poll::Ready(Some(Err(error)));
                }
                None => return Poll::Ready(None),
            };
        }
        let piece = rest.split_to(rest.len().min(PIECE_BYTES_MAX));
        course.came(piece.len());
        is_at_work = true;
        Poll::Ready(Some(Ok(piece)))
    })
}

/// How it goes with a form, which its two ends know of: what is given to the parser, and what comes out of it.
#[derive(Debug, Clone, Default)]
struct Course(Arc<Mutex<Progress>>);

#[derive(Debug, Default)]
struct Progress {
    /// Given to the parser since content came out of it.
    between_bytes: usize,
    end: Option<FormEnd>,
}

impl Course {
    fn came(&self, bytes: usize) {
        self.progress().between_bytes += bytes;
    }

    fn came_to_content(&self) {
        self.progress().between_bytes = 0;
    }

    /// Whether the parser is given more.
    fn go_on(&self) -> Result<(), FormEnd> {
        let mut progress = self.progress();
        if progress.between_bytes <= BETWEEN_BYTES_MAX {
            return Ok(());
        }
        progress.end = Some(FormEnd::NoField);
        Err(FormEnd::NoField)
    }

    fn broke(&self, error: &io::Error) {
        self.progress().end = Some(match TooSlow::of(error) {
            Some(too_slow) => FormEnd::TooSlow(too_slow),
            None if error.kind() == io::ErrorKind::TimedOut => FormEnd::Stalled,
            None => FormEnd::Unreadable,
        });
    }

    fn end(&self) -> FormEnd {
        self.progress().end.unwrap_or(FormEnd::Unreadable)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http;
    use futures::TryStreamExt;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LONG: Duration = Duration::from_secs(60);
    const FIELD: &str = "--b\r\nContent-Disposition: form-data; name=";

    async fn form(
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        stalled_after: Duration,
    ) -> FormBody {
        let request =
            http::Request::builder().header(http::header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        let request = request.body(Body::from_stream(bytes)).unwrap();
        FormBody::read(request, stalled_after, Pace::OF_UPLOADS).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_in_a_form_does_not_depend_on_how_it_is_cut_up() {
        let file: Vec<u8> = b"\r\n--a\r".iter().copied().cycle().take(200_000).collect();
        let mut sent = format!("before\r\n{FIELD}\"title\"\r\n\r\nA talk\r\n").into_bytes();
        sent.extend_from_slice(format!("{FIELD}\"file\"; filename=\"a.txt\"\r\n\r\n").as_bytes());
        sent.extend_from_slice(&file);
        sent.extend_from_slice(format!("\r\n{FIELD}\"kind\"\r\n\r\n\r\n--b--\r\n").as_bytes());
        for size in [1, 7, 1_000, 70_000, usize::MAX] {
            let chunks: Vec<_> =
                sent.chunks(size.min(sent.len())).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
            let mut form = form(stream::iter(chunks), LONG).await;
            let mut read = Vec::new();
            while let Some(field) = form.next_field().await.unwrap() {
                let name = field.name().unwrap().to_owned();
                let content: Vec<_> = field.content().try_collect().await.unwrap();
                read.push((name, content.concat()));
            }
            let expected = [("title", &b"A talk"[..]), ("file", &file[..]), ("kind", &b""[..])];
            let expected = expected.map(|(name, content)| (name.to_owned(), content.to_vec()));
            assert!(read == expected, "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn a_form_without_a_field_is_given_up_before_much_of_it_is_taken() {
        for begins in ["", "--b", "--b\r\nContent-Disposition: form-data; name=\"x"] {
            let taken = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&taken);
            let endless = stream::repeat_with(move || {
                counted.fetch_add(1_000, Ordering::SeqCst);
                Ok(Bytes::from_static(&[b' '; 1_000]))
            });
            let begun = stream::iter([Ok(Bytes::from_static(begins.as_bytes()))]);
            let mut form = form(begun.chain(endless), LONG).await;
            assert_eq!(form.next_field().await.err(), Some(FormEnd::NoField), "{begins}");
            let taken = taken.load(Ordering::SeqCst);
            assert!(taken <= BETWEEN_BYTES_MAX + PIECE_BYTES_MAX, "{taken}");
        }
    }

    #[tokio::test]
    async fn a_form_that_stands_still_is_given_up_wherever_it_does() {
        let field = format!("{FIELD}\"file\"\r\n\r\nsome");
        for begins in ["x".to_owned(), field.clone(), format!("{field}\r\n--b\r\n")] {
            let begun = stream::iter([Ok(Bytes::from(begins.clone()))]);
            let mut form = form(begun.chain(stream::pending()), Duration::from_millis(50)).await;
            let end = loop {
                match form.next_field().await {
                    Err(end) => break end,
                    Ok(None) => panic!("it has no end: {begins}"),
                    Ok(Some(field)) => {
                        let content: io::Result<Vec<_>> = field.content().try_collect().await;
                        if let Err(error) = content {
                            break FormEnd::of(&error);
                        }
                    }
                }
            };
            assert_eq!(end, FormEnd::Stalled, "{begins}");
        }
    }
}
