//! A zip that is written while it is sent: a thread packs what it is handed, and what it packed is a stream. A few pieces
//! are in memory at a time, however large the whole is.

use bytes::{Bytes, BytesMut};
use chrono::{Datelike, Timelike};
use futures::Stream;
use memoreel_kernel::Timestamp;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// What the stream carries at a time.
const PIECE_BYTES: usize = 256 << 10;
/// Pieces that wait on each side of the thread.
const WAITING_MAX: usize = 4;

/// Where files are put in.
#[derive(Debug)]
pub(crate) struct Archive(mpsc::Sender<Command>);

#[derive(Debug)]
enum Command {
    File { name: String, method: CompressionMethod },
    Piece(Bytes),
    Finish,
}

/// A new archive, and its bytes. The stream fails if the archive is dropped without [`Archive::finish`], so that half of
/// one is never taken for a whole.
pub(crate) fn archive(now: Timestamp) -> (Archive, impl Stream<Item = io::Result<Bytes>> + Send) {
    let (commands, mut wanted) = mpsc::channel(WAITING_MAX);
    let (pieces, packed) = mpsc::channel(WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = pack(&mut wanted, &pieces, now) {
            // Whoever does not listen any more does not need to know.
            drop(pieces.blocking_send(Err(error)));
        }
    });
    (Archive(commands), ReceiverStream::new(packed))
}

impl Archive {
    /// Begins a file that is worth compressing. No two may have one name.
    pub(crate) async fn text_file(&self, name: impl Into<String>) -> io::Result<()> {
        self.send(Command::File { name: name.into(), method: CompressionMethod::Deflated }).await
    }

    /// Begins a file that is compressed already.
    pub(crate) async fn media_file(&self, name: impl Into<String>) -> io::Result<()> {
        self.send(Command::File { name: name.into(), method: CompressionMethod::Stored }).await
    }

    /// Adds to the file that was begun last.
    pub(crate) async fn write(&self, bytes: impl Into<Bytes> + Send) -> io::Result<()> {
        self.send(Command::Piece(bytes.into())).await
    }

    /// Ends the archive.
    pub(crate) async fn finish(self) -> io::Result<()> {
        self.send(Command::Finish).await
    }

    async fn send(&self, command: Command) -> io::Result<()> {
        self.0.send(command).await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

fn pack(
    wanted: &mut mpsc::Receiver<Command>,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
    now: Timestamp,
) -> io::Result<()> {
    let part = |value: u32| u8::try_from(value).unwrap_or_default();
    let year = u16::try_from(now.year()).unwrap_or_default();
    let modified = DateTime::from_date_and_time(
        year,
        part(now.month()),
        part(now.day()),
        part(now.hour()),
        part(now.minute()),
        part(now.second().min(59)),
    )
    .unwrap_or_default();
    // The sizes are not known beforehand.
    let options = SimpleFileOptions::default().last_modified_time(modified).large_file(true);
    let sink = Sink { piece: BytesMut::with_capacity(PIECE_BYTES), pieces: pieces.clone() };
    let mut zip = ZipWriter::new_stream(sink);
    while let Some(command) = wanted.blocking_recv() {
        match command {
            Command::File { name, method } => {
                zip.start_file(name, options.compression_method(method)).map_err(io::Error::other)?;
            }
            Command::Piece(bytes) => zip.write_all(&bytes)?,
            Command::Finish => {
                let mut sink = zip.finish().map_err(io::Error::other)?.into_inner();
                return sink.flush();
            }
        }
    }
    Err(io::Error::other("the archive was given up"))
}

/// Gathers what is packed into pieces.
struct Sink {
    piece: BytesMut,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = self.piece.split().freeze();
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use std::io::{Cursor, Read};
    use zip::ZipArchive;

    fn noon() -> Timestamp {
        "2026-05-01T12:00:00Z".parse().unwrap()
    }

    async fn whole(stream: impl Stream<Item = io::Result<Bytes>>) -> io::Result<Vec<u8>> {
        stream
            .try_fold(Vec::new(), async |mut whole, piece| {
                whole.extend_from_slice(&piece);
                Ok(whole)
            })
            .await
    }

    #[tokio::test]
    async fn what_is_put_in_comes_out_of_a_reader_of_zips() {
        let (archive, stream) = archive(noon());
        let media: Vec<u8> =
            (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let given = media.clone();
        let write = async move {
            archive.text_file("a/é.json").await?;
            archive.write("[1,").await?;
            archive.write("2]").await?;
            archive.media_file("media/b.mp4").await?;
            for piece in given.chunks(100_000) {
                archive.write(piece.to_vec()).await?;
            }
            archive.finish().await
        };
        let (bytes, written) = tokio::join!(whole(stream), write);
        written.unwrap();
        let mut zip = ZipArchive::new(Cursor::new(bytes.unwrap())).unwrap();
        let mut text = String::new();
        zip.by_name("a/é.json").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "[1,2]");
        let mut read = Vec::new();
        zip.by_name("media/b.mp4").unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, media);
    }

    #[tokio::test]
    async fn half_an_archive_is_none() {
        let (archive, stream) = archive(noon());
        let write = async move {
            archive.text_file("a.json").await.unwrap();
            archive.write("[1,").await.unwrap();
        };
        let (bytes, ()) = tokio::join!(whole(stream), write);
        bytes.unwrap_err();
    }
}
