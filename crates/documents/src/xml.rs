//! XML as office files have it: elements by their local names, text with its entities resolved, and nothing from anywhere else.

use crate::DocumentError;
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

/// Elements in each other; documents have some dozens.
const DEPTH_MAX: usize = 512;

/// What comes next.
pub(crate) enum Part {
    /// An element begins.
    Begin(Element),
    /// The element of this local name ends.
    End(Vec<u8>),
    Text(String),
}

/// An element that begins.
pub(crate) struct Element {
    /// Without the prefix.
    pub(crate) name: Vec<u8>,
    /// By name without the prefix.
    attributes: Vec<(Vec<u8>, String)>,
}

impl Element {
    /// The value of an attribute, by its name without the prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name.as_bytes()).map(|(_, value)| value.as_str())
    }

    /// Whether an attribute of this name, with whatever prefix, has this value.
    pub(crate) fn has_attribute(&self, name: &str, value: &str) -> bool {
        self.attributes.iter().any(|(own, said)| own == name.as_bytes() && said == value)
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name.as_bytes()
    }
}

/// Reads `xml` from its beginning to its end. Whatever begins ends, also an element that is empty.
pub(crate) fn read(
    xml: &[u8],
    mut each: impl FnMut(Part) -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let mut reader = Reader::from_reader(xml);
    let mut depth = 0;
    loop {
        match reader.read_event().map_err(DocumentError::unreadable)? {
            Event::Start(start) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(DocumentError::unreadable("elements lie too deep in each other"));
                }
                each(Part::Begin(element(&start)?))?;
            }
            Event::Empty(start) => {
                let element = element(&start)?;
                let name = element.name.clone();
                each(Part::Begin(element))?;
                each(Part::End(name))?;
            }
            Event::End(end) => {
                depth -= 1;
                each(Part::End(end.local_name().as_ref().to_vec()))?;
            }
            Event::Text(text) => {
                each(Part::Text(text.decode().map_err(DocumentError::unreadable)?.into_owned()))?
            }
            Event::CData(text) => {
                each(Part::Text(text.decode().map_err(DocumentError::unreadable)?.into_owned()))?
            }
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().map_err(DocumentError::unreadable)?;
                let name = reference.decode().map_err(DocumentError::unreadable)?;
                // Office files declare no entities; whatever else is named says nothing.
                let known =
                    letter.map(String::from).or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                if let Some(text) = known {
                    each(Part::Text(text))?;
                }
            }
            Event::DocType(_) => return Err(DocumentError::unreadable("it declares a document type")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if depth == 0 => return Ok(()),
            Event::Eof => return Err(DocumentError::unreadable("it ends inside an element")),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, DocumentError> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(DocumentError::unreadable)?;
        let value = String::from_utf8_lossy(&attribute.value);
        let value = quick_xml::escape::unescape(&value).map_err(DocumentError::unreadable)?.into_owned();
        attributes.push((attribute.key.local_name().as_ref().to_vec(), value));
    }
    Ok(Element { name: start.local_name().as_ref().to_vec(), attributes })
}

/// The text of the first element of each of these local names, in their order.
pub(crate) fn first_texts<const N: usize>(
    xml: &[u8],
    names: [&str; N],
) -> Result<[Option<String>; N], DocumentError> {
    let mut found = [const { None::<String> }; N];
    let mut open: Option<usize> = None;
    read(xml, |part| {
        match part {
            Part::Begin(element) if open.is_none() => {
                open = names.iter().position(|name| element.is(name)).filter(|at| found[*at].is_none());
                if let Some(at) = open {
                    found[at] = Some(String::new());
                }
            }
            Part::Begin(_) => {}
            Part::End(name) => open = open.filter(|at| names[*at].as_bytes() != name),
            Part::Text(text) => {
                if let Some(found) = open.and_then(|at| found[at].as_mut()) {
                    found.push_str(&text);
                }
            }
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_resolved_and_none_is_declared() {
        let texts = first_texts(
            b"<a><dc:title>R&amp;D &#8212; 1 &lt; 2&what;</dc:title><title>second</title></a>",
            ["title"],
        );
        assert_eq!(texts.unwrap(), [Some("R&D \u{2014} 1 < 2".to_owned())]);
        let bomb = b"<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&b;&x;</a>";
        assert!(first_texts(bomb, ["a"]).is_err());
        for broken in [&b"<a><b></a>"[..], b"<a>", b"<a", b"<a b=>"] {
            assert!(first_texts(broken, ["a"]).is_err(), "{broken:?}");
        }
        let deep = "<a>".repeat(600);
        assert!(first_texts(deep.as_bytes(), ["x"]).is_err());
    }
}
