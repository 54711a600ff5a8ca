//! `postmark`: a mail that a salesperson sent to a contact, with the CRM's inbound address in copy,
//! becomes a note of that contact. Called by Postmark's inbound webhook.
//!
//! | refused | status |
//! |---|---|
//! | sender's address not listed, wrong user or password | 401 |
//! | not POST | 405 |
//! | a part of the mail is missing, a recipient without address, a forwarded mail that names nobody | 403: Postmark does not try again |
//!
//! Per recipient: salesperson by the sender's address, contact by the recipient's (made when new, with a
//! company when the domain is nobody's mail provider), note. An unknown sender stores nothing and is 200.
//! Source: <https://postmarkapp.com/developer/webhooks/inbound-webhook>.

mod address;
mod attachment;
mod forwarded;
mod person;
mod providers;
mod store;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::error::FunctionError;
use super::{Body, FunctionAnswer, FunctionRequest, Functions};
use crate::config::PostmarkConfig;
use attachment::Attachment;
use person::Person;

/// Addresses of a text that are looked at: each costs a query.
const MAX_ADDRESSES: usize = 100;

/// The parts of Postmark's JSON that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Inbound {
    to_full: Option<Vec<MailAddress>>,
    from_full: Option<MailAddress>,
    subject: Option<String>,
    text_body: Option<String>,
    attachments: Vec<Attachment>,
}

/// An address with the name beside it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct MailAddress {
    email: Option<String>,
    name: Option<String>,
}

/// A mail that is complete.
#[derive(Debug)]
struct Mail {
    sender: String,
    recipients: Vec<MailAddress>,
    subject: String,
    text: String,
    attachments: Vec<Attachment>,
}

pub(super) async fn run(
    functions: &Functions,
    request: &FunctionRequest,
) -> Result<FunctionAnswer, FunctionError> {
    let config = functions.app.config();
    let settings = &config.crm.postmark;
    check_peer(settings, request)?;
    request.require_method(&["POST"])?;
    check_password(settings, request)?;
    let inbound: Inbound = serde_json::from_slice(&request.body)
        .map_err(|_| FunctionError::new(403, "The body is not JSON"))?;
    let mail = complete(inbound)?;
    let client = crate::auth::store::connection(&functions.auth.pool).await?;
    let (people, mail) = people(settings, &client, mail).await?;
    for person in &people {
        store::add_note(functions, &client, person, &mail).await?;
    }
    Ok(FunctionAnswer {
        status: 200,
        body: Body::Text("OK"),
    })
}

/// The webhook comes through a proxy; one of the addresses it passed must be listed.
fn check_peer(settings: &PostmarkConfig, request: &FunctionRequest) -> Result<(), FunctionError> {
    let passed = request.header("x-forwarded-for").unwrap_or_default();
    let is_listed = passed.split(',').map(str::trim).any(|address| {
        !address.is_empty() && settings.authorized_ips.iter().any(|ip| ip == address)
    });
    is_listed
        .then_some(())
        .ok_or_else(FunctionError::unauthorized)
}

fn check_password(
    settings: &PostmarkConfig,
    request: &FunctionRequest,
) -> Result<(), FunctionError> {
    let (Some(user), Some(password)) = (&settings.user, &settings.password) else {
        return Err(FunctionError::unauthorized());
    };
    let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let given = request.header("authorization").unwrap_or_default();
    let is_equal: bool = given.as_bytes().ct_eq(expected.as_bytes()).into();
    is_equal
        .then_some(())
        .ok_or_else(FunctionError::unauthorized)
}

fn complete(inbound: Inbound) -> Result<Mail, FunctionError> {
    let missing = |name: &str| FunctionError::new(403, format!("Missing parameter: {name}"));
    let text = |value: Option<String>| value.filter(|text| !text.is_empty());
    let recipients = inbound.to_full.filter(|list| !list.is_empty());
    let recipients = recipients.ok_or_else(|| missing("ToFull"))?;
    let from = inbound.from_full.ok_or_else(|| missing("FromFull"))?;
    let subject = text(inbound.subject).ok_or_else(|| missing("Subject"))?;
    let body = text(inbound.text_body).ok_or_else(|| missing("TextBody"))?;
    let sender = text(from.email).ok_or_else(|| missing("FromFull.Email"))?;
    if recipients
        .iter()
        .any(|to| to.email.as_deref().unwrap_or_default().is_empty())
    {
        return Err(missing("ToFull.Email"));
    }
    Ok(Mail {
        sender: sender.to_lowercase(),
        recipients,
        subject,
        text: body,
        attachments: inbound.attachments,
    })
}

/// Whom the mail is about, and the mail without what forwarding added.
async fn people(
    settings: &PostmarkConfig,
    client: &deadpool_postgres::Client,
    mut mail: Mail,
) -> Result<(Vec<Person>, Mail), FunctionError> {
    let inbound = settings.inbound_address.as_deref().map(str::to_lowercase);
    let address = |to: &MailAddress| to.email.as_deref().unwrap_or_default().to_lowercase();
    let is_forwarded = matches!(
        mail.recipients.as_slice(),
        [only] if Some(address(only)) == inbound
    ) && store::is_salesperson(client, &mail.sender).await?;
    if !is_forwarded {
        let people = mail
            .recipients
            .iter()
            .map(|to| Person::new(&address(to), to.name.as_deref()));
        return Ok((people.collect(), mail));
    }
    let Some(person) = first_stranger(client, &mail.text, inbound.as_deref()).await? else {
        let text = "The forwarded mail names no contact";
        return Err(FunctionError::new(403, text));
    };
    mail.text = forwarded::text(&mail.text);
    mail.subject = forwarded::subject(&mail.subject);
    Ok((vec![person], mail))
}

/// Whom the text names first that is neither the CRM nor a member of the team.
async fn first_stranger(
    client: &deadpool_postgres::Client,
    text: &str,
    inbound: Option<&str>,
) -> Result<Option<Person>, FunctionError> {
    for found in address::all(text).take(MAX_ADDRESSES) {
        let email = found.email.to_lowercase();
        if Some(email.as_str()) != inbound && !store::is_salesperson(client, &email).await? {
            return Ok(Some(Person::new(&email, found.name)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings() -> PostmarkConfig {
        PostmarkConfig {
            user: Some("u".into()),
            password: Some("p".into()),
            authorized_ips: vec!["10.1.1.1".into()],
            inbound_address: None,
        }
    }

    fn request(headers: &[(&str, &str)]) -> FunctionRequest {
        FunctionRequest {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..FunctionRequest::default()
        }
    }

    #[test]
    fn only_listed_addresses_with_the_password_get_in() {
        let from = |ips: &str| check_peer(&settings(), &request(&[("x-forwarded-for", ips)]));
        assert!(from("10.1.1.1").is_ok() && from("8.8.8.8, 10.1.1.1").is_ok());
        assert!(from("10.1.1.10").is_err() && from("").is_err());
        assert!(check_peer(&settings(), &request(&[])).is_err());

        let with = |settings: &PostmarkConfig, text: &str| {
            let encoded = format!("Basic {}", STANDARD.encode(text));
            check_password(settings, &request(&[("authorization", &encoded)]))
        };
        assert!(with(&settings(), "u:p").is_ok());
        assert!(with(&settings(), "u:x").is_err());
        assert!(
            with(&PostmarkConfig::default(), ":").is_err(),
            "not configured"
        );
    }

    #[test]
    fn each_missing_part_is_named() {
        let whole = json!({
            "ToFull": [{"Email": "a@b.c"}], "FromFull": {"Email": "S@b.c"},
            "Subject": "s", "TextBody": "t",
        });
        let read = |value: serde_json::Value| complete(serde_json::from_value(value).unwrap());
        assert_eq!(read(whole.clone()).unwrap().sender, "s@b.c");
        for (key, empty) in [
            ("ToFull", json!([])),
            ("FromFull", json!(null)),
            ("Subject", json!("")),
            ("TextBody", json!(null)),
        ] {
            let mut part = whole.clone();
            part[key] = empty;
            let error = read(part).unwrap_err();
            assert_eq!(
                (error.status, error.message.contains(key)),
                (403, true),
                "{key}"
            );
        }
        let mut nobody = whole;
        nobody["ToFull"][0]["Email"] = json!("");
        assert_eq!(read(nobody).unwrap_err().status, 403);
    }
}
