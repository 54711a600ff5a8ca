//! Bodies of each kind, the columns they carry, and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::rest::api_request::testing::{request, texts};

const JSON: &str = "application/json";
const CSV: &str = "text/csv";
const FORM: &str = "application/x-www-form-urlencoded";

fn send(method: &str, target: &str, media: &str, body: &str) -> (Payload, Vec<String>) {
    let parsed = request(method, target)
        .with_body(media, body)
        .parsed()
        .unwrap();
    (
        parsed.payload.unwrap(),
        parsed.columns.into_iter().collect(),
    )
}

fn refuse(method: &str, target: &str, media: &str, body: &str) -> String {
    let error = request(method, target)
        .with_body(media, body)
        .parsed()
        .unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST102", 400));
    texts(&error).0.to_owned()
}

fn json_of(payload: &Payload) -> Value {
    match payload {
        Payload::Json { raw, .. } => serde_json::from_slice(raw).unwrap(),
        other => panic!("not JSON: {other:?}"),
    }
}

#[test]
fn json_goes_on_byte_for_byte() {
    let body = " {\"b\": 123456789012345678901234567890.10, \"a\": {\"x\": []}, \"b\": 1e400}";
    let (payload, columns) = send("POST", "/t", JSON, body);
    assert_eq!(payload, object(Bytes::from_static(body.as_bytes())));
    assert_eq!(columns, ["a", "b"]);
    let body = "[{\"a\":1,\"b\":2},{\"b\":3,\"\\u0061\":4}]";
    let (payload, columns) = send("POST", "/t", JSON, body);
    assert_eq!(
        payload,
        Payload::Json {
            raw: Bytes::from_static(body.as_bytes()),
            is_object: false
        }
    );
    assert_eq!(columns, ["a", "b"]);
}

#[test]
fn json_without_rows() {
    for body in ["[]", "null", "1", "\"{}\"", "true", " [ ] "] {
        let (payload, columns) = send("POST", "/t", JSON, body);
        assert_eq!((payload, columns.len()), (no_rows().0, 0), "{body}");
    }
    let (payload, columns) = send("POST", "/t", JSON, "{}");
    assert_eq!(
        (payload, columns.len()),
        (object(Bytes::from_static(b"{}")), 0)
    );
}

#[test]
fn json_keys_must_match() {
    for body in [
        r#"[{"a":1},{"b":1}]"#,
        r#"[{"a":1},{"a":1,"b":2}]"#,
        r#"[{"a":1,"b":2},{"a":1,"a":2}]"#,
        r#"[{"a":1},1]"#,
        "[1]",
        "[[{}]]",
        "[null,{}]",
    ] {
        assert_eq!(
            refuse("POST", "/t", JSON, body),
            "All object keys must match",
            "{body}"
        );
    }
}

#[test]
fn broken_json_is_refused() {
    for body in [
        "",
        "}{ x = 2",
        "{",
        "[{\"a\":1},",
        "{} {}",
        "[{\"a\":1},1",
        "\u{0}",
    ] {
        assert_eq!(
            refuse("PATCH", "/t", JSON, body),
            "Empty or invalid json",
            "{body}"
        );
    }
    let mut bytes = request("POST", "/t");
    bytes.body = Bytes::from_static(b"{\"a\":\"\xff\"}");
    assert_eq!(bytes.parsed().unwrap_err().code(), "PGRST102");
}

#[test]
fn deep_json_is_read_up_to_the_limit_and_refused_beyond() {
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(
        send("POST", "/t", JSON, &nested(json::MAX_DEPTH - 1)).1,
        ["a"]
    );
    for (target, levels) in [
        ("/t", json::MAX_DEPTH),
        ("/t?columns=a", 200_000),
        ("/rpc/f", 200_000),
    ] {
        let message = refuse("POST", target, JSON, &nested(levels));
        assert_eq!(message, "The JSON is nested too deeply", "{target}");
    }
}

#[test]
fn columns_make_the_body_opaque() {
    for (method, target) in [
        ("POST", "/t?columns=b,a"),
        ("PATCH", "/t?columns=b,a"),
        ("POST", "/rpc/f?columns=b,a"),
    ] {
        let (payload, columns) = send(method, target, JSON, "not json");
        let raw = Bytes::from_static(b"not json");
        assert_eq!(payload, Payload::UncheckedJson { raw });
        assert_eq!(columns, ["a", "b"]);
    }
    assert_eq!(
        refuse("PUT", "/t?columns=a", JSON, "not json"),
        "Empty or invalid json"
    );
    assert_eq!(
        send("POST", "/t?columns=z", CSV, "a\n1\n").1,
        ["a"],
        "CSV has its own"
    );
}

#[test]
fn csv_becomes_objects_of_texts() {
    let body = "name,age,height\r\nJ Doe,62,70\n\n\"Jonas \"\"J\"\", Jr\",,NULL\n";
    let (payload, columns) = send("POST", "/people", CSV, body);
    assert_eq!(
        json_of(&payload),
        json!([
            {"name": "J Doe", "age": "62", "height": "70"},
            {"name": "Jonas \"J\", Jr", "age": "", "height": null},
        ])
    );
    assert_eq!(columns, ["age", "height", "name"]);
    assert_eq!(send("POST", "/people", CSV, "a,b\n").0, no_rows().0);
}

#[test]
fn broken_csv_is_refused() {
    assert_eq!(
        refuse("POST", "/t", CSV, "a,b\nfoo,bar\nbaz\n"),
        "All lines must have same number of fields"
    );
    for body in ["", "a\n\"open", "a\nx\"y", "a\n\"x\"y"] {
        assert_eq!(
            refuse("POST", "/t", CSV, body),
            "Empty or invalid csv",
            "{body}"
        );
    }
}

#[test]
fn forms_are_rows_for_relations_and_arguments_for_functions() {
    let (payload, columns) = send("POST", "/people", FORM, "name=John+Doe&age=50&age=51&x");
    assert_eq!(
        json_of(&payload),
        json!({"name": "John Doe", "age": "51", "x": ""})
    );
    assert_eq!(columns, ["age", "name", "x"]);
    let (payload, columns) = send("POST", "/rpc/plus_one", FORM, "v=1&v=2&w=%C3%A9");
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = vec![field("v", "1"), field("v", "2"), field("w", "é")];
    assert_eq!(payload, Payload::Form { fields });
    assert_eq!(columns, ["v", "w"]);
}

#[test]
fn raw_bodies_are_for_functions() {
    for media in ["text/plain", "text/xml", "application/octet-stream"] {
        let (payload, columns) = send("POST", "/rpc/f", media, "<x/>");
        let raw = Bytes::from_static(b"<x/>");
        assert_eq!((payload, columns.len()), (Payload::Raw { raw }, 0));
        assert_eq!(
            refuse("POST", "/t", media, "<x/>"),
            format!("Content-Type not acceptable: {media}")
        );
    }
    assert_eq!(
        refuse("POST", "/rpc/f", "image/png; a=b", ""),
        "Content-Type not acceptable: image/png; a=b"
    );
}

#[test]
fn a_function_may_be_called_without_a_body() {
    let parsed = request("POST", "/rpc/f").parsed().unwrap();
    assert_eq!(parsed.payload, Some(object(Bytes::new())));
    assert!(parsed.columns.is_empty());
    assert!(
        request("POST", "/rpc/f")
            .with_body(JSON, " ")
            .parsed()
            .is_err()
    );
}

#[test]
fn reads_and_deletes_ignore_their_body() {
    for (method, target) in [
        ("GET", "/t"),
        ("DELETE", "/t"),
        ("GET", "/rpc/f"),
        ("OPTIONS", "/t"),
    ] {
        let parsed = request(method, target)
            .with_body("image/png", "}{")
            .parsed()
            .unwrap();
        assert_eq!(parsed.payload, None, "{method} {target}");
    }
}

proptest! {
    #[test]
    fn any_json_is_read_as_serde_reads_it(text in "[\\[\\]{}:,\"a0 ]{0,12}") {
        let scanned = request("POST", "/t").with_body(JSON, &text).parsed();
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(keys)) => {
                let columns: Columns = keys.into_iter().map(|(key, _)| key).collect();
                prop_assert_eq!(scanned.unwrap().columns, columns);
            }
            Ok(Value::Array(rows)) => {
                let keys = |row: &Value| row.as_object().map(|row| row.keys().cloned().collect::<Columns>());
                let uniform = rows.iter().all(|row| row.is_object() && keys(row) == keys(&rows[0]));
                prop_assert_eq!(scanned.is_ok(), uniform);
            }
            Ok(_) => prop_assert!(scanned.is_ok()),
            Err(_) => prop_assert!(scanned.is_err()),
        }
    }

    #[test]
    fn csv_that_was_written_is_read_back(
        rows in proptest::collection::vec(("[^\u{0}]{0,5}", "[a-z\",\n\r ]{0,6}"), 1..5),
    ) {
        let mut writer = ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(["k", "v"]).unwrap();
        for (k, v) in &rows {
            writer.write_record([k, v]).unwrap();
        }
        let body = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let value = |text: &String| if text == "NULL" { Value::Null } else { json!(text) };
        let expected: Vec<Value> =
            rows.iter().map(|(k, v)| json!({"k": value(k), "v": value(v)})).collect();
        prop_assert_eq!(json_of(&send("POST", "/t", CSV, &body).0), json!(expected));
    }
}

#[test]
fn depth_is_bounded_and_brackets_in_strings_do_not_count() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    assert!(!json::is_too_deep(nested(json::MAX_DEPTH).as_bytes()));
    assert!(json::is_too_deep(nested(json::MAX_DEPTH + 1).as_bytes()));
    let text = format!("{{\"a\":\"{}\\\"[\"}}", "[".repeat(5_000));
    assert!(!json::is_too_deep(text.as_bytes()));
}
