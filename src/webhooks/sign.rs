//! Signatures: by them a receiver knows that a request is from here and was not changed.
//!
//! In: a secret and what is sent. Out: headers. Two schemes, both HMAC-SHA256:
//!
//! - `webhook-signature: v1,<base64>` over `id.timestamp.body`, one for each valid secret
//!   (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>);
//! - `X-Webhook-Signature: <hex>` over the body alone, keyed with the secret's text as it was shown. While a
//!   secret is being replaced this one is still made with the old secret, because such receivers compare the
//!   whole header; `X-Webhook-Signature-New` is made with the new one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What secrets of Standard Webhooks start with; base64 follows.
const PREFIX: &str = "whsec_";
/// Random bytes of a new secret.
const KEY_BYTES: usize = 32;
/// Characters of a secret that somebody brings along.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=256;

/// Names of the headers.
pub const ID: &str = "webhook-id";
pub const TIMESTAMP: &str = "webhook-timestamp";
pub const SIGNATURE: &str = "webhook-signature";
pub const BODY_SIGNATURE: &str = "x-webhook-signature";
pub const BODY_SIGNATURE_NEW: &str = "x-webhook-signature-new";

/// A signing secret. Prints redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    key: Vec<u8>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    #[error("a secret has 16 to 256 printable ASCII characters")]
    Text,
    #[error("what follows \"whsec_\" must be base64 of 16 to 64 bytes")]
    Base64,
}

impl Secret {
    /// A new one: `whsec_` and base64 of 32 random bytes.
    pub fn random() -> Self {
        let key: [u8; KEY_BYTES] = rand::random();
        Self {
            text: format!("{PREFIX}{}", STANDARD.encode(key)),
            key: key.to_vec(),
        }
    }

    /// A text of somebody's own. With `whsec_` it is base64; any other text is its own key.
    ///
    /// # Errors
    /// [`SecretFault`].
    pub fn parse(text: &str) -> Result<Self, SecretFault> {
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_printable || !LENGTHS.contains(&text.len()) {
            return Err(SecretFault::Text);
        }
        let key = match text.strip_prefix(PREFIX) {
            None => text.as_bytes().to_vec(),
            Some(encoded) => STANDARD
                .decode(encoded)
                .ok()
                .filter(|key| (16..=64).contains(&key.len()))
                .ok_or(SecretFault::Base64)?,
        };
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// One that was accepted when it was stored; whatever it is now, its text is a key.
    pub(super) fn stored(text: String) -> Self {
        Self::parse(&text).unwrap_or_else(|_| Self {
            key: text.clone().into_bytes(),
            text,
        })
    }

    /// The text that its owner is shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// `v1,<base64>`
    fn standard(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let head = format!("{id}.{timestamp_s}.");
        let sum = hmac(&self.key, &[head.as_bytes(), body]);
        format!("v1,{}", STANDARD.encode(sum))
    }

    /// Lower-case hex.
    fn over_body(&self, body: &[u8]) -> String {
        let sum = hmac(self.text.as_bytes(), &[body]);
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// The secrets of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    pub current: Secret,
    /// The one before it, while receivers may still know no other.
    pub previous: Option<Secret>,
}

impl Secrets {
    /// One secret.
    pub fn one(current: Secret) -> Self {
        Self {
            current,
            previous: None,
        }
    }

    /// Names and values of the headers of one attempt.
    pub fn headers(&self, id: &str, timestamp_s: i64, body: &[u8]) -> Vec<(&'static str, String)> {
        let mut signature = self.current.standard(id, timestamp_s, body);
        let known_longest = self.previous.as_ref().unwrap_or(&self.current);
        let mut headers = vec![
            (ID, id.to_owned()),
            (TIMESTAMP, timestamp_s.to_string()),
            (BODY_SIGNATURE, known_longest.over_body(body)),
        ];
        if let Some(previous) = &self.previous {
            signature.push(' ');
            signature += &previous.standard(id, timestamp_s, body);
            headers.push((BODY_SIGNATURE_NEW, self.current.over_body(body)));
        }
        headers.push((SIGNATURE, signature));
        headers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    use super::*;

    fn header(headers: &[(&str, String)], name: &str) -> Option<String> {
        let found = headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    }

    #[test]
    fn the_published_example_of_the_standard() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            secret.standard(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn the_plain_signature_is_rfc_4231s() {
        // Test case 2 of the RFC has a key of 4 bytes, which is no secret of ours; the sum is the same.
        let sum = hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let secret = Secret {
            text: "Jefe".into(),
            key: Vec::new(),
        };
        assert_eq!(
            secret.over_body(b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(sum.len(), 32);
    }

    proptest! {
        #[test]
        fn another_implementation_accepts_what_we_sign(body in "\\PC{0,60}", id in "[a-z0-9-]{1,40}") {
            let (old, new) = (Secret::random(), Secret::random());
            let secrets = Secrets { current: new.clone(), previous: Some(old.clone()) };
            let now_s = chrono::Utc::now().timestamp();
            let ours = secrets.headers(&id, now_s, body.as_bytes());
            let signatures = header(&ours, SIGNATURE).unwrap();
            for secret in [&old, &new] {
                let theirs = Webhook::new(secret.reveal()).unwrap();
                let theirs = theirs.sign(&id, now_s, body.as_bytes()).unwrap();
                prop_assert!(signatures.split(' ').any(|ours| ours == theirs), "{signatures} {theirs}");
            }
            prop_assert_eq!(header(&ours, BODY_SIGNATURE), Some(old.over_body(body.as_bytes())));
            prop_assert_eq!(header(&ours, BODY_SIGNATURE_NEW), Some(new.over_body(body.as_bytes())));
        }
    }

    #[test]
    fn one_secret_gives_one_of_each_signature() {
        let headers = Secrets::one(Secret::random()).headers("a", 1, b"{}");
        assert_eq!(
            header(&headers, SIGNATURE).unwrap().matches("v1,").count(),
            1
        );
        assert_eq!(header(&headers, BODY_SIGNATURE).unwrap().len(), 64);
        assert_eq!(header(&headers, BODY_SIGNATURE_NEW), None);
    }

    #[test]
    fn secrets_are_checked_and_never_printed() {
        let fine = Secret::parse("an-older-secret-of-the-receiver").unwrap();
        assert_eq!(format!("{fine:?}"), "Secret");
        for (text, fault) in [
            ("short", SecretFault::Text),
            ("with blanks in the middle", SecretFault::Text),
            ("whsec_not/base64!!!!", SecretFault::Base64),
            ("whsec_c2hvcnQ=aaaa", SecretFault::Base64),
        ] {
            assert_eq!(Secret::parse(text).unwrap_err(), fault, "{text}");
        }
        let random = Secret::random();
        assert_eq!(Secret::parse(random.reveal()).unwrap(), random);
        assert_ne!(random, Secret::random());
    }
}
