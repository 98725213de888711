//! Real documents through real workers: what they say on which page, and files that mean harm.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod bombs;
mod files;

use files::{
    docx, docx_of, open_document, pdf, pptx, pptx_with_hidden, refused, scanned_open_document, scanned_pdf,
    word_paragraph,
};
use memoreel_documents::{Described, DocumentError, DocumentLimits, Documents, Format};
use memoreel_parts::Parts;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

fn documents_with(limits: DocumentLimits) -> Documents {
    let pdfium = Parts::locate().unwrap().pdfium().unwrap();
    Documents::new(vec![env!("CARGO_BIN_EXE_memoreel-document-worker").into()], pdfium, limits)
}

fn documents() -> Documents {
    documents_with(DocumentLimits::default())
}

/// What a document is, and the texts of its pages.
async fn read(
    documents: &Documents,
    bytes: &[u8],
    filename: &str,
) -> Result<(Described, Vec<String>), DocumentError> {
    let mut document = documents.open(bytes, filename).await?;
    let described = document.described().clone();
    let mut pages = Vec::new();
    for page in 0..described.page_count {
        pages.push(document.text(page).await?.text);
    }
    document.close().await?;
    Ok((described, pages))
}

#[tokio::test]
async fn a_pdf_has_pages_of_text_and_says_who_wrote_it() {
    let documents = documents();
    let file = pdf(&["The first page has a sentence.\nAnd another line of it.", "Über Öl: the second page"]);
    // The letters of this font are those of Windows.
    let (described, pages) = read(&documents, &latin(&file), "budget.pdf").await.unwrap();
    assert_eq!((described.format, described.page_count), (Format::Pdf, 2));
    assert_eq!(described.title.as_deref(), Some("Budget for next year"));
    assert_eq!(described.author.as_deref(), Some("Ada Lovelace"));
    assert_eq!(
        pages,
        ["The first page has a sentence.\nAnd another line of it.", "Über Öl: the second page"]
    );
}

/// Letters beyond ASCII in one byte, which leaves places in the file as they were only because a PDF's reader looks for them.
fn latin(file: &[u8]) -> Vec<u8> {
    let (mut latin, mut at) = (Vec::new(), 0);
    while at < file.len() {
        if file[at] == 0xc3 && file.get(at + 1).is_some_and(|next| (0x80..0xc0).contains(next)) {
            latin.push(file[at + 1] + 0x40);
            at += 1;
        } else {
            latin.push(file[at]);
        }
        at += 1;
    }
    latin
}

#[tokio::test]
async fn a_page_is_shown_as_large_as_was_asked_and_a_picture_of_one_has_no_text() {
    let documents = documents();
    let mut document =
        documents.open(&pdf(&["A page that is to be scanned and read again."]), "a.pdf").await.unwrap();
    let image = document.image(0, 1684).await.unwrap();
    assert_eq!((image.width, image.height), (1190, 1684));
    assert!(document.text(0).await.unwrap().has_layer);
    document.close().await.unwrap();

    let mut scanned = documents.open(&scanned_pdf(std::slice::from_ref(&image.png)), "b.pdf").await.unwrap();
    let text = scanned.text(0).await.unwrap();
    assert_eq!((text.text.as_str(), text.has_layer), ("", false));
    let again = scanned.image(0, 1684).await.unwrap();
    assert_eq!((again.width, again.height), (1190, 1684));
    assert!(again.png.len() > 5_000, "not an empty page: {}", again.png.len());
    assert!(matches!(scanned.text(1).await, Err(DocumentError::Unreadable { .. })), "there is one page");
    assert!(!scanned.text(0).await.unwrap().has_layer, "and it is still open");
}

#[tokio::test]
async fn a_text_of_word_has_the_pages_it_was_given_and_headings() {
    let body = [
        word_paragraph("Plan", true),
        word_paragraph("We begin &amp; go on.", false),
        "<w:p><w:r><w:br w:type=\"page\"/><w:lastRenderedPageBreak/><w:t>On page two</w:t><w:tab/><w:t>it ends.</w:t></w:r>\
         <w:del><w:r><w:delText>never</w:delText><w:t>never</w:t></w:r></w:del></w:p>"
            .to_owned(),
        format!("<w:tbl><w:tr><w:tc>{0}</w:tc><w:tc>{0}</w:tc></w:tr></w:tbl>", word_paragraph("cell", false)),
    ];
    let file = docx(&body.concat());
    let (described, pages) = read(&documents(), &file, "minutes.pdf").await.unwrap();
    assert_eq!(described.format, Format::Docx);
    assert_eq!(
        (described.title.as_deref(), described.author.as_deref()),
        (Some("Minutes & more"), Some("Grace Hopper"))
    );
    assert_eq!(described.language.as_deref(), Some("en"));
    assert_eq!(pages, ["Plan\n\nWe begin & go on.", "On page two it ends.\n\ncell | cell"]);
    let documents = documents();
    let mut document = documents.open(&file, "minutes.docx").await.unwrap();
    let headings = document.text(0).await.unwrap().headings;
    assert_eq!((headings.len(), headings[0].level, headings[0].text.as_str()), (1, 1, "Plan"));
    assert!(matches!(document.image(0, 100).await, Err(DocumentError::Unreadable { .. })));
}

#[tokio::test]
async fn slides_are_pages_with_their_titles_and_notes() {
    let file = pptx(&[("Goals", "Sell more", "Smile here"), ("Costs", "Spend less", ""), ("", "", "")]);
    let (described, pages) = read(&documents(), &file, "slides.pptx").await.unwrap();
    assert_eq!((described.format, described.page_count), (Format::Pptx, 3));
    assert_eq!(described.title.as_deref(), Some("Goals"));
    assert_eq!(pages, ["Goals\n\nSell more\n\nSmile here", "Costs\n\nSpend less", ""]);
    // One that is not shown is in the file, and counts.
    let file = pptx_with_hidden(&[("Goals", "", ""), ("Costs", "", ""), ("End", "", "")], Some(1));
    assert_eq!(read(&documents(), &file, "slides.pptx").await.unwrap().1, ["Goals", "Costs", "End"]);
}

#[tokio::test]
async fn open_documents_are_texts_and_slides() {
    let text = "<office:text><text:h text:outline-level=\"2\">Offer</text:h><text:p>One<text:s text:c=\"3\"/>two<text:line-break/>three</text:p>\
        <text:p text:style-name=\"P1\">Next page<office:annotation><text:p>never</text:p></office:annotation></text:p></office:text>";
    let (described, pages) = read(&documents(), &open_document("text", text, ""), "offer.odt").await.unwrap();
    assert_eq!((described.format, described.title.as_deref()), (Format::Odt, Some("Offer")));
    assert_eq!(pages, ["Offer\n\nOne two\nthree", "Next page"]);
    let (_, pages) = read(&documents(), &scanned_open_document(b"a picture"), "scan.odt").await.unwrap();
    assert_eq!(pages, [""]);
    let slides = "<office:presentation><draw:page><draw:frame><draw:text-box><text:p>First</text:p></draw:text-box></draw:frame></draw:page>\
        <draw:page><text:p>Second</text:p></draw:page></office:presentation>";
    let (described, pages) =
        read(&documents(), &open_document("presentation", slides, ""), "a.odp").await.unwrap();
    assert_eq!((described.format, described.page_count), (Format::Odp, 2));
    assert_eq!(pages, ["First", "Second"]);
}

#[tokio::test]
async fn texts_are_read_in_their_encodings() {
    let documents = documents();
    let (described, pages) = read(&documents, b"Gr\xfc\xdfe\n\nEnde\x0cSeite 2", "a.txt").await.unwrap();
    assert_eq!((described.format, described.page_count), (Format::Text, 2));
    assert_eq!(pages, ["Grüße\n\nEnde", "Seite 2"]);
    let (described, pages) = read(&documents, b"# A plan\n\nwith *words*", "a.md").await.unwrap();
    assert_eq!((described.format, described.title.as_deref()), (Format::Markdown, Some("A plan")));
    assert_eq!(pages, ["A plan\n\nwith words"]);
    let html = b"<!doctype html><title>T</title><p>Seen<script>unseen</script>";
    let (described, pages) = read(&documents, html, "a.txt").await.unwrap();
    assert_eq!((described.format, described.title.as_deref()), (Format::Html, Some("T")));
    assert_eq!(pages, ["Seen"]);
}

#[tokio::test]
async fn what_means_harm_is_refused_and_the_next_document_is_read() {
    let documents = documents();
    for (name, bytes, code) in refused() {
        let refusal = read(&documents, &bytes, name).await.map(|(described, _)| described);
        assert_eq!(refusal.as_ref().map_err(DocumentError::code).err(), Some(code), "{name}: {refusal:?}");
    }
    read(&documents, &pdf(&["Fine"]), "a.pdf").await.unwrap();
}

#[tokio::test]
async fn a_document_that_is_cut_off_anywhere_or_changed_breaks_nothing() {
    let documents = documents();
    let text = "<office:text><text:p>One</text:p></office:text>";
    for whole in [
        pdf(&["A page of text that is long enough."]),
        docx(&word_paragraph("Fine", true)),
        pptx(&[("a", "b", "c")]),
        open_document("text", text, ""),
    ] {
        for part in 1..40 {
            let _ = read(&documents, &whole[..whole.len() * part / 40], "a").await;
            let mut changed = whole.clone();
            let at = changed.len() * part / 40;
            changed[at] ^= 0x5a;
            let refusal = read(&documents, &changed, "a").await;
            // A worker that died would be one that a stranger can have die.
            assert!(
                !matches!(refusal, Err(DocumentError::TooCostly { .. } | DocumentError::Unavailable { .. })),
                "{refusal:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let limits = || DocumentLimits { pages_max: 2, text_bytes_max: 100, ..DocumentLimits::default() };
    let documents = documents_with(limits());
    let code = async |bytes: Vec<u8>, name: &str| {
        read(&documents, &bytes, name).await.map_err(|error| error.code()).map(|_| ())
    };
    assert_eq!(code(pdf(&["a", "b"]), "a.pdf").await, Ok(()));
    assert_eq!(code(pdf(&["a", "b", "c"]), "a.pdf").await, Err("document_too_large"));
    assert_eq!(code(b"a\x0cb\x0cc".to_vec(), "a.txt").await, Err("document_too_large"));
    assert_eq!(code(b"word ".repeat(30), "a.txt").await, Err("document_too_large"));
    let small = documents_with(DocumentLimits { bytes_max: 10, ..limits() });
    assert!(matches!(small.open(&[b'a'; 11], "a.txt").await, Err(DocumentError::TooLarge { .. })));
}

#[tokio::test]
async fn time_is_up_at_some_time_and_a_dead_worker_is_replaced() {
    let documents = documents_with(DocumentLimits { wall_time: Duration::ZERO, ..DocumentLimits::default() });
    let costly = documents.open(&vec![b'a'; 40 << 20], "a.txt").await;
    assert!(matches!(costly, Err(DocumentError::TooCostly { .. })), "{costly:?}");
    let tight = documents_with(DocumentLimits { memory_bytes: 24 << 20, ..DocumentLimits::default() });
    let costly = tight.open(&vec![b'a'; 80 << 20], "a.txt").await;
    assert!(matches!(costly, Err(DocumentError::TooCostly { .. })), "{costly:?}");
    let fine = tight.open(b"Fine.", "a.txt").await;
    assert!(fine.is_ok(), "{fine:?}");
}

/// Documents, and a file with the numbers of the processes that read them.
struct Watched {
    documents: Documents,
    pids: PathBuf,
}

impl Watched {
    fn new(name: &str, limits: DocumentLimits) -> Self {
        let file = format!("{name}-{}.pids", std::process::id());
        let pids = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        let worker = env!("CARGO_BIN_EXE_memoreel-document-worker");
        let script = format!("echo $$ >> '{}'; exec '{worker}'", pids.display());
        let command = vec!["/bin/sh".into(), "-c".into(), script.into()];
        let documents = Documents::new(command, Parts::locate().unwrap().pdfium().unwrap(), limits);
        Self { documents, pids }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.pids));
    }
}

/// The most memory that one of these processes, of those that live, has ever had in use, in bytes.
fn peak_bytes(pids: &Path) -> u64 {
    let pids = fs::read_to_string(pids).unwrap_or_default();
    let peak = |pid: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
    };
    pids.lines().filter_map(peak).max().unwrap_or(0)
}

/// As in a directory that says of a part of this many bytes that it has a thousand.
fn understated(archive: &[u8], size_bytes: usize) -> Vec<u8> {
    let announced = u32::try_from(size_bytes).unwrap().to_le_bytes();
    let mut archive = archive.to_vec();
    let places: Vec<usize> = archive
        .windows(announced.len())
        .enumerate()
        .filter_map(|(at, bytes)| (bytes == announced).then_some(at))
        .collect();
    assert!(!places.is_empty(), "the directory says how large the part is");
    for at in places {
        archive[at..at + announced.len()].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    archive
}

#[tokio::test]
async fn office_files_that_unfold_to_far_more_than_they_are_are_refused_before_they_take_memory() {
    const UNFOLDED: usize = (32 << 20) + 0x1234;
    let watched = Watched::new("office", DocumentLimits { workers: 1, ..DocumentLimits::default() });
    let blank = " ".repeat(UNFOLDED);
    let text = docx_of(blank.as_bytes());
    let lying = understated(&text, UNFOLDED);
    for (name, bytes, code) in [
        ("a.docx", text, "document_too_large"),
        ("lying.docx", lying, "document_unreadable"),
        ("a.pptx", pptx(&[("Title", blank.as_str(), "Notes")]), "document_too_large"),
        ("a.odt", open_document("text", &blank, ""), "document_too_large"),
    ] {
        assert!(bytes.len() < 1 << 20, "{name} has {} bytes", bytes.len());
        let refused = watched.documents.open(&bytes, name).await.map(drop).map_err(|error| error.code());
        assert_eq!(refused, Err(code), "{name}");
        let peak = peak_bytes(&watched.pids);
        assert!((1 << 20..UNFOLDED as u64).contains(&peak), "{name}: {peak} bytes");
    }
    let fine = watched.documents.open(b"Fine.", "a.txt").await;
    assert!(fine.is_ok(), "{fine:?}");
}

#[tokio::test]
async fn pdfs_that_unfold_to_far_more_than_they_are_are_refused_before_they_take_memory() {
    let watched = Watched::new("bombs", DocumentLimits { workers: 1, ..DocumentLimits::default() });
    for (name, bytes) in bombs::bombs() {
        assert!(bytes.len() < 1 << 20, "{name} has {} bytes", bytes.len());
        let refused = watched.documents.open(&bytes, "a.pdf").await.map(drop).map_err(|error| error.code());
        assert_eq!(refused, Err("document_too_large"), "{name}");
        let peak = peak_bytes(&watched.pids);
        assert!((1 << 20..32 << 20).contains(&peak), "{name}: {peak} bytes");
    }
    read(&watched.documents, &pdf(&["Fine"]), "a.pdf").await.unwrap();
}

#[tokio::test]
async fn pdfs_that_are_much_and_mean_no_harm_are_read() {
    let watched = Watched::new("honest", DocumentLimits { workers: 1, ..DocumentLimits::default() });
    for (name, bytes) in [
        ("scan", bombs::large_scan()),
        ("drawing", bombs::drawing(100_000)),
        ("about PDF", bombs::about_pdf()),
    ] {
        let mut document = watched.documents.open(&bytes, "a.pdf").await.unwrap();
        document.text(0).await.unwrap();
        let image = document.image(0, 1684).await.unwrap();
        assert_eq!((image.width, image.height), (1190, 1684), "{name}");
        document.close().await.unwrap();
        let peak = peak_bytes(&watched.pids);
        assert!((1 << 20..128 << 20).contains(&peak), "{name}: {peak} bytes");
    }
}

#[tokio::test]
async fn a_pdf_of_which_more_is_made_than_its_reader_may_have_takes_no_more_and_ends_that_reader_alone() {
    const MEMORY_BYTES: u64 = 128 << 20;
    let limits = DocumentLimits { memory_bytes: MEMORY_BYTES, workers: 1, ..DocumentLimits::default() };
    let watched = Watched::new("pdf", limits);
    // What is drawn is no smaller in the file; what PDFium keeps of it is.
    let bytes = bombs::drawing(1 << 20);
    let is_over = Arc::new(AtomicBool::new(false));
    let (over, pids) = (Arc::clone(&is_over), watched.pids.clone());
    let watching = thread::spawn(move || {
        let mut peak = 0;
        while !over.load(Ordering::Relaxed) {
            peak = peak_bytes(&pids).max(peak);
            thread::sleep(Duration::from_millis(1));
        }
        peak
    });
    let mut document = watched.documents.open(&bytes, "a.pdf").await.unwrap();
    let read = document.text(0).await;
    drop(document);
    is_over.store(true, Ordering::Relaxed);
    let peak = watching.join().unwrap();
    assert!(matches!(read, Err(DocumentError::TooCostly { .. })), "{read:?}");
    // What is not its alone, such as the code of the library, comes on top.
    assert!((16 << 20..MEMORY_BYTES + (64 << 20)).contains(&peak), "{peak} bytes");
    let fine = watched.documents.open(b"Fine.", "a.txt").await;
    assert!(fine.is_ok(), "{fine:?}");
}
