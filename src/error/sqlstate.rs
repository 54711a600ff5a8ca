//! PostgreSQL's errors as answers: SQLSTATE -> HTTP status, errors that a database function shaped
//! itself, and the guards of the main statement.
//!
//! In: the fields of an error message, as plain text. Out: an [`Error`].
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html#status-codes>,
//! <https://docs.postgrest.org/en/stable/references/errors.html#raise-errors-with-http-status-codes>.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Error, codes, states};

/// The fields of PostgreSQL's error message that decide the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DbErrorFields {
    /// SQLSTATE.
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// A `RAISE` of PL/pgSQL: its words are a person's, not PostgreSQL's.
    pub is_raised: bool,
}

/// The answer to an error of PostgreSQL. `authenticated`: the request ran as another role than the
/// anonymous one, which turns a missing privilege from 401 into 403.
pub fn from_db_error(fields: &DbErrorFields, authenticated: bool) -> Error {
    if let Some(error) = guard(fields) {
        return error;
    }
    if fields.code == "PGRST" {
        return raised(fields).unwrap_or_else(|error| error);
    }
    let status = status(fields, authenticated);
    let mut error = Error::from_database(fields.code.as_str(), status, fields.message.as_str())
        .maybe_hint(fields.hint.clone());
    let fault = error.fault_mut();
    fault.is_raised = fields.is_raised;
    fault.details = fields.detail.clone().map(Value::from);
    fault.status_text = chosen_status(&fields.code).and_then(|_| reason(&fields.message));
    if status == 401 {
        return error.header("WWW-Authenticate", "Bearer");
    }
    error
}

/// `PGRST116`: one object was asked for and the result has `rows` rows.
pub fn singularity_error(rows: i64) -> Error {
    Error::new(
        &codes::PGRST116,
        "Cannot coerce the result to a single JSON object",
    )
    .details(format!("The result contains {rows} rows"))
}

fn put_mismatch() -> Error {
    Error::new(
        &codes::PGRST115,
        "Payload values do not match URL in primary key column(s)",
    )
}

fn max_affected(rows: i64) -> Error {
    Error::new(
        &codes::PGRST124,
        "Query result exceeds max-affected preference constraint",
    )
    .details(format!("The query affects {rows} rows"))
}

/// Reads `PGRST116:3` out of a failed cast. The words around it depend on the server's language, so
/// only the type's name and the value are looked for.
fn guard(fields: &DbErrorFields) -> Option<Error> {
    if fields.code != "22P02" || !fields.message.contains("bigint") {
        return None;
    }
    let (_, rest) = fields.message.split_once("PGRST1")?;
    let (code, rest) = rest.split_once(':')?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let rows: i64 = digits.parse().ok()?;
    match code {
        "15" => Some(put_mismatch()),
        "16" => Some(singularity_error(rows)),
        "24" => Some(max_affected(rows)),
        _ => None,
    }
}

fn status(fields: &DbErrorFields, authenticated: bool) -> u16 {
    let message = fields.message.as_str();
    if let Some(chosen) = chosen_status(&fields.code) {
        return chosen;
    }
    match fields.code.as_str() {
        "21000" if message.ends_with("requires a WHERE clause") => 400, // pg-safeupdate
        // The role of the token does not exist.
        "22023" if message.starts_with("role") && message.ends_with("does not exist") => 401,
        "42501" if authenticated => 403,
        "42501" => 401,
        "42883" if message.starts_with("function xmlagg(") => 406,
        code => states::status(code),
    }
}

/// `PT402` and its like: the function chose the status. One below 200 ends no answer: the client would
/// wait for another.
fn chosen_status(code: &str) -> Option<u16> {
    let status: u16 = code.strip_prefix("PT")?.parse().ok()?;
    (200..=999).contains(&status).then_some(status)
}

/// A message as a reason phrase, if it can stand in a status line.
fn reason(message: &str) -> Option<String> {
    let fits = message.chars().all(|c| !c.is_control());
    fits.then(|| message.to_owned())
}

/// `MESSAGE` of an error raised with SQLSTATE `PGRST`.
#[derive(Deserialize)]
struct RaisedMessage {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

/// `DETAIL` of an error raised with SQLSTATE `PGRST`.
#[derive(Deserialize)]
struct RaisedDetail {
    status: u16,
    status_text: Option<String>,
    headers: Map<String, Value>,
}

/// The answer that a function spelled out; `PGRST121` when it is not spelled as it must be.
fn raised(fields: &DbErrorFields) -> Result<Error, Error> {
    let message: RaisedMessage = serde_json::from_str(&fields.message).map_err(|_| {
        unreadable_raise(
            format!("Invalid JSON value for MESSAGE: '{}'", fields.message),
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional \
             keys: 'details', 'hint'.",
        )
    })?;
    let detail_shape = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and \
                        optional key: 'status_text'.";
    let text = fields.detail.as_deref().ok_or_else(|| {
        unreadable_raise(
            "DETAIL is missing in the RAISE statement".into(),
            detail_shape,
        )
    })?;
    let unreadable = || {
        unreadable_raise(
            format!("Invalid JSON value for DETAIL: '{text}'"),
            detail_shape,
        )
    };
    let detail: RaisedDetail = serde_json::from_str(text).map_err(|_| unreadable())?;
    if !(200..=999).contains(&detail.status) {
        return Err(unreadable());
    }
    let mut error =
        Error::from_database(message.code, detail.status, message.message).maybe_hint(message.hint);
    let fault = error.fault_mut();
    fault.is_raised = true;
    fault.details = message.details.map(Value::from);
    fault.status_text = detail.status_text.as_deref().and_then(reason);
    for (name, value) in detail.headers {
        let Value::String(value) = value else {
            return Err(unreadable());
        };
        fault.headers.push((name.into(), value));
    }
    Ok(error)
}

fn unreadable_raise(details: String, hint: &str) -> Error {
    Error::new(
        &codes::PGRST121,
        "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
    )
    .details(details)
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(code: &str, message: &str) -> DbErrorFields {
        DbErrorFields {
            code: code.into(),
            message: message.into(),
            ..DbErrorFields::default()
        }
    }

    #[test]
    fn statuses_follow_the_documented_table() {
        let cases = [
            ("08006", "", 503),
            ("09000", "", 500),
            ("0L000", "", 403),
            ("0P000", "", 403),
            ("21000", "more than one row returned by a subquery", 500),
            ("21000", "UPDATE requires a WHERE clause", 400),
            ("22P02", "invalid input syntax for type integer: \"x\"", 400),
            ("22023", "role \"ghost\" does not exist", 401),
            ("22023", "something else", 400),
            ("23503", "", 409),
            ("23505", "", 409),
            ("23514", "", 400),
            ("25006", "", 405),
            ("25001", "", 500),
            ("28000", "", 403),
            ("2D000", "", 500),
            ("38000", "", 500),
            ("39000", "", 500),
            ("3B000", "", 500),
            ("40001", "", 500),
            ("42883", "function f() does not exist", 404),
            ("42883", "function xmlagg(record) does not exist", 406),
            ("42P01", "", 404),
            ("42P17", "", 500),
            ("42501", "", 403),
            ("42703", "", 400),
            ("53300", "", 503),
            ("53400", "", 500),
            ("54000", "", 500),
            ("55000", "", 500),
            ("57P01", "", 503),
            ("57014", "", 500),
            ("58000", "", 500),
            ("F0000", "", 500),
            ("HV000", "", 500),
            ("P0001", "", 400),
            ("P0002", "", 500),
            ("XX000", "", 500),
            ("PT402", "", 402),
            ("PTxyz", "", 500),
            ("PT001", "", 500),
            ("", "", 400),
        ];
        for (code, message, status) in cases {
            let error = from_db_error(&fields(code, message), true);
            assert_eq!(error.status(), status, "{code} {message}");
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn a_missing_privilege_asks_the_anonymous_to_sign_in() {
        let error = from_db_error(&fields("42501", "permission denied for table t"), false);
        assert_eq!(error.status(), 401);
        assert_eq!(
            error.fault().headers,
            [("WWW-Authenticate".into(), "Bearer".to_owned())]
        );
        let error = from_db_error(&fields("42501", "permission denied for table t"), true);
        assert!(error.fault().headers.is_empty());
    }

    #[test]
    fn texts_of_postgresql_are_kept() {
        let error = from_db_error(
            &DbErrorFields {
                code: "23505".into(),
                message: "duplicate key".into(),
                detail: Some("Key (id)=(1) already exists.".into()),
                hint: Some("try another".into()),
                ..DbErrorFields::default()
            },
            false,
        );
        let fault = error.fault();
        assert!(fault.from_database);
        assert_eq!(fault.message, "duplicate key");
        assert_eq!(fault.details, Some("Key (id)=(1) already exists.".into()));
        assert_eq!(fault.hint.as_deref(), Some("try another"));
    }

    #[test]
    fn pt_codes_choose_the_status_line() {
        let error = from_db_error(&fields("PT402", "Payment Required"), true);
        assert_eq!(
            error.fault().status_text.as_deref(),
            Some("Payment Required")
        );
        let error = from_db_error(&fields("PT402", "two\r\nlines"), true);
        assert_eq!(error.fault().status_text, None);
    }

    #[test]
    fn guards_are_read_in_any_language() {
        let cases = [
            (
                "invalid input syntax for type bigint: \"PGRST116:3\"",
                "PGRST116",
                406,
            ),
            (
                "ungültige Eingabesyntax für Typ bigint: »PGRST116:0«",
                "PGRST116",
                406,
            ),
            (
                "invalid input syntax for type bigint: \"PGRST115:0\"",
                "PGRST115",
                400,
            ),
            (
                "invalid input syntax for type bigint: \"PGRST124:20\"",
                "PGRST124",
                400,
            ),
            (
                "invalid input syntax for type integer: \"PGRST116:3\"",
                "22P02",
                400,
            ),
            (
                "invalid input syntax for type bigint: \"PGRST199:20\"",
                "22P02",
                400,
            ),
            (
                "invalid input syntax for type bigint: \"PGRST116:x\"",
                "22P02",
                400,
            ),
        ];
        for (message, code, status) in cases {
            let error = from_db_error(&fields("22P02", message), true);
            assert_eq!((error.code(), error.status()), (code, status), "{message}");
        }
        let error = from_db_error(&fields("22P02", cases[0].0), true);
        assert_eq!(
            error.fault().details,
            Some("The result contains 3 rows".into())
        );
    }

    #[test]
    fn a_raised_pgrst_error_is_the_whole_answer() {
        let error = from_db_error(
            &DbErrorFields {
                code: "PGRST".into(),
                message: r#"{"code":"123","message":"ABC","details":"DEF","hint":"XYZ"}"#.into(),
                detail: Some(
                    r#"{"status":332,"status_text":"My Status","headers":{"X-Header":"str"}}"#
                        .into(),
                ),
                hint: None,
                ..DbErrorFields::default()
            },
            false,
        );
        let fault = error.fault();
        assert_eq!((error.code(), error.status()), ("123", 332));
        assert_eq!(fault.status_text.as_deref(), Some("My Status"));
        assert_eq!(fault.message, "ABC");
        assert_eq!(fault.details, Some("DEF".into()));
        assert_eq!(fault.hint.as_deref(), Some("XYZ"));
        assert_eq!(fault.headers, [("X-Header".into(), "str".to_owned())]);
    }

    #[test]
    fn a_raised_pgrst_error_must_be_json() {
        let message = r#"{"code":"123","message":"ABC"}"#;
        let cases = [
            ("INVALID", None, "Invalid JSON value for MESSAGE: 'INVALID'"),
            (
                r#"{"code":"1"}"#,
                None,
                "Invalid JSON value for MESSAGE: '{\"code\":\"1\"}'",
            ),
            (message, None, "DETAIL is missing in the RAISE statement"),
            (
                message,
                Some("INVALID"),
                "Invalid JSON value for DETAIL: 'INVALID'",
            ),
            (
                message,
                Some(r#"{"status":200}"#),
                "Invalid JSON value for DETAIL: '{\"status\":200}'",
            ),
            (
                message,
                Some(r#"{"status":9,"headers":{}}"#),
                "Invalid JSON value for DETAIL: '{\"status\":9,\"headers\":{}}'",
            ),
        ];
        for (message, detail, details) in cases {
            let error = from_db_error(
                &DbErrorFields {
                    detail: detail.map(str::to_owned),
                    ..fields("PGRST", message)
                },
                true,
            );
            assert_eq!((error.code(), error.status()), ("PGRST121", 500));
            assert_eq!(error.fault().details, Some(details.into()));
            assert!(error.fault().hint.is_some());
        }
    }
}
