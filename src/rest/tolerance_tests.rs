//! Each rule, what it leaves alone, and that a request without faults is not touched.

use proptest::prelude::*;

use std::sync::Arc;

use super::*;
use crate::config::RestConfig;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::{self, HttpRequest};

fn cache() -> SchemaCache {
    let mut cache = SchemaCache::default();
    for (name, columns) in [
        (
            "deals",
            "id bigint,name text,stage text,archived_at timestamp with time zone",
        ),
        (
            "opportunities",
            "id bigint,name text,status text,deleted_at timestamp with time zone,contact_ids bigint[],data jsonb",
        ),
        (
            "opportunityNotes",
            "id bigint,text text,opportunity_id bigint,sales_id bigint",
        ),
    ] {
        let columns = columns.split(',').map(|column| {
            let (name, data_type) = column.split_once(' ').unwrap();
            let column = Column {
                name: name.into(),
                description: None,
                nullable: true,
                data_type: data_type.into(),
                nominal_type: data_type.into(),
                max_length: None,
                default: None,
                enum_values: Vec::new(),
            };
            (name.to_owned(), column)
        });
        let table = Table {
            schema: "public".into(),
            name: name.into(),
            description: None,
            is_view: false,
            insertable: true,
            updatable: true,
            deletable: true,
            primary_key: vec!["id".into()],
            columns: columns.collect(),
        };
        let name = QualifiedIdentifier::new("public", name);
        Arc::make_mut(&mut cache.tables).insert(name, Arc::new(table));
    }
    cache
}

fn request(method: &str, target: &str, body: &str) -> ApiRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let http = HttpRequest {
        method: method.into(),
        path_segments: vec![path.into()],
        path: format!("/{path}"),
        query: query.into(),
        headers: vec![("prefer".into(), "return=representation".into())],
        body: body.as_bytes().to_vec().into(),
        ..HttpRequest::default()
    };
    api_request::parse(&http, &RestConfig::default()).unwrap()
}

/// Forgives the first request and compares it with the second; gives the rules that applied.
fn assert_read_as(method: &str, given: (&str, &str), meant: (&str, &str)) -> Vec<&'static str> {
    let mut request_given = request(method, given.0, given.1);
    let forgiven = forgive(&mut request_given, &cache());
    let request_meant = request(method, meant.0, meant.1);
    assert_eq!(
        request_given.query.filters, request_meant.query.filters,
        "{given:?}"
    );
    assert_eq!(
        request_given.query.root_filters, request_meant.query.root_filters,
        "{given:?}"
    );
    assert_eq!(
        request_given.query.logic, request_meant.query.logic,
        "{given:?}"
    );
    assert_eq!(
        request_given.query.order, request_meant.query.order,
        "{given:?}"
    );
    assert_eq!(request_given.columns, request_meant.columns, "{given:?}");
    assert_eq!(request_given.action, request_meant.action, "{given:?}");
    assert!(
        forgiven
            .iter()
            .all(|fault| fault.warning().starts_with("299 oppbase \""))
    );
    forgiven.into_iter().map(|fault| fault.rule).collect()
}

#[test]
fn eq_null_on_what_is_not_text_is_a_null_test() {
    for (given, meant) in [
        (
            "opportunities?deleted_at=eq.null",
            "opportunities?deleted_at=is.null",
        ),
        (
            "opportunities?deleted_at[1]=eq.null&deleted_at[0]=is.null",
            "opportunities?deleted_at=is.null&deleted_at=is.null",
        ),
        (
            "opportunities?deleted_at=not.eq.null",
            "opportunities?deleted_at=not.is.null",
        ),
        (
            "opportunities?contact_ids=eq.null",
            "opportunities?contact_ids=is.null",
        ),
        (
            "opportunities?or=(id.eq.null,name.eq.null)",
            "opportunities?or=(id.is.null,name.eq.null)",
        ),
        (
            "opportunities?or=(id.eq.1,and(id.eq.null,name.eq.x))",
            "opportunities?or=(id.eq.1,and(id.is.null,name.eq.x))",
        ),
    ] {
        assert_eq!(
            assert_read_as("GET", (given, ""), (meant, "")),
            ["eq-null"],
            "{given}"
        );
    }
}

#[test]
fn eq_null_stays_where_null_is_a_value_or_another_word() {
    for target in [
        "opportunities?name=eq.null",
        "opportunities?data=eq.null",
        "opportunities?data->>x=eq.null",
        "opportunities?id=eq(any).{null}",
        "opportunities?id=eq.NULL",
        "opportunities?id=neq.null",
        "opportunities?id=eq.1",
        "nowhere?id=eq.null",
    ] {
        assert!(
            assert_read_as("GET", (target, ""), (target, "")).is_empty(),
            "{target}"
        );
    }
}

#[test]
fn the_boards_searches_and_orders_work() {
    let search = "deals?or=(name.ilike.*a*,type.ilike.*a*)&order=last_seen.desc,id.asc";
    let meant = "deals?or=(name.ilike.*a*)&order=id.asc";
    assert_eq!(
        assert_read_as("GET", (search, ""), (meant, "")),
        ["deals-filter-type", "deals-order-last-seen"]
    );
    let search = "deals?deleted_at=eq.null&order=last_seen.desc.nullslast";
    assert_eq!(
        assert_read_as("GET", (search, ""), ("deals?archived_at=is.null", "")),
        [
            "deals-filter-deleted-at",
            "eq-null",
            "deals-order-last-seen"
        ]
    );
}

#[test]
fn a_filter_is_never_dropped_where_more_rows_would_match() {
    for target in [
        "deals?type=eq.x",
        "deals?or=(type.ilike.*a*)",
        "deals?and=(type.eq.x,name.eq.y)",
        "opportunities?or=(name.eq.x,type.eq.y)",
    ] {
        assert!(
            assert_read_as("GET", (target, ""), (target, "")).is_empty(),
            "{target}"
        );
    }
    let write = "deals?or=(name.eq.x,type.eq.y)";
    assert!(assert_read_as("DELETE", (write, ""), (write, "")).is_empty());
}

#[test]
fn keys_that_a_board_sends_and_the_relation_does_not_have_are_dropped() {
    assert_eq!(
        assert_read_as(
            "PATCH",
            (
                "deals?id=eq.1",
                r#"{"last_seen":"2026-01-01","status":"hot","name":"x"}"#
            ),
            ("deals?id=eq.1", r#"{"name":"x"}"#)
        ),
        ["card-last-seen", "card-status"]
    );
    // A column that is there is written.
    let both = ("opportunities", r#"{"status":"hot","last_seen":null}"#);
    assert_eq!(
        assert_read_as("POST", both, ("opportunities", r#"{"status":"hot"}"#)),
        ["card-last-seen"]
    );
    // Other names and other relations stay errors.
    for (target, body) in [
        ("deals", r#"{"last_sean":1}"#),
        ("opportunityNotes", r#"{"last_seen":1}"#),
    ] {
        assert!(
            assert_read_as("POST", (target, body), (target, body)).is_empty(),
            "{target}"
        );
    }
}

#[test]
fn an_update_of_ignored_keys_alone_answers_with_the_row() {
    let mut patch = request("PATCH", "deals?id=eq.1", r#"{"last_seen":"2026-01-01"}"#);
    forgive(&mut patch, &cache());
    assert!(matches!(
        patch.action,
        Action::RelationRead {
            headers_only: false,
            ..
        }
    ));
    assert_eq!(patch.payload, None);
    assert_eq!(patch.query.root_filters.len(), 1, "still that row");
    patch = request("PATCH", "deals?id=eq.1", r#"{"last_seen":"2026-01-01"}"#);
    patch.preferences.representation = None;
    forgive(&mut patch, &cache());
    assert!(matches!(patch.action, Action::RelationMutate { .. }));
}

#[test]
fn a_note_under_the_key_undefined_belongs_to_the_opportunity() {
    for (body, meant) in [
        (
            r#"{"date":"2026-01-01T10:00","undefined":12345678901234567890,"text":"\u00e9"}"#,
            r#"{"date":"2026-01-01T10:00","opportunity_id":12345678901234567890,"text":"\u00e9"}"#,
        ),
        (
            r#"[{"undefined":1},{"undefined":2}]"#,
            r#"[{"opportunity_id":1},{"opportunity_id":2}]"#,
        ),
    ] {
        let mut note = request("POST", "opportunityNotes", body);
        let forgiven = forgive(&mut note, &cache());
        assert_eq!(forgiven.len(), 1);
        assert!(note.columns.contains("opportunity_id") && !note.columns.contains("undefined"));
        let Some(Payload::Json { raw, .. }) = &note.payload else {
            panic!("JSON stays JSON")
        };
        assert_eq!(raw, meant.as_bytes());
    }
    let both = ("opportunityNotes", r#"{"undefined":1,"opportunity_id":2}"#);
    assert!(assert_read_as("POST", both, both).is_empty());
}

proptest! {
    #[test]
    fn a_request_without_faults_is_not_touched(
        column in prop::sample::select(vec!["id", "name", "stage", "archived_at"]),
        value in "[a-z0-9]{1,6}".prop_filter("the fault", |value| value != "null"),
    ) {
        let target = format!("deals?{column}=eq.{value}&order={column}.desc&or=({column}.eq.{value},id.gt.1)");
        let before = request("GET", &target, "");
        let mut after = before.clone();
        prop_assert!(forgive(&mut after, &cache()).is_empty());
        prop_assert_eq!(before, after);
    }
}
