//! Fuzz targets as functions: bytes of a client into one place of a request, and the laws that hold
//! whatever they are. Shared by the plain tests ([`super`]) and by cargo-fuzz (`fuzz_targets/`).
//!
//! The laws: nothing panics; a refusal is a 4xx; in the SQL that is made, what the client wrote stands
//! only inside quoted names and quoted texts, all of which are closed.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use oppbase::auth::AuthResult;
use oppbase::auth::role_claim::RoleClaim;
use oppbase::config::RestConfig;
use oppbase::pg::ident::QualifiedIdentifier;
use oppbase::rest::api_request::{self, HttpRequest};
use oppbase::rest::{plan, query};
use oppbase::schema_cache::SchemaCache;
use oppbase::schema_cache::decode::built_in_handlers;
use oppbase::schema_cache::table::{Column, Table};
use serde_json::{Map, json};

/// A target; true when SQL was made of the input.
pub type Target = fn(&[u8]) -> bool;

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("query_string", query_string),
    ("prefer", prefer),
    ("range", range),
    ("accept", accept),
    ("content_type", content_type),
    ("role_claim", role_claim),
    ("json_payload", json_payload),
    ("csv_payload", csv_payload),
    ("form_payload", form_payload),
];

/// Stands for what a client wrote, in the corpus; it is in no SQL of ours.
const MARKER: &str = "zzz";

static CACHE: LazyLock<SchemaCache> = LazyLock::new(|| {
    let column = |name: &str, data_type: &str| Column {
        name: name.into(),
        description: None,
        nullable: true,
        data_type: data_type.into(),
        nominal_type: data_type.into(),
        max_length: None,
        default: None,
        enum_values: Vec::new(),
    };
    let columns = [("id", "bigint"), ("name", "text"), ("data", "jsonb")];
    let table = Table {
        schema: "public".into(),
        name: "things".into(),
        description: None,
        is_view: false,
        insertable: true,
        updatable: true,
        deletable: true,
        primary_key: vec!["id".into()],
        columns: IndexMap::from_iter(columns.map(|(name, kind)| (name.into(), column(name, kind)))),
    };
    let mut cache = SchemaCache {
        media_handlers: built_in_handlers(),
        ..SchemaCache::default()
    };
    let name = QualifiedIdentifier::new("public", "things");
    Arc::make_mut(&mut cache.tables).insert(name, Arc::new(table));
    cache
});

/// The query string of a read, an update and an upsert.
pub fn query_string(data: &[u8]) -> bool {
    let query = String::from_utf8_lossy(data);
    let planned = ["GET", "PATCH", "PUT"].map(|method| {
        run(&HttpRequest {
            query: query.clone().into_owned(),
            body: r#"{"id":1,"name":"a"}"#.into(),
            ..request(method)
        })
    });
    planned.contains(&true)
}

/// `Prefer`.
pub fn prefer(data: &[u8]) -> bool {
    ["GET", "POST"]
        .map(|method| with_header(method, "prefer", data))
        .contains(&true)
}

/// `Range`.
pub fn range(data: &[u8]) -> bool {
    with_header("GET", "range", data)
}

/// `Accept`.
pub fn accept(data: &[u8]) -> bool {
    with_header("GET", "accept", data)
}

/// `Content-Type` of a write.
pub fn content_type(data: &[u8]) -> bool {
    with_header("POST", "content-type", data)
}

/// `jwt-role-claim-key`, and looking it up (true when found). An operator writes it, so only panics
/// count.
pub fn role_claim(data: &[u8]) -> bool {
    let claims: Map<_, _> = json!({
        "role": "zzz", "roles": ["a", "zzz"], "app": {"role": {"name": "zzz"}, "n": 3, "b c": null},
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    match RoleClaim::parse(&String::from_utf8_lossy(data)) {
        Ok(path) => path.find(&claims).is_some(),
        Err(_) => false,
    }
}

/// A body of JSON.
pub fn json_payload(data: &[u8]) -> bool {
    with_body("application/json", data)
}

/// A body of CSV.
pub fn csv_payload(data: &[u8]) -> bool {
    with_body("text/csv", data)
}

/// A body of a form.
pub fn form_payload(data: &[u8]) -> bool {
    with_body("application/x-www-form-urlencoded", data)
}

fn request(method: &str) -> HttpRequest {
    HttpRequest {
        method: method.into(),
        path_segments: vec!["things".into()],
        path: "/things".into(),
        query: String::new(),
        headers: Vec::new(),
        cookies: Vec::new(),
        body: Default::default(),
    }
}

fn with_header(method: &str, name: &str, data: &[u8]) -> bool {
    let value = String::from_utf8_lossy(data).into_owned();
    run(&HttpRequest {
        headers: vec![(name.into(), value)],
        body: r#"{"id":1,"name":"a"}"#.into(),
        ..request(method)
    })
}

fn with_body(media_type: &str, data: &[u8]) -> bool {
    let planned = ["POST", "PATCH"].map(|method| {
        run(&HttpRequest {
            headers: vec![("content-type".into(), media_type.into())],
            body: data.to_vec().into(),
            ..request(method)
        })
    });
    planned.contains(&true)
}

/// The pure stages, and their laws.
fn run(http: &HttpRequest) -> bool {
    let config = RestConfig {
        aggregates_enabled: true,
        plan_enabled: true,
        ..RestConfig::default()
    };
    let planned = api_request::parse(http, &config)
        .and_then(|request| Ok((plan::action_plan(&request, &CACHE, &config)?, request)));
    let (plan, request) = match planned {
        Ok(planned) => planned,
        Err(error) => {
            assert!((300..500).contains(&error.status()), "{error}");
            return false;
        }
    };
    let auth = AuthResult {
        role: "anon".into(),
        claims: std::sync::Arc::default(),
    };
    let query = query::main_query(&plan, &request, &auth, &config, 150_000);
    for sql in query.texts() {
        let bare = without_quoted(&sql);
        assert!(!bare.contains(MARKER), "{bare}\n{sql}");
    }
    true
}

/// The text outside `"…"` and `'…'`, which must be closed; a doubled quote is an escaped one.
fn without_quoted(sql: &str) -> String {
    let mut bare = String::new();
    let mut open = None;
    for c in sql.chars() {
        match open {
            Some(quote) if c == quote => open = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => open = Some(c),
            None => bare.push(c),
        }
    }
    assert_eq!(open, None, "a quote is not closed: {sql}");
    bare
}
