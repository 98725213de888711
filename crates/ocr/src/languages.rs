//! Which languages are read.

use std::fmt;
use std::str::FromStr;

/// No installation needs more, and each makes reading slower.
const LANGUAGES_MAX: usize = 16;

/// Languages that text may be in, by the names of tesseract's models: `eng+deu`. The first weighs most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Languages(String);

/// Not the name of languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("languages are named like tesseract's models, with + between them, such as eng+deu")]
pub struct LanguagesError;

impl Default for Languages {
    fn default() -> Self {
        Self("eng".to_owned())
    }
}

impl FromStr for Languages {
    type Err = LanguagesError;

    fn from_str(text: &str) -> Result<Self, LanguagesError> {
        let is_name = |name: &str| {
            (3..=20).contains(&name.len())
                && name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let names: Vec<&str> = text.split('+').collect();
        if names.len() > LANGUAGES_MAX || !names.iter().all(|name| is_name(name)) {
            return Err(LanguagesError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_names_of_models_and_nothing_else() {
        for accepted in ["eng", "eng+deu", "chi_sim+eng"] {
            assert_eq!(accepted.parse::<Languages>().unwrap().to_string(), accepted);
        }
        for refused in ["", "en", "eng+", "--psm", "../eng", "eng deu", "eng+../../etc"] {
            assert_eq!(refused.parse::<Languages>(), Err(LanguagesError), "{refused}");
        }
    }
}
