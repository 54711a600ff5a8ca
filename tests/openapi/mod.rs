//! The document: made from the schema, valid, and true. Every example in it is sent to a server with the
//! demo data, and the answer compared with what the document promises.

#![allow(
    clippy::unwrap_used,
    reason = "a test says with a panic that it failed"
)]

mod examples;
mod gen_types;
pub mod runner;

use oppbase::openapi::{self, relations};
use oppbase::schema_cache::load::{LoadOptions, load};
use serde_json::Value;

use crate::common::{Template, TestDb};

/// The options that the CRM is served with.
fn options() -> LoadOptions {
    LoadOptions {
        schemas: vec!["public".into()],
        extra_search_path: vec!["public".into(), "extensions".into()],
        hoisted_tx_settings: Vec::new(),
    }
}

#[tokio::test]
async fn the_checked_in_relations_are_those_of_the_schema() {
    let db = TestDb::new(Template::Fork).await;
    let client = db.admin_client().await;
    let cache = load(&client, &options()).await.unwrap();
    let row = client.query_one(relations::GRANTS_SQL, &[]).await.unwrap();
    let grants = serde_json::from_str(row.get(0)).unwrap();
    let fragment = relations::fragment(&cache, &grants);
    let text = serde_json::to_string_pretty(&fragment).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/relations.json");
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(
        checked_in == text,
        "openapi/relations.json is stale: run `make generate` twice and commit the result"
    );
}

#[test]
fn the_checked_in_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(path, openapi::json()).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == openapi::json(),
        "openapi/openapi.json is stale: run `make generate` and commit the result"
    );
}

/// Every operation of the document: path, verb, operation.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = openapi::document()["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let verbs = ["get", "post", "put", "patch", "delete"];
        verbs
            .into_iter()
            .filter_map(move |verb| Some((path.as_str(), verb, item.get(verb)?)))
    })
}

#[test]
fn every_operation_says_what_it_does_what_it_answers_and_who_may() {
    let mut ids = std::collections::BTreeSet::new();
    for (path, verb, operation) in operations() {
        let place = format!("{verb} {path}");
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(ids.insert(id), "{place}: {id} is not the only one");
        assert!(operation["summary"].is_string(), "{place}: no summary");
        assert!(operation["security"].is_array(), "{place}: no security");
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{place}: no success"
        );
        let is_admin = matches!(path, "/live" | "/ready" | "/metrics");
        assert!(
            is_admin || answers.contains_key("default"),
            "{place}: no word on faults"
        );
    }
}

#[test]
fn the_old_vocabulary_and_nothing_else_is_deprecated() {
    for (path, verb, operation) in operations() {
        let is_old = path.contains("deal") || path == "/rest/v1/activity_log";
        assert_eq!(operation["deprecated"] == true, is_old, "{verb} {path}");
    }
}

#[test]
fn references_lead_somewhere() {
    fn visit(value: &Value, dead: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref") {
                    let pointer = target.trim_start_matches('#');
                    if openapi::document().pointer(pointer).is_none() {
                        dead.push(target.clone());
                    }
                }
                map.values().for_each(|value| visit(value, dead));
            }
            Value::Array(list) => list.iter().for_each(|value| visit(value, dead)),
            _ => {}
        }
    }
    let mut dead = Vec::new();
    visit(openapi::document(), &mut dead);
    assert!(dead.is_empty(), "{dead:#?}");
}

/// Swagger UI sends to the origin it was loaded from, and keeps the keys between visits.
#[tokio::test]
async fn swagger_ui_is_set_up_for_this_server() {
    assert_eq!(openapi::document()["servers"][0]["url"], "/");
    let schemes = &openapi::document()["components"]["securitySchemes"];
    assert_eq!(schemes["api_key"]["name"], "apikey");
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    let db = TestDb::new(Template::Fork).await;
    let app = crate::common::spawn_app(&db, |_| {}).await;
    let script = reqwest::get(app.url("/swagger-ui/swagger-initializer.js"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        script.contains("\"persistAuthorization\": true"),
        "{script}"
    );
    assert!(script.contains("/openapi.json"), "{script}");
    // A Swagger editor elsewhere may load the document, and link checkers ask by HEAD.
    let answer = reqwest::get(app.url("/openapi.json")).await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let client = reqwest::Client::new();
    for path in [
        "/openapi.json",
        "/docs/migration-guide",
        "/legacy-redirect.js",
    ] {
        let answer = client.head(app.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    for path in [
        "/swagger-ui/",
        "/swagger-ui/swagger-ui.css",
        "/swagger-ui/none",
    ] {
        let head = client.head(app.url(path)).send().await.unwrap();
        let get = client.get(app.url(path)).send().await.unwrap();
        assert_eq!(head.status(), get.status(), "{path}");
        for name in ["content-type", "content-length", "content-encoding"] {
            assert_eq!(
                head.headers().get(name),
                get.headers().get(name),
                "{path} {name}"
            );
        }
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
}
