//! Pages as LibreOffice lays them out, and what of the document itself belongs to them.

use memoreel_documents::{Format, Heading, PageText, flat_open_document};
use memoreel_office::OfficeFormat;
use std::collections::HashMap;

/// A layout with less than one letter of so many does not show the document.
const LETTERS_SHOWN_MIN: usize = 2;
/// What was written for the layout has at most one letter more or less there of so many.
const LETTERS_APART_MIN: usize = 50;
/// A page ends between two words, if there is a place between two no further away, in letters.
const GAP_WITHIN: usize = 20;
/// A heading is looked for on so many lines at most.
const HEADING_LINES_MAX: usize = 4;

/// What is handed to be laid out of a document whose pages are known only once it is laid out. Of HTML, Markdown and plain text that is what was read of it, rather
/// than the file: that may name others, which would be shown.
pub(super) fn source(format: Format, bytes: Vec<u8>, own: &[PageText]) -> Option<(OfficeFormat, Vec<u8>)> {
    let kind = match format {
        Format::Docx => OfficeFormat::Docx,
        Format::Pptx => OfficeFormat::Pptx,
        Format::Odt => OfficeFormat::Odt,
        Format::Odp => OfficeFormat::Odp,
        Format::Html | Format::Markdown | Format::Text => {
            return Some((OfficeFormat::FlatOdt, flat_open_document(own)));
        }
        Format::Pdf => return None,
    };
    Some((kind, bytes))
}

/// The pages of a document whose own parts are `own`, as they are `laid_out`. None where the two do not agree: rather no pictures than wrong
/// ones.
pub(super) fn pages(format: Format, own: &[PageText], laid_out: Vec<PageText>) -> Option<Vec<PageText>> {
    match format {
        Format::Pptx | Format::Odp => slides(own, &laid_out),
        Format::Html | Format::Markdown | Format::Text => written(own, &laid_out),
        _ => flowing(own, laid_out),
    }
}

/// Slides are pages by themselves, and have what the speaker notes besides.
fn slides(own: &[PageText], laid_out: &[PageText]) -> Option<Vec<PageText>> {
    let with_pictures = |(own, laid_out): (&PageText, &PageText)| PageText {
        // One that is nothing but a picture is looked for text in.
        has_layer: laid_out.has_layer || !own.text.is_empty(),
        ..own.clone()
    };
    (own.len() == laid_out.len()).then(|| own.iter().zip(laid_out).map(with_pictures).collect())
}

/// Text has its pages from the layout, and its headings from the document: what is laid out only looks like one.
fn flowing(own: &[PageText], mut laid_out: Vec<PageText>) -> Option<Vec<PageText>> {
    if letters(&laid_out) * LETTERS_SHOWN_MIN < letters(own) {
        return None;
    }
    let headings: Vec<&Heading> = own.iter().flat_map(|page| &page.headings).collect();
    let places = places(&headings, &laid_out);
    let mut from = 0;
    for heading in headings {
        // They come in the order of the text.
        let of_text = places.get(&letters_of(&heading.text)).map(Vec::as_slice).unwrap_or_default();
        let Some(place) = of_text.get(of_text.partition_point(|place| place.line < from)) else { continue };
        from = place.line + 1;
        laid_out[place.page].headings.push(Heading { char_start: place.char_start, ..heading.clone() });
    }
    Some(laid_out)
}

/// What was laid out from `own` alone keeps its words and paragraphs, and has its pages from the layout. A PDF has letters that are drawn as one
/// as others, and leaves out those of which there is no font: of few it does not matter on which page they are.
fn written(own: &[PageText], laid_out: &[PageText]) -> Option<Vec<PageText>> {
    let (ours, shown) = (letters(own), letters(laid_out));
    (ours.abs_diff(shown) * LETTERS_APART_MIN <= ours).then(|| parted(own, laid_out, (ours, shown)))
}

/// `own`, which has `ours` letters, parted in the proportion of the letters on each page that is `laid_out`, of which `shown` are in all.
fn parted(own: &[PageText], laid_out: &[PageText], (ours, shown): (usize, usize)) -> Vec<PageText> {
    let (mut text, mut headings): (Vec<char>, Vec<Heading>) = Default::default();
    for page in own {
        let before = text.len();
        let moved =
            |heading: &Heading| Heading { char_start: before + heading.char_start, ..heading.clone() };
        headings.extend(page.headings.iter().map(moved));
        text.extend(page.text.chars());
        text.extend(['\n', '\n']);
    }
    let mut headings = headings.into_iter().peekable();
    let (mut pages, mut begin) = (Vec::with_capacity(laid_out.len()), 0);
    let (mut passed, mut parted) = (0, 0);
    for (at, page) in laid_out.iter().enumerate() {
        passed += letters(std::slice::from_ref(page));
        let until = ours * passed / shown.max(1);
        let is_last = at + 1 == laid_out.len();
        let end = match end_of_page(&text, begin, until - parted) {
            _ if is_last => text.len(),
            end => nearest_gap(&text, end).max(begin),
        };
        parted = until;
        begin += text[begin..end].iter().take_while(|letter| letter.is_whitespace()).count();
        let said: String = text[begin..end].iter().collect();
        let mut of_page = Vec::new();
        while let Some(heading) = headings.next_if(|heading| heading.char_start < end) {
            of_page.push(Heading { char_start: heading.char_start.saturating_sub(begin), ..heading });
        }
        pages.push(PageText { text: said.trim_end().to_owned(), headings: of_page, has_layer: true });
        begin = end;
    }
    pages
}

/// Where the page ends that begins at `begin` and has so many letters. What closes its last word is on it.
fn end_of_page(text: &[char], begin: usize, letters: usize) -> usize {
    let mut left = letters;
    let is_behind = |letter: &char| match (letter.is_alphanumeric(), left) {
        (is_letter, 0) => is_letter || letter.is_whitespace(),
        (true, _) => {
            left -= 1;
            false
        }
        (false, _) => false,
    };
    text[begin..].iter().position(is_behind).map_or(text.len(), |passed| begin + passed)
}

/// The place between two words that is nearest to this one, if there is one near it.
fn nearest_gap(text: &[char], place: usize) -> usize {
    let near = (0..=GAP_WITHIN).flat_map(|apart| [place.checked_sub(apart), place.checked_add(apart)]);
    near.flatten().find(|at| text.get(*at).is_some_and(|letter| letter.is_whitespace())).unwrap_or(place)
}

fn letters(pages: &[PageText]) -> usize {
    pages.iter().flat_map(|page| page.text.chars()).filter(|letter| letter.is_alphanumeric()).count()
}

/// Where a heading may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// Of all pages.
    line: usize,
    page: usize,
    /// In the page's text.
    char_start: usize,
}

/// Where what `headings` say has lines of its own, in order.
fn places(headings: &[&Heading], pages: &[PageText]) -> HashMap<String, Vec<Place>> {
    let mut places: HashMap<String, Vec<Place>> =
        headings.iter().map(|heading| (letters_of(&heading.text), Vec::new())).collect();
    places.remove("");
    let mut first = 0;
    for (page, text) in pages.iter().enumerate() {
        let lines: Vec<&str> = text.text.split('\n').collect();
        let mut char_start = 0;
        for (at, line) in lines.iter().enumerate() {
            let place = Place { line: first + at, page, char_start };
            for beginning in [Some(*line), without_number(line)].into_iter().flatten() {
                let mut said = String::new();
                let following = &lines[at + 1..lines.len().min(at + HEADING_LINES_MAX)];
                for line in std::iter::once(&beginning).chain(following) {
                    said.push_str(&letters_of(line));
                    if let Some(found) = places.get_mut(&said)
                        && found.last() != Some(&place)
                    {
                        found.push(place);
                    }
                }
            }
            char_start += line.chars().count() + 1;
        }
        first += lines.len();
    }
    places
}

/// What is compared: neither spaces, which differ at the ends of lines, nor whether it is set in capitals.
fn letters_of(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A line without the number that the layout puts before a heading.
fn without_number(line: &str) -> Option<&str> {
    let (number, rest) = line.trim_start().split_once(' ')?;
    let letters = number.chars().filter(|letter| letter.is_alphanumeric()).count();
    (letters == 1 || number.contains(|letter: char| letter.is_numeric())).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str, headings: &[(u8, &str)]) -> PageText {
        let heading =
            |(level, text): &(u8, &str)| Heading { level: *level, text: (*text).to_owned(), char_start: 0 };
        PageText { text: text.to_owned(), headings: headings.iter().map(heading).collect(), has_layer: true }
    }

    fn found(pages: &[PageText]) -> Vec<Vec<(&str, usize)>> {
        let mut found = Vec::new();
        for page in pages {
            found.push(page.headings.iter().map(|one| (one.text.as_str(), one.char_start)).collect());
        }
        found
    }

    #[test]
    fn headings_are_on_the_pages_on_which_they_are_laid_out() {
        let own = [page(
            "Costs\n\nThe costs grow, and the plan of the year after shows how\n\nThe plan of the year after\n\nMore\n\nCosts\n\nLast words",
            &[(1, "Costs"), (2, "The plan of the year after"), (1, "Not shown"), (1, "Costs"), (1, "!")],
        )];
        let laid_out = vec![
            page(
                "Contents\nCosts 1\n1. COSTS\nThe costs grow, and\nthe plan of the year after shows how",
                &[],
            ),
            page("A) The plan of\nthe year after\nMore\nCosts\nLast words", &[]),
        ];
        let pages = pages(Format::Docx, &own, laid_out).unwrap();
        assert_eq!(
            found(&pages),
            [vec![("Costs", 17)], vec![("The plan of the year after", 0), ("Costs", 35)]]
        );
        assert_eq!(pages[1].headings[0].level, 2);
    }

    #[test]
    fn a_layout_that_does_not_show_the_document_is_not_taken() {
        let own = [page("A whole page of text", &[])];
        assert_eq!(pages(Format::Odt, &own, vec![page("A page", &[])]), None);
        assert_eq!(pages(Format::Odp, &own, vec![page("A whole page", &[]), page("of text", &[])]), None);
    }

    #[test]
    fn what_was_written_for_the_layout_keeps_its_words_and_paragraphs() {
        let headings = vec![Heading { level: 2, text: "Costs".to_owned(), char_start: 27 }];
        let first = PageText {
            headings,
            ..page(
                "\u{642}\u{644}\u{64a}\u{644}\u{627} (so it is).\n\nPlan B\n\nCosts \u{2014} \u{201c}all\u{201d}",
                &[],
            )
        };
        let own = [page("", &[]), first, page("End", &[])];
        // In another order, and in lines.
        let arabic = "\u{642}\u{644}\u{64a}\u{627}\u{644} (so\nit is).\nPlan";
        let laid_out = [
            page("", &[]),
            page(arabic, &[]),
            page("B\nCosts \u{2014}", &[]),
            page("\u{201c}all\u{201d}\nEnd", &[]),
        ];
        let pages = pages(Format::Text, &own, laid_out.to_vec()).unwrap();
        let texts: Vec<&str> = pages.iter().map(|page| page.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "",
                "\u{642}\u{644}\u{64a}\u{644}\u{627} (so it is).\n\nPlan",
                "B\n\nCosts",
                "\u{2014} \u{201c}all\u{201d}\n\nEnd"
            ]
        );
        assert_eq!(found(&pages), [vec![], vec![], vec![("Costs", 3)], vec![]]);
    }

    #[test]
    fn what_was_written_for_the_layout_loses_no_letter_that_a_pdf_has_as_others_or_not_at_all() {
        let words =
            "To \u{fb01}nd it on the quay, where ships have been at anchor for as long as anybody remembers";
        let own = [page(&format!("Plan\n\n{words}\n\nEnd \u{12000}"), &[(1, "Plan")])];
        let shown = words.replace('\u{fb01}', "fi");
        let laid_out =
            vec![PageText { has_layer: false, ..page(&format!("Plan\n{shown}"), &[]) }, page("End", &[])];
        let pages = pages(Format::Markdown, &own, laid_out).unwrap();
        let texts: Vec<&str> = pages.iter().map(|page| page.text.as_str()).collect();
        assert_eq!(texts, [format!("Plan\n\n{words}").as_str(), "End \u{12000}"]);
        assert!(pages[0].has_layer && found(&pages)[0] == [("Plan", 0)]);
        assert_eq!(super::pages(Format::Html, &own, vec![page("Plan", &[])]), None);
    }

    #[test]
    fn slides_keep_what_they_say_and_pictures_alone_are_looked_into() {
        let own = [page("Plan\n\nWhat is noted", &[(1, "Plan")]), page("", &[])];
        let drawn = |text: &str, has_layer| PageText { has_layer, ..page(text, &[]) };
        let pages = pages(Format::Pptx, &own, vec![drawn("Plan", false), drawn("", false)]).unwrap();
        assert_eq!(pages[0], own[0]);
        assert_eq!((pages[1].text.as_str(), pages[1].has_layer), ("", false));
    }
}
