//! Kinds told by content.

use memoreel_media::{Kind, SNIFF_BYTES, sniff};

use crate::support::{Bench, sample};

fn head(path: &std::path::Path) -> Vec<u8> {
    let mut bytes = std::fs::read(path).expect("readable");
    bytes.truncate(SNIFF_BYTES);
    bytes
}

#[tokio::test]
async fn containers_are_told_by_what_tools_write() {
    let bench = Bench::new().await;
    let (picture, tone) = ("-f lavfi -i testsrc2=s=64x64:d=1", "-f lavfi -i sine=d=1");
    let cases = [
        ("a.mp4", format!("{picture} -c:v libx264"), Kind::Video, "video/mp4"),
        ("a.mov", format!("{picture} -c:v libx264"), Kind::Video, "video/quicktime"),
        ("a.mkv", format!("{picture} -c:v libx264"), Kind::Video, "video/matroska"),
        ("a.webm", format!("{picture} -c:v libvpx"), Kind::Video, "video/webm"),
        ("a.avi", format!("{picture} -c:v mpeg4"), Kind::Video, "video/x-msvideo"),
        ("a.flv", format!("{picture} -c:v libx264"), Kind::Video, "video/x-flv"),
        ("a.ts", format!("{picture} -c:v libx264"), Kind::Video, "video/mp2t"),
        ("a.m2ts", format!("{picture} -c:v libx264"), Kind::Video, "video/mp2t"),
        ("a.mpg", format!("{picture} -c:v mpeg2video"), Kind::Video, "video/mp2p"),
        ("a.wmv", picture.to_owned(), Kind::Video, "video/x-ms-asf"),
        ("a.m4a", tone.to_owned(), Kind::Audio, "audio/mp4"),
        ("a.wav", tone.to_owned(), Kind::Audio, "audio/wav"),
        ("a.flac", tone.to_owned(), Kind::Audio, "audio/flac"),
        ("a.mp3", tone.to_owned(), Kind::Audio, "audio/mpeg"),
        ("b.mp3", format!("{tone} -id3v2_version 0 -write_xing 0"), Kind::Audio, "audio/mpeg"),
        ("a.aac", tone.to_owned(), Kind::Audio, "audio/aac"),
        ("a.aiff", tone.to_owned(), Kind::Audio, "audio/aiff"),
        ("a.opus", tone.to_owned(), Kind::Audio, "audio/ogg; codecs=opus"),
        ("a.ogg", format!("{tone} -c:a flac"), Kind::Audio, "audio/ogg"),
        ("a.ac3", tone.to_owned(), Kind::Audio, "audio/ac3"),
        ("a.caf", tone.to_owned(), Kind::Audio, "audio/x-caf"),
        ("a.jpg", format!("{picture} -frames:v 1"), Kind::Image, "image/jpeg"),
        ("a.png", format!("{picture} -frames:v 1"), Kind::Image, "image/png"),
        ("a.webp", format!("{picture} -frames:v 1"), Kind::Image, "image/webp"),
        ("a.gif", picture.to_owned(), Kind::Image, "image/gif"),
    ];
    for (name, arguments, kind, content_type) in cases {
        let found = sniff(&head(&bench.make(name, &arguments)));
        assert_eq!(found.map(|found| (found.kind, found.content_type)), Some((kind, content_type)), "{name}");
    }
}

#[test]
fn samples_documents_and_nonsense_are_told_apart() {
    let of = |bytes: &[u8]| sniff(bytes).map(|found| (found.kind, found.content_type));
    assert_eq!(of(&head(&sample("sonnet.mp3"))), Some((Kind::Audio, "audio/mpeg")));
    assert_eq!(of(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"), Some((Kind::Document, "application/pdf")));
    assert_eq!(of(b"Agenda\n1. Budget \xC3"), Some((Kind::Document, "text/plain")));
    assert_eq!(of(b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n"), Some((Kind::Document, "text/vtt")));
    assert_eq!(of(b"<?xml version=\"1.0\"?>\n<svg xmlns='x'/>"), Some((Kind::Image, "image/svg+xml")));
    assert_eq!(of(b"\n <!DOCTYPE HTML><script>"), Some((Kind::Document, "text/html")));
    assert_eq!(of(b"PK\x03\x04\x14\0\0\0\x08\0"), Some((Kind::Other, "application/zip")));
    assert_eq!(of(b""), None);
    assert_eq!(of(&[0; 600]), None);
    assert_eq!(of(&[0xFF; 600]), None);
}

#[test]
fn no_beginning_of_a_real_file_panics() {
    for name in ["inaugural-address.mp3", "lecture.mov", "two-voices.wav", "video-call.mp4"] {
        let bytes = head(&sample(name));
        for end in 0..bytes.len().min(600) {
            let _ = sniff(&bytes[..end]);
            let _ = sniff(&bytes[end..]);
        }
    }
}
