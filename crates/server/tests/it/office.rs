//! Documents without pages of their own have those of their layout, with pictures, as LibreOffice lays them out; and are ready without it.

use crate::{
    app::{Options, TestApp},
    document_files::{docx, open_document, pptx_with_hidden, scanned_open_document, word_paragraph},
    documents::{pages, ready, search},
    page_pictures::page_pictures,
};
use memoreel_office::{Office, OfficeLimits};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, time::Duration};

const LINE: &str = "A line of a plan that goes on for longer than a page has room.";

/// A text that is longer than a page of A4, and says nothing of where its pages end.
pub fn long_text() -> Vec<u8> {
    let body = [
        word_paragraph("Plan", true),
        word_paragraph(LINE, false).repeat(60),
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

/// What a page looks like.
async fn picture(app: &TestApp, page: &Value) -> Vec<u8> {
    app.visitor().get(page["image_url"].as_str().unwrap()).await.is(200).body.to_vec()
}

#[tokio::test]
async fn html_markdown_and_plain_text_have_the_pages_of_their_layout_with_pictures() {
    let app = working().await;
    let ada = app.person("ada").await;
    let end = "The zeppelin costs more than a page.";
    let read = format!("Plan\n\n{}Costs\n\n{end}", format!("{LINE}\n\n").repeat(60));
    let lines = format!("<p>{LINE}").repeat(60);
    let html = format!("<!doctype html><html lang=en><h1>Plan</h1>{lines}<h1>Costs</h1><p>{end}</html>");
    let markdown = read.replace("Plan\n", "# Plan\n").replace("Costs\n", "# Costs\n");
    for (name, format, file) in
        [("a.html", "html", html), ("b.md", "markdown", markdown), ("c.txt", "text", read.clone())]
    {
        let (id, document) = ready(&ada, name, file.clone().into_bytes()).await;
        let about = &document["document"];
        assert_eq!((&about["format"], &about["page_count"]), (&json!(format), &json!(2)), "{name}");
        assert_eq!(about["has_text_layer"], true, "{name}");
        // What is kept is what was uploaded.
        let kept = app.visitor().get(document["file_url"].as_str().unwrap()).await.is(200).body;
        assert_eq!(kept, file.into_bytes(), "{name}");
        let pages = pages(&ada, &id).await;
        let texts: Vec<&str> = pages.iter().map(|page| page["text"].as_str().unwrap()).collect();
        assert_eq!(texts.join("\n\n"), read, "{name}: each of its words is on a page, once");
        for (page, heading) in pages.iter().zip(["Plan", "Costs"]) {
            assert_eq!((&page["width"], &page["height"]), (&json!(1131), &json!(1600)), "{name}");
            assert_eq!(&picture(&app, page).await[..4], b"RIFF", "{name}");
            assert_eq!(page["source"], "text_layer", "{name}");
            let at = page["text"].as_str().unwrap().find(heading).unwrap();
            let headings = json!([{ "level": 1, "text": heading, "char_start": at }]);
            assert_eq!(page["headings"], if format == "text" { json!([]) } else { headings }, "{name}");
        }
        app.idle().await;
        let hits = search(&ada, &[("q", "zeppelin"), ("mode", "keyword")]).await;
        let hit = hits.iter().find(|hit| hit["document"]["asset_id"] == json!(id)).unwrap();
        assert_eq!(hit["document"]["page_number"], 2, "{name}");
        assert!(hit["document"]["image_url"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn a_text_from_right_to_left_is_laid_out_and_keeps_its_words() {
    let app = working().await;
    let ada = app.person("ada").await;
    let text = "# שלום עולם\n\nזה טקסט בעברית, עם hello באמצע. 123 סוף!";
    let (id, _) = ready(&ada, "a.md", text.as_bytes().to_vec()).await;
    let pages = pages(&ada, &id).await;
    assert_eq!(pages[0]["text"], text.trim_start_matches("# "));
    assert_eq!(pages[0]["headings"][0]["text"], "שלום עולם");
    assert_eq!(&picture(&app, &pages[0]).await[..4], b"RIFF");
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

/// Whatever HTML can name another file with, at `server` and on this machine.
fn html_with_links(server: &str, file: &str) -> String {
    let mut body = String::new();
    for address in [format!("http://{server}/a"), format!("file://{file}"), file.to_owned()] {
        body += &format!(
            "<img src='{address}'><img srcset='{address} 2x'><picture><source srcset='{address}'></picture>\
             <iframe src='{address}'>no</iframe><object data='{address}'>no</object><embed src='{address}'>\
             <frameset><frame src='{address}'></frameset><video src='{address}' poster='{address}'></video>\
             <audio src='{address}'></audio><svg><image href='{address}'/><use xlink:href='{address}#a'/></svg>\
             <applet code='{address}' archive='{address}'></applet><input type=image src='{address}'>\
             <form action='{address}' method=post><input name=a value=b></form><table background='{address}'></table>\
             <p style='background:url({address})'></p><script src='{address}'></script>\
             <script>fetch('{address}'); document.forms[0].submit()</script><math href='{address}'></math>\
             <sdfield type=dde><table><text:section xlink:href='{address}'></text:section></table>"
        );
        body += &format!(
            "<link rel=stylesheet href='{address}'><link rel=prefetch href='{address}'>\
             <style>@import '{address}'; body {{ background: url('{address}') }} \
             @font-face {{ font-family: Seal; src: url('{address}') }} p {{ font-family: Seal }}</style>\
             <meta http-equiv=refresh content='0; url={address}'>"
        );
    }
    format!(
        "<!doctype html><base href='http://{server}/'><body background='http://{server}/b' onload='alert()'>\
         {body}<h1>Seals</h1><p>They <a href='http://{server}/c' ping='http://{server}/d'>sleep</a> on the ice.</body>"
    )
}

#[tokio::test]
async fn what_html_and_markdown_link_to_is_neither_asked_for_nor_shown() {
    let app = working().await;
    let ada = app.person("ada").await;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.png");
    let scan = page_pictures(&["The secret of the harbour"], 400).await.remove(0);
    fs::write(&secret, scan).unwrap();
    let secret = secret.to_string_lossy();
    let html = html_with_links(&address, &secret);
    let markdown = format!(
        "# Seals\n\n![](http://{address}/a.png)\n![](file://{secret})\n\nThey [sleep](http://{address}/b) on the ice.\n\n\
         <img src='http://{address}/c.png'>\n\n<iframe src='file://{secret}'></iframe>\n"
    );
    let plain = "# Seals\n\nThey sleep on the ice.".to_owned();
    let mut pictures = Vec::new();
    for (name, file) in [("a.html", html), ("b.md", markdown), ("plain.md", plain)] {
        let (id, _) = ready(&ada, name, file.into_bytes()).await;
        let pages = pages(&ada, &id).await;
        assert_eq!(pages.len(), 1, "{name}");
        assert_eq!(pages[0]["text"], "Seals\n\nThey sleep on the ice.", "{name}");
        assert!(server.accept().is_err(), "{name}: somebody asked for what it links to");
        pictures.push(picture(&app, &pages[0]).await);
    }
    assert!(pictures[0] == pictures[2], "HTML looks like its text alone");
    assert!(pictures[1] == pictures[2], "Markdown looks like its text alone");
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
    let app = with_office(nothing).await;
    is_ready_without_pictures(&app).await;
    let bob = app.person("bob").await;
    let files = [("a.html", "<html><h1>Seals"), ("b.md", "# Seals"), ("c.txt", "Seals")];
    for (name, file) in files {
        let (id, _) = ready(&bob, name, file.as_bytes().to_vec()).await;
        let pages = pages(&bob, &id).await;
        assert_eq!((&pages[0]["text"], &pages[0]["image_url"]), (&json!("Seals"), &Value::Null), "{name}");
    }
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
