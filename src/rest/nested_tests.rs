//! The pass on bodies as forms send them.

use std::sync::Arc;

use super::*;
use crate::config::RestConfig;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::{self, HttpRequest};
use crate::schema_cache::table::{Column, Table};

fn cache() -> SchemaCache {
    let mut cache = SchemaCache::default();
    for (name, columns) in [
        ("contacts", &["id", "company_id", "organizations"][..]),
        (
            "opportunities",
            &[
                "id",
                "company_id",
                "contact_ids",
                "customer_organization_id",
            ][..],
        ),
        ("companies", &["id"][..]),
    ] {
        let column = |name: &&str| {
            let column = Column {
                name: (*name).into(),
                description: None,
                nullable: true,
                data_type: "bigint".into(),
                nominal_type: "bigint".into(),
                max_length: None,
                default: None,
                enum_values: Vec::new(),
            };
            ((*name).to_owned(), column)
        };
        let table = Table {
            schema: "public".into(),
            name: name.into(),
            description: None,
            is_view: false,
            insertable: true,
            updatable: true,
            deletable: true,
            primary_key: vec!["id".into()],
            columns: columns.iter().map(column).collect(),
        };
        let name = QualifiedIdentifier::new("public", name);
        Arc::make_mut(&mut cache.tables).insert(name, Arc::new(table));
    }
    cache
}

fn send(relation: &str, body: &str) -> Result<(ApiRequest, Option<Nested>), Error> {
    send_as("POST", "", relation, body)
}

fn send_as(
    method: &str,
    prefer: &str,
    relation: &str,
    body: &str,
) -> Result<(ApiRequest, Option<Nested>), Error> {
    let http = HttpRequest {
        method: method.into(),
        headers: vec![("prefer".into(), prefer.into())],
        path_segments: vec![relation.into()],
        path: format!("/{relation}"),
        body: Bytes::copy_from_slice(body.as_bytes()),
        ..HttpRequest::default()
    };
    let mut request = api_request::parse(&http, &RestConfig::default())?;
    let nested = take(&mut request, &cache())?;
    Ok((request, nested))
}

fn body(request: &ApiRequest) -> Value {
    match &request.payload {
        Some(Payload::Json { raw, .. }) => serde_json::from_slice(raw).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_of_organisations_become_the_list() {
    let (request, nested) =
        send("contacts", r#"{"first_name":"A","organization_ids":[2,1]}"#).expect("accepted");
    assert_eq!(nested, None);
    assert_eq!(
        body(&request),
        serde_json::json!({"first_name": "A", "organizations": [{"organization_id": 2}, {"organization_id": 1}]})
    );
    assert!(request.columns.contains("organizations"));
    assert!(!request.columns.contains("organization_ids"));
    // Both, saying the same: the richer one is kept as it was sent.
    let both =
        r#"{"organizations":[{"organization_id":1,"role":"influencer"}],"organization_ids":[1]}"#;
    let (request, _) = send("contacts", both).expect("accepted");
    assert_eq!(body(&request)["organizations"][0]["role"], "influencer");
    let error = send(
        "contacts",
        r#"{"organizations":[{"organization_id":1}],"organization_ids":[2]}"#,
    )
    .expect_err("a contradiction");
    assert!(
        error.to_string().contains("organizations")
            && error.to_string().contains("organization_ids")
    );
    assert_eq!(error.status(), 400);
    assert!(send("contacts", r#"{"organization_ids":"x"}"#).is_err());
}

#[test]
fn participants_and_contacts_name_the_columns_that_follow() {
    let sent = r#"{"name":"x","amount":9007199254740993,
        "participants":[{"organization_id":3,"role":"principal","is_primary":true},
                        {"organization_id":5,"role":"customer"},{"organization_id":6,"role":"customer"}],
        "contacts":[{"contact_id":8,"role":"influencer"},{"contact_id":7,"is_primary":true}]}"#;
    let (request, nested) = send("opportunities", sent).expect("accepted");
    assert_eq!(
        body(&request),
        serde_json::json!({
            "name": "x", "amount": 9_007_199_254_740_993_i64, "customer_organization_id": 5,
            "principal_organization_id": 3, "distributor_organization_id": null, "contact_ids": [8, 7],
        })
    );
    let Nested(lists) = nested.expect("a setting");
    assert_eq!(lists.len(), 1);
    assert_eq!(lists[0]["participants"][0]["organization_id"], 3);
    assert_eq!(lists[0]["contacts"][1]["is_primary"], true);
}

#[test]
fn what_contradicts_or_cannot_be_told_apart_is_refused() {
    for (sent, words) in [
        (
            r#"{"company_id":9,"participants":[{"organization_id":5,"role":"customer"}]}"#,
            vec!["company_id", "participants"],
        ),
        (
            r#"{"contact_ids":[1],"contacts":[{"contact_id":2}]}"#,
            vec!["contact_ids", "contacts"],
        ),
        (
            r#"[{"participants":[]},{"participants":[{"organization_id":4,"role":"partner","is_primary":true},{"organization_id":5,"role":"partner","is_primary":true}]}]"#,
            vec!["primary partner", "4 and 5"],
        ),
        (
            r#"{"participants":[{"organization_id":5}]}"#,
            vec!["participants", "role"],
        ),
        (r#"{"participants":{}}"#, vec!["participants"]),
        (
            r#"{"contacts":[{"contact_id":1,"is_primary":true},{"contact_id":2,"is_primary":true}]}"#,
            vec!["primary"],
        ),
        (
            r#"{"participants":[{"organization_id":1,"role":"principal","is_primary":true},{"organization_id":2,"role":"principal","is_primary":true}]}"#,
            vec!["primary", "principal"],
        ),
    ] {
        let error = send("opportunities", sent).expect_err(sent);
        assert_eq!(error.status(), 400, "{sent}");
        let text = error.to_string();
        assert!(
            words.iter().all(|word| text.contains(word)),
            "{sent}: {text}"
        );
    }
}

#[test]
fn several_rows_keep_their_lists_apart() {
    let sent = r#"[{"name":"a","participants":[{"organization_id":5,"role":"customer"}],"contacts":null},
                   {"name":"b","participants":null,"contacts":[{"contact_id":7}]}]"#;
    let (request, nested) = send("opportunities", sent).expect("accepted");
    let body = body(&request);
    assert_eq!(body[0]["customer_organization_id"], 5);
    assert_eq!(body[1]["contact_ids"], serde_json::json!([7]));
    let Nested(lists) = nested.expect("a setting");
    assert_eq!(
        Value::Array(lists),
        serde_json::json!([
            {"participants": [{"organization_id": 5, "role": "customer"}]},
            {"contacts": [{"contact_id": 7}]},
        ])
    );
    // On rows that are there, a row without the list would lose its organisations.
    let merge = "resolution=merge-duplicates";
    let error = send_as("POST", merge, "opportunities", sent).expect_err("some have none");
    assert!(error.to_string().contains("participants"), "{error}");
    let all = sent.replace("null", "[]");
    assert!(send_as("POST", merge, "opportunities", &all).is_ok());
    let error = send_as("PATCH", "", "opportunities", sent).expect_err("one object");
    assert_eq!(error.status(), 400);
    // The row at fault is named.
    let wrong = sent.replace("\"contact_id\"", "\"id\"");
    let error = send("opportunities", &wrong).expect_err("no id");
    assert!(
        format!("{error:?}").contains("Row 2 of the body"),
        "{error:?}"
    );
}

#[test]
fn other_bodies_pass_untouched() {
    for (relation, sent) in [
        ("companies", r#"{"participants":[]}"#),
        ("opportunities", r#"{"name":"x"}"#),
        ("contacts", r#"{"organizations":[{"organization_id":1}]}"#),
    ] {
        let (request, nested) = send(relation, sent).expect(sent);
        assert_eq!(nested, None);
        let Some(Payload::Json { raw, .. }) = &request.payload else {
            panic!("{sent}");
        };
        assert_eq!(raw, sent.as_bytes());
    }
    let (request, nested) =
        send("opportunities", r#"{"name":"x","participants":null}"#).expect("nothing");
    assert_eq!(
        (nested, body(&request)),
        (None, serde_json::json!({"name": "x"}))
    );
}
