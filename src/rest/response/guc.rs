//! Status and headers that the database chose: the settings `response.status` and `response.headers`.
//!
//! ```sql
//! select set_config('response.headers', '[{"Set-Cookie": "a=1"}, {"Cache-Control": "no-store"}]', true);
//! select set_config('response.status', '418', true);
//! ```
//! Source: <https://docs.postgrest.org/en/stable/references/transactions.html#response-headers>.

use serde_json::{Map, Value};

use super::Headers;
use crate::error::{Error, codes};

/// Status and headers with the database's choices laid over them. A header that the database sets
/// replaces ours; one that it sets twice is sent twice.
///
/// # Errors
/// `PGRST111` for headers, `PGRST112` for a status that cannot be sent.
pub fn overridden(
    status: u16,
    headers: Headers,
    chosen_status: Option<&str>,
    chosen_headers: Option<&str>,
) -> Result<(u16, Headers), Error> {
    let status = match chosen_status {
        Some(text) => read_status(text).ok_or_else(|| {
            let message = "response.status guc must be a valid status code";
            Error::new(&codes::PGRST112, message)
        })?,
        None => status,
    };
    let Some(text) = chosen_headers else {
        return Ok((status, headers));
    };
    let chosen = read_headers(text).ok_or_else(|| {
        let message = "response.headers guc must be a JSON array composed of objects with a single \
                       key and a string value";
        Error::new(&codes::PGRST111, message)
    })?;
    let is_chosen = |name: &str| chosen.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let kept = headers.into_iter().filter(|(name, _)| !is_chosen(name));
    let all = kept.collect::<Headers>().into_iter().chain(chosen.clone());
    Ok((status, all.collect()))
}

/// The leading digits, as PostgREST reads them. A status below 200 ends no answer: the client would wait for
/// another.
fn read_status(text: &str) -> Option<u16> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let status = text.get(..digits)?.parse().ok()?;
    (200..=999).contains(&status).then_some(status)
}

fn read_headers(text: &str) -> Option<Headers> {
    let objects: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    objects
        .into_iter()
        .map(|object| {
            let mut entries = object.into_iter();
            match (entries.next(), entries.next()) {
                (Some((name, Value::String(value))), None) if can_be_sent(&name, &value) => {
                    Some((name, value))
                }
                _ => None,
            }
        })
        .collect()
}

/// A token as the name, no line break in the value (RFC 9110 §5): nothing can be smuggled in.
fn can_be_sent(name: &str, value: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty()
        && name.chars().all(is_token)
        && !value.chars().any(|c| c.is_control() && c != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Headers {
        vec![
            ("Content-Type".into(), "application/json".into()),
            ("Content-Range".into(), "0-0/*".into()),
        ]
    }

    #[test]
    fn nothing_chosen_changes_nothing() {
        assert_eq!(overridden(200, ours(), None, None).unwrap(), (200, ours()));
    }

    #[test]
    fn the_database_replaces_our_headers_whatever_their_case() {
        let chosen = r#"[{"content-type":"text/plain"},{"Set-Cookie":"a=1"},{"Set-Cookie":"b=2"}]"#;
        let (status, headers) = overridden(200, ours(), Some("418 teapot"), Some(chosen)).unwrap();
        assert_eq!(status, 418);
        assert_eq!(
            headers,
            [
                ("Content-Range".to_owned(), "0-0/*".to_owned()),
                ("content-type".to_owned(), "text/plain".to_owned()),
                ("Set-Cookie".to_owned(), "a=1".to_owned()),
                ("Set-Cookie".to_owned(), "b=2".to_owned()),
            ]
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let headers = [
            "{}",
            r#"{"a":"b"}"#,
            r#"[{"a":1}]"#,
            r#"[{"a":"1","b":"2"}]"#,
            "[{}]",
            r#"[{"a b":"1"}]"#,
            r#"[{"a":"1\r\nSet-Cookie: x"}]"#,
            "text",
        ];
        for text in headers {
            let error = overridden(200, ours(), None, Some(text)).unwrap_err();
            assert_eq!(error.code(), "PGRST111", "{text}");
        }
        for text in ["", "x", "-1", "99", "100", "199", "1000", "99999999999"] {
            let error = overridden(200, ours(), Some(text), None).unwrap_err();
            assert_eq!(error.code(), "PGRST112", "{text}");
        }
    }
}
