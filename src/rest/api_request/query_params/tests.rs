//! Keys, levels, arguments and encodings of query strings, with the documentation's examples.

use super::*;
use crate::rest::api_request::testing::{get, request, texts};

fn params(query: &str) -> QueryParams {
    super::parse(query, false).unwrap().params
}

fn written(filters: &[(EmbedPath, Filter)]) -> Vec<String> {
    filters
        .iter()
        .map(|(path, filter)| format!("{}:{filter}", path.join("/")))
        .collect()
}

#[test]
fn filters_of_the_root() {
    let params = params("age=gte.18&student=is.true&json_data->>blood_type=eq.A-");
    assert_eq!(
        written(&params.filters),
        [
            r#":age.gte."18""#,
            ":student.is.true",
            r#":json_data->>blood_type.eq."A-""#
        ]
    );
    assert_eq!(params.root_filters.len(), 3);
    assert_eq!(params.embed_filters, []);
}

#[test]
fn filters_orders_logic_and_limits_of_embeds() {
    let params = params(
        "select=*,roles(*,actors(*))&roles.character=in.(Chico,Harpo)&roles.actors.first_name=like.*Tom*\
         &roles.actors.order=last_name&roles.or=(a.is.null,b.is.null)&roles.limit=10&roles.offset=2\
         &roles.actors.not.and=(a.eq.1)&roles=not.is.null",
    );
    assert_eq!(
        written(&params.embed_filters),
        [
            r#"roles:character.in.("Chico","Harpo")"#,
            r#"roles/actors:first_name.like."*Tom*""#
        ]
    );
    assert_eq!(params.root_filters[0].to_string(), "roles.not.is.null");
    assert_eq!(params.order[0].0, ["roles", "actors"]);
    assert_eq!(params.logic[0].0, ["roles"]);
    assert_eq!(params.logic[1].0, ["roles", "actors"]);
    assert_eq!(params.logic[1].1.to_string(), r#"not.and(a.eq."1")"#);
    let range = RowRange {
        offset: 2,
        limit: Some(10),
    };
    assert_eq!(params.ranges[&vec!["roles".to_owned()]], range);
}

#[test]
fn bracketed_keys_are_conditions_on_the_same_column() {
    let params = params("due_date%5B0%5D=gte.2026-11-21&due_date%5B1%5D=lte.2026-11-22");
    assert_eq!(
        written(&params.filters),
        [
            r#":due_date.gte."2026-11-21""#,
            r#":due_date.lte."2026-11-22""#
        ]
    );
}

#[test]
fn quoted_keys_hold_dots() {
    let params = params("%22information.cpe%22=like.*MS*&Unit%20Price=lt.200");
    assert_eq!(
        written(&params.filters),
        [
            r#":"information.cpe".like."*MS*""#,
            r#":Unit Price.lt."200""#
        ]
    );
}

#[test]
fn arguments_of_a_function_are_values_without_operator() {
    let query = "v=1&v=2&title=like.*W*&name=hello+world&e=&a.b=x";
    let params = super::parse(query, true).unwrap().params;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        params.rpc_params,
        [
            pair("v", "1"),
            pair("v", "2"),
            pair("name", "hello world"),
            pair("e", ""),
            pair("b", "x"),
        ]
    );
    assert_eq!(written(&params.filters), [r#":title.like."*W*""#]);
    assert_eq!(super::parse(query, false).unwrap_err().code(), "PGRST100");
    assert_eq!(get("/rpc/f?a=1").query.rpc_params.len(), 1);
    assert!(
        request("POST", "/rpc/f?a=1").parsed().is_err(),
        "only in GET"
    );
}

#[test]
fn select_columns_and_on_conflict_count_once() {
    let all = params("");
    assert_eq!(select::Select(&all.select).to_string(), "*");
    assert_eq!((all.columns, all.on_conflict), (None, None));
    let params = params("select=a&select=b&columns=id, \"x.y\" ,id&on_conflict=b,a&columns=z");
    assert_eq!(select::Select(&params.select).to_string(), "a");
    assert_eq!(
        params.columns,
        Some(["id".to_owned(), "x.y".to_owned()].into())
    );
    assert_eq!(params.on_conflict, Some(vec!["b".into(), "a".into()]));
    assert_eq!(params.filters, []);
    let error = super::parse("columns=", false).unwrap_err();
    assert_eq!(
        texts(&error),
        (
            "\"failed to parse columns parameter ()\" (line 1, column 1)",
            "unexpected end of input expecting field name (* or [a..z0..9_$])"
        )
    );
}

#[test]
fn a_parameter_without_equals_sign_is_ignored() {
    let params = params("a&select&order&limit&columns&b=eq.1");
    assert_eq!(written(&params.filters), [r#":b.eq."1""#]);
    assert_eq!(select::Select(&params.select).to_string(), "*");
}

#[test]
fn the_canonical_form_is_sorted_and_encoded() {
    assert_eq!(params("b=eq.1&a=eq.1").canonical, "a=eq.1&b=eq.1");
    assert_eq!(params("").canonical, "");
    assert_eq!(
        params("select=*,c(*)&n=eq.a+b&z").canonical,
        "n=eq.a%20b&select=%2A%2Cc%28%2A%29&z="
    );
    assert_eq!(
        params("a=eq.1&b=eq.2&a=gt.0").canonical,
        "a=eq.1,gt.0&b=eq.2"
    );
    assert_eq!(params("n=eq.%C3%A9").canonical, "n=eq.%C3%A9");
}

#[test]
fn decoding_is_lenient_with_percent_signs_and_strict_with_utf8() {
    let pair = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    assert_eq!(
        decode_pairs(b"?a=1%2B1+2&b=100%&c=%zz;d=%&e&=f&").unwrap(),
        [
            pair("a", Some("1+1 2")),
            pair("b", Some("100%")),
            pair("c", Some("%zz")),
            pair("d", Some("%")),
            pair("e", None),
            pair("", Some("f")),
        ]
    );
    let error = decode_pairs(b"a=%ff").unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST100", 400));
    assert!(texts(&error).1.contains("not valid UTF-8"));
}

#[test]
fn mistakes_in_keys_are_told() {
    for (query, message) in [
        (
            ":=eq.1",
            "\"failed to parse tree path (:)\" (line 1, column 1)",
        ),
        (
            "a..b=eq.1",
            "\"failed to parse tree path (a..b)\" (line 1, column 3)",
        ),
        (
            ".order=a",
            "\"failed to parse tree path (.order)\" (line 1, column 1)",
        ),
        (
            ".limit=1",
            "\"failed to parse tree path (.limit)\" (line 1, column 1)",
        ),
        (
            "on_conflict=(",
            "\"failed to parse on_conflict parameter (()\" (line 1, column 1)",
        ),
    ] {
        let error = super::parse(query, false).unwrap_err();
        assert_eq!(texts(&error).0, message);
    }
}

#[test]
fn keys_are_kept_as_sent() {
    let keys = params("id=eq.1&a.b=eq.2&\"c\"=eq.3&order=id").filter_fields;
    assert_eq!(
        keys,
        ["id".to_owned(), "a.b".to_owned(), "\"c\"".to_owned()].into()
    );
}
