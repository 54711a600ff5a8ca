//! Answers to whole requests: a request line and a result row in, status and headers out.

use bytes::Bytes;

use super::{HttpResponse, build};
use crate::config::{RestConfig, ServerConfig};
use crate::error::Error;
use crate::rest::api_request::{HttpRequest, parse};
use crate::rest::plan::action_plan;
use crate::rest::plan::testing::{routine, schema_cache, test};
use crate::rest::transaction::{Accessible, Outcome, ResultSet};
use crate::schema_cache::SchemaCache;
use crate::schema_cache::routine::{PgType, ReturnType, Volatility};

/// `page_total`, `total`, body.
fn rows(page: i64, total: Option<i64>, body: &'static str) -> ResultSet {
    ResultSet {
        query_total: page,
        table_total: total,
        body: Bytes::from_static(body.as_bytes()),
        ..ResultSet::default()
    }
}

/// With several schemas the answer names the one that was used.
fn config(schemas: &[&str]) -> RestConfig {
    RestConfig {
        schemas: schemas.iter().map(|schema| (*schema).to_owned()).collect(),
        plan_enabled: true,
        ..RestConfig::default()
    }
}

/// Builds the answer to `METHOD /target` with headers.
fn answered(
    line: &str,
    headers: &[(&str, &str)],
    outcome: Outcome,
    cache: &SchemaCache,
) -> Result<HttpResponse, Error> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let has_body = matches!(method, "POST" | "PATCH" | "PUT");
    let mut all = vec![("content-type".to_owned(), "application/json".to_owned())];
    all.extend(headers.iter().map(|(n, v)| ((*n).into(), (*v).into())));
    let http = HttpRequest {
        method: method.into(),
        path_segments: path
            .split('/')
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect(),
        path: path.into(),
        query: query.into(),
        headers: all,
        body: Bytes::from_static(if has_body { b"{\"id\":1}" } else { b"" }),
        ..HttpRequest::default()
    };
    let is_negotiated = headers.iter().any(|(name, _)| *name == "accept-profile");
    let config = config(if is_negotiated {
        &["test", "other"]
    } else {
        &["test"]
    });
    let request = parse(&http, &config).unwrap();
    let plan = action_plan(&request, cache, &config).unwrap();
    let server = ServerConfig::default();
    build(&plan, outcome, &request, &config, &server, cache)
}

fn answer(line: &str, headers: &[(&str, &str)], result: ResultSet) -> HttpResponse {
    answered(line, headers, Outcome::Rows(result), &schema_cache()).unwrap()
}

fn header<'a>(answer: &'a HttpResponse, name: &str) -> Option<&'a str> {
    let mut found = answer.headers.iter().filter(|(n, _)| n == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert!(found.next().is_none(), "{name} twice");
    value
}

#[test]
fn reads_have_range_location_type_and_length() {
    let got = answer("GET /projects?id=gt.1&select=id", &[], rows(2, None, "[1]"));
    assert_eq!(got.status, 200);
    assert_eq!(got.body, "[1]");
    assert_eq!(header(&got, "Content-Range"), Some("0-1/*"));
    assert_eq!(
        header(&got, "Content-Location"),
        Some("/projects?id=gt.1&select=id")
    );
    assert_eq!(
        header(&got, "Content-Type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(header(&got, "Content-Length"), Some("3"));
    assert_eq!(header(&got, "Vary"), Some("Accept, Prefer, Range"));
    assert_eq!(header(&got, "Preference-Applied"), None);
    assert_eq!(header(&got, "Content-Profile"), None);
}

#[test]
fn counted_pages_are_partial() {
    let prefer = [("prefer", "count=exact")];
    let got = answer(
        "GET /projects?limit=2&offset=4",
        &prefer,
        rows(2, Some(9), "[]"),
    );
    assert_eq!(
        (got.status, header(&got, "Content-Range")),
        (206, Some("4-5/9"))
    );
    assert_eq!(header(&got, "Preference-Applied"), Some("count=exact"));
}

#[test]
fn behind_the_last_row_there_is_an_error_body() {
    let prefer = [("prefer", "count=exact")];
    let got = answer("GET /projects?offset=10", &prefer, rows(0, Some(9), "[]"));
    assert_eq!(
        (got.status, header(&got, "Content-Range")),
        (416, Some("*/9"))
    );
    let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "code": "PGRST103",
            "message": "Requested range not satisfiable",
            "details": "An offset of 10 was requested, but there are only 9 rows.",
            "hint": null,
        })
    );
    assert_eq!(
        header(&got, "Content-Length"),
        Some(got.body.len().to_string().as_str())
    );
}

#[test]
fn head_has_headers_only() {
    let got = answer("HEAD /projects", &[], rows(3, None, ""));
    assert_eq!(got.status, 200);
    assert_eq!(header(&got, "Content-Length"), None);
    assert_eq!(header(&got, "Content-Range"), Some("0-2/*"));
}

#[test]
fn one_object_means_one_row() {
    let accept = [("accept", "application/vnd.pgrst.object+json")];
    let got = answer("GET /projects", &accept, rows(1, None, "{}"));
    assert_eq!(
        header(&got, "Content-Type"),
        Some("application/vnd.pgrst.object+json; charset=utf-8")
    );
    for count in [0, 2] {
        let outcome = Outcome::Rows(rows(count, None, "null"));
        let error = answered("GET /projects", &accept, outcome, &schema_cache()).unwrap_err();
        assert_eq!((error.code(), error.status()), ("PGRST116", 406));
    }
}

#[test]
fn a_negotiated_schema_is_named() {
    let profile = [("accept-profile", "test")];
    let got = answer("GET /projects", &profile, rows(0, None, "[]"));
    assert_eq!(header(&got, "Content-Profile"), Some("test"));
}

#[test]
fn writes() {
    // request, Prefer, rows, inserted -> status, Content-Range, Content-Length, Preference-Applied
    let cases = [
        ("POST /projects", "", 1, None, "201 | */* | 0 | -"),
        (
            "POST /projects",
            "count=exact",
            2,
            None,
            "201 | */2 | 0 | count=exact",
        ),
        (
            "POST /projects",
            "return=representation",
            1,
            None,
            "201 | */* | 4 | return=representation",
        ),
        (
            "POST /projects",
            "return=minimal, missing=default",
            1,
            None,
            "201 | */* | 0 | missing=default, return=minimal",
        ),
        (
            "POST /projects",
            "resolution=merge-duplicates",
            1,
            Some(0),
            "200 | */* | 0 | resolution=merge-duplicates",
        ),
        (
            "POST /projects",
            "resolution=merge-duplicates",
            1,
            Some(1),
            "201 | */* | 0 | resolution=merge-duplicates",
        ),
        (
            "POST /projects",
            "resolution=merge-duplicates",
            0,
            None,
            "200 | */* | 0 | resolution=merge-duplicates",
        ),
        (
            "POST /projects",
            "resolution=ignore-duplicates",
            0,
            None,
            "201 | */* | 0 | resolution=ignore-duplicates",
        ),
        (
            "POST /docs",
            "resolution=ignore-duplicates",
            0,
            None,
            "201 | */* | 0 | -",
        ),
        (
            "PATCH /projects?id=eq.1",
            "",
            1,
            None,
            "204 | 0-0/* | - | -",
        ),
        (
            "PATCH /projects?id=eq.1",
            "return=representation, count=exact",
            3,
            None,
            "200 | 0-2/3 | 4 | return=representation, count=exact",
        ),
        (
            "PATCH /projects?id=eq.1",
            "count=exact",
            0,
            None,
            "204 | */0 | - | count=exact",
        ),
        (
            "PATCH /projects?id=eq.1",
            "handling=strict, max-affected=5",
            1,
            None,
            "204 | 0-0/* | - | handling=strict, max-affected=5",
        ),
        ("DELETE /projects?id=eq.1", "", 1, None, "204 | */* | - | -"),
        (
            "DELETE /projects?id=eq.1",
            "return=representation, count=exact",
            1,
            None,
            "200 | */1 | 4 | return=representation, count=exact",
        ),
        ("PUT /projects?id=eq.1", "", 1, Some(1), "204 | - | - | -"),
        (
            "PUT /projects?id=eq.1",
            "return=representation",
            1,
            Some(1),
            "201 | - | 4 | return=representation",
        ),
        (
            "PUT /projects?id=eq.1",
            "return=representation",
            1,
            Some(0),
            "200 | - | 4 | return=representation",
        ),
    ];
    for (line, prefer, count, inserted, expected) in cases {
        let result = ResultSet {
            inserted,
            ..rows(count, None, "body")
        };
        let got = answer(line, &[("prefer", prefer)], result);
        let what = format!("{line} [{prefer}]");
        let shown = ["Content-Range", "Content-Length", "Preference-Applied"]
            .map(|name| header(&got, name).unwrap_or("-"))
            .join(" | ");
        assert_eq!(format!("{} | {shown}", got.status), expected, "{what}");
        let is_shown = prefer.contains("representation");
        assert_eq!(header(&got, "Content-Type").is_some(), is_shown, "{what}");
        assert_eq!(got.body == "body", is_shown, "{what}");
    }
}

#[test]
fn an_inserted_row_has_a_location() {
    let result = ResultSet {
        location: vec!["id=eq.a b".into()],
        ..rows(1, None, "")
    };
    let got = answer(
        "POST /projects",
        &[("prefer", "return=headers-only")],
        result,
    );
    assert_eq!(header(&got, "Location"), Some("/projects?id=eq.a%20b"));
    assert_eq!(
        header(&got, "Preference-Applied"),
        Some("return=headers-only")
    );
}

#[test]
fn calls() {
    let mut cache = schema_cache();
    let mut stable = routine("f", &[]);
    stable.volatility = Volatility::Stable;
    let mut void = routine("v", &[]);
    void.return_type = ReturnType::Single(PgType::Scalar(
        crate::pg::ident::QualifiedIdentifier::new("pg_catalog", "void"),
    ));
    let routines = std::sync::Arc::make_mut(&mut cache.routines);
    routines.insert(test("f"), vec![stable]);
    routines.insert(test("v"), vec![void]);
    let call = |line| {
        let outcome = Outcome::Rows(rows(1, None, "7"));
        answered(line, &[], outcome, &cache).unwrap()
    };
    let got = call("GET /rpc/f");
    assert_eq!((got.status, got.body.as_ref()), (200, b"7".as_slice()));
    assert_eq!(header(&got, "Content-Range"), Some("0-0/*"));
    assert_eq!(header(&got, "Content-Location"), None);
    let got = call("HEAD /rpc/f");
    assert_eq!((got.status, got.body.len()), (200, 0));
    assert_eq!(header(&got, "Content-Length"), None);
    let got = answered(
        "POST /rpc/v?",
        &[],
        Outcome::Rows(rows(1, None, "\"\"")),
        &{
            let mut cache = cache.clone();
            let routines = std::sync::Arc::make_mut(&mut cache.routines);
            let routines = routines.get_mut(&test("v")).unwrap();
            routines[0].params = routine("v", &["id:integer"]).params;
            cache
        },
    )
    .unwrap();
    assert_eq!((got.status, got.body.len()), (204, 0));
    assert_eq!(header(&got, "Content-Type"), None);
}

#[test]
fn the_database_may_choose_status_and_headers() {
    let result = ResultSet {
        guc_status: Some("418".into()),
        guc_headers: Some(r#"[{"Vary":"X"},{"X-A":"b"}]"#.into()),
        ..rows(1, None, "[]")
    };
    let got = answer("GET /projects", &[], result);
    assert_eq!(got.status, 418);
    assert_eq!(header(&got, "Vary"), Some("X"));
    assert_eq!(header(&got, "X-A"), Some("b"));
    let result = ResultSet {
        guc_headers: Some("x".into()),
        ..rows(1, None, "[]")
    };
    let error = answered("GET /projects", &[], Outcome::Rows(result), &schema_cache());
    assert_eq!(error.unwrap_err().code(), "PGRST111");
}

#[test]
fn plans_are_sent_as_their_media_type() {
    let accept = [("accept", "application/vnd.pgrst.plan+json; options=analyze")];
    let outcome = Outcome::Explain(Bytes::from_static(b"[{}]"));
    let got = answered("GET /projects", &accept, outcome, &schema_cache()).unwrap();
    assert_eq!((got.status, got.body.as_ref()), (200, b"[{}]".as_slice()));
    assert_eq!(
        header(&got, "Content-Type"),
        Some(
            "application/vnd.pgrst.plan+json; for=\"application/json\"; options=analyze; charset=utf-8"
        )
    );
}

#[test]
fn options_tell_the_methods() {
    let options = |path: &str| {
        answered(
            &format!("OPTIONS {path}"),
            &[],
            Outcome::NotRun,
            &schema_cache(),
        )
        .unwrap()
    };
    let got = options("/projects");
    assert_eq!(
        header(&got, "Allow"),
        Some("OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE")
    );
    assert_eq!(header(&got, "Vary"), Some("Accept, Prefer, Range"));
    assert_eq!(header(&options("/"), "Allow"), Some("OPTIONS,GET,HEAD"));
}

#[test]
fn the_root_document_has_its_type() {
    let root = |method: &str| {
        let line = format!("{method} /");
        answered(
            &line,
            &[],
            Outcome::Inspect(Accessible::default()),
            &schema_cache(),
        )
        .unwrap()
    };
    let got = root("GET");
    assert_eq!(
        header(&got, "Content-Type"),
        Some("application/openapi+json; charset=utf-8")
    );
    assert!(!got.body.is_empty());
    assert!(root("HEAD").body.is_empty());
}

#[test]
fn an_outcome_of_another_plan_is_an_internal_error() {
    let error = answered("GET /projects", &[], Outcome::NotRun, &schema_cache()).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRSTX00", 500));
}

#[test]
fn aliased_embeds_addressed_by_their_name_are_warned_about() {
    let line = "GET /clients?select=id,p:projects(id)&projects.id=eq.1";
    let got = answer(line, &[], rows(0, None, "[]"));
    let warning = header(&got, "Warning").unwrap();
    assert!(warning.starts_with("299 PostgREST \""), "{warning}");
    assert!(warning.contains("`projects` to `p`"), "{warning}");
    let line = "GET /clients?select=id,p:projects(id)&p.id=eq.1";
    let got = answer(line, &[], rows(0, None, "[]"));
    assert_eq!(header(&got, "Warning"), None);
}
