//! The headers of tus 1.0 (<https://tus.io/protocols/resumable-upload>).

use super::announcement::Announcement;
use crate::AssetsError;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use memoreel_blob::Checksum;
use memoreel_kernel::Timestamp;

pub(super) const VERSION: &str = "1.0.0";
pub(super) const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";
pub(super) const BODY_TYPE: &str = "application/offset+octet-stream";
pub(super) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub(super) const VIDEO_ID: HeaderName = HeaderName::from_static("memoreel-video-id");
pub(super) const ASSET_ID: HeaderName = HeaderName::from_static("memoreel-asset-id");

const METADATA_BYTES_MAX: usize = 8 * 1024;

/// Refuses other versions of the protocol.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), AssetsError> {
    match headers.get(RESUMABLE) {
        Some(version) if version == VERSION => Ok(()),
        _ => Err(AssetsError::Version),
    }
}

/// Whether the request carries bytes of the upload.
pub(super) fn has_body_type(headers: &HeaderMap) -> bool {
    headers
        .get(axum::http::header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(BODY_TYPE.as_bytes()))
}

pub(super) fn read_number(
    headers: &HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<u64, AssetsError> {
    let refuse = |reason: &str| AssetsError::Header { header: shown, reason: reason.to_owned() };
    let value = headers.get(name).ok_or_else(|| refuse("it is missing"))?;
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| refuse("it must be a whole number of bytes"))
}

pub(super) fn read_checksum(headers: &HeaderMap) -> Result<Option<Checksum>, AssetsError> {
    let Some(value) = headers.get(CHECKSUM) else { return Ok(None) };
    let text = value.to_str().map_err(|_| memoreel_blob::BlobError::ChecksumInvalid)?;
    Ok(Some(Checksum::parse(text)?))
}

/// Reads `Upload-Length` and `Upload-Metadata`.
pub(super) fn read_announcement(headers: &HeaderMap) -> Result<(Announcement, u64), AssetsError> {
    let size_bytes = read_number(headers, &LENGTH, "Upload-Length")?;
    let refuse = |reason: String| AssetsError::Header { header: "Upload-Metadata", reason };
    let value = headers.get(METADATA).map_or(Ok(""), HeaderValue::to_str);
    let text = value.map_err(|_| refuse("it must be ASCII".to_owned()))?;
    if text.len() > METADATA_BYTES_MAX {
        return Err(refuse(format!("it must be at most {METADATA_BYTES_MAX} bytes")));
    }
    let mut announcement = Announcement::default();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
        let value =
            BASE64_STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let value = value.ok_or_else(|| refuse(format!("the value of `{name}` must be UTF-8 in base64")))?;
        announcement.say(name, &value).map_err(refuse)?;
    }
    announcement.check_size(size_bytes)?;
    announcement.metadata.said = Some(text.to_owned()).filter(|said| !said.is_empty());
    Ok((announcement, size_bytes))
}

/// Reads the headers of an upload from any bytes: a file's name has no folder and no control character.
///
/// # Panics
/// When it has.
#[cfg(fuzzing)]
pub fn fuzz_upload_headers(metadata: &[u8], checksum: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert(LENGTH, HeaderValue::from_static("10"));
    if let (Ok(metadata), Ok(checksum)) =
        (HeaderValue::from_bytes(metadata), HeaderValue::from_bytes(checksum))
    {
        headers.insert(METADATA, metadata);
        headers.insert(CHECKSUM, checksum);
    }
    let _checksum = read_checksum(&headers);
    if let Ok((announcement, _)) = read_announcement(&headers) {
        let name = announcement.filename();
        assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control), "{name:?}");
    }
}

/// The date form of HTTP, as tus wants it in `Upload-Expires`.
pub(super) fn http_date(time: Timestamp) -> HeaderValue {
    let text = time.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UploadKind;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn encoded(text: &str) -> String {
        BASE64_STANDARD.encode(text)
    }

    #[test]
    fn names_and_titles_are_read_from_metadata() {
        let metadata =
            format!("filename {},title {},is_odd", encoded("C:\\films\\große Pause.mp4"), encoded(" Break "));
        let (read, size_bytes) =
            read_announcement(&headers(&[(LENGTH, "7"), (METADATA, &metadata)])).unwrap();
        assert_eq!(read.filename(), "große Pause.mp4");
        assert_eq!(read.metadata.title.as_deref(), Some("Break"));
        assert_eq!(read.metadata.said.as_deref(), Some(metadata.as_str()));
        assert_eq!(size_bytes, 7);
    }

    #[test]
    fn malformed_announcements_are_refused_with_the_header_named() {
        for (length, metadata) in [
            ("-1", ""),
            ("1e3", ""),
            ("", ""),
            ("5", "filename ***"),
            ("5", "filename /w=="),
            ("5", "channel_id eA=="),
        ] {
            let refused = read_announcement(&headers(&[(LENGTH, length), (METADATA, metadata)]));
            assert!(
                matches!(refused, Err(AssetsError::Header { .. })),
                "{length:?} {metadata:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn an_image_says_that_it_is_one_and_is_held_to_its_size() {
        let read = |kind: &str, length: &str| {
            let metadata = format!("kind {}", encoded(kind));
            read_announcement(&headers(&[(LENGTH, length), (METADATA, &metadata)]))
        };
        assert_eq!(read("image", "52428800").unwrap().0.kind, UploadKind::Image);
        assert!(matches!(read("image", "52428801"), Err(AssetsError::TooLarge { .. })));
        assert_eq!(read("document", "104857600").unwrap().0.kind, UploadKind::Document);
        assert!(matches!(read("document", "104857601"), Err(AssetsError::TooLarge { .. })));
        assert!(matches!(read("Image", "1"), Err(AssetsError::Header { .. })));
        assert_eq!(read("video", "52428801").unwrap().0.kind, UploadKind::Video);
    }

    #[test]
    fn fifty_gibibytes_fit_and_one_more_byte_does_not() {
        assert!(read_announcement(&headers(&[(LENGTH, "53687091200")])).is_ok());
        assert!(matches!(
            read_announcement(&headers(&[(LENGTH, "53687091201")])),
            Err(AssetsError::TooLarge { .. })
        ));
    }
}
