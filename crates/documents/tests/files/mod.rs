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
const NOTES: &str = "application/vnd.openxmlformats-officedocument.presentationml.notesSlide+xml";
const SLIDE: &str = "application/vnd.openxmlformats-officedocument.presentationml.slide+xml";
const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const WORD_SPACE: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
const SLIDE_SPACES: &str = "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const OASIS: &str = "urn:oasis:names:tc:opendocument:xmlns";
const CORE: &str = "<cp:coreProperties xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
    xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\"><dc:title>Minutes &amp; more</dc:title>\
    <dc:creator>Grace Hopper</dc:creator><dc:language>en-US</dc:language></cp:coreProperties>";

fn types(parts: &[(&str, &str)]) -> String {
    let mut xml = format!(
        "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    );
    for (part, kind) in parts {
        let _ = write!(xml, "<Override PartName=\"/{part}\" ContentType=\"{kind}\"/>");
    }
    xml + "</Types>"
}

fn relations(of: &[(&str, &str, &str)]) -> String {
    let mut xml = format!("<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for (id, kind, target) in of {
        let _ = write!(xml, "<Relationship Id=\"{id}\" Type=\"{RELATED}/{kind}\" Target=\"{target}\"/>");
    }
    xml + "</Relationships>"
}

/// A text of Word with this body: paragraphs of style `Kop1`, which is a heading, and others.
pub fn docx(body: &str) -> Vec<u8> {
    let document = format!("<w:document {WORD_SPACE}><w:body>{body}</w:body></w:document>");
    docx_of(document.as_bytes())
}

/// One whose main part is this.
pub fn docx_of(document: &[u8]) -> Vec<u8> {
    let styles = format!(
        "<w:styles {WORD_SPACE}><w:style w:type=\"paragraph\" w:styleId=\"Kop1\"><w:name w:val=\"heading 1\"/></w:style></w:styles>"
    );
    zip(&[
        ("[Content_Types].xml", types(&[("word/document.xml", WORD)]).as_bytes()),
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
    pptx_with_hidden(slides, None)
}

/// The same, of which one is not shown.
pub fn pptx_with_hidden(slides: &[(&str, &str, &str)], hidden: Option<usize>) -> Vec<u8> {
    let mut listed = String::new();
    let mut related = Vec::new();
    let names: Vec<(String, String)> =
        (0..slides.len()).map(|at| (format!("rId{at}"), format!("slides/slide{at}.xml"))).collect();
    let mut parts: Vec<(String, &str, Vec<u8>)> = Vec::new();
    let mut relations_of: Vec<(String, String)> = Vec::new();
    for (at, (title, text, notes)) in slides.iter().enumerate() {
        // The order is that of the list, not of the parts' names.
        let _ = write!(listed, "<p:sldId id=\"{}\" r:id=\"rId{at}\"/>", 256 + at);
        related.push((names[at].0.as_str(), "slide", names[at].1.as_str()));
        let shown = if hidden == Some(at) { " show=\"0\"" } else { "" };
        let slide =
            format!("<p:sld {SLIDE_SPACES}{shown}>{}</p:sld>", shapes(&[("title", *title), ("body", *text)]));
        parts.push((format!("ppt/slides/slide{at}.xml"), SLIDE, slide.into_bytes()));
        let noted =
            format!("<p:notes {SLIDE_SPACES}>{}</p:notes>", shapes(&[("sldNum", "7"), ("body", *notes)]));
        parts.push((format!("ppt/notesSlides/notes{at}.xml"), NOTES, noted.into_bytes()));
        let target = format!("../notesSlides/notes{at}.xml");
        let relation = relations(&[("n", "notesSlide", &target)]);
        relations_of.push((format!("ppt/slides/_rels/slide{at}.xml.rels"), relation));
    }
    let main = format!(
        "<p:presentation {SLIDE_SPACES}><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx=\"9144000\" cy=\"5143500\"/></p:presentation>"
    );
    let mut kinds = vec![("ppt/presentation.xml", SLIDES)];
    kinds.extend(parts.iter().map(|(name, kind, _)| (name.as_str(), *kind)));
    let (kinds, root) = (types(&kinds), relations(&[("r", "officeDocument", "ppt/presentation.xml")]));
    let related = relations(&related);
    let mut all = vec![
        ("[Content_Types].xml", kinds.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("ppt/presentation.xml", main.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", related.as_bytes()),
    ];
    all.extend(parts.iter().map(|(name, _, content)| (name.as_str(), content.as_slice())));
    all.extend(relations_of.iter().map(|(name, content)| (name.as_str(), content.as_bytes())));
    zip(&all)
}

/// Shapes of a slide, one below the other, each of a kind and with a text.
fn shapes(of: &[(&str, &str)]) -> String {
    let mut xml = "<p:cSld><p:spTree>".to_owned();
    for (at, (kind, text)) in of.iter().enumerate() {
        let top = 500_000 + at * 1_500_000;
        let _ = write!(
            xml,
            "<p:sp><p:nvSpPr><p:cNvPr id=\"{}\" name=\"{kind}\"/><p:cNvSpPr/><p:nvPr><p:ph type=\"{kind}\"/></p:nvPr></p:nvSpPr>\
             <p:spPr><a:xfrm><a:off x=\"500000\" y=\"{top}\"/><a:ext cx=\"8000000\" cy=\"1200000\"/></a:xfrm></p:spPr>\
             <p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>",
            at + 2
        );
    }
    xml + "</p:spTree></p:cSld>"
}

/// An OpenDocument file: a text, or slides; `manifest` is what its manifest says besides.
pub fn open_document(kind: &str, body: &str, manifest: &str) -> Vec<u8> {
    open_document_with(kind, body, manifest, None)
}

/// A text of OpenDocument that is nothing but this picture, as large as a page: PNG.
pub fn scanned_open_document(picture: &[u8]) -> Vec<u8> {
    let name = "Pictures/page.png";
    let body = format!(
        "<office:text><text:p><draw:frame svg:width=\"16cm\" svg:height=\"22cm\">\
         <draw:image xlink:href=\"{name}\" xlink:type=\"simple\"/></draw:frame></text:p></office:text>"
    );
    let manifest = format!("<m:file-entry m:full-path=\"{name}\" m:media-type=\"image/png\"/>");
    open_document_with("text", &body, &manifest, Some((name, picture)))
}

fn open_document_with(kind: &str, body: &str, manifest: &str, part: Option<(&str, &[u8])>) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"{OASIS}:office:1.0\" xmlns:text=\"{OASIS}:text:1.0\" xmlns:style=\"{OASIS}:style:1.0\" \
         xmlns:fo=\"{OASIS}:xsl-fo-compatible:1.0\" xmlns:draw=\"{OASIS}:drawing:1.0\" xmlns:svg=\"{OASIS}:svg-compatible:1.0\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\" office:version=\"1.2\"><office:automatic-styles>\
         <style:style style:name=\"P1\" style:family=\"paragraph\"><style:paragraph-properties fo:break-before=\"page\"/></style:style>\
         </office:automatic-styles><office:body>{body}</office:body></office:document-content>"
    );
    let meta = format!(
        "<office:document-meta xmlns:office=\"{OASIS}:office:1.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" office:version=\"1.2\">\
         <office:meta><dc:title>Offer</dc:title></office:meta></office:document-meta>"
    );
    let kind = format!("application/vnd.oasis.opendocument.{kind}");
    let entry =
        |path: &str, kind: &str| format!("<m:file-entry m:full-path=\"{path}\" m:media-type=\"{kind}\"/>");
    let manifest = format!(
        "<m:manifest xmlns:m=\"{OASIS}:manifest:1.0\" m:version=\"1.2\">{}{}{}{manifest}</m:manifest>",
        entry("/", &kind),
        entry("content.xml", "text/xml"),
        entry("meta.xml", "text/xml")
    );
    let mut parts = vec![
        ("mimetype", kind.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("meta.xml", meta.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ];
    parts.extend(part);
    zip(&parts)
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
