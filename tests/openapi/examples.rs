//! Every example of the document, sent.

use serde_json::Value;

use super::operations;
use super::runner::{Example, Server, against, plain, resolved};
use crate::common::app::PUBLISHABLE_KEY;

/// Operations that need what only a mail, a made-up user or a subscription has: they show no example.
const WITHOUT_EXAMPLE: &[&str] = &[
    "read_webhook",
    "update_webhook",
    "delete_webhook",
    "list_webhook_deliveries",
    "replay_webhook",
    "rotate_webhook_secret",
    "verify",
    "delete_user",
];
/// Shows an id that only a server that delivered something has.
const NEEDS_A_DELIVERY: &str = "replay_webhook_delivery";

/// The request that an operation shows: path, required parameters, body. `None`: it shows none.
fn example_of(verb: &str, path: &str, operation: &Value) -> Option<Example> {
    let mut example = Example {
        verb: verb.into(),
        path: path.into(),
        ..Example::default()
    };
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(parameter);
        let name = parameter["name"].as_str().unwrap();
        let value = &parameter["example"];
        if parameter["in"] == "path" {
            if value.is_null() {
                return None;
            }
            let slot = format!("{{{name}}}");
            example.path = example.path.replace(&slot, &plain(value));
        } else if parameter["required"] == true {
            example.query.push((name.into(), plain(value)));
        }
    }
    if operation["requestBody"].is_object() {
        let content = operation["requestBody"]["content"].as_object().unwrap();
        let (kind, media) = content.iter().find(|(_, media)| {
            !media["example"].is_null() || media["schema"]["$ref"].is_string()
        })?;
        let mut body = media["example"].clone();
        if let (Value::Null, Some(_)) = (&body, media["schema"]["$ref"].as_str()) {
            body = resolved(&media["schema"])["example"].clone();
        }
        if body.is_null() {
            return None;
        }
        example.body = Some((kind.clone(), body));
    }
    Some(example)
}

/// The example with one more documented parameter, for each that shows a value.
fn variations(operation: &Value, base: &Example) -> Vec<Example> {
    let mut all = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(parameter);
        if parameter["example"].is_null() || parameter["required"] == true {
            continue;
        }
        let mut example = base.clone();
        let pair = (
            parameter["name"].as_str().unwrap().to_owned(),
            plain(&parameter["example"]),
        );
        match parameter["in"].as_str() {
            Some("header") => example.headers.push(pair),
            _ => example.query.push(pair),
        }
        all.push(example);
    }
    all
}

/// Changes of relations are tried and taken back, and only one row is touched.
fn taken_back(path: &str, verb: &str, mut example: Example) -> Example {
    let services = ["/auth", "/storage", "/functions", "/webhooks"];
    if verb == "get" || services.iter().any(|service| path.starts_with(service)) {
        return example;
    }
    example
        .headers
        .push(("Prefer".into(), "tx=rollback".into()));
    let is_bulk = path.starts_with("/rest/v1") && matches!(verb, "patch" | "delete");
    if is_bulk && !path.ends_with("{id}") && !example.query.iter().any(|(name, _)| name == "id") {
        example.query.push(("id".into(), "eq.1".into()));
    }
    example
}

/// Operations in an order in which each finds what it needs: files are uploaded, read, deleted.
fn in_order() -> Vec<(&'static str, &'static str, &'static Value)> {
    let (mut files, mut all): (Vec<_>, Vec<_>) =
        operations().partition(|(path, ..)| path.starts_with("/storage"));
    let verbs = ["post", "put", "get", "delete"];
    files.sort_by_key(|(_, verb, _)| verbs.iter().position(|known| known == verb));
    all.append(&mut files);
    all
}

#[tokio::test]
async fn every_example_works_and_answers_what_is_documented() {
    let server = Server::start().await;
    let (mut faults, mut sent, mut silent) = (Vec::new(), 0, Vec::new());
    for (path, verb, operation) in in_order() {
        if operation["operationId"] == NEEDS_A_DELIVERY {
            continue;
        }
        let Some(base) = example_of(verb, path, operation) else {
            silent.push(operation["operationId"].as_str().unwrap());
            continue;
        };
        let mut all = vec![base.clone()];
        // A deletion at the root is not taken back, so it is sent once.
        if verb != "delete" || path.starts_with("/rest/v1") {
            all.extend(variations(operation, &base));
        }
        // The copy of the typed items below /rest/v1 deletes the same rows.
        if verb == "delete" && path.starts_with("/rest/v1") && path.ends_with("{id}") {
            continue;
        }
        for example in all {
            let example = taken_back(path, verb, example);
            faults.extend(server.fault(operation, &example).await);
            sent += 1;
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {sent}:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert_eq!(silent, WITHOUT_EXAMPLE);
    assert!(sent > 800, "only {sent} requests");
}

#[tokio::test]
async fn refusals_have_the_shape_of_their_service() {
    let server = Server::start().await;
    let anon = reqwest::Client::new();
    for (path, expected, schema) in [
        ("/opportunities", 401, "RestError"),
        ("/rest/v1/companies?name=is.Acme", 400, "RestError"),
        ("/rest/v1/nothing_of_that_name", 404, "RestError"),
        ("/auth/v1/user", 401, "AuthError"),
        (
            "/storage/v1/object/attachments/none.txt",
            400,
            "StorageError",
        ),
        ("/functions/v1/merge_contacts", 405, "FunctionError"),
    ] {
        let answer = anon
            .get(server.app.url(path))
            .header("apikey", PUBLISHABLE_KEY)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, expected, "{path}: {body}");
        let reference = serde_json::json!({"$ref": format!("#/components/schemas/{schema}")});
        assert_eq!(against(&reference, &body), None, "{path}: {body}");
    }
}

/// A list without `select` shows every documented column, and no other.
#[tokio::test]
async fn rows_have_exactly_the_documented_columns() {
    let server = Server::start().await;
    let client = server
        .app
        .authenticated(uuid::Uuid::parse_str("00000000-0000-4000-8000-000000000001").unwrap());
    let mut seen = 0;
    for (path, verb, operation) in operations() {
        let rows = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let (true, Some(_)) = (verb == "get", rows["items"]["$ref"].as_str()) else {
            continue;
        };
        if !path.starts_with("/rest/v1/") {
            continue;
        }
        let documented: Vec<_> = resolved(&rows["items"])["properties"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        let found: Vec<serde_json::Map<String, Value>> = client
            .get(server.app.url(&format!("{path}?limit=1")))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        for row in &found {
            let mut names: Vec<_> = row.keys().collect();
            let mut documented = documented.clone();
            names.sort_unstable();
            documented.sort_unstable();
            assert_eq!(names, documented, "{path}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} relations have rows");
}
