//! An error as PostgREST answers it: status, headers and a JSON body of four keys.
//!
//! ```text
//! {"code":"PGRST116","details":"The result contains 0 rows","hint":null,"message":"Cannot coerce…"}
//! ```
//!
//! The code is repeated in `Proxy-Status` (RFC 9209), so that HEAD requests and proxies see it.
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html#http-error-responses>,
//! <https://docs.postgrest.org/en/stable/references/configuration.html#client-error-verbosity>.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{Error, Fault};
use crate::config::ErrorVerbosity;
use crate::rest::response::HttpResponse;

/// Keys in PostgREST's order.
#[derive(Serialize)]
struct VerboseBody<'a> {
    code: &'a str,
    details: Option<&'a Value>,
    hint: Option<&'a str>,
    message: &'a str,
}

#[derive(Serialize)]
struct MinimalBody<'a> {
    code: &'a str,
    message: &'a str,
}

/// PostgREST's shape of an error.
pub fn postgrest(error: &Error, verbosity: ErrorVerbosity) -> HttpResponse {
    let fault = error.fault();
    let body = payload(error, verbosity);
    let mut headers = vec![
        (
            "Content-Type".to_owned(),
            "application/json; charset=utf-8".to_owned(),
        ),
        ("Content-Length".to_owned(), body.len().to_string()),
        (
            "Proxy-Status".to_owned(),
            format!("PostgREST; error={}", fault.code),
        ),
    ];
    headers.extend(challenge(fault).map(|value| ("WWW-Authenticate".to_owned(), value)));
    headers.extend(
        fault
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone())),
    );
    HttpResponse {
        status: fault.status,
        status_text: fault.status_text.clone(),
        headers,
        body,
    }
}

/// The JSON body.
pub fn payload(error: &Error, verbosity: ErrorVerbosity) -> Bytes {
    let fault = error.fault();
    let (code, message) = (fault.code.as_ref(), fault.message.as_str());
    let json = match verbosity {
        ErrorVerbosity::Verbose => serde_json::to_vec(&VerboseBody {
            code,
            details: fault.details.as_ref(),
            hint: fault.hint.as_deref(),
            message,
        }),
        ErrorVerbosity::Minimal => serde_json::to_vec(&MinimalBody { code, message }),
    };
    Bytes::from(json.expect("strings and JSON values can always be written as JSON"))
}

/// The challenge of a token error (RFC 6750 §3), unless the error brings its own.
fn challenge(fault: &Fault) -> Option<String> {
    let is_set = fault
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("WWW-Authenticate"));
    if is_set {
        return None;
    }
    match fault.code.as_ref() {
        "PGRST301" | "PGRST303" => Some(format!(
            "Bearer error=\"invalid_token\", error_description={:?}",
            fault.message
        )),
        "PGRST302" => Some("Bearer".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::codes;

    fn text(response: &HttpResponse) -> &str {
        std::str::from_utf8(&response.body).unwrap()
    }

    fn header<'a>(response: &'a HttpResponse, name: &str) -> Vec<&'a str> {
        response
            .headers
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
            .collect()
    }

    #[test]
    fn the_four_keys_are_always_there() {
        let error = Error::new(&codes::PGRST125, "Invalid path specified in request URL");
        let response = postgrest(&error, ErrorVerbosity::Verbose);
        assert_eq!(response.status, 404);
        assert_eq!(
            text(&response),
            r#"{"code":"PGRST125","details":null,"hint":null,"message":"Invalid path specified in request URL"}"#
        );
        assert_eq!(
            header(&response, "Proxy-Status"),
            ["PostgREST; error=PGRST125"]
        );
        assert_eq!(header(&response, "Content-Length"), ["96"]);
        assert_eq!(
            header(&response, "Content-Type"),
            ["application/json; charset=utf-8"]
        );
        assert!(header(&response, "WWW-Authenticate").is_empty());
    }

    #[test]
    fn minimal_verbosity_keeps_code_and_message() {
        let error = Error::from_database("23505", 409, "duplicate key")
            .details("Key (secret)=(1)")
            .hint("h");
        let response = postgrest(&error, ErrorVerbosity::Minimal);
        assert_eq!(
            text(&response),
            r#"{"code":"23505","message":"duplicate key"}"#
        );
    }

    #[test]
    fn token_errors_challenge_once() {
        let expired = Error::new(&codes::PGRST303, "JWT expired");
        let response = postgrest(&expired, ErrorVerbosity::Verbose);
        assert_eq!(
            header(&response, "WWW-Authenticate"),
            [r#"Bearer error="invalid_token", error_description="JWT expired""#]
        );
        let own = expired.header("WWW-Authenticate", "Bearer own");
        let response = postgrest(&own, ErrorVerbosity::Verbose);
        assert_eq!(header(&response, "WWW-Authenticate"), ["Bearer own"]);
        let none = Error::new(&codes::PGRST302, "Anonymous access is disabled");
        let response = postgrest(&none, ErrorVerbosity::Verbose);
        assert_eq!(header(&response, "WWW-Authenticate"), ["Bearer"]);
    }
}
