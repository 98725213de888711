//! An authenticator in software (WebAuthn level 3, section 6), with what a dishonest or broken one would say.

use crate::{
    app::{PUBLIC_URL, TestApp},
    client::{Answer, Client},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;

/// A device with one passkey. What it says is changed by its fields.
#[derive(Clone)]
pub struct Authenticator {
    pub key: SigningKey,
    pub credential_id: Vec<u8>,
    /// The account the passkey is for, as the server named it.
    pub user_handle: Vec<u8>,
    /// Of the page that asks.
    pub origin: String,
    /// What the passkey is bound to.
    pub name: String,
    /// Of signatures; stays at nothing on devices that share their passkeys.
    pub counter: u32,
    pub verifies_user: bool,
    pub is_backed_up: bool,
}

impl Authenticator {
    /// A new device, with a key of its own.
    pub fn new() -> Self {
        let key = loop {
            // One number in 2^32 is none.
            if let Ok(key) = SigningKey::from_slice(&rand::random::<[u8; 32]>()) {
                break key;
            }
        };
        Self {
            key,
            credential_id: rand::random::<[u8; 16]>().to_vec(),
            user_handle: Vec::new(),
            origin: PUBLIC_URL.to_owned(),
            name: PUBLIC_URL.trim_start_matches("https://").to_owned(),
            counter: 0,
            verifies_user: true,
            is_backed_up: false,
        }
    }

    /// What `navigator.credentials.create()` gives for these options.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user_handle = decode(&options["user"]["id"]);
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        // COSE (RFC 9053 section 7.1.1): an elliptic curve key on P-256 for ES256.
        let key =
            [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..], x, &[0x22, 0x58, 0x20], y]
                .concat();
        let length = u16::try_from(self.credential_id.len()).unwrap().to_be_bytes();
        let credential = [&[0; 16][..], &length, &self.credential_id, &key].concat();
        let data = [self.data(HAS_CREDENTIAL), credential].concat();
        // CBOR (RFC 8949): {"fmt": "none", "attStmt": {}, "authData": data}
        let length = u8::try_from(data.len()).expect("a short credential id");
        let object =
            [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".as_slice(), &[length], &data].concat();
        json!({
            "id": encode(&self.credential_id),
            "rawId": encode(&self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": encode(self.client_data("webauthn.create", options).as_bytes()),
                "attestationObject": encode(&object),
                "transports": ["internal", "of the future"],
            },
        })
    }

    /// What `navigator.credentials.get()` gives for these options.
    pub fn get(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(0);
        let signed = [data.as_slice(), &Sha256::digest(client_data.as_bytes())].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": encode(&self.credential_id),
            "rawId": encode(&self.credential_id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "authenticatorData": encode(&data),
                "signature": encode(signature.to_der().as_bytes()),
                "userHandle": encode(&self.user_handle),
            },
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = options["challenge"].as_str().unwrap();
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
    }

    /// Authenticator data (section 6.1) without a credential.
    fn data(&self, more: u8) -> Vec<u8> {
        let mut flags = USER_PRESENT | more;
        if self.verifies_user {
            flags |= USER_VERIFIED;
        }
        if self.is_backed_up {
            flags |= BACKUP_ELIGIBLE | BACKED_UP;
        }
        [&Sha256::digest(self.name.as_bytes())[..], &[flags], &self.counter.to_be_bytes()].concat()
    }

    /// Adds the passkey to the account of whoever is signed in.
    pub async fn add_to(&mut self, person: &Client, name: &str) -> Answer {
        let begun = person.post("/passkeys/begin", &json!({})).await.is(201).json();
        let credential = self.create(&begun["options"]);
        let body = json!({ "ceremony": begun["ceremony"], "name": name, "credential": credential });
        person.post("/passkeys", &body).await
    }

    /// Signs in with the passkey.
    pub async fn sign_in(&self, client: &Client) -> Answer {
        let begun = client.post("/sessions/passkey/begin", &json!({})).await.is(201).json();
        let credential = self.get(&begun["options"]);
        let body = json!({ "ceremony": begun["ceremony"], "credential": credential });
        client.post("/sessions/passkey", &body).await
    }

    /// Adds one passkey to the account; returns the device and the id of the passkey.
    pub async fn of(person: &Client) -> (Self, String) {
        let mut device = Self::new();
        let passkey = device.add_to(person, "Laptop").await.is(201).json();
        (device, passkey["id"].as_str().unwrap().to_owned())
    }
}

/// One that signs in is refused in the way that tells nothing.
pub async fn is_refused(app: &TestApp, device: &Authenticator) {
    device.sign_in(&app.visitor()).await.refuses(401, "passkey_wrong");
}

pub fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(value: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}
