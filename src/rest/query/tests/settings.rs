//! Settings, pre-request function, root document.

use super::super::{accessible_routines, accessible_tables, schema_description};
use super::{Param, get, sent};
use crate::rest::plan::testing::{routine, test};
use crate::schema_cache::routine::Routine;
use insta::assert_snapshot;

#[test]
fn every_setting_is_local_to_the_transaction() {
    let request = get("/projects?id=eq.1")
        .header("x-a", "1")
        .header("x-a", "2");
    let (text, params) = request.query().tx_settings.render();
    assert_snapshot!(text, @"select set_config('search_path', $1, true), set_config('role', $2, true), set_config('request.jwt.claims', $3, true), set_config('request.method', $4, true), set_config('request.path', $5, true), set_config('request.headers', $6, true), set_config('request.cookies', $7, true)");
    assert_eq!(
        super::unknowns(&params),
        [
            r#""test", "public""#,
            "anon",
            r#"{"sub":"1","role":"anon"}"#,
            "GET",
            "/projects",
            r#"{"x-a":"2"}"#,
            "{}",
        ]
    );
}

#[test]
fn configured_settings_surround_the_role() {
    let mut request = get("/projects").prefer("timezone=America/Lima");
    request.config.role_settings.insert(
        "anon".into(),
        vec![("statement_timeout".into(), "1s".into())],
    );
    request.config.app_settings = vec![("app.settings.a".into(), "b".into())];
    let (text, params) = request.query().tx_settings.render();
    assert_snapshot!(text, @"select set_config('search_path', $1, true), set_config($2, $3, true), set_config('role', $4, true), set_config('request.jwt.claims', $5, true), set_config('request.method', $6, true), set_config('request.path', $7, true), set_config('request.headers', $8, true), set_config('request.cookies', $9, true), set_config('timezone', $10, true), set_config($11, $12, true)");
    let values = super::unknowns(&params);
    assert_eq!(values[1..4], ["statement_timeout", "1s", "anon"]);
    assert_eq!(values[values.len() - 2..], ["app.settings.a", "b"]);
}

#[test]
fn a_functions_settings_are_set_before_it_runs() {
    let mut request = sent("POST", "/rpc/f");
    let slow = Routine {
        settings: vec![("statement_timeout".into(), "5s".into())],
        ..routine("f", &[])
    };
    std::sync::Arc::make_mut(&mut request.cache.routines).insert(test("f"), vec![slow]);
    let (_, params) = request.query().tx_settings.render();
    let values = super::unknowns(&params);
    assert_eq!(values[values.len() - 2..], ["statement_timeout", "5s"]);
}

#[test]
fn the_pre_request_function_is_called_by_its_full_name() {
    let mut request = get("/projects");
    assert_eq!(request.query().pre_request, None);
    request.config.pre_request = Some(test("check"));
    let text = request.query().pre_request.unwrap().render().0;
    assert_eq!(text, r#"select "test"."check"()"#);
}

#[test]
fn options_ask_nothing_of_the_database() {
    let query = sent("OPTIONS", "/projects").query();
    assert_eq!(query, super::MainQuery::default());
}

#[test]
fn the_root_document_needs_settings_but_no_main_statement() {
    let query = get("/").query();
    assert!(!query.tx_settings.is_empty());
    assert_eq!(query.main, None);
}

#[test]
fn what_a_role_may_use_is_asked_by_schema_name() {
    for snippet in [accessible_tables("a\"b"), schema_description("a\"b")] {
        let (text, params) = snippet.render();
        assert!(text.starts_with(
            "WITH exposed AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = $1)\n"
        ));
        assert_eq!(params, [Param::Text(Some("a\"b".into()))]);
    }
    let (text, params) = accessible_routines("a'b").render();
    assert!(text.contains(r#"ARRAY['"a''b"']::regnamespace[]"#));
    assert!(params.is_empty());
}
