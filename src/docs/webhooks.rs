//! The guide's chapter on webhooks: payloads and signatures as the sender makes them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::webhooks::overlap::{self, DEPRECATED_AFTER_MONTHS, ENDS_AFTER_MONTHS};
use crate::webhooks::payload;
use crate::webhooks::sign::{self, Secret, Secrets};

/// Events whose payloads are shown: one of each shape, old and new.
const SHOWN: &[&str] = &[
    "deal.stage_changed",
    "opportunity.stage_changed",
    "dealNote.created",
    "opportunity_note.created",
];

/// The secret of the examples.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Moment of the example delivery, in seconds since 1970.
const SENT_AT_S: i64 = 1_793_664_480;

/// How receivers check a request, in JavaScript and Python.
pub const CHECKS: &[(&str, &str, &str)] = &[
    ("JavaScript", "js", include_str!("examples/webhook.mjs")),
    ("Python", "python", include_str!("examples/webhook.py")),
];

/// Id of the example delivery.
fn id() -> Uuid {
    Uuid::from_u128(0x0191_c2a4_6f1e_7b3c_9d20_5a41_33e8_0c77)
}

/// The payloads as JSON blocks.
pub fn payloads() -> String {
    let mut out = String::new();
    for event in SHOWN {
        let envelope = payload::envelope(id(), event, &payload::sample(event));
        let text = serde_json::to_string_pretty(&envelope).unwrap_or_default();
        let _ = write!(out, "`{event}`:\n\n```json\n{text}\n```\n\n");
    }
    out.trim_end().to_owned()
}

/// The checks as code blocks.
pub fn checks() -> String {
    let mut out = String::new();
    for (title, language, code) in CHECKS {
        let _ = write!(out, "{title}:\n\n```{language}\n{code}```\n\n");
    }
    out.trim_end().to_owned()
}

/// A signed delivery for whoever tries a check: `{"secret", "body", "headers"}`.
pub fn signed_example() -> Value {
    let event = "opportunity.won";
    let body = payload::body(id(), event, &payload::sample(event));
    let secret = Secret::parse(SECRET).expect("the standard's example is a secret");
    let headers = Secrets::one(secret).headers(&id().to_string(), SENT_AT_S, &body);
    let headers: serde_json::Map<_, _> = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    json!({
        "secret": SECRET,
        "body": String::from_utf8_lossy(&body),
        "headers": headers,
    })
}

/// Names of the headers of a delivery, with what they hold.
pub fn headers() -> String {
    let mut out = String::from("| header | |\n| --- | --- |\n");
    for (name, text) in [
        (sign::ID, "id of the delivery, the same at every attempt"),
        (sign::TIMESTAMP, "seconds since 1970, of this attempt"),
        (
            sign::SIGNATURE,
            "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several, separated by blanks, while \
             a secret is replaced ([Standard Webhooks](https://www.standardwebhooks.com/))",
        ),
        (
            sign::BODY_SIGNATURE,
            "hex of HMAC-SHA256 over the body, keyed with the text of the secret",
        ),
        (
            sign::BODY_SIGNATURE_NEW,
            "the same with the new secret, while one is replaced",
        ),
        (
            overlap::DEPRECATION,
            "version 1 only: `@` and the seconds since 1970 from which it is deprecated (RFC 9745)",
        ),
        (
            overlap::SUNSET,
            "version 1 only: when it ends, once that is known (RFC 8594)",
        ),
        (
            overlap::WARNING,
            "version 1 only: the event that takes its place",
        ),
    ] {
        let _ = writeln!(out, "| `{name}` | {text} |");
    }
    out
}

/// Until when version 1 is told.
pub fn end_of_version_1() -> String {
    format!(
        "Both are told during the overlap: version 1 is deprecated {DEPRECATED_AFTER_MONTHS} months after the \
         migration was completed and ends after {ENDS_AFTER_MONTHS}, or when the operator says \
         (`legacy-sunset`), and not before the old names of the API do."
    )
}
