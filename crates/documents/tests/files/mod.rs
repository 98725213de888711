//! Documents as programs write them, made here: as small as they may be, and whole.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Objects of a PDF, numbered from 1, of which the first is the catalogue; with what the trailer says besides.
fn pdf_of(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", at + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(table, "{place:010} 00000 n ");
    }
    let _ = write!(
        table,
        "trailer\n<< /Size {} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend(table.bytes());
    file
}

fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<< {dictionary} /Length {} >>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// Pages of A4, each with its own objects; `page` says of one what stands in its dictionary, and what objects come after it.
fn pdf_pages(count: usize, trailer: &str, page: impl Fn(usize, usize) -> (String, Vec<Vec<u8>>)) -> Vec<u8> {
    let mut objects = vec![b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), Vec::new()];
    objects.push(b"<< /Title (Budget for next year) /Author (Ada Lovelace) >>".to_vec());
    let mut kids = String::new();
    for at in 0..count {
        let number = objects.len() + 1;
        let (dictionary, others) = page(at, number);
        let _ = write!(kids, "{number} 0 R ");
        objects.push(
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {dictionary} >>").into_bytes(),
        );
        objects.extend(others);
    }
    objects[1] = format!("<< /Type /Pages /Count {count} /Kids [{kids}] >>").into_bytes();
    pdf_of(&objects, &format!("/Info 3 0 R {trailer}"))
}

/// A PDF whose pages say this, line by line; letters are Latin, without brackets.
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    pdf_pages(pages.len(), "", |at, number| text_page(pages[at], number))
}

/// The same, of which its reader is told that it opens with a password alone.
pub fn encrypted_pdf(text: &str) -> Vec<u8> {
    let word = "41".repeat(32);
    let trailer =
        format!("/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{word}> /U <{word}> >> /ID [<00> <00>]");
    pdf_pages(1, &trailer, |_, number| text_page(text, number))
}

fn text_page(text: &str, number: usize) -> (String, Vec<Vec<u8>>) {
    let mut content = "BT /F1 16 Tf 60 760 Td 24 TL ".to_owned();
    for line in text.lines() {
        let _ = write!(content, "({line}) Tj T* ");
    }
    content.push_str("ET");
    let letters =
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec();
    let dictionary =
        format!("/Contents {} 0 R /Resources << /Font << /F1 {} 0 R >> >>", number + 1, number + 2);
    (dictionary, vec![stream("", content.as_bytes()), letters])
}

/// A PDF whose pages are nothing but these pictures: PNG in 24 bits, not interlaced.
pub fn scanned_pdf(pictures: &[Vec<u8>]) -> Vec<u8> {
    pdf_pages(pictures.len(), "", |at, number| {
        let (width, height, compressed) = png_parts(&pictures[at]);
        let picture = format!(
            "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 \
             /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 3 /BitsPerComponent 8 /Columns {width} >>"
        );
        let dictionary =
            format!("/Contents {} 0 R /Resources << /XObject << /I {} 0 R >> >>", number + 1, number + 2);
        (dictionary, vec![stream("", b"q 595 0 0 842 0 0 cm /I Do Q"), stream(&picture, &compressed)])
    })
}

/// Width, height, and the lines as they are compressed, which PDF takes as they are.
fn png_parts(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let number = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    let (width, height) = (number(16), number(20));
    assert_eq!(png[24..29], [8, 2, 0, 0, 0], "24 bits, not interlaced");
    let (mut at, mut compressed) = (8, Vec::new());
    while at + 8 < png.len() {
        let length = number(at) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            compressed.extend(&png[at + 8..at + 8 + length]);
        }
        at += length + 12;
    }
    (width, height, compressed)
}

/// A zip archive of these parts.
pub fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        let method =
            if *name == "mimetype" { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml";
const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const CORE: &str = "<cp:coreProperties xmlns:dc=\"d\" xmlns:cp=\"c\"><dc:title>Minutes &amp; more</dc:title>\
    <dc:creator>Grace Hopper</dc:creator><dc:language>en-US</dc:language></cp:coreProperties>";

fn types(part: &str, kind: &str) -> String {
    format!("<Types><Override PartName=\"/{part}\" ContentType=\"{kind}\"/></Types>")
}

fn relations(of: &[(&str, &str, &str)]) -> String {
    let mut xml = "<Relationships>".to_owned();
    for (id, kind, target) in of {
        let _ = write!(xml, "<Relationship Id=\"{id}\" Type=\"{RELATED}/{kind}\" Target=\"{target}\"/>");
    }
    xml + "</Relationships>"
}

/// A text of Word with this body: paragraphs of style `Kop1`, which is a heading, and others.
pub fn docx(body: &str) -> Vec<u8> {
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    docx_of(document.as_bytes())
}

/// One whose main part is this.
pub fn docx_of(document: &[u8]) -> Vec<u8> {
    let styles = "<w:styles xmlns:w=\"w\"><w:style w:styleId=\"Kop1\"><w:name w:val=\"heading 1\"/></w:style></w:styles>";
    zip(&[
        ("[Content_Types].xml", types("word/document.xml", WORD).as_bytes()),
        ("_rels/.rels", relations(&[("r1", "officeDocument", "word/document.xml")]).as_bytes()),
        ("word/_rels/document.xml.rels", relations(&[("s", "styles", "styles.xml")]).as_bytes()),
        ("word/styles.xml", styles.as_bytes()),
        ("word/document.xml", document),
        ("docProps/core.xml", CORE.as_bytes()),
    ])
}

/// A paragraph of Word, a heading or not.
pub fn word_paragraph(text: &str, is_heading: bool) -> String {
    let style = if is_heading { "<w:pPr><w:pStyle w:val=\"Kop1\"/></w:pPr>" } else { "" };
    format!("<w:p>{style}<w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// Slides, each of a title, a text, and what the speaker notes.
pub fn pptx(slides: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut listed = String::new();
    let mut related = Vec::new();
    let names: Vec<(String, String)> =
        (0..slides.len()).map(|at| (format!("rId{at}"), format!("slides/slide{at}.xml"))).collect();
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for (at, (title, text, notes)) in slides.iter().enumerate() {
        // The order is that of the list, not of the parts' names.
        let _ = write!(listed, "<p:sldId id=\"{}\" r:id=\"rId{at}\"/>", 256 + at);
        related.push((names[at].0.as_str(), "slide", names[at].1.as_str()));
        let shape = |kind: &str, text: &str| {
            format!(
                "<p:sp><p:nvSpPr><p:nvPr><p:ph type=\"{kind}\"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
            )
        };
        let slide = format!(
            "<p:sld xmlns:p=\"p\" xmlns:a=\"a\">{}{}</p:sld>",
            shape("title", title),
            shape("body", text)
        );
        parts.push((format!("ppt/slides/slide{at}.xml"), slide.into_bytes()));
        let noted = format!(
            "<p:notes xmlns:p=\"p\" xmlns:a=\"a\">{}{}</p:notes>",
            shape("sldNum", "7"),
            shape("body", notes)
        );
        parts.push((format!("ppt/notesSlides/notes{at}.xml"), noted.into_bytes()));
        let target = format!("../notesSlides/notes{at}.xml");
        let relation = relations(&[("n", "notesSlide", &target)]);
        parts.push((format!("ppt/slides/_rels/slide{at}.xml.rels"), relation.into_bytes()));
    }
    let main = format!(
        "<p:presentation xmlns:p=\"p\" xmlns:r=\"r\"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>"
    );
    let (kinds, root) = (
        types("ppt/presentation.xml", SLIDES),
        relations(&[("r", "officeDocument", "ppt/presentation.xml")]),
    );
    let related = relations(&related);
    let mut all = vec![
        ("[Content_Types].xml", kinds.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("ppt/presentation.xml", main.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", related.as_bytes()),
    ];
    all.extend(parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())));
    zip(&all)
}

/// An OpenDocument file: a text, or slides.
pub fn open_document(kind: &str, body: &str, manifest: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"o\" xmlns:text=\"t\" xmlns:style=\"s\" xmlns:fo=\"f\" xmlns:draw=\"d\">\
         <office:automatic-styles><style:style style:name=\"P1\"><style:paragraph-properties fo:break-before=\"page\"/></style:style>\
         </office:automatic-styles><office:body>{body}</office:body></office:document-content>"
    );
    let meta = "<office:document-meta xmlns:office=\"o\" xmlns:dc=\"d\"><office:meta><dc:title>Offer</dc:title></office:meta></office:document-meta>";
    zip(&[
        ("mimetype", format!("application/vnd.oasis.opendocument.{kind}").as_bytes()),
        ("content.xml", content.as_bytes()),
        ("meta.xml", meta.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ])
}

/// Files that mean harm or are broken, with what they are refused as.
pub fn refused() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = pdf(&["A page of text that is long enough to be one."]);
    let good = docx(&word_paragraph("Fine", false));
    let mut both = whole.clone();
    both.extend(&good);
    let bomb = docx_of(&vec![b' '; 64 << 20]);
    let entities = b"<!DOCTYPE w [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]><w:document><w:p><w:t>&a;&b;</w:t></w:p></w:document>";
    let deep = format!("<w:document>{}", "<w:p>".repeat(100_000));
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    vec![
        ("empty.pdf", Vec::new(), "document_unknown"),
        ("noise.bin", noise.clone(), "document_unknown"),
        ("noise.pdf", [b"%PDF-1.7\n".as_slice(), &noise, b"\n%%EOF\n"].concat(), "document_unreadable"),
        ("cut.pdf", whole[..whole.len() / 2].to_vec(), "document_unreadable"),
        ("locked.pdf", encrypted_pdf("Secret"), "document_encrypted"),
        ("both.pdf", both, "document_ambiguous"),
        ("cut.docx", good[..good.len() / 2].to_vec(), "document_unreadable"),
        ("bomb.docx", bomb, "document_too_large"),
        ("entities.docx", docx_of(entities), "document_unreadable"),
        ("deep.docx", docx_of(deep.as_bytes()), "document_unreadable"),
        ("locked.odt", open_document("text", "", "<m:encryption-data/>"), "document_encrypted"),
        ("sheet.ods", open_document("spreadsheet", "", ""), "document_unsupported"),
        ("archive.zip", zip(&[("readme.txt", b"hello")]), "document_unknown"),
        ("picture.pdf", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec(), "document_unknown"),
        ("page.html", b"<html><!-- %PDF-1.4 --></html>".to_vec(), "document_ambiguous"),
    ]
}
