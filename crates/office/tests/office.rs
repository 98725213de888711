//! Real documents through the real LibreOffice, and programs in its place that do what they must not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use memoreel_office::{Office, OfficeError, OfficeFormat, OfficeLimits};
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use zip::{ZipWriter, write::SimpleFileOptions};

/// A red point.
const PNG: [u8; 69] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53, 0xde, 0x00,
    0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01,
    0x01, 0x00, 0xc9, 0xfe, 0x92, 0xef, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60,
    0x82,
];
const OASIS: &str = "urn:oasis:names:tc:opendocument:xmlns";

/// A slide of OpenDocument with a picture from there; `Pictures/one.png` is in the file.
fn slide(picture: &str) -> Vec<u8> {
    let mut content = format!(
        "<office:document-content xmlns:office=\"{OASIS}:office:1.0\" xmlns:draw=\"{OASIS}:drawing:1.0\" "
    );
    let _ = write!(
        content,
        "xmlns:svg=\"{OASIS}:svg-compatible:1.0\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" office:version=\"1.2\">"
    );
    let _ = write!(
        content,
        "<office:body><office:presentation><draw:page><draw:frame svg:width=\"5cm\" svg:height=\"5cm\" svg:x=\"1cm\" svg:y=\"1cm\">\
         <draw:image xlink:href=\"{picture}\" xlink:type=\"simple\"/></draw:frame></draw:page></office:presentation></office:body>\
         </office:document-content>"
    );
    let kind = "application/vnd.oasis.opendocument.presentation";
    let mut manifest =
        format!("<manifest:manifest xmlns:manifest=\"{OASIS}:manifest:1.0\" manifest:version=\"1.2\">");
    for (path, kind) in [("/", kind), ("content.xml", "text/xml"), ("Pictures/one.png", "image/png")] {
        let _ = write!(
            manifest,
            "<manifest:file-entry manifest:full-path=\"{path}\" manifest:media-type=\"{kind}\"/>"
        );
    }
    manifest.push_str("</manifest:manifest>");
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in [
        ("mimetype", kind.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("Pictures/one.png", PNG.as_slice()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ] {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(name, stored).unwrap();
        archive.write_all(part).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Converts slides in this folder; nobody stops it.
async fn to_pdf(office: &Office, slides: &[u8], folder: &Path) -> Result<Vec<u8>, OfficeError> {
    office.to_pdf(slides, OfficeFormat::Odp, folder, &CancellationToken::new()).await
}

/// Converts slides with this program; the folder they were converted in is still there.
async fn converted(
    program: &Path,
    limits: OfficeLimits,
    slides: &[u8],
) -> (Result<Vec<u8>, OfficeError>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let pdf = to_pdf(&Office::new(program, limits), slides, folder.path()).await;
    (pdf, folder)
}

async fn pdf(picture: &str) -> Vec<u8> {
    let (pdf, _folder) = converted(Path::new("soffice"), OfficeLimits::default(), &slide(picture)).await;
    pdf.unwrap()
}

fn has_picture(pdf: &[u8]) -> bool {
    pdf.windows(14).any(|window| window == b"/Subtype/Image")
}

/// A program in the place of LibreOffice.
fn program(folder: &TempDir, script: &str) -> PathBuf {
    let path = folder.path().join("soffice");
    fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn pictures_in_a_document_are_in_the_pdf_and_those_it_links_to_are_neither_asked_for_nor_shown() {
    let whole = pdf("Pictures/one.png").await;
    assert!(whole.starts_with(b"%PDF-"));
    assert!(has_picture(&whole));

    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let linked = pdf(&format!("http://{}/one.png", server.local_addr().unwrap())).await;
    assert!(!has_picture(&linked));
    assert!(server.accept().is_err(), "somebody asked for the picture");

    let others = tempfile::tempdir().unwrap();
    let file = others.path().join("one.png");
    fs::write(&file, PNG).unwrap();
    assert!(!has_picture(&pdf(&format!("file://{}", file.display())).await));
}

#[tokio::test]
async fn a_program_reads_and_writes_no_other_files_and_reaches_no_network() {
    let (others, server) = (tempfile::tempdir().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    server.set_nonblocking(true).unwrap();
    let secret = others.path().join("secret");
    fs::write(&secret, "the secret").unwrap();
    let (secret, address) = (secret.display(), server.local_addr().unwrap());
    let programs = tempfile::tempdir().unwrap();
    let script = format!(
        "mkdir out; exec > out/document.pdf; echo begun; cat {secret}; cat /etc/passwd /proc/$PPID/environ; echo more >> {secret}\n\
         echo hello > /dev/tcp/{}/{}; ln -s {secret} out/link; mkfifo out/pipe; echo ended",
        address.ip(),
        address.port()
    );
    let (made, folder) = converted(&program(&programs, &script), OfficeLimits::default(), b"slides").await;
    assert_eq!(String::from_utf8(made.unwrap()).unwrap(), "begun\nended\n");
    assert_eq!(fs::read_to_string(others.path().join("secret")).unwrap(), "the secret");
    assert!(server.accept().is_err(), "it reached the network");
    let made: Vec<_> =
        fs::read_dir(folder.path().join("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["document.pdf"]);
}

#[tokio::test]
async fn a_program_changes_no_file_by_its_path_and_signals_nobody() {
    let programs = tempfile::tempdir().unwrap();
    // Of its own file and to itself, which Landlock lets it: so it is refused whatever the kernel's Landlock governs.
    let script = "mkdir out; exec > out/document.pdf; echo own > own; chmod 777 own && echo changed; chown $UID own && echo given\n\
         perl -e 'print qq(begun\n); truncate(q(own), 0) and print qq(cut\n)'; kill -0 $$ && echo signalled; cat own; echo ended";
    let (made, _folder) = converted(&program(&programs, script), OfficeLimits::default(), b"slides").await;
    assert_eq!(String::from_utf8(made.unwrap()).unwrap(), "begun\nown\nended\n");
}

#[tokio::test]
async fn a_program_sends_nothing_to_who_listens_on_this_machine() {
    let (others, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = others.path().join("log");
    let listening = UnixDatagram::bind(&path).unwrap();
    listening.set_nonblocking(true).unwrap();
    let script = format!(
        "mkdir out; exec > out/document.pdf; perl -e 'print qq(begun\n); for my $kind (2, 3) {{ socket(S, 1, $kind, 0) and \
         send(S, q(hello), 0, pack(q(Sa*), 1, q({}))) and print qq(sent\n) }} print qq(ended\n)'",
        path.display()
    );
    let (made, _folder) = converted(&program(&programs, &script), OfficeLimits::default(), b"slides").await;
    assert_eq!(String::from_utf8(made.unwrap()).unwrap(), "begun\nended\n");
    assert!(listening.recv(&mut [0; 16]).is_err(), "something was sent");
}

#[tokio::test]
async fn one_that_takes_too_long_is_ended_with_all_that_it_started() {
    let programs = tempfile::tempdir().unwrap();
    let hasty = OfficeLimits { wall_time: Duration::from_secs(5), ..OfficeLimits::default() };
    let script = "(while true; do echo on >> going; sleep 0.05; done) & sleep 60";
    let begun = Instant::now();
    let (made, folder) = converted(&program(&programs, script), hasty, b"slides").await;
    assert!(matches!(made, Err(OfficeError::TooCostly { .. })), "{made:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    let ended = goes_no_further(folder.path()).await;
    assert!(ended > 0);
}

#[tokio::test]
async fn what_a_program_started_ends_with_it_whoever_it_complains_to_and_wherever_it_would_go() {
    let going = "while true; do echo on >> going; sleep 0.05; done";
    for started in [
        format!("({going}) &"),
        format!("({going}) > /dev/null 2>&1 &"),
        format!("setsid bash -c '{going}' &"),
    ] {
        let programs = tempfile::tempdir().unwrap();
        let script =
            format!("mkdir out; echo slides > out/document.pdf; echo on > going; {started} sleep 0.3");
        let begun = Instant::now();
        let (made, folder) =
            converted(&program(&programs, &script), OfficeLimits::default(), b"slides").await;
        assert_eq!(made.unwrap(), b"slides\n", "{started}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{started}");
        goes_no_further(folder.path()).await;
    }
}

/// That nobody writes `going` any more; returns how much was written.
async fn goes_no_further(folder: &Path) -> u64 {
    let written = || fs::metadata(folder.join("going")).unwrap().len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = written();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(written(), before, "it still goes on");
    before
}

#[tokio::test]
async fn one_that_is_asked_to_end_is_started_again_and_not_for_ever() {
    let (programs, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made = "mkdir out; echo slides > out/document.pdf";
    let script =
        format!("if [ -e process ]; then {made}; else echo $$ > it; mv it process; exec sleep 60; fi");
    let office = Office::new(program(&programs, &script), OfficeLimits::default());
    let process = folder.path().join("process");
    let asking = async {
        while !process.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let process = fs::read_to_string(&process).unwrap();
        assert!(Command::new("kill").args(["-TERM", process.trim()]).status().unwrap().success());
    };
    let (pdf, ()) = tokio::join!(to_pdf(&office, b"slides", folder.path()), asking);
    assert_eq!(pdf.unwrap(), b"slides\n");

    // What LibreOffice itself ends with then.
    let script = format!("if [ -e asked ]; then {made}; else echo on > asked; exit 255; fi");
    let (pdf, _folder) = converted(&program(&programs, &script), OfficeLimits::default(), b"slides").await;
    assert_eq!(pdf.unwrap(), b"slides\n");
    let script = "echo on >> asked; exit 255";
    let (pdf, folder) = converted(&program(&programs, script), OfficeLimits::default(), b"slides").await;
    assert!(matches!(pdf, Err(OfficeError::Unavailable { .. })), "{pdf:?}");
    assert_eq!(fs::read_to_string(folder.path().join("asked")).unwrap(), "on\n".repeat(3));
}

#[tokio::test]
async fn one_that_is_stopped_has_ended_and_its_folder_can_be_removed() {
    let (programs, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let script = "i=0; while true; do echo on > file-$((i++)); done";
    let office = Office::new(program(&programs, script), OfficeLimits::default());
    let (begun, stop) = (folder.path().join("file-100"), CancellationToken::new());
    let stopping = async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    let converting = office.to_pdf(b"slides", OfficeFormat::Odp, folder.path(), &stop);
    let (made, ()) = tokio::join!(converting, stopping);
    assert_eq!(made, Err(OfficeError::Stopped));
    folder.close().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let made = office.to_pdf(b"slides", OfficeFormat::Odp, folder.path(), &stop).await;
    assert_eq!(made, Err(OfficeError::Stopped));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it was begun");
}

#[tokio::test]
async fn a_machine_without_room_is_told_apart_from_one_without_libreoffice() {
    let programs = tempfile::tempdir().unwrap();
    let office = Office::new(program(&programs, "exit 1"), OfficeLimits::default());
    let nowhere = programs.path().join("nowhere");
    let made = to_pdf(&office, b"slides", &nowhere).await;
    assert!(matches!(made, Err(OfficeError::Failed { .. })), "{made:?}");
    // No machine has so much.
    let large = OfficeLimits { pdf_bytes_max: 1 << 60, ..OfficeLimits::default() };
    let (made, folder) = converted(&program(&programs, "exit 1"), large, b"slides").await;
    assert!(matches!(made, Err(OfficeError::NoRoom { .. })), "{made:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it was begun");
}

#[tokio::test]
async fn it_is_tried_where_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let there = Office::new("soffice", OfficeLimits::default()).check(folder.path()).await;
    assert!(matches!(there, Ok(Some(1_000..))), "{there:?}");
    for program in ["/nonexistent/soffice", "no-such-soffice"] {
        assert_eq!(Office::new(program, OfficeLimits::default()).check(folder.path()).await, Ok(None));
    }
}

#[tokio::test]
async fn what_cannot_be_converted_is_told_apart_from_what_converts() {
    let (made, _) = converted(Path::new("soffice"), OfficeLimits::default(), b"text is no slides").await;
    assert!(matches!(made, Err(OfficeError::Unreadable { .. })), "{made:?}");
    let (made, _) =
        converted(Path::new("/nonexistent/soffice"), OfficeLimits::default(), &slide("Pictures/one.png"))
            .await;
    assert!(matches!(made, Err(OfficeError::Unavailable { .. })), "{made:?}");
    let small = OfficeLimits { memory_bytes: 16 << 20, ..OfficeLimits::default() };
    let (made, _) = converted(Path::new("soffice"), small, &slide("Pictures/one.png")).await;
    assert!(made.is_err());
    let tight = OfficeLimits { pdf_bytes_max: 100, ..OfficeLimits::default() };
    let (made, _) = converted(Path::new("soffice"), tight, &slide("Pictures/one.png")).await;
    assert!(made.is_err());
}
