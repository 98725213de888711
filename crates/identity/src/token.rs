//! Secrets that stand for a person: session tokens, API keys, and the tokens of invitations, ceremonies and trips to
//! providers. Only their SHA-256 is kept; with 256 bits behind it that are random, or signed with a random secret, a plain hash
//! is enough (there is nothing to guess).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memoreel_kernel::{InvitationId, Timestamp};
use memoreel_web::Secrets;
use sha2::{Digest, Sha256};

/// How every API key begins, so that people and secret scanners recognise one.
const API_KEY_MARK: &str = "mrl_";
/// Hexadecimal digits after the mark that stay readable.
const API_KEY_NAME_CHARS: usize = 8;
/// 32 bytes in base64url without padding.
const SECRET_CHARS: usize = 43;

/// What is kept of a token.
pub(crate) type TokenHash = [u8; 32];

/// A new token.
pub(crate) struct NewToken {
    /// For the cookie or the link: 32 bytes that nobody can guess, in base64url.
    pub(crate) token: String,
    /// What is kept of it.
    pub(crate) hash: TokenHash,
}

/// A new session token.
pub(crate) fn new_session_token() -> NewToken {
    new_token()
}

/// A new token of a passkey's ceremony.
pub(crate) fn new_ceremony_token() -> NewToken {
    new_token()
}

fn new_token() -> NewToken {
    let token = new_secret();
    let hash = hash(&token);
    NewToken { token, hash }
}

/// A new token of a trip to a provider.
pub(crate) fn new_trip_token() -> NewToken {
    new_token()
}

/// What the record of a domain says; it is no secret.
pub(crate) fn new_domain_token() -> String {
    new_secret()
}

/// The token of an invitation until that time. Whoever has the instance's secret can write it again, so that what mails it
/// keeps none.
pub(crate) fn invitation_token(secrets: &Secrets, id: InvitationId, expires_at: Timestamp) -> NewToken {
    let parts = [id.uuid().into_bytes().to_vec(), expires_at.timestamp_micros().to_be_bytes().to_vec()];
    let code = secrets.sign("invitation token", &[&parts[0], &parts[1]]);
    let token = URL_SAFE_NO_PAD.encode(code);
    let hash = hash(&token);
    NewToken { token, hash }
}

/// The hash to look a session token up by; `None` for what cannot be one.
pub(crate) fn session_token_hash(token: &str) -> Option<TokenHash> {
    is_secret(token).then(|| hash(token))
}

/// The hash to look an invitation up by; `None` for what cannot be the token of one.
pub(crate) fn invitation_token_hash(token: &str) -> Option<TokenHash> {
    is_secret(token).then(|| hash(token))
}

/// The hash to look a ceremony up by; `None` for what cannot be the token of one.
pub(crate) fn ceremony_token_hash(token: &str) -> Option<TokenHash> {
    is_secret(token).then(|| hash(token))
}

/// The hash to look a trip up by; `None` for what cannot be the token of one.
pub(crate) fn trip_token_hash(token: &str) -> Option<TokenHash> {
    is_secret(token).then(|| hash(token))
}

/// A new API key.
pub(crate) struct NewKeyToken {
    /// `mrl_` and eight hexadecimal digits; kept, and shown in lists.
    pub(crate) prefix: String,
    /// The whole key: prefix, `_`, secret.
    pub(crate) secret: String,
    /// What is kept of it.
    pub(crate) hash: TokenHash,
}

/// A new API key; its readable part and its secret are independent of each other.
pub(crate) fn new_api_key() -> NewKeyToken {
    let prefix = format!("{API_KEY_MARK}{:08x}", rand::random::<u32>());
    let secret = format!("{prefix}_{}", new_secret());
    let hash = hash(&secret);
    NewKeyToken { prefix, secret, hash }
}

/// The hash to look an API key up by; `None` for what cannot be one.
pub(crate) fn api_key_hash(key: &str) -> Option<TokenHash> {
    let (name, secret) = key.strip_prefix(API_KEY_MARK)?.split_once('_')?;
    let is_name = name.len() == API_KEY_NAME_CHARS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_name && is_secret(secret)).then(|| hash(key))
}

fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn is_secret(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == SECRET_CHARS && text.bytes().all(allowed)
}

fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use memoreel_kernel::{Clock, SystemClock};

    #[test]
    fn a_session_token_is_recognised_and_no_two_are_alike() {
        let (one, other) = (new_session_token(), new_session_token());
        assert_eq!(one.token.len(), SECRET_CHARS);
        assert_eq!(session_token_hash(&one.token), Some(one.hash));
        assert_ne!(one.hash, other.hash);
    }

    #[test]
    fn an_invitations_token_is_its_own_and_another_one_when_it_is_renewed() {
        let now = SystemClock.now();
        let (secrets, id) = (Secrets::new([1; 32], &[]), InvitationId::new(now));
        let token = invitation_token(&secrets, id, now);
        assert_eq!(invitation_token_hash(&token.token), Some(token.hash));
        assert_eq!(invitation_token(&secrets, id, now).hash, token.hash);
        let later = now + chrono::TimeDelta::microseconds(1);
        for other in [
            invitation_token(&secrets, id, later),
            invitation_token(&secrets, InvitationId::new(later), now),
            invitation_token(&Secrets::new([2; 32], &[]), id, now),
        ] {
            assert_ne!(other.hash, token.hash);
        }
    }

    #[test]
    fn an_api_key_shows_its_prefix_and_is_found_by_the_kept_hash() {
        let key = new_api_key();
        assert_eq!(key.prefix.len(), 12);
        assert!(key.secret.starts_with(&format!("{}_", key.prefix)));
        assert_eq!(api_key_hash(&key.secret), Some(key.hash));
        assert_ne!(new_api_key().hash, key.hash);
    }

    #[test]
    fn the_hash_is_the_sha_256_of_the_text() {
        let token = "A".repeat(SECRET_CHARS);
        let kept = session_token_hash(&token).map(hex::encode);
        assert_eq!(kept.as_deref(), Some(TOKEN_OF_43_A));
    }

    const TOKEN_OF_43_A: &str = "0f007385b6f9d4b7eeb2748605afe1a984a0a3bfa3f014d09e2a784ce9e5cd1a";

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        let key = new_api_key().secret;
        let cut = key.get(..key.len() - 1).unwrap_or_default().to_owned();
        for text in
            ["", "mrl_", "mrl__", "mrl_0000000g_x", &cut, &format!("{key}A"), &key.replace("mrl_", "abc_")]
        {
            assert_eq!(api_key_hash(text), None, "{text:?}");
        }
        for text in ["", &"a".repeat(42), &"a".repeat(44), &format!("{};", "a".repeat(42)), &"é".repeat(43)]
        {
            assert_eq!(session_token_hash(text), None, "{text:?}");
        }
    }
}
