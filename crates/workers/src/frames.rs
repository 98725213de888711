//! What the server and a worker say to each other: frames of a JSON line's worth of header and the bytes of a file.

use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// No frame's header is longer.
const HEADER_BYTES_MAX: u32 = 64 * 1024;

/// Both lengths and the header; the bytes follow.
pub(crate) fn frame_head<T: Serialize>(header: &T, bytes: usize) -> io::Result<Vec<u8>> {
    let header = serde_json::to_vec(header)?;
    let length = u32::try_from(header.len()).map_err(io::Error::other)?;
    let mut head = Vec::with_capacity(12 + header.len());
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(&(bytes as u64).to_le_bytes());
    head.extend_from_slice(&header);
    Ok(head)
}

/// The two lengths at the beginning of a frame.
pub(crate) fn lengths(head: [u8; 12], bytes_max: u64) -> io::Result<(usize, usize)> {
    let [a, b, c, d, rest @ ..] = head;
    let (header, bytes) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(rest));
    if header > HEADER_BYTES_MAX || bytes > bytes_max {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    Ok((header as usize, usize::try_from(bytes).map_err(io::Error::other)?))
}

pub(crate) fn write_frame<T: Serialize>(to: &mut impl Write, header: &T, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&frame_head(header, bytes.len())?)?;
    to.write_all(bytes)?;
    to.flush()
}

/// `None` where nothing more comes.
pub(crate) fn read_frame<T: DeserializeOwned>(
    from: &mut impl Read,
    bytes_max: u64,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut head = [0; 12];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (header, bytes) = lengths(head, bytes_max)?;
    let mut buffer = vec![0; header];
    from.read_exact(&mut buffer)?;
    let header = serde_json::from_slice(&buffer)?;
    let mut content = vec![0; bytes];
    from.read_exact(&mut content)?;
    Ok(Some((header, content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_sent_and_what_is_cut_off_does_not() {
        let mut sent = Vec::new();
        write_frame(&mut sent, &("page", 3), b"bytes").unwrap();
        let read = |bytes: &[u8], most| read_frame::<(String, u32)>(&mut &bytes[..], most);
        assert_eq!(read(&sent, 5).unwrap(), Some((("page".to_owned(), 3), b"bytes".to_vec())));
        assert!(read(&sent, 4).is_err(), "more bytes than are allowed");
        assert_eq!(read(&[], 5).unwrap(), None);
        for length in 12..sent.len() {
            assert!(read(&sent[..length], 5).is_err(), "{length}");
        }
    }
}
