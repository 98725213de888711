//! Markdown (CommonMark, with tables and strike-through).

use crate::{
    DocumentError, html,
    pages::{Page, Writer},
    protocol::Bounds,
};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The text without its marks; HTML in it as it would be shown.
pub(crate) fn read(text: &str, bounds: Bounds) -> Result<Vec<Page>, DocumentError> {
    let mut writer = Writer::new(bounds);
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let (mut block, mut markup, mut is_metadata) = (String::new(), String::new(), false);
    for event in Parser::new_ext(text, options) {
        if !matches!(event, Event::Html(_)) && !markup.is_empty() {
            writer.paragraph(&html::visible(&std::mem::take(&mut markup)))?;
        }
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                // What is said about the text is none of it.
                let text = if is_metadata { "" } else { &text };
                block.push_str(text);
            }
            Event::SoftBreak | Event::HardBreak => block.push('\n'),
            Event::Html(text) => markup.push_str(&text),
            Event::Start(Tag::MetadataBlock(_)) => is_metadata = true,
            Event::End(TagEnd::MetadataBlock(_)) => is_metadata = false,
            Event::End(TagEnd::Heading(level)) => writer.heading(level as u8, &std::mem::take(&mut block))?,
            Event::End(TagEnd::TableCell) => block.push_str(" | "),
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => {
                let row = std::mem::take(&mut block);
                writer.paragraph(row.trim_end_matches([' ', '|']))?;
            }
            // An item that holds a list ends its own text where that begins.
            Event::Start(Tag::List(_) | Tag::Item)
            | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock) => {
                writer.paragraph(&std::mem::take(&mut block))?;
            }
            _ => {}
        }
    }
    writer.paragraph(&block)?;
    writer.paragraph(&html::visible(&markup))?;
    Ok(writer.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_headings_stay() {
        let bounds = Bounds { pages_max: 10, text_bytes_max: 10_000, unfolded_bytes_max: 0 };
        let text = "---\nauthor: x\n---\n# Plan *B*\n\nWe **do** `it` [now](https://example.org).\n\n- one\n  - two\n- three\n\n\
            | a | b |\n|---|---|\n| c | d |\n\n<div>shown<script>hidden()</script></div>\n\n## End\n";
        let pages = read(text, bounds).unwrap();
        assert_eq!(pages.len(), 1);
        assert_eq!(
            pages[0].text,
            "Plan B\n\nWe do it now.\n\none\n\ntwo\n\nthree\n\na | b\n\nc | d\n\nshown\n\nEnd"
        );
        let headings: Vec<(u8, &str)> =
            pages[0].headings.iter().map(|heading| (heading.level, heading.text.as_str())).collect();
        assert_eq!(headings, [(1, "Plan B"), (2, "End")]);
    }
}
