//! One-time codes by time (RFC 6238): HMAC-SHA-1, six digits, thirty seconds, which every authenticator app takes for
//! granted. Nothing here knows whose codes they are.

use hmac::{Hmac, KeyInit, Mac};
use memoreel_kernel::Timestamp;
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// What RFC 4226 section 4 recommends.
pub(crate) const SECRET_BYTES: usize = 20;
/// How long a code is shown.
const STEP_SECONDS: i64 = 30;
/// Clocks may differ by so many steps.
const STEPS_APART_MAX: i64 = 1;
const DIGITS: usize = 6;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator app shares with this server.
pub(crate) type Secret = [u8; SECRET_BYTES];

/// A new secret.
pub(crate) fn new_secret() -> Secret {
    rand::random()
}

/// The step whose code this is, among those around `now`.
pub(crate) fn step_of(secret: &Secret, code: &str, now: Timestamp) -> Option<i64> {
    let here = now.timestamp().div_euclid(STEP_SECONDS);
    let mut steps = here - STEPS_APART_MAX..=here + STEPS_APART_MAX;
    steps.find(|&step| bool::from(code_at(secret, step).as_bytes().ct_eq(code.as_bytes())))
}

/// Whether the text could be such a code.
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn code_at(secret: &Secret, step: i64) -> String {
    // HMAC pads a key shorter than its 64-byte block with zeros; padding it here is the same key.
    let mut block = [0; 64];
    block[..SECRET_BYTES].copy_from_slice(secret);
    let mut mac = <Hmac<Sha1> as KeyInit>::new(&block.into());
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(hash[19] & 0xf);
    let number = hash[offset..offset + 4].iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:0DIGITS$}", (number & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32))
}

/// Base 32 (RFC 4648 section 6) without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let bit = |place: usize| bytes.get(place / 8).map_or(0, |byte| byte >> (7 - place % 8) & 1);
    let places = (0..bytes.len() * 8).step_by(5);
    places
        .map(|place| {
            let index = (place..place + 5).fold(0, |index, place| index << 1 | bit(place));
            char::from(BASE32[usize::from(index)])
        })
        .collect()
}

/// What a QR code shows an app: `otpauth://totp/…` (Key URI Format).
pub(crate) fn uri(secret: &Secret, email: &str) -> String {
    let account: String = email
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("otpauth://totp/Memoreel:{account}?secret={}&issuer=Memoreel", base32(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    const SECRET: &Secret = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Utc.timestamp_opt(seconds, 0).single().expect("a time")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B, the last six of eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, seconds / STEP_SECONDS), code);
            assert_eq!(step_of(SECRET, code, at(seconds)), Some(seconds / STEP_SECONDS));
        }
    }

    #[test]
    fn clocks_may_differ_by_a_step_and_no_more() {
        let code = code_at(SECRET, 100);
        for (seconds, known) in [(2969, false), (2970, true), (3000, true), (3059, true), (3060, false)] {
            assert_eq!(step_of(SECRET, &code, at(seconds)), known.then_some(100), "{seconds}");
        }
        assert_eq!(step_of(SECRET, &code[1..], at(3000)), None);
        assert_eq!(step_of(SECRET, "", at(3000)), None);
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        // RFC 4648 section 10, without padding.
        for (text, encoded) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn an_address_cannot_add_to_the_uri() {
        let uri = uri(SECRET, "a&b=?#@exämple.com");
        let expected = "otpauth://totp/Memoreel:a%26b%3D%3F%23%40ex%C3%A4mple.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Memoreel";
        assert_eq!(uri, expected);
    }
}
