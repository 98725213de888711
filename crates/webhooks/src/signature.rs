//! Secrets and signatures of Standard Webhooks 1.0: `v1,` and base 64 of HMAC-SHA-256 over `id.timestamp.body`.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How every secret begins, so that people and secret scanners recognise one.
const SECRET_MARK: &str = "whsec_";
/// As long as the digest; the standard wants 24 to 64.
const SECRET_BYTES: usize = 32;

/// A secret that messages are signed with. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SigningSecret([u8; SECRET_BYTES]);

impl SigningSecret {
    /// A new one that nobody can guess.
    pub(crate) fn new() -> Self {
        Self(rand::random())
    }

    /// One that was kept; `None` when that is not one.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What is kept of it, sealed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As receivers enter it.
    pub(crate) fn text(&self) -> String {
        format!("{SECRET_MARK}{}", BASE64_STANDARD.encode(self.0))
    }

    /// Signs a message for one sending, `timestamp` in seconds since 1970.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        // HMAC pads a key shorter than its 64-byte block with zeros; padding it here is the same key.
        let mut block = [0; 64];
        block[..SECRET_BYTES].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standardwebhooks::Webhook;

    /// The example of the standard, but for the length of its secret.
    #[test]
    fn the_standards_own_code_makes_the_same_signature_and_takes_ours() {
        for body in ["", "{\"type\":\"video.added\"}", "ünïcode\n\u{0}"] {
            let (first, second) = (SigningSecret::new(), SigningSecret::new());
            let theirs = Webhook::new(&first.text()).expect("a secret");
            let now = i64::try_from(
                std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .expect("after 1970")
                    .as_secs(),
            )
            .expect("a time");
            let ours = first.sign("msg_1", now, body);
            assert_eq!(theirs.sign("msg_1", now, body.as_bytes()).expect("signs"), ours);

            let verify = |signature: &str, body: &str, timestamp: i64| {
                let mut headers = http::HeaderMap::new();
                headers.insert("webhook-id", "msg_1".parse().expect("a value"));
                headers.insert("webhook-timestamp", timestamp.to_string().parse().expect("a value"));
                headers.insert("webhook-signature", signature.parse().expect("a value"));
                theirs.verify(body.as_bytes(), &headers).is_ok()
            };
            // Among others, as while a secret is being replaced.
            let both = format!("{} {ours}", second.sign("msg_1", now, body));
            assert!(verify(&ours, body, now) && verify(&both, body, now));
            assert!(!verify(&second.sign("msg_1", now, body), body, now));
            assert!(!verify(&ours, "{\"type\":\"video.failed\"}", now));
            assert!(!verify(&ours, body, now + 1));
        }
    }
}
