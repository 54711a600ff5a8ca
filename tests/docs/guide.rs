//! The migration guide: fresh, served, and every curl example in it works. The examples in JavaScript and
//! Python are run by `make clients`.

use std::collections::HashMap;

use oppbase::docs;
use reqwest::Method;
use serde_json::Value;

use crate::common::app::PUBLISHABLE_KEY;
use crate::openapi::runner::Server;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/docs/reference/migration-guide.md"
);

#[test]
fn the_checked_in_migration_guide_is_what_the_code_says() {
    let text = docs::migration_guide();
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(PAGE, &text).expect("written");
    }
    let checked_in = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        checked_in == text,
        "docs/reference/migration-guide.md is stale: run `make generate` and commit the result"
    );
}

#[test]
fn what_takes_the_place_of_an_old_operation_is_there() {
    let guide = docs::migration_guide();
    let paths = &oppbase::openapi::document()["paths"];
    let mut seen = 0;
    for line in guide.lines() {
        let cells: Vec<_> = line.split('`').collect();
        let ["| ", old, " | ", new, ..] = cells.as_slice() else {
            continue;
        };
        let (Some((_, old)), Some((verb, new))) = (old.split_once(" /"), new.split_once(" /"))
        else {
            continue;
        };
        let operation = &paths[format!("/{new}")][verb.to_lowercase()];
        assert!(operation.is_object(), "/{old}: {verb} /{new}");
        assert_ne!(operation["deprecated"], true, "/{old}: {verb} /{new}");
        seen += 1;
    }
    assert!(seen > 20, "{seen} rows");
}

/// `make clients` checks the signatures of this delivery with the guide's samples.
#[test]
fn the_checked_in_delivery_is_signed_as_the_sender_signs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/delivery.json");
    let text =
        serde_json::to_string_pretty(&docs::webhooks::signed_example()).expect("JSON") + "\n";
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == text,
        "tests/clients/delivery.json is stale: run `make generate` and commit the result"
    );
}

/// A request as curl's command line says it.
#[derive(Debug, Default, PartialEq)]
struct Curl {
    method: Option<String>,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

/// The words of a shell command with quotes, `\` at the end of a line and variables.
fn words(command: &str, variables: &HashMap<&str, String>) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut is_open) = (String::new(), None, false);
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(mark), _) if c == mark => quote = None,
            (None, '"' | '\'') => (quote, is_open) = (Some(c), true),
            (None, '\\') if chars.peek() == Some(&'\n') => {
                chars.next();
            }
            (None, _) if c.is_whitespace() => {
                if std::mem::take(&mut is_open) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (Some('\''), _) => word.push(c),
            (_, '$') => {
                let mut name = String::new();
                while let Some(next) = chars.next_if(|c| c.is_ascii_uppercase() || *c == '_') {
                    name.push(next);
                }
                word += variables
                    .get(name.as_str())
                    .unwrap_or_else(|| panic!("${name} is not explained"));
                is_open = true;
            }
            _ => {
                word.push(c);
                is_open = true;
            }
        }
    }
    if is_open {
        words.push(word);
    }
    words
}

fn curl(command: &str, variables: &HashMap<&str, String>) -> Curl {
    let mut words = words(command, variables).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    let mut request = Curl::default();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .unwrap_or_else(|| panic!("{word} has no value"))
        };
        match word.as_str() {
            "-X" => request.method = Some(value()),
            "-d" => request.body = Some(value()),
            "-H" => {
                let header = value();
                let (name, value) = header.split_once(": ").expect("name: value");
                request.headers.push((name.into(), value.into()));
            }
            _ => {
                assert!(request.url.is_empty() && !word.starts_with('-'), "{word}");
                request.url = word;
            }
        }
    }
    request
}

async fn send(
    command: &str,
    variables: &HashMap<&str, String>,
) -> (reqwest::header::HeaderMap, Value) {
    let request = curl(command, variables);
    let method = request.method.as_deref().unwrap_or("GET");
    let mut builder = reqwest::Client::new().request(
        Method::from_bytes(method.as_bytes()).expect("a verb"),
        &request.url,
    );
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body {
        builder = builder.body(body);
    }
    let answer = builder.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.expect("text");
    assert!(status.is_success(), "{command}\n{status}: {text}");
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{command}: {text}"));
    (headers, body)
}

/// What both faces of a row show alike.
fn same_face(row: &Value) -> Value {
    match row {
        Value::Array(rows) => rows.iter().map(same_face).collect(),
        row => row["name"].clone(),
    }
}

#[tokio::test]
async fn every_curl_example_works_and_the_old_one_says_that_it_is_old() {
    let server = Server::start().await;
    let mut variables = HashMap::from([
        ("API_URL", server.app.base_url.clone()),
        ("ANON_KEY", PUBLISHABLE_KEY.to_owned()),
    ]);
    let (_, session) = send(docs::examples::SETUP.curl, &variables).await;
    let token = session["access_token"].as_str().expect("a token");
    variables.insert("ACCESS_TOKEN", token.to_owned());
    for example in docs::examples::EXAMPLES {
        let title = example.title;
        let (before, after) = example
            .curl
            .strip_prefix("# before\n")
            .and_then(|text| text.split_once("\n# after\n"))
            .unwrap_or_else(|| panic!("{title}: before and after"));
        let (old_headers, old) = send(before, &variables).await;
        let (new_headers, new) = send(after, &variables).await;
        assert!(
            old_headers.contains_key("deprecation"),
            "{title}: {old_headers:?}"
        );
        assert!(!new_headers.contains_key("deprecation"), "{title}");
        assert!(
            old.is_object() || old.as_array().is_some_and(|rows| !rows.is_empty()),
            "{title}: {old}"
        );
        if matches!(
            title,
            "List by stage" | "Read one with its company" | "Create"
        ) {
            assert_eq!(same_face(&old), same_face(&new), "{title}");
        }
    }
}

#[tokio::test]
async fn the_guide_is_served_as_a_page() {
    let server = Server::start().await;
    let answer = reqwest::get(server.app.url("/docs/migration-guide"))
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = answer.text().await.expect("text");
    for part in [
        "<h2 id=\"when-the-old-names-end\">",
        "<td><code>needs_analysis</code></td>",
        "<code>PATCH /opportunities/{id}</code>",
        "supabase.from(",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("{{"), "a marker was left");
}

#[test]
fn commands_are_read_as_a_shell_reads_them() {
    let variables = HashMap::from([("KEY", "k y".to_owned())]);
    let read = curl(
        "curl -X POST \"http://h/$KEY\" \\\n  -H 'a: $b' -d '{\"x\": 1}'",
        &variables,
    );
    assert_eq!(
        read,
        Curl {
            method: Some("POST".into()),
            url: "http://h/k y".into(),
            headers: vec![("a".into(), "$b".into())],
            body: Some("{\"x\": 1}".into()),
        }
    );
}
