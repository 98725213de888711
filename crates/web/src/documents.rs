//! What people agree to, and in which version: the documents themselves are the operator's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest name of a version.
pub const DOCUMENT_VERSION_CHARS_MAX: usize = 50;

/// Something that is agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// The terms of service.
    Terms,
    /// What is done with personal data.
    Privacy,
    /// Mails that nobody asked for.
    Marketing,
}

impl Document {
    /// All of them.
    pub const ALL: [Document; 3] = [Document::Terms, Document::Privacy, Document::Marketing];

    /// The name stored in `consents.document`.
    pub fn as_str(self) -> &'static str {
        match self {
            Document::Terms => "terms",
            Document::Privacy => "privacy",
            Document::Marketing => "marketing",
        }
    }

    /// The inverse of [`Document::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Document::ALL.into_iter().find(|document| document.as_str() == text)
    }

    /// Whether an account can go on without it.
    pub fn is_optional(self) -> bool {
        self == Document::Marketing
    }
}

/// The version of a document that holds now, and where it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentDocument {
    /// The name of the version, such as `2026-05`.
    pub version: String,
    /// Its address.
    pub url: Option<String>,
}

/// The present versions, as the operator configured them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// The terms of service.
    pub terms: CurrentDocument,
    /// What is done with personal data.
    pub privacy: CurrentDocument,
    /// Mails that nobody asked for.
    pub marketing: CurrentDocument,
}

impl Default for Documents {
    fn default() -> Self {
        let first = CurrentDocument { version: "1".to_owned(), url: None };
        Self { terms: first.clone(), privacy: first.clone(), marketing: first }
    }
}

impl Documents {
    /// What whoever makes an account has to agree to: what cannot be done without, where it can be read.
    pub fn asked_at_sign_up(&self) -> impl Iterator<Item = (Document, &CurrentDocument)> {
        let all = Document::ALL.into_iter().map(|document| (document, self.of(document)));
        all.filter(|(document, current)| !document.is_optional() && current.url.is_some())
    }

    /// The present version of one.
    pub fn of(&self, document: Document) -> &CurrentDocument {
        match document {
            Document::Terms => &self.terms,
            Document::Privacy => &self.privacy,
            Document::Marketing => &self.marketing,
        }
    }
}
