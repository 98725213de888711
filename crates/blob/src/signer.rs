//! Signed, expiring tokens that open one folder of blobs, so that media players, which send no session, can
//! follow the relative URLs of a playlist under `/media/{token}/`.
//!
//! Token: URL-safe base64 of the payload and a 128-bit HMAC-SHA-256 tag (truncation as in RFC 2104 section 5).
//! Payload: version, purpose (with a bit for what was given in private), expiry in whole hours since 1970 (4 bytes),
//! organization (16), number of segments, segments (0 and the 16 bytes of a UUID, or length and text), download name to
//! the end.

use crate::{BlobError, BlobKey, clean_file_name, key::KEY_BYTES_MAX};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use memoreel_kernel::{OrganizationId, Timestamp, canonical_uuid};
use sha2::Sha256;
use std::fmt;
use uuid::Uuid;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const HOUR_SECONDS: i64 = 3600;
/// Longer than any token that `sign` can make.
const TOKEN_BYTES_MAX: usize = 1200;
/// Keeps these tags apart from any other use of the same secret.
const DOMAIN: &[u8] = b"memoreel media token 1\0";

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Watching: playlists, segments, captions.
    Playback,
    /// Saving the file.
    Download,
    /// Still pictures: posters, storyboards, key frames.
    Preview,
    /// One image made of another, as the rest of the address says: [`UrlSigner::sign_with`].
    Transform,
    /// Watching by a cookie, which says so: [`UrlSigner::sign_with`].
    Cookie,
    /// A part of a recording, as the rest of the address says: [`UrlSigner::sign_with`].
    Clip,
    /// Sending one file, and reading none: [`UrlSigner::sign_with`].
    Upload,
}

impl Purpose {
    /// Whether its tokens verify only beside what was said then.
    fn is_beside_words(self) -> bool {
        matches!(self, Self::Transform | Self::Cookie | Self::Clip | Self::Upload)
    }
}

/// What a token permits at and below `prefix` until `expires_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose blobs.
    pub organization_id: OrganizationId,
    /// What for.
    pub purpose: Purpose,
    /// Whether it was given while what it opens was its author's alone. What was given at other times opens nothing while that is so.
    pub is_private: bool,
    /// The folder, or the one blob.
    pub prefix: BlobKey,
    /// When it ends. Signing rounds this up to the full hour, so that a URL made twice is the same URL and caches.
    pub expires_at: Timestamp,
    /// The name to save the file under, cleaned by [`clean_file_name`].
    pub download_name: Option<String>,
}

impl Grant {
    /// The blob that a path below the token means; an empty path means the prefix itself.
    ///
    /// # Errors
    /// [`BlobError::KeyInvalid`] if the path is not a key.
    pub fn resolve(&self, path: &str) -> Result<BlobKey, BlobError> {
        if path.is_empty() { Ok(self.prefix.clone()) } else { self.prefix.join(path) }
    }
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not a token, or was not made with this secret, or was changed.
    #[error("the media token is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the media token has expired")]
    Expired,
}

impl SignatureError {
    /// A stable word for logs and problem responses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid => "media_token_invalid",
            Self::Expired => "media_token_expired",
        }
    }
}

/// Makes and checks tokens with one secret.
#[derive(Clone)]
pub struct UrlSigner {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for UrlSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlSigner")
    }
}

impl UrlSigner {
    /// A signer with a secret of 32 random bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        let mut mac = Hmac::<Sha256>::new(&Self::block(secret));
        mac.update(DOMAIN);
        Self { mac }
    }

    /// The secret as the hash's input block, which HMAC defines as the key followed by zeros.
    fn block(secret: [u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..secret.len()].copy_from_slice(&secret);
        block
    }

    /// A token for `grant`, about 80 to 140 characters of `[A-Za-z0-9_-]` for keys made of UUIDs. The same grant
    /// gives the same token.
    pub fn sign(&self, grant: &Grant) -> String {
        self.tagged(payload(grant), None)
    }

    /// A token for `grant` that verifies only beside `said`, which it does not hold: what stands in the address already.
    pub fn sign_with(&self, grant: &Grant, said: &str) -> String {
        self.tagged(payload(grant), Some(said))
    }

    fn tagged(&self, mut token: Vec<u8>, said: Option<&str>) -> String {
        let tag = self.mac(&token, said).finalize().into_bytes();
        token.extend_from_slice(&tag[..TAG_BYTES]);
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// What is said beside a payload is followed by its length, so that no bytes can change sides. A payload alone ends in a
    /// name, an id or a word; of which of the two kinds a token is, its purpose says.
    fn mac(&self, payload: &[u8], said: Option<&str>) -> Hmac<Sha256> {
        let mac = self.mac.clone().chain_update(payload);
        match said {
            None => mac,
            Some(said) => mac.chain_update(said).chain_update((said.len() as u64).to_be_bytes()),
        }
    }

    /// What `token` permits at `now`, as long as it is for reading blobs as they are. The tag is compared in constant time, before
    /// anything else is looked at.
    ///
    /// # Errors
    /// [`SignatureError`]: invalid or expired.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Grant, SignatureError> {
        self.verified(token, None, now)
    }

    /// What a token of [`UrlSigner::sign_with`] permits at `now`, beside what was said then.
    ///
    /// # Errors
    /// As [`UrlSigner::verify`]; other words, or a token of another purpose, are invalid.
    pub fn verify_with(&self, token: &str, said: &str, now: Timestamp) -> Result<Grant, SignatureError> {
        self.verified(token, Some(said), now)
    }

    fn verified(&self, token: &str, said: Option<&str>, now: Timestamp) -> Result<Grant, SignatureError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(SignatureError::Invalid);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| SignatureError::Invalid)?;
        let (payload, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(SignatureError::Invalid)?;
        self.mac(payload, said).verify_truncated_left(tag).map_err(|_| SignatureError::Invalid)?;
        let grant = decode(payload).ok_or(SignatureError::Invalid)?;
        if grant.purpose.is_beside_words() != said.is_some() {
            return Err(SignatureError::Invalid);
        }
        if now >= grant.expires_at {
            return Err(SignatureError::Expired);
        }
        Ok(grant)
    }
}

fn payload(grant: &Grant) -> Vec<u8> {
    let mut token = vec![VERSION, purpose_byte(grant.purpose, grant.is_private)];
    token.extend_from_slice(&expiry_hours(grant.expires_at).to_be_bytes());
    token.extend_from_slice(grant.organization_id.uuid().as_bytes());
    token.push(byte_length(grant.prefix.segments().count()));
    for segment in grant.prefix.segments() {
        match canonical_uuid(segment) {
            Some(uuid) => {
                token.push(0);
                token.extend_from_slice(uuid.as_bytes());
            }
            None => {
                token.push(byte_length(segment.len()));
                token.extend_from_slice(segment.as_bytes());
            }
        }
    }
    if let Some(name) = &grant.download_name {
        token.extend_from_slice(clean_file_name(name).as_bytes());
    }
    token
}

fn decode(mut payload: &[u8]) -> Option<Grant> {
    let [version, purpose] = *payload.split_off(..2)? else { return None };
    if version != VERSION {
        return None;
    }
    let hours = u32::from_be_bytes(payload.split_off(..4)?.try_into().ok()?);
    let organization_id = OrganizationId(Uuid::from_slice(payload.split_off(..16)?).ok()?);
    let segments = *payload.split_off_first()?;
    // Ids, which most segments are, take fewer bytes in the payload.
    let mut prefix = String::with_capacity(KEY_BYTES_MAX);
    for index in 0..segments {
        if index > 0 {
            prefix.push('/');
        }
        match usize::from(*payload.split_off_first()?) {
            0 => {
                let id = Uuid::from_slice(payload.split_off(..16)?).ok()?;
                prefix.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            }
            length => prefix.push_str(std::str::from_utf8(payload.split_off(..length)?).ok()?),
        }
    }
    let name = std::str::from_utf8(payload).ok()?;
    let (purpose, is_private) = purpose_of(purpose)?;
    Some(Grant {
        organization_id,
        purpose,
        is_private,
        prefix: BlobKey::parse(&prefix).ok()?,
        expires_at: Timestamp::from_timestamp(i64::from(hours) * HOUR_SECONDS, 0)?,
        download_name: (!name.is_empty()).then(|| name.to_owned()),
    })
}

/// Whole hours since 1970, rounded up.
fn expiry_hours(expires_at: Timestamp) -> u32 {
    let whole_seconds = expires_at.timestamp() + i64::from(expires_at.timestamp_subsec_nanos() > 0);
    let hours = whole_seconds.max(0).saturating_add(HOUR_SECONDS - 1) / HOUR_SECONDS;
    u32::try_from(hours).unwrap_or(u32::MAX)
}

/// Counts and lengths in a key are at most 255 by its rules.
fn byte_length(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// Set in the byte of a purpose where it was given in private.
const PRIVATE: u8 = 0x80;
/// A clip that was given in private by an earlier version: its address works for up to a year.
const EARLIER_PRIVATE_CLIP: u8 = 8;

fn purpose_byte(purpose: Purpose, is_private: bool) -> u8 {
    let byte = match purpose {
        Purpose::Playback => 1,
        Purpose::Download => 2,
        Purpose::Preview => 3,
        Purpose::Transform => 4,
        Purpose::Cookie => 5,
        Purpose::Clip => 6,
        Purpose::Upload => 7,
    };
    if is_private { byte | PRIVATE } else { byte }
}

fn purpose_of(byte: u8) -> Option<(Purpose, bool)> {
    if byte == EARLIER_PRIVATE_CLIP {
        return Some((Purpose::Clip, true));
    }
    let purpose = match byte & !PRIVATE {
        1 => Purpose::Playback,
        2 => Purpose::Download,
        3 => Purpose::Preview,
        4 => Purpose::Transform,
        5 => Purpose::Cookie,
        6 => Purpose::Clip,
        7 => Purpose::Upload,
        _ => return None,
    };
    Some((purpose, byte & PRIVATE != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone, Utc};
    use proptest::prelude::*;

    fn noon() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 5, 4, 12, 0, 0).unwrap()
    }

    fn grant(prefix: &str, expires_at: Timestamp) -> Grant {
        Grant {
            organization_id: OrganizationId::new(noon()),
            purpose: Purpose::Playback,
            is_private: false,
            prefix: BlobKey::parse(prefix).unwrap(),
            expires_at,
            download_name: None,
        }
    }

    fn signer() -> UrlSigner {
        UrlSigner::new([7; 32])
    }

    #[test]
    fn expiry_is_rounded_up_to_the_hour_and_is_exclusive() {
        let wanted = grant("a/b", noon() - TimeDelta::microseconds(1));
        let token = signer().sign(&wanted);
        assert_eq!(
            token,
            signer().sign(&Grant { expires_at: noon() - TimeDelta::minutes(59), ..wanted.clone() })
        );
        let seen = signer().verify(&token, noon() - TimeDelta::microseconds(1)).unwrap();
        assert_eq!(seen, Grant { expires_at: noon(), ..wanted });
        assert_eq!(signer().verify(&token, noon()), Err(SignatureError::Expired));
    }

    #[test]
    fn a_token_for_ids_is_compact() {
        let key = format!("{}/{}/hls", Uuid::from_u128(1), Uuid::from_u128(2));
        let token = signer().sign(&grant(&key, noon()));
        assert!(token.len() <= 110, "{}", token.len());
    }

    #[test]
    fn the_longest_grant_still_verifies() {
        let segments = ["a".repeat(255), "b".repeat(229)].into_iter().chain((0..13).map(|_| "c".to_owned()));
        let key = segments.collect::<Vec<_>>().join("/");
        let wanted =
            Grant { download_name: Some("会".repeat(66)), ..grant(&key, noon() + TimeDelta::hours(1)) };
        let token = signer().sign(&wanted);
        assert_eq!(signer().verify(&token, noon()).unwrap(), wanted);
    }

    #[test]
    fn another_secret_does_not_verify() {
        let token = signer().sign(&grant("a", noon() + TimeDelta::hours(1)));
        assert_eq!(UrlSigner::new([8; 32]).verify(&token, noon()), Err(SignatureError::Invalid));
    }

    #[test]
    fn the_tag_is_hmac_sha256_of_the_domain_and_the_payload() {
        let token = BASE64_URL_SAFE_NO_PAD.decode(signer().sign(&grant("a", noon()))).unwrap();
        let (payload, tag) = token.split_last_chunk::<TAG_BYTES>().unwrap();
        let mut reference = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        reference.update(DOMAIN);
        reference.update(payload);
        assert_eq!(reference.finalize().into_bytes()[..TAG_BYTES], tag[..]);
    }

    #[test]
    fn what_is_said_beside_a_token_is_part_of_it() {
        let wanted = Grant { purpose: Purpose::Transform, ..grant("a", noon() + TimeDelta::hours(1)) };
        let token = signer().sign_with(&wanted, "w=400/photo.jpg");
        assert_eq!(signer().verify_with(&token, "w=400/photo.jpg", noon()).unwrap(), wanted);
        for said in ["w=401/photo.jpg", "", "w=400/photo.jp", "w=400/photo.jpgg"] {
            assert_eq!(signer().verify_with(&token, said, noon()), Err(SignatureError::Invalid), "{said}");
        }
        // Neither kind passes for the other, nor do bytes change sides.
        assert_eq!(signer().verify(&token, noon()), Err(SignatureError::Invalid));
        let named = |name: &str| Grant { download_name: Some(name.to_owned()), ..wanted.clone() };
        let token = signer().sign_with(&named("photo"), "w=4");
        let mut moved = payload(&named("phot"));
        moved.extend(
            BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap().split_last_chunk::<TAG_BYTES>().unwrap().1,
        );
        let moved = BASE64_URL_SAFE_NO_PAD.encode(moved);
        assert_eq!(signer().verify_with(&moved, "ow=4", noon()), Err(SignatureError::Invalid));
        let of_playback = signer().sign_with(&grant("a", noon() + TimeDelta::hours(1)), "w=4");
        assert_eq!(signer().verify_with(&of_playback, "w=4", noon()), Err(SignatureError::Invalid));
        assert_eq!(signer().verify(&signer().sign(&wanted), noon()), Err(SignatureError::Invalid));
    }

    #[test]
    fn a_token_for_sending_a_file_reads_none() {
        let wanted = Grant { purpose: Purpose::Upload, ..grant("a/b", noon() + TimeDelta::hours(1)) };
        let token = signer().sign_with(&wanted, "PUT");
        assert_eq!(signer().verify_with(&token, "PUT", noon()).unwrap(), wanted);
        assert_eq!(signer().verify(&token, noon()), Err(SignatureError::Invalid));
        assert_eq!(signer().verify(&signer().sign(&wanted), noon()), Err(SignatureError::Invalid));
    }

    #[test]
    fn what_was_given_in_private_says_so_whatever_it_is_for() {
        use Purpose::{Clip, Cookie, Download, Playback, Preview, Transform, Upload};
        for purpose in [Playback, Download, Preview, Transform, Cookie, Clip, Upload] {
            for is_private in [false, true] {
                let byte = purpose_byte(purpose, is_private);
                assert_eq!(purpose_of(byte), Some((purpose, is_private)));
            }
        }
        assert_eq!(purpose_of(EARLIER_PRIVATE_CLIP), Some((Clip, true)));
        for byte in [0, 9, PRIVATE, EARLIER_PRIVATE_CLIP | PRIVATE, u8::MAX] {
            assert_eq!(purpose_of(byte), None, "{byte}");
        }
    }

    #[test]
    fn paths_below_a_token_cannot_leave_it() {
        let grant = grant("a/b", noon());
        assert_eq!(grant.resolve("").unwrap().as_str(), "a/b");
        assert_eq!(grant.resolve("720p/1.m4s").unwrap().as_str(), "a/b/720p/1.m4s");
        for path in ["..", "../c", "/c", "x/../../c", "x//y"] {
            assert!(grant.resolve(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn every_grant_survives_and_no_changed_token_verifies(
            segments in prop::collection::vec("[a-zA-Z0-9_-]{1,20}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fA-F]{12}", 1..6),
            name in prop::option::of("[a-zA-Z0-9äß会]{1,30}\\.mp4"),
            hours in 1_i64..10_000,
            is_private in any::<bool>(),
            place in any::<prop::sample::Index>(),
            other in "[A-Za-z0-9_-]",
        ) {
            let wanted = Grant { download_name: name, is_private, ..grant(&segments.join("/"), noon() + TimeDelta::hours(hours)) };
            let token = signer().sign(&wanted);
            prop_assert_eq!(&signer().verify(&token, noon()).unwrap(), &wanted);

            let place = place.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(place..=place, &other);
            if changed != token {
                prop_assert_eq!(signer().verify(&changed, noon()), Err(SignatureError::Invalid));
            }
            prop_assert_eq!(signer().verify(&token[..place], noon()), Err(SignatureError::Invalid));
            prop_assert_eq!(signer().verify(&format!("{token}{other}"), noon()), Err(SignatureError::Invalid));
        }

        #[test]
        fn any_text_is_refused(text in "\\PC{0,200}|[A-Za-z0-9_-]{0,200}") {
            prop_assert_eq!(signer().verify(&text, noon()), Err(SignatureError::Invalid));
        }
    }
}
