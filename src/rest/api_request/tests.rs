//! Paths, methods and schemas; and a collection of nasty input.

use proptest::prelude::*;

use super::testing::{get, request, texts};
use super::*;

fn relation(name: &str) -> QualifiedIdentifier {
    QualifiedIdentifier::new("public", name)
}

fn action_of(method: &str, target: &str) -> Action {
    let request = request(method, target).with_body("application/json", "{}");
    request.parsed().unwrap().action
}

fn code(method: &str, target: &str) -> String {
    request(method, target)
        .parsed()
        .unwrap_err()
        .code()
        .to_owned()
}

#[test]
fn actions_follow_path_and_method() {
    let people = || relation("people");
    for (method, mutation) in [
        ("POST", Mutation::Create),
        ("PUT", Mutation::SingleUpsert),
        ("PATCH", Mutation::Update),
        ("DELETE", Mutation::Delete),
    ] {
        let relation = people();
        let expected = Action::RelationMutate { relation, mutation };
        assert_eq!(action_of(method, "/people"), expected);
    }
    for headers_only in [false, true] {
        let method = if headers_only { "HEAD" } else { "GET" };
        let expected = Action::RelationRead {
            relation: people(),
            headers_only,
        };
        assert_eq!(action_of(method, "/people"), expected);
        let schema = "public".to_owned();
        assert_eq!(
            action_of(method, "/"),
            Action::SchemaRead {
                schema,
                headers_only
            }
        );
        let expected = Action::RoutineCall {
            routine: relation("f"),
            invocation: Invocation::Read { headers_only },
        };
        assert_eq!(action_of(method, "/rpc/f"), expected);
    }
    let expected = Action::RoutineCall {
        routine: relation("f"),
        invocation: Invocation::Post,
    };
    assert_eq!(action_of("POST", "/rpc/f"), expected);
    assert_eq!(
        action_of("OPTIONS", "/people"),
        Action::RelationInfo { relation: people() }
    );
    assert_eq!(
        action_of("OPTIONS", "/rpc/f"),
        Action::RoutineInfo {
            routine: relation("f")
        }
    );
    assert_eq!(action_of("OPTIONS", "/"), Action::SchemaInfo);
    assert_eq!(
        action_of("GET", "/rpc"),
        Action::RelationRead {
            relation: relation("rpc"),
            headers_only: false
        }
    );
}

#[test]
fn wrong_paths_and_methods() {
    assert_eq!(code("GET", "/first/second/third?select=*"), "PGRST125");
    assert_eq!(code("GET", "/people/1"), "PGRST125");
    assert_eq!(code("TRACE", "/people"), "PGRST117");
    assert_eq!(code("POST", "/"), "PGRST117");
    let error = request("PATCH", "/rpc/f").parsed().unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST101", 405));
    assert_eq!(texts(&error).0, "Cannot use the PATCH method on RPC");
}

#[test]
fn the_root_document_can_be_replaced_or_disabled() {
    let mut config = RestConfig {
        root_spec: Some(QualifiedIdentifier::new("test", "root")),
        ..RestConfig::default()
    };
    let root = request("GET", "/");
    let expected = Action::RoutineCall {
        routine: relation("root"),
        invocation: Invocation::Read {
            headers_only: false,
        },
    };
    assert_eq!(parse(&root, &config).unwrap().action, expected);
    config.openapi_mode = OpenApiMode::Disabled;
    let error = parse(&root, &config).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST126", 404));
}

#[test]
fn schemas_are_chosen_by_profile() {
    let one = RestConfig::default();
    let two = RestConfig {
        schemas: vec!["v1".into(), "v2".into()],
        ..RestConfig::default()
    };
    let ask = |method: &str, header: &str, profile: &str, config: &RestConfig| {
        let request = request(method, "/t")
            .with_body("application/json", "{}")
            .with_header(header, profile);
        parse(&request, config).map(|parsed| (parsed.schema, parsed.negotiated_by_profile))
    };
    let chosen = |schema: &str, by_profile| Ok((schema.to_owned(), by_profile));
    assert_eq!(ask("GET", "accept-profile", "v2", &two), chosen("v2", true));
    assert_eq!(
        ask("HEAD", "accept-profile", "v2", &two),
        chosen("v2", true)
    );
    assert_eq!(
        ask("PATCH", "content-profile", "v2", &two),
        chosen("v2", true)
    );
    assert_eq!(
        ask("POST", "accept-profile", "v2", &two),
        chosen("v1", true)
    );
    assert_eq!(ask("GET", "x", "", &two), chosen("v1", true));
    assert_eq!(ask("GET", "x", "", &one), chosen("public", false));
    assert_eq!(
        ask("GET", "accept-profile", "public", &one),
        chosen("public", true)
    );
    let error = ask("DELETE", "content-profile", "v3", &two).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST106", 406));
    assert_eq!(texts(&error), ("Invalid schema: v3", ""));
    assert_eq!(
        error.fault().hint.as_deref(),
        Some("Only the following schemas are exposed: v1, v2")
    );
}

#[test]
fn headers_go_on_without_cookies() {
    let mut http = request("GET", "/people?select=id").with_header("accept", "text/csv");
    http = http
        .with_header("cookie", "a=b")
        .with_header("prefer", "count=exact, tx=rollback");
    http.cookies = vec![("a".into(), "b".into())];
    let parsed = http.parsed().unwrap();
    assert_eq!(parsed.accept, [MediaType::TextCsv]);
    assert_eq!(parsed.content_type, MediaType::ApplicationJson);
    assert_eq!(parsed.preferences.count, Some(preferences::Count::Exact));
    assert_eq!(
        parsed.preferences.transaction, None,
        "not allowed by default"
    );
    let names: Vec<_> = parsed
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["accept", "prefer"]);
    assert_eq!(parsed.cookies, http.cookies);
    assert_eq!(
        (parsed.method.as_str(), parsed.path.as_str()),
        ("GET", "/people")
    );
}

#[test]
fn documented_requests_parse() {
    for target in [
        "/people?grade=gte.90&student=is.true&or=(age.eq.14,not.and(age.gte.11,age.lte.17))",
        "/people?last_name=like(all).{O*,*n}",
        "/people?my_tsv=not.phfts(english).The%20Fat%20Cats",
        "/countries?select=id,location->>lat,primary_language:languages->0&location->lat=gte.19",
        "/people?select=id,json_data->age&order=json_data->>age.desc",
        "/films?select=*,90_comps:competitions(name)&90_comps.year=eq.1990",
        "/films?select=title,actors(),directors()&or=(directors.not.is.null,actors.not.is.null)",
        "/films?select=title,...directors(first:first_name, last:last_name)&title=like.*Workers*",
        "/rpc/best_films_2017?select=title,director:directors(*)&rating=gt.8&order=title.desc",
        "/rpc/plus_one?arr=%7B1,2,3,4%7D'",
        "/marks?name=in.(%22Quote:%5C%22%22,%22Backslash:%5C%5C%22)",
    ] {
        assert_eq!(get(target).method, "GET");
    }
}

/// Texts that have broken parsers: unbalanced, deep, huge, not UTF-8, control characters.
fn nasty_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "%",
        "%%",
        "%0",
        "%00",
        "%ff%fe",
        "%F0%9F%92%A9",
        "+",
        "=",
        "==",
        "&&&",
        ";",
        "?",
        "(",
        ")",
        "()",
        "(()",
        "\"",
        "\"\\",
        "\\",
        "'",
        "''; drop table t; --",
        "*",
        "**",
        ".",
        "..",
        "...",
        "...a",
        "...(",
        "->",
        "->>",
        "a->",
        "a->>",
        "a->-",
        "a->>-1x",
        "::",
        "a::",
        ":a",
        "a:",
        "a:b:c",
        "!",
        "a!",
        "a!!",
        "a!left!inner!x(b)",
        "count(",
        "count()",
        "a.sum(",
        "a.sum()()",
        "eq",
        "eq.",
        "eq(",
        "eq(any",
        "in.",
        "in.(",
        "in.(\"",
        "in.(\"a",
        "in.(,",
        "is.",
        "is.nul",
        "not.",
        "not.not.",
        "fts(",
        "fts().",
        "{",
        "{{{",
        "and(",
        "or()",
        "(a.eq.1",
        "(a.eq.1,",
        "(a.eq.\"",
        "(a.eq.{",
        "\u{202e}",
        "\u{0}",
        "🦀",
        "a\u{301}",
        "9223372036854775808",
        "-1",
        "NaN",
        "1e999",
        "a[0]",
        "a[0][1]",
        "$",
        "$1",
        "-",
        "--",
        "a--b",
        "a-",
        "a->-b",
    ]
    .map(str::to_owned)
    .to_vec();
    for piece in [
        "(", ")", "a(", "not.", "and(", "a->", "\"", "\\", "{", ",", ".", "...", "a,", "!a",
    ] {
        texts.push(piece.repeat(20_000));
        texts.push(format!("({}", piece.repeat(20_000)));
        texts.push(format!("a.eq.{}", piece.repeat(20_000)));
    }
    texts
}

#[test]
fn nasty_input_is_answered() {
    let keys = [
        "select",
        "order",
        "or",
        "not.and",
        "columns",
        "on_conflict",
        "limit",
        "offset",
        "a",
        "a.b",
        "a.order",
        "a.limit",
        "a.or",
    ];
    for text in nasty_texts() {
        for key in keys {
            for target in ["/t", "/rpc/f"] {
                let outcome = request("GET", &format!("{target}?{key}={text}")).parsed();
                if let Err(error) = outcome {
                    assert!(matches!(error.status(), 400 | 416), "{error}");
                }
            }
        }
        let _ = request("GET", &format!("/t?{text}=eq.1")).parsed();
        for header in [
            "accept",
            "prefer",
            "range",
            "accept-profile",
            "content-type",
        ] {
            let _ = request("GET", "/t").with_header(header, &text).parsed();
        }
        for media in [
            "application/json",
            "text/csv",
            "application/x-www-form-urlencoded",
        ] {
            let _ = request("POST", "/t").with_body(media, &text).parsed();
            let _ = request("POST", "/rpc/f").with_body(media, &text).parsed();
        }
    }
}

proptest! {
    #[test]
    fn no_query_string_panics(query in "([a-z.]{1,4}|select|order|or|limit|[=&;%(),.:!*>\"\\\\{} -])*") {
        let _ = request("GET", &format!("/t?{query}")).parsed();
        let _ = request("GET", &format!("/rpc/f?{query}")).parsed();
    }
}
