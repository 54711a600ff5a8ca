//! What clients send, and its checks.

use serde::{Deserialize, Deserializer};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::event_names;
use super::super::is_event;
use super::super::sign::Secret;
use crate::error::{Error, codes};
use crate::outbound::{self, Reach, Refusal};

const MAX_URL_CHARS: usize = 2048;
const MAX_DESCRIPTION_CHARS: usize = 500;

/// A new subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event": "opportunity.won", "url": "https://hooks.example.com/crm"}))]
pub struct SubscribeInput {
    /// One event.
    pub event: Option<String>,
    /// Several.
    pub events: Option<Vec<String>>,
    /// `http` or `https`, without user or password.
    pub url: String,
    /// Your own signing secret; left out, one is made.
    pub secret: Option<String>,
    pub description: Option<String>,
}

/// A change of a subscription; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"enabled": true}))]
pub struct UpdateInput {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// `true` also forgets earlier failures.
    pub enabled: Option<bool>,
}

/// How a secret is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"overlap_s": 86400}))]
pub struct RotateInput {
    /// Seconds during which requests are signed with both, 0 to 30 days; a day when left out.
    pub overlap_s: Option<u32>,
    /// Your own new secret; left out, one is made.
    pub secret: Option<String>,
}

/// A test delivery.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"event": "opportunity.won", "target_url": "https://hooks.example.com/crm"}))]
pub struct TestInput {
    /// `opportunity.created` when left out.
    pub event: Option<String>,
    /// Where to send it; or name a subscription.
    pub target_url: Option<String>,
    /// Its address and secret are used.
    pub subscription_id: Option<Uuid>,
    /// Signs the request to `target_url`; left out, one is made and shown in the answer.
    pub secret: Option<String>,
}

/// A key that was sent, even as `null`.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

/// The address of a receiver.
pub(super) fn url(text: &str, reach: Reach) -> Result<String, Error> {
    let bad =
        |details: &str| Error::new(&codes::PGRST102, "The address cannot be used").details(details);
    if text.len() > MAX_URL_CHARS {
        return Err(bad("An address has at most 2048 characters"));
    }
    let mut url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("An address with a user or a password")
            .hint("Requests are signed; check the signature instead"));
    }
    outbound::check_url_within(&url, reach).map_err(|refusal| {
        let error = bad(&refusal.to_string());
        match refusal {
            Refusal::Scheme => error.hint("Use https"),
            Refusal::NotPublic => error.hint("The option webhook-allow-private allows others"),
        }
    })?;
    url.set_fragment(None);
    Ok(url.into())
}

/// The events of a subscription: known ones, each once.
pub(super) fn events(events: Vec<String>) -> Result<Vec<String>, Error> {
    let mut known: Vec<String> = Vec::new();
    for event in events {
        let event = self::event(event)?;
        if !known.contains(&event) {
            known.push(event);
        }
    }
    if known.is_empty() {
        return Err(
            Error::new(&codes::PGRST102, "No event is named").hint("Send `event` or `events`")
        );
    }
    Ok(known)
}

/// One event.
pub(super) fn event(event: String) -> Result<String, Error> {
    if is_event(&event) {
        return Ok(event);
    }
    let names: Vec<_> = event_names().collect();
    let shown: String = event.chars().take(60).collect();
    Err(
        Error::new(&codes::PGRST102, format!("There is no event {shown:?}"))
            .details(format!("Events: {}", names.join(", "))),
    )
}

pub(super) fn description(text: Option<String>) -> Result<Option<String>, Error> {
    let is_long = |text: &String| text.chars().count() > MAX_DESCRIPTION_CHARS;
    if text.as_ref().is_some_and(is_long) {
        return Err(Error::new(&codes::PGRST102, "The description is too long")
            .details(format!("It has at most {MAX_DESCRIPTION_CHARS} characters")));
    }
    if text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Err(Error::new(
            &codes::PGRST102,
            "The field \"description\" cannot hold the character U+0000",
        )
        .details("PostgreSQL's text cannot store it")
        .hint("Leave it out"));
    }
    Ok(text)
}

/// The secret that was sent, or a new one.
pub(super) fn secret(text: Option<&str>) -> Result<Secret, Error> {
    match text {
        None => Ok(Secret::random()),
        Some(text) => Secret::parse(text).map_err(|fault| {
            Error::new(&codes::PGRST102, "The secret cannot be used").details(fault.to_string())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_public_and_hold_no_password() {
        let fine = url("https://hooks.example.com/a?b=c#d", Reach::Public).unwrap();
        assert_eq!(fine, "https://hooks.example.com/a?b=c");
        for text in [
            "",
            "hooks.example.com",
            "ftp://hooks.example.com/",
            "https://user:secret@hooks.example.com/",
            "http://127.0.0.1/",
            "http://[fd00::1]/",
            "http://169.254.169.254/latest",
        ] {
            let error = url(text, Reach::Public).expect_err(text);
            assert_eq!((error.status(), error.code()), (400, "PGRST102"));
            assert!(!format!("{error:?}").contains("secret@"), "{error:?}");
        }
        assert!(url("http://127.0.0.1:1/", Reach::Loopback).is_ok());
        assert!(
            url(
                &format!("https://x.example/{}", "a".repeat(3000)),
                Reach::Any
            )
            .is_err()
        );
    }

    #[test]
    fn events_are_known_and_named_once() {
        let twice = ["deal.won", "opportunity.won", "deal.won"].map(String::from);
        assert_eq!(
            events(twice.to_vec()).unwrap(),
            ["deal.won", "opportunity.won"]
        );
        assert!(events(Vec::new()).is_err());
        let error = events(vec!["deal.nothing".into()]).unwrap_err();
        assert!(
            error
                .fault()
                .details
                .as_ref()
                .unwrap()
                .to_string()
                .contains("dealNote.created")
        );
    }

    #[test]
    fn a_description_is_kept_as_it_is_or_refused() {
        let error = description(Some("a\0b".into())).unwrap_err();
        assert_eq!((error.status(), error.code()), (400, "PGRST102"));
        let message = &error.fault().message;
        assert!(message.contains("\"description\""), "{message}");
        let kept = description(Some("a\u{1}b\n".into())).unwrap();
        assert_eq!(kept.as_deref(), Some("a\u{1}b\n"));
    }

    #[test]
    fn null_is_told_from_absent() {
        let absent: UpdateInput = serde_json::from_str("{}").unwrap();
        assert_eq!(absent.description, None);
        let null: UpdateInput = serde_json::from_str(r#"{"description": null}"#).unwrap();
        assert_eq!(null.description, Some(None));
        assert!(serde_json::from_str::<UpdateInput>(r#"{"secret": "x"}"#).is_err());
    }
}
