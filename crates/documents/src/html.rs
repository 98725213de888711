//! HTML as it is read by people: what is visible, in the order in which it is written. Nothing is run, fetched or laid out.

use crate::{
    DocumentError, language,
    pages::{Page, Writer, line},
    protocol::Bounds,
};
use html5gum::{DefaultEmitter, Token, Tokenizer};

/// HTML begins within so many bytes.
const BEGINS_WITHIN: usize = 1024;

/// What an HTML file says, and of itself.
pub(crate) struct Html {
    pub(crate) pages: Vec<Page>,
    pub(crate) title: Option<String>,
    pub(crate) language: Option<String>,
}

/// Whether it begins as HTML does, whatever it is called.
pub(crate) fn looks_like_html(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(BEGINS_WITHIN)];
    // UTF-16 has a zero beside each of these letters.
    let head: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let mut rest = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    rest = rest
        .strip_prefix(b"\xff\xfe")
        .or_else(|| rest.strip_prefix(b"\xfe\xff"))
        .unwrap_or(rest)
        .trim_ascii_start();
    while let Some(after) = rest.strip_prefix(b"<!--").or_else(|| rest.strip_prefix(b"<?xml")) {
        let Some(end) = after.iter().position(|byte| *byte == b'>') else { return false };
        rest = after[end + 1..].trim_ascii_start();
    }
    let rest = rest.to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<meta", b"<title"]
        .iter()
        .any(|begin| rest.starts_with(begin))
}

pub(crate) fn read(text: &str, bounds: Bounds) -> Result<Html, DocumentError> {
    let mut writer = Writer::new(bounds);
    let about = walk(text, |level, block| match level {
        Some(level) => writer.heading(level, block),
        None => writer.paragraph(block),
    })?;
    Ok(Html {
        pages: writer.finish(),
        title: about.title.as_deref().and_then(line),
        language: about.language,
    })
}

/// The visible text of a piece of HTML.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::new();
    // Nothing is refused here, so that nothing fails.
    let _ = walk(text, |_, block| {
        visible.push_str(block);
        visible.push('\n');
        Ok(())
    });
    visible
}

#[derive(Default)]
struct About {
    title: Option<String>,
    language: Option<String>,
}

fn walk(
    text: &str,
    mut each: impl FnMut(Option<u8>, &str) -> Result<(), DocumentError>,
) -> Result<About, DocumentError> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut about = About::default();
    let (mut block, mut level, mut title) = (String::new(), None, None::<String>);
    // The element that is left out, and how many of its kind are in each other.
    let mut left_out: Option<(Vec<u8>, usize)> = None;
    // A paragraph needs no end of its own: it ends where another block begins, or what it stands in ends.
    let is_paragraph =
        |left_out: &Option<(Vec<u8>, usize)>| left_out.as_ref().is_some_and(|(outer, _)| outer == b"p");
    let mut is_preformatted = 0_usize;
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = tag.name.0.as_slice();
                if is_block(name) && is_paragraph(&left_out) {
                    left_out = None;
                }
                if let Some((outer, depth)) = &mut left_out {
                    if outer.as_slice() == name && !tag.self_closing {
                        *depth += 1;
                    }
                    continue;
                }
                let is_hidden = tag.attributes.contains_key(&b"hidden"[..]);
                if is_left_out(name) || is_hidden && !tag.self_closing && !is_void(name) {
                    left_out = Some((name.to_vec(), 1));
                    continue;
                }
                match name {
                    b"html" => {
                        let tag = tag.attributes.get(&b"lang"[..]);
                        about.language =
                            tag.and_then(|tag| language::of_tag(&String::from_utf8_lossy(&tag.value)));
                    }
                    b"title" if about.title.is_none() => title = Some(String::new()),
                    b"br" => block.push('\n'),
                    b"td" | b"th" if !block.trim().is_empty() => block.push_str(" | "),
                    b"img" => {
                        let said = tag.attributes.get(&b"alt"[..]);
                        if let Some(said) = said {
                            block.push_str(&String::from_utf8_lossy(&said.value));
                        }
                    }
                    _ if is_block(name) => {
                        each(level.take(), &std::mem::take(&mut block))?;
                        level = heading(name);
                        is_preformatted += usize::from(name == b"pre");
                    }
                    _ => {}
                }
            }
            Token::EndTag(tag) => {
                let name = tag.name.0.as_slice();
                if is_block(name) && name != b"p" && is_paragraph(&left_out) {
                    left_out = None;
                }
                if let Some((outer, depth)) = &mut left_out {
                    if outer.as_slice() == name {
                        *depth -= 1;
                        if *depth == 0 {
                            left_out = None;
                        }
                    }
                } else if name == b"title" && title.is_some() {
                    about.title = title.take();
                } else if is_block(name) {
                    each(level.take(), &std::mem::take(&mut block))?;
                    is_preformatted = is_preformatted.saturating_sub(usize::from(name == b"pre"));
                }
            }
            Token::String(text) if left_out.is_none() => {
                let text = String::from_utf8_lossy(&text.value.0);
                if let Some(title) = &mut title {
                    title.push_str(&text);
                } else if is_preformatted > 0 {
                    block.push_str(&text);
                } else {
                    // Line breaks of the file are none of the text.
                    block
                        .extend(text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter }));
                }
            }
            Token::String(_) | Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    each(level, &block)?;
    Ok(about)
}

/// What nobody sees.
fn is_left_out(name: &[u8]) -> bool {
    matches!(
        name,
        b"script"
            | b"style"
            | b"template"
            | b"noscript"
            | b"iframe"
            | b"object"
            | b"embed"
            | b"svg"
            | b"math"
            | b"canvas"
            | b"audio"
            | b"video"
            | b"select"
            | b"textarea"
            | b"noembed"
            | b"noframes"
    ) && !is_void(name)
}

fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

fn heading(name: &[u8]) -> Option<u8> {
    match name {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

fn is_block(name: &[u8]) -> bool {
    heading(name).is_some()
        || matches!(
            name,
            b"p" | b"div"
                | b"section"
                | b"article"
                | b"header"
                | b"footer"
                | b"main"
                | b"nav"
                | b"aside"
                | b"ul"
                | b"ol"
                | b"li"
                | b"dl"
                | b"dt"
                | b"dd"
                | b"table"
                | b"tr"
                | b"thead"
                | b"tbody"
                | b"tfoot"
                | b"caption"
                | b"blockquote"
                | b"pre"
                | b"figure"
                | b"figcaption"
                | b"hr"
                | b"form"
                | b"fieldset"
                | b"address"
                | b"details"
                | b"summary"
                | b"body"
                | b"head"
                | b"html"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_see_is_read_and_nothing_else() {
        let text = "<!doctype html><html lang=de-AT><head><title>Der &Uuml;berblick</title><style>p{}</style>\
            <script>if (a < b) alert('<p>no</p>')</script></head><body><h1>Plan</h1><p>Eins<br>zwei &amp; <b>drei</b>\nvier</p>\
            <div hidden><div>nie</div>auch nie</div><!-- nie --><table><tr><td>a<td>b</tr></table><pre>x\ny</pre>\
            <template><p>nie</p></template><img alt=Bild src=x><svg><text>nie</text></svg>Ende";
        let bounds = Bounds { pages_max: 10, text_bytes_max: 10_000, unfolded_bytes_max: 0 };
        let html = read(text, bounds).unwrap();
        assert_eq!(html.title.as_deref(), Some("Der Überblick"));
        assert_eq!(html.language.as_deref(), Some("de"));
        assert_eq!(html.pages[0].text, "Plan\n\nEins\nzwei & drei vier\n\na | b\n\nx\ny\n\nBildEnde");
        assert_eq!(html.pages[0].headings[0].text, "Plan");
    }

    #[test]
    fn a_hidden_paragraph_hides_nothing_behind_it() {
        for text in [
            "<p hidden>nie</p>Eins",
            "<p hidden>nie<p>Eins",
            "<p hidden>nie <b>nie</b><h1>Eins</h1>",
            "<div><p hidden>nie</div>Eins",
            "<ul><li><p hidden>nie<li>Eins</ul>",
        ] {
            assert_eq!(visible(text).trim(), "Eins", "{text}");
        }
    }

    #[test]
    fn html_is_known_by_how_it_begins() {
        for begin in
            ["<!-- x --><!DOCTYPE HTML>", "\u{feff} <html>", "<?xml version='1.0'?>\n<html>", "<HEAD>"]
        {
            assert!(looks_like_html(begin.as_bytes()), "{begin}");
        }
        for other in ["# <html>", "plain", "<svg>", ""] {
            assert!(!looks_like_html(other.as_bytes()), "{other}");
        }
    }
}
