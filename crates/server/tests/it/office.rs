//! Office documents have the pages of their layout, with pictures, as LibreOffice lays them out; and are ready without it.

use crate::{
    app::{Options, TestApp},
    document_files::{docx, open_document, pptx_with_hidden, scanned_open_document, word_paragraph},
    documents::{pages, ready, search},
    page_pictures::page_pictures,
};
use memoreel_office::{Office, OfficeLimits};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, time::Duration};

/// A text that is longer than a page of A4, and says nothing of where its pages end.
fn long_text() -> Vec<u8> {
    let line = "A line of a plan that goes on for longer than a page has room.";
    let body = [
        word_paragraph("Plan", true),
        word_paragraph(line, false).repeat(60),
        word_paragraph("Costs", true),
        word_paragraph("The zeppelin costs more than a page.", false),
        "<w:sectPr><w:pgSz w:w=\"11906\" w:h=\"16838\"/></w:sectPr>".to_owned(),
    ];
    docx(&body.concat())
}

async fn with_office(office: Office) -> TestApp {
    let app = TestApp::with(Options { office, ..Options::default() }).await;
    app.work().await;
    app
}

async fn working() -> TestApp {
    with_office(Options::default().office).await
}

/// The long text is ready as its own parser reads it.
async fn is_ready_without_pictures(app: &TestApp) {
    let ada = app.person("ada").await;
    let (id, document) = ready(&ada, "Plan.docx", long_text()).await;
    assert_eq!((&document["document"]["page_count"], &document["error"]), (&json!(1), &Value::Null));
    let pages = pages(&ada, &id).await;
    assert!(pages[0]["text"].as_str().unwrap().contains("The zeppelin costs"), "{pages:#?}");
    assert_eq!(pages[0]["headings"][1]["text"], "Costs");
    assert_eq!((&pages[0]["image_url"], &pages[0]["width"]), (&Value::Null, &Value::Null));
    app.idle().await;
    let hits = search(&ada, &[("q", "zeppelin"), ("mode", "keyword")]).await;
    assert_eq!(hits[0]["document"]["asset_id"], json!(id), "{hits:#?}");
    let left = fs::read_dir(app.folder().join("scratch")).map_or(0, |entries| {
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("step-"))
            .count()
    });
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_text_has_the_pages_of_its_layout_with_pictures() {
    let app = working().await;
    let ada = app.person("ada").await;
    let file = long_text();
    let (id, document) = ready(&ada, "Plan.docx", file.clone()).await;
    assert_eq!(
        document["document"],
        json!({
            "format": "docx", "page_count": 2, "title": "Minutes & more", "author": "Grace Hopper", "language": "en",
            "has_text_layer": true
        })
    );
    // What is kept is what was uploaded.
    assert_eq!(app.visitor().get(document["file_url"].as_str().unwrap()).await.is(200).body, file);
    let pages = pages(&ada, &id).await;
    assert_eq!(pages.len(), 2);
    for (page, heading) in pages.iter().zip(["Plan", "Costs"]) {
        assert_eq!((&page["width"], &page["height"]), (&json!(1131), &json!(1600)));
        let picture = app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200);
        assert_eq!(&picture.body[..4], b"RIFF");
        assert_eq!(page["source"], "text_layer");
        let text = page["text"].as_str().unwrap();
        assert_eq!(
            page["headings"],
            json!([{ "level": 1, "text": heading, "char_start": text.find(heading).unwrap() }])
        );
    }
    assert!(!pages[0]["text"].as_str().unwrap().contains("zeppelin"));
    app.idle().await;
    let hits = search(&ada, &[("q", "zeppelin"), ("mode", "keyword")]).await;
    assert_eq!(hits[0]["document"]["page_number"], 2, "{hits:#?}");
    assert!(hits[0]["document"]["image_url"].is_string());
}

#[tokio::test]
async fn slides_have_pictures_in_their_order_also_of_one_that_is_not_shown() {
    let app = working().await;
    let ada = app.person("ada").await;
    let much = "A volcano erupts, and whoever looks at this slide has a lot to read of it. ".repeat(4);
    let slides = [("Goals", "", "Smile here"), ("Costs", much.as_str(), ""), ("End", "", "")];
    let (id, document) = ready(&ada, "Talk.pptx", pptx_with_hidden(&slides, Some(1))).await;
    assert_eq!(document["document"]["page_count"], 3);
    let pages = pages(&ada, &id).await;
    assert_eq!(pages[0]["text"], "Goals\n\nSmile here");
    let mut sizes = Vec::new();
    for page in &pages {
        assert_eq!((&page["width"], &page["height"]), (&json!(1600), &json!(900)));
        sizes.push(app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200).body.len());
    }
    assert!(
        sizes[1] > sizes[0] && sizes[1] > sizes[2],
        "much is written on the second slide alone: {sizes:?}"
    );
}

#[tokio::test]
async fn what_a_document_links_to_is_not_asked_for() {
    let app = working().await;
    let ada = app.person("ada").await;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let frame = format!(
        "<draw:frame svg:width=\"5cm\" svg:height=\"5cm\" svg:x=\"1cm\" svg:y=\"1cm\"><draw:image \
         xlink:href=\"http://{}/a.png\" xlink:type=\"simple\"/></draw:frame>",
        server.local_addr().unwrap()
    );
    let text = format!(
        "<office:text><text:p>The picture is elsewhere.</text:p><text:p>{frame}</text:p></office:text>"
    );
    let slides = format!("<office:presentation><draw:page>{frame}</draw:page></office:presentation>");
    for (name, kind, body) in [("a.odt", "text", text), ("b.odp", "presentation", slides)] {
        let (id, _) = ready(&ada, name, open_document(kind, &body, "")).await;
        assert!(pages(&ada, &id).await[0]["image_url"].is_string(), "{name}");
        assert!(server.accept().is_err(), "{name}: somebody asked for the picture");
    }
}

#[tokio::test]
async fn a_text_that_is_a_scan_is_read_like_one() {
    let app = working().await;
    let ada = app.person("ada").await;
    let scan = page_pictures(&["The lighthouse keeper wrote a letter\nabout the storm of November."], 2_000)
        .await
        .remove(0);
    let (id, document) = ready(&ada, "Letter.odt", scanned_open_document(&scan)).await;
    assert_eq!(document["document"]["has_text_layer"], false);
    let pages = pages(&ada, &id).await;
    assert_eq!(pages[0]["source"], "ocr", "{pages:#?}");
    assert!(pages[0]["text"].as_str().unwrap().contains("lighthouse keeper"), "{pages:#?}");
}

#[tokio::test]
async fn without_libreoffice_a_text_is_ready_without_pictures() {
    let nothing = Office::new("/nonexistent/soffice", OfficeLimits::default());
    is_ready_without_pictures(&with_office(nothing).await).await;
}

#[tokio::test]
async fn a_libreoffice_that_hangs_is_ended_and_the_text_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("soffice");
    fs::write(&program, "#!/bin/sh\nsleep 600\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let hasty = OfficeLimits { wall_time: Duration::from_secs(1), ..OfficeLimits::default() };
    is_ready_without_pictures(&with_office(Office::new(&program, hasty)).await).await;
}

#[tokio::test]
async fn a_text_is_ready_without_pictures_at_once_where_the_disk_has_no_room_to_lay_it_out() {
    // No machine has so much.
    let large = OfficeLimits { pdf_bytes_max: 1 << 60, ..OfficeLimits::default() };
    is_ready_without_pictures(&with_office(Office::new("soffice", large)).await).await;
}
