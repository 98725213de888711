//! What is derived from the instance's secret: authentication codes for links, and encryption of small values at rest.
//!
//! A sealed value is `version (1) | key id (4) | nonce (24) | XChaCha20-Poly1305 ciphertext and tag`. The associated data
//! names table, column and row, so that a value copied into another row does not open there. The key id says which secret
//! sealed it: after a change of the secret, former ones still open what they sealed, and `is_current` finds what is to be
//! sealed anew.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// Keys derived from the instance's secret and from those it had before.
#[derive(Clone)]
pub struct Secrets {
    signing: [u8; 32],
    /// The present one first.
    sealing: Vec<SealingKey>,
}

#[derive(Clone)]
struct SealingKey {
    id: [u8; KEY_ID_BYTES],
    key: [u8; 32],
}

/// Where a sealed value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedPlace<'a> {
    /// Table and column: `user_totp.secret`.
    pub column: &'a str,
    /// The row.
    pub row: Uuid,
}

/// Why a value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was not sealed here, or was cut.
    #[error("this is not a sealed value")]
    Malformed,
    /// It was sealed under a secret this instance does not have.
    #[error(
        "this value was sealed under a secret this instance does not have; name it in MEMOREEL_FORMER_SECRET_KEYS"
    )]
    KeyUnknown,
    /// It was changed, or belongs to another row.
    #[error("this sealed value was changed or moved")]
    Tampered,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("sealing_keys", &self.sealing.len()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Of the present secret; `former` ones only open.
    pub fn new(secret: [u8; 32], former: &[[u8; 32]]) -> Self {
        let sealing = std::iter::once(&secret).chain(former).map(SealingKey::of).collect();
        Self { signing: authentication_code(&secret, "signing", &[]), sealing }
    }

    /// HMAC-SHA-256 over `parts` for one purpose. Parts are told apart by their lengths.
    pub fn sign(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        authentication_code(&self.signing, purpose, parts)
    }

    /// Whether `code` is what [`Secrets::sign`] gives, compared in constant time.
    pub fn verify(&self, purpose: &str, parts: &[&[u8]], code: &[u8]) -> bool {
        self.sign(purpose, parts).ct_eq(code).into()
    }

    /// Encrypts a value for the place it is to lie in, under the present secret.
    ///
    /// # Errors
    /// [`SealError::Malformed`] for values of more than 256 GiB.
    pub fn seal(&self, plain: &[u8], place: SealedPlace<'_>) -> Result<Vec<u8>, SealError> {
        let present = self.sealing.first().ok_or(SealError::KeyUnknown)?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let mut sealed = Vec::with_capacity(HEAD_BYTES + plain.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(&present.id);
        sealed.extend_from_slice(&nonce);
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        let ciphertext =
            present.cipher().encrypt(&nonce.into(), payload).map_err(|_| SealError::Malformed)?;
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Decrypts what [`Secrets::seal`] made for the same place.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, sealed: &[u8], place: SealedPlace<'_>) -> Result<Vec<u8>, SealError> {
        let (head, ciphertext) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Malformed)?;
        let (&version, head) = head.split_first().ok_or(SealError::Malformed)?;
        let (id, nonce) = head.split_at(KEY_ID_BYTES);
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Malformed)?;
        if version != VERSION {
            return Err(SealError::Malformed);
        }
        let key = self.sealing.iter().find(|key| key.id == *id).ok_or(SealError::KeyUnknown)?;
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        key.cipher().decrypt(&nonce.into(), payload).map_err(|_| SealError::Tampered)
    }

    /// What values that are sealed under the present secret carry behind their first byte.
    pub fn key_id(&self) -> [u8; 4] {
        self.sealing.first().map_or([0; KEY_ID_BYTES], |present| present.id)
    }

    /// Whether a value was sealed under the present secret; what was not is to be sealed anew.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(1..=KEY_ID_BYTES);
        self.sealing.first().is_some_and(|present| id == Some(present.id.as_slice()))
    }
}

impl SealingKey {
    fn of(secret: &[u8; 32]) -> Self {
        let key = authentication_code(secret, "sealing", &[]);
        let [a, b, c, d, ..] = authentication_code(&key, "key id", &[]);
        Self { id: [a, b, c, d], key }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key.into())
    }
}

impl SealedPlace<'_> {
    fn associated_data(&self) -> Vec<u8> {
        [self.column.as_bytes(), b":", self.row.as_bytes()].concat()
    }
}

fn authentication_code(key: &[u8; 32], purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a key shorter than its 64-byte block with zeros; padding it here is the same key.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: SealedPlace<'_> = SealedPlace { column: "user_totp.secret", row: Uuid::from_u128(7) };

    #[test]
    fn a_sealed_value_opens_in_its_own_place_only() {
        let secrets = Secrets::new([1; 32], &[]);
        let sealed = secrets.seal(b"hush", PLACE).expect("seals");
        assert!(!sealed.windows(4).any(|window| window == b"hush"));
        assert_eq!(secrets.open(&sealed, PLACE).as_deref(), Ok(&b"hush"[..]));
        let elsewhere = [
            SealedPlace { row: Uuid::from_u128(8), ..PLACE },
            SealedPlace { column: "user_totp.other", ..PLACE },
        ];
        for place in elsewhere {
            assert_eq!(secrets.open(&sealed, place), Err(SealError::Tampered));
        }
        assert_ne!(secrets.seal(b"hush", PLACE).expect("seals"), sealed);
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let secrets = Secrets::new([1; 32], &[]);
        let sealed = secrets.seal(b"hush", PLACE).expect("seals");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(secrets.open(&changed, PLACE).is_err(), "{place}");
        }
        for length in 0..sealed.len() {
            assert!(secrets.open(&sealed[..length], PLACE).is_err(), "{length}");
        }
    }

    #[test]
    fn after_a_change_of_the_secret_the_former_one_still_opens() {
        let sealed = Secrets::new([1; 32], &[]).seal(b"hush", PLACE).expect("seals");
        let rotated = Secrets::new([2; 32], &[[1; 32]]);
        assert_eq!(rotated.open(&sealed, PLACE).as_deref(), Ok(&b"hush"[..]));
        assert!(!rotated.is_current(&sealed));
        let anew = rotated.seal(b"hush", PLACE).expect("seals");
        assert!(rotated.is_current(&anew));
        assert_eq!(Secrets::new([1; 32], &[]).open(&anew, PLACE), Err(SealError::KeyUnknown));
    }

    #[test]
    fn codes_differ_by_purpose_part_and_secret() {
        let secrets = Secrets::new([1; 32], &[]);
        let code = secrets.sign("a", &[b"bc", b"d"]);
        assert!(secrets.verify("a", &[b"bc", b"d"], &code));
        assert!(!secrets.verify("a", &[b"b", b"cd"], &code));
        assert!(!secrets.verify("ab", &[b"c", b"d"], &code));
        assert!(!secrets.verify("a", &[b"bc", b"d"], &code[..31]));
        assert!(!Secrets::new([2; 32], &[[1; 32]]).verify("a", &[b"bc", b"d"], &code));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let shown = format!("{:?}", Secrets::new([0xab; 32], &[]));
        assert_eq!(shown, "Secrets { sealing_keys: 1, .. }");
    }
}
