//! Names of blobs: relative paths that are safe as a file path, an S3 key and a URL path alike.

use crate::BlobError;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// Most segments a key may have.
pub const KEY_SEGMENTS_MAX: usize = 16;
/// Longest segment, in bytes, which is what file systems allow for a name.
pub const KEY_SEGMENT_BYTES_MAX: usize = 255;

/// A validated key: 1 to 16 segments of `[a-zA-Z0-9._-]` joined by `/`, none empty, none `.` or `..`, at most
/// 512 bytes. It therefore needs no escaping anywhere and cannot leave the folder it is resolved against.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobKey(Arc<str>);

impl BlobKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`BlobError::KeyInvalid`] naming the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, BlobError> {
        let invalid = |reason| Err(BlobError::KeyInvalid { reason });
        if text.len() > KEY_BYTES_MAX {
            return invalid("longer than 512 bytes");
        }
        for (index, segment) in text.split('/').enumerate() {
            if index == KEY_SEGMENTS_MAX {
                return invalid("more than 16 segments");
            }
            if segment.is_empty() {
                return invalid("empty segment");
            }
            if segment == "." || segment == ".." {
                return invalid("segment is . or ..");
            }
            if segment.len() > KEY_SEGMENT_BYTES_MAX {
                return invalid("segment longer than 255 bytes");
            }
            if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
                return invalid("character other than a-z A-Z 0-9 . _ -");
            }
        }
        Ok(Self(text.into()))
    }

    /// This key continued by one or more segments.
    ///
    /// # Errors
    /// [`BlobError::KeyInvalid`] if the whole is not a key.
    pub fn join(&self, rest: &str) -> Result<Self, BlobError> {
        // A rest beyond the limit is refused before it is copied.
        if rest.len() > KEY_BYTES_MAX {
            return Err(BlobError::KeyInvalid { reason: "longer than 512 bytes" });
        }
        Self::parse(&format!("{self}/{rest}"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments, first to last.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// What follows the last dot of the last segment, if a name precedes that dot.
    pub fn extension(&self) -> Option<&str> {
        let (stem, extension) = self.file_name().rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then_some(extension)
    }

    /// True when this key is `prefix` or lies below it, by whole segments.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        match self.0.strip_prefix(prefix.as_str()) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobKey({})", self.0)
    }
}

impl AsRef<str> for BlobKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlobKey {
    type Err = BlobError;
    fn from_str(text: &str) -> Result<Self, BlobError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for BlobKey {
    type Error = BlobError;
    fn try_from(text: String) -> Result<Self, BlobError> {
        Self::parse(&text)
    }
}

impl From<BlobKey> for String {
    fn from(key: BlobKey) -> String {
        key.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn unsafe_or_oversized_text_is_not_a_key() {
        let deep = vec!["a"; 17].join("/");
        let long_segment = "a".repeat(256);
        let long = vec!["a".repeat(200); 3].join("/");
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            ".",
            "..",
            "a/../b",
            "a/./b",
            "a b",
            "a\\b",
            "ä",
            "a\0",
            "a%2e",
            "C:",
            &deep,
            &long_segment,
            &long,
        ] {
            assert!(BlobKey::parse(text).is_err(), "{text:?} was accepted");
        }
        for text in
            ["a", "a/b.m4s", "...", "a/.hidden", "A-b_c.9", &vec!["a"; 16].join("/"), &"a".repeat(255)]
        {
            assert_eq!(BlobKey::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn prefixes_match_by_whole_segments() {
        let key = BlobKey::parse("a/bc/d").unwrap();
        for (prefix, expected) in
            [("a", true), ("a/bc", true), ("a/bc/d", true), ("a/b", false), ("a/bc/d/e", false)]
        {
            assert_eq!(key.starts_with(&BlobKey::parse(prefix).unwrap()), expected, "{prefix}");
        }
    }

    #[test]
    fn the_extension_is_that_of_the_last_segment() {
        for (key, extension) in [("a.b/c", None), ("a/c.m4s", Some("m4s")), ("a/.gz", None), ("a.", None)] {
            assert_eq!(BlobKey::parse(key).unwrap().extension(), extension, "{key}");
        }
    }

    #[test]
    fn a_key_in_json_is_validated() {
        let key: BlobKey = serde_json::from_str("\"a/b\"").unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"a/b\"");
        assert!(serde_json::from_str::<BlobKey>("\"../b\"").is_err());
    }

    proptest! {
        #[test]
        fn any_accepted_text_stays_below_its_folder(text in "[a-zA-Z0-9._/%\\\\ -]{0,60}|\\PC{0,60}") {
            if let Ok(key) = BlobKey::parse(&text) {
                prop_assert_eq!(key.as_str(), &text);
                let path = Path::new(key.as_str());
                prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert_eq!(path.components().count(), key.segments().count());
                prop_assert_eq!(object_store::path::Path::parse(&text).unwrap().to_string(), text);
            }
        }

        #[test]
        fn joining_is_parsing_the_whole(left in "[a-z.]{1,4}(/[a-z.]{1,4}){0,9}", right in "[a-z./]{0,12}") {
            if let Ok(key) = BlobKey::parse(&left) {
                let whole = format!("{left}/{right}");
                prop_assert_eq!(key.join(&right).ok(), BlobKey::parse(&whole).ok());
            }
        }
    }
}
