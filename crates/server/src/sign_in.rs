//! The providers people may sign in through, read from a file.

use crate::config::{Accounts, SignUp};
use anyhow::{Context, Result, bail, ensure};
use memoreel_identity::is_secure;
use memoreel_web::{ClientSecret, Provider, SignInSettings};
use serde::Deserialize;
use std::{collections::HashSet, fs, path::Path};
use url::Url;

/// What `user_identities.provider` takes.
const ID_CHARS_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 100;

/// One provider, as operators write it. No `Debug`, because of the secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<String>,
    client_secret_env: Option<String>,
    #[serde(default = "usual_scopes")]
    scopes: Vec<String>,
    #[serde(default)]
    trust_email: bool,
}

fn usual_scopes() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}

/// The configured ways to sign in.
///
/// # Errors
/// One sentence that says what is wrong with which provider.
pub fn settings(accounts: &Accounts) -> Result<SignInSettings> {
    let providers = match &accounts.sign_in_providers {
        Some(path) => read(path)
            .with_context(|| format!("MEMOREEL_SIGN_IN_PROVIDERS: {} cannot be used", path.display()))?,
        None => Vec::new(),
    };
    Ok(SignInSettings {
        providers,
        is_sign_up_closed: accounts.sign_up == SignUp::Closed,
        dns_server: accounts.dns_server,
    })
}

fn read(path: &Path) -> Result<Vec<Provider>> {
    let text = fs::read_to_string(path)?;
    let entries: Vec<Entry> = serde_json::from_str(&text)?;
    let mut ids = HashSet::new();
    let folder = path.parent().unwrap_or(Path::new("."));
    entries
        .into_iter()
        .map(|entry| {
            let id = entry.id.clone();
            ensure!(ids.insert(id.clone()), "the provider {id:?} is there twice");
            provider(entry, folder).with_context(|| format!("the provider {id:?}"))
        })
        .collect()
}

/// Paths are taken from `folder`.
fn provider(entry: Entry, folder: &Path) -> Result<Provider> {
    let Entry { id, name, issuer, client_id, .. } = &entry;
    let is_slug = id.len() <= ID_CHARS_MAX
        && id.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    ensure!(is_slug, "an id has lower-case letters, digits and single hyphens, at most {ID_CHARS_MAX}");
    let is_name =
        (1..=NAME_CHARS_MAX).contains(&name.trim().chars().count()) && !name.contains(char::is_control);
    ensure!(is_name, "a name has 1 to {NAME_CHARS_MAX} printable characters");
    ensure!(!client_id.is_empty(), "the client id is empty");
    let url: Url = issuer.parse().context("the issuer is no address")?;
    ensure!(is_secure(&url), "the issuer has to be https, or on this machine");
    let secret = match (&entry.client_secret, &entry.client_secret_file, &entry.client_secret_env) {
        (None, None, None) => None,
        (Some(secret), None, None) => Some(secret.clone()),
        (None, Some(file), None) => {
            let file = folder.join(file);
            let secret = fs::read_to_string(&file)
                .with_context(|| format!("the client secret cannot be read from {}", file.display()))?;
            Some(secret.trim().to_owned())
        }
        (None, None, Some(variable)) => {
            let secret = std::env::var(variable);
            Some(secret.with_context(|| format!("the client secret is not in the variable {variable}"))?)
        }
        _ => bail!("the client secret is given in more than one way"),
    };
    ensure!(secret.as_deref() != Some(""), "the client secret is empty");
    Ok(Provider {
        id: entry.id,
        name: entry.name.trim().to_owned(),
        issuer: entry.issuer,
        client_id: entry.client_id,
        client_secret: secret.map(ClientSecret::new),
        scopes: entry.scopes,
        trust_email: entry.trust_email,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Provider>> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "open sesame\n").unwrap();
        let path = folder.path().join("providers.json");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    fn entry(rest: &str) -> String {
        format!(
            r#"{{ "id": "harbour", "name": "Harbour", "issuer": "https://id.example.com/realms/harbour", "client_id": "memoreel" {rest} }}"#
        )
    }

    #[test]
    fn a_secret_may_lie_in_a_file_beside_and_an_address_is_not_believed_unless_it_is_said() {
        let text = format!("[{}]", entry(r#", "client_secret_file": "secret""#));
        let found = read_text(&text).unwrap();
        let [provider] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(provider.client_secret.as_ref().unwrap().reveal(), "open sesame");
        assert_eq!((provider.scopes.as_slice(), provider.trust_email), (&usual_scopes()[..], false));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_a_sentence() {
        for (text, said) in [
            (entry(""), "sequence"),
            (format!("[{0}, {0}]", entry("")), "twice"),
            (format!("[{}]", entry(r#", "secret": "x""#)), "unknown field"),
            (format!("[{}]", entry(r#", "client_secret": """#)), "empty"),
            (
                format!("[{}]", entry(r#", "client_secret": "x", "client_secret_file": "secret""#)),
                "more than one way",
            ),
            (format!("[{}]", entry(r#", "client_secret_file": "nowhere""#)), "cannot be read"),
            (format!("[{}]", entry("").replace("https", "http")), "https"),
            (format!("[{}]", entry("").replace(r#""harbour""#, r#""Harbour/..""#)), "lower-case"),
        ] {
            let error = format!("{:#}", read_text(&text).unwrap_err());
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
