//! What people and programs may write on assets and folders.

use crate::{AssetsError, store::WantedTerms};
use serde_json::{Map, Value};

const FILENAME_LENGTH_MAX: usize = 255;
const DESCRIPTION_LENGTH_MAX: usize = 2_000;
const TAGS_MAX: usize = 50;
const TAG_LENGTH_MAX: usize = 50;
const METADATA_NAMES_MAX: usize = 100;
const METADATA_NAME_LENGTH_MAX: usize = 100;
const METADATA_BYTES_MAX: usize = 16 << 10;
/// Longer values are kept, and not found by.
const FOUND_VALUE_LENGTH_MAX: usize = 500;
/// Names and values a list is narrowed to.
const WANTED_TERMS_MAX: usize = 10;

fn refuse(field: &'static str, code: &'static str, reason: impl Into<String>) -> AssetsError {
    AssetsError::Field { field, code, reason: reason.into() }
}

/// A name of one line, without spaces around it.
pub(super) fn name(field: &'static str, name: &str, length_max: usize) -> Result<String, AssetsError> {
    let bare = name.trim();
    if bare.is_empty() || name.chars().count() > length_max || name.contains(char::is_control) {
        let reason = format!("the {field} must have 1 to {length_max} characters and no line breaks");
        return Err(refuse(field, "name_invalid", reason));
    }
    Ok(bare.to_owned())
}

/// The name of a file, without folders.
pub(super) fn filename(given: &str) -> Result<String, AssetsError> {
    let name = name("filename", given, FILENAME_LENGTH_MAX)?;
    if name.contains(['/', '\\']) {
        return Err(refuse("filename", "name_invalid", "the filename must have no slashes"));
    }
    Ok(name)
}

/// What a file is called but for its extension, which the name of a hidden one is not.
pub(super) fn stem(filename: &str) -> &str {
    filename.rsplit_once('.').map(|(stem, _)| stem).filter(|stem| !stem.is_empty()).unwrap_or(filename)
}

/// What people say of a file: paragraphs, without spaces around them. One that says nothing is none.
pub(super) fn description(given: Option<String>) -> Result<Option<String>, AssetsError> {
    let Some(text) = given else { return Ok(None) };
    if text.chars().count() > DESCRIPTION_LENGTH_MAX
        || text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
    {
        let reason = format!(
            "the description must have at most {DESCRIPTION_LENGTH_MAX} characters and no control characters"
        );
        return Err(refuse("description", "description_invalid", reason));
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn tag(tag: &str) -> Result<String, AssetsError> {
    let tag = tag.trim().to_lowercase();
    let is_tag = (1..=TAG_LENGTH_MAX).contains(&tag.chars().count())
        && !tag.chars().any(|letter| letter == ',' || letter.is_control());
    if is_tag {
        Ok(tag)
    } else {
        Err(refuse("tags", "tag_invalid", "a tag has 1 to 50 characters and no commas"))
    }
}

/// Tags in lower case, each once, in their order. Returns none if they are more than `count_max`, before the rest is looked at: each is
/// compared with all before it.
fn distinct<'a>(
    given: impl IntoIterator<Item = &'a str>,
    count_max: usize,
) -> Result<Option<Vec<String>>, AssetsError> {
    let mut tags = Vec::new();
    for given in given {
        let tag = tag(given)?;
        if tags.contains(&tag) {
            continue;
        }
        if tags.len() == count_max {
            return Ok(None);
        }
        tags.push(tag);
    }
    Ok(Some(tags))
}

/// The tags of an asset.
pub(super) fn tags(given: &[String]) -> Result<Vec<String>, AssetsError> {
    distinct(given.iter().map(String::as_str), TAGS_MAX)?
        .ok_or_else(|| refuse("tags", "tags_too_many", format!("an asset has at most {TAGS_MAX} tags")))
}

/// What programs keep with an asset.
pub(super) fn metadata(given: &Map<String, Value>) -> Result<(), AssetsError> {
    let refuse = |reason: String| Err(refuse("metadata", "metadata_invalid", reason));
    if given.len() > METADATA_NAMES_MAX {
        return refuse(format!("the metadata must have at most {METADATA_NAMES_MAX} names"));
    }
    let is_name = |name: &String| {
        (1..=METADATA_NAME_LENGTH_MAX).contains(&name.chars().count())
            && !name.chars().any(|letter| letter == '=' || letter.is_control())
    };
    if !given.keys().all(is_name) {
        return refuse("names in the metadata must have 1 to 100 characters and no equals signs".to_owned());
    }
    let text = serde_json::to_string(given).unwrap_or_default();
    if text.len() > METADATA_BYTES_MAX {
        return refuse(format!("the metadata must have at most {METADATA_BYTES_MAX} bytes as JSON"));
    }
    if given.values().any(has_null_character) {
        return refuse("the metadata must have no null characters".to_owned());
    }
    Ok(())
}

/// PostgreSQL keeps none in JSON.
fn has_null_character(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_null_character),
        Value::Object(object) => {
            object.iter().any(|(name, value)| name.contains('\0') || has_null_character(value))
        }
    }
}

/// What an asset has to have: tags with commas between them, and an object of metadata as JSON.
pub(super) fn terms(tags: Option<&str>, metadata: Option<&str>) -> Result<WantedTerms, AssetsError> {
    let too_many = || {
        let reason = format!("at most {WANTED_TERMS_MAX} tags and values are looked for at once");
        refuse("tag", "terms_too_many", reason)
    };
    let tags = distinct(tags.into_iter().flat_map(|tags| tags.split(',')), WANTED_TERMS_MAX)?;
    let mut terms = WantedTerms { tags: tags.ok_or_else(too_many)?, ..WantedTerms::default() };
    if let Some(text) = metadata {
        let refuse = |reason: String| refuse("metadata", "metadata_invalid", reason);
        let invalid = || {
            refuse(
                "the metadata to look for must be a JSON object of texts, numbers and truth values"
                    .to_owned(),
            )
        };
        terms.metadata = serde_json::from_str(text).map_err(|_| invalid())?;
        for (name, value) in &terms.metadata {
            let text = match value {
                Value::String(text) => text.as_str(),
                Value::Number(_) | Value::Bool(_) => "",
                Value::Null | Value::Array(_) | Value::Object(_) => return Err(invalid()),
            };
            if text.chars().count() > FOUND_VALUE_LENGTH_MAX {
                return Err(refuse(format!(
                    "assets are found by texts of up to {FOUND_VALUE_LENGTH_MAX} characters in their metadata; longer ones are kept alone"
                )));
            }
            if text.contains('\0') || name.contains(['\0', '=']) {
                return Err(refuse(
                    "the metadata to look for must have no null characters, and no equals signs in names"
                        .to_owned(),
                ));
            }
        }
    }
    if terms.count() > WANTED_TERMS_MAX {
        return Err(too_many());
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_are_kept_in_lower_case_and_once() {
        let given = [" Berlin".to_owned(), "berlin".to_owned(), "Über uns".to_owned()];
        assert_eq!(tags(&given).unwrap(), ["berlin", "über uns"]);
        for bad in ["", " ", "a,b", "a\nb", &"x".repeat(51)] {
            assert!(tags(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
        let many: Vec<String> = (0..51).map(|number| number.to_string()).collect();
        assert!(tags(&many).is_err() && tags(&many[1..]).is_ok());
        assert_eq!(tags(&[&many[1..], &many[1..]].concat()).unwrap(), many[1..]);
    }

    #[test]
    fn a_name_has_at_most_one_extension() {
        for (name, stem_of_it) in [("a.b.png", "a.b"), ("a", "a"), (".env", ".env"), ("a.", "a")] {
            assert_eq!(stem(name), stem_of_it, "{name}");
        }
    }

    #[test]
    fn what_follows_too_many_tags_is_not_looked_at() {
        let given: Vec<String> = (0..60).map(|number| number.to_string()).collect();
        let asked = std::cell::Cell::new(0);
        let counted = given.iter().map(|tag| {
            asked.set(asked.get() + 1);
            tag.as_str()
        });
        assert!(distinct(counted, TAGS_MAX).unwrap().is_none());
        assert_eq!(asked.get(), TAGS_MAX + 1);
    }

    #[test]
    fn metadata_is_found_by_plain_values() {
        let found = terms(Some("b,A,B"), Some(r#"{"sku": "A-1", "n": 5, "new": true}"#)).unwrap();
        assert_eq!((found.tags, found.metadata.len()), (vec!["b".to_owned(), "a".to_owned()], 3));
        for bad in ["[]", "{", r#"{"a": null}"#, r#"{"a": [1]}"#, r#"{"a=": 1}"#, r#"{"a": "\u0000"}"#] {
            assert!(terms(None, Some(bad)).is_err(), "{bad}");
        }
        assert!(terms(Some("a,,b"), None).is_err());
        assert!(terms(Some("0,1,2,3,4,5,6,7,8,9"), None).is_ok());
        assert!(terms(Some("0,1,2,3,4,5,6,7,8,9,10"), None).is_err());
    }

    #[test]
    fn metadata_is_bounded() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        assert!(metadata(&object(json!({ "a": { "b": [1, 2] } }))).is_ok());
        // A backslash, a letter and digits.
        assert!(metadata(&object(json!({ "a": r"\u0000" }))).is_ok());
        for bad in [
            json!({ "": 1 }),
            json!({ "a=b": 1 }),
            json!({ "a": "\0" }),
            json!({ "a": [{ "b\0": 1 }] }),
            json!({ "a": { "b": ["\0"] } }),
            json!({ "a": "x".repeat(17_000) }),
        ] {
            assert!(metadata(&object(bad.clone())).is_err(), "{bad}");
        }
    }
}
