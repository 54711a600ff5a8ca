//! Filters and boolean trees.

use super::{Param, get, unknowns};
use insta::assert_snapshot;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

/// The `WHERE` of a read of docs.
fn condition(query: &str) -> String {
    let rows = get(&format!("/docs?select=id&{query}")).rows();
    rows.split_once(" WHERE ").unwrap().1.to_owned()
}

#[test]
fn every_operator() {
    let cases = [
        ("id=eq.1", r#""test"."docs"."id" = $1"#),
        ("id=neq.1", r#""test"."docs"."id" <> $1"#),
        ("id=gt.1", r#""test"."docs"."id" > $1"#),
        ("id=gte.1", r#""test"."docs"."id" >= $1"#),
        ("id=lt.1", r#""test"."docs"."id" < $1"#),
        ("id=lte.1", r#""test"."docs"."id" <= $1"#),
        ("body=like.a*", r#""test"."docs"."body" LIKE $1"#),
        ("body=ilike.a*", r#""test"."docs"."body" ILIKE $1"#),
        ("body=match.a", r#""test"."docs"."body" ~ $1"#),
        ("body=imatch.a", r#""test"."docs"."body" ~* $1"#),
        ("id=in.(1,2)", r#""test"."docs"."id" = ANY($1)"#),
        ("id=is.null", r#""test"."docs"."id" IS NULL"#),
        ("id=is.not_null", r#""test"."docs"."id" IS NOT NULL"#),
        ("id=is.true", r#""test"."docs"."id" IS TRUE"#),
        ("id=is.false", r#""test"."docs"."id" IS FALSE"#),
        ("id=is.unknown", r#""test"."docs"."id" IS UNKNOWN"#),
        (
            "id=isdistinct.1",
            r#""test"."docs"."id" IS DISTINCT FROM $1"#,
        ),
        ("tags=cs.{a}", r#""test"."docs"."tags" @> $1"#),
        ("tags=cd.{a}", r#""test"."docs"."tags" <@ $1"#),
        ("tags=ov.{a}", r#""test"."docs"."tags" && $1"#),
        ("tags=sl.{a}", r#""test"."docs"."tags" << $1"#),
        ("tags=sr.{a}", r#""test"."docs"."tags" >> $1"#),
        ("tags=nxr.{a}", r#""test"."docs"."tags" &< $1"#),
        ("tags=nxl.{a}", r#""test"."docs"."tags" &> $1"#),
        ("tags=adj.{a}", r#""test"."docs"."tags" -|- $1"#),
        ("id=not.eq.1", r#"NOT "test"."docs"."id" = $1"#),
        ("id=eq(any).{1,2}", r#""test"."docs"."id" = ANY($1)"#),
        (
            "body=like(all).{a*,b*}",
            r#""test"."docs"."body" LIKE ALL($1)"#,
        ),
        ("data->a->>b=eq.1", r#""test"."docs"."data"->$1->>$2 = $3"#),
        (
            "tags->0=eq.1",
            r#"to_jsonb("test"."docs"."tags")->$1::int = $2"#,
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(condition(query), expected, "{query}");
    }
}

#[test]
fn full_text_search_makes_a_vector_unless_there_is_one() {
    let cases = [
        (
            "body=fts.rain",
            r#"to_tsvector("test"."docs"."body") @@ to_tsquery($1)"#,
        ),
        (
            "body=plfts(french).rain",
            r#"to_tsvector($1, "test"."docs"."body") @@ plainto_tsquery($2, $3)"#,
        ),
        (
            "vector=phfts.rain",
            r#""test"."docs"."vector" @@ phraseto_tsquery($1)"#,
        ),
        (
            "vector=not.wfts.rain",
            r#"NOT "test"."docs"."vector" @@ websearch_to_tsquery($1)"#,
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(condition(query), expected, "{query}");
    }
}

#[test]
fn stars_are_percents_in_like_and_only_there() {
    let params = |query: &str| get(&format!("/docs?{query}")).main().1;
    assert_eq!(unknowns(&params("body=like.*a*")), ["%a%"]);
    assert_eq!(unknowns(&params("body=ilike.*a")), ["%a"]);
    assert_eq!(unknowns(&params("body=eq.*a")), ["*a"]);
    assert_eq!(unknowns(&params("body=match.a*")), ["a*"]);
}

#[test]
fn lists_are_one_array_literal_whatever_their_items_hold() {
    let params = |query: &str| get(&format!("/docs?{query}")).main().1;
    assert_eq!(
        unknowns(&params(r#"body=in.(a,"b,c","d\"e","f\\g",{,NULL)"#)),
        [r#"{"a","b,c","d\"e","f\\g","{","NULL"}"#]
    );
    assert_eq!(unknowns(&params("body=in.()")), ["{}"]);
}

#[test]
fn representations_read_the_operand() {
    assert_eq!(
        condition("color=eq.red"),
        r#""test"."docs"."color" = color_from_text($1)"#
    );
    assert_eq!(
        condition("color=in.(red,blue)"),
        r#""test"."docs"."color" = ANY (SELECT color_from_text(pgrst_value) FROM unnest($1) AS pgrst_value)"#
    );
    let (_, params) = get("/docs?color=in.(red,blue)&select=id").main();
    assert_eq!(
        params,
        [Param::TextArray(vec!["red".into(), "blue".into()])]
    );
}

#[test]
fn trees_keep_their_parentheses_and_negations() {
    assert_snapshot!(
        condition("or=(id.eq.1,not.and(id.gt.2,body.is.null))&not.or=(id.eq.3,id.eq.4)"),
        @r#"("test"."docs"."id" = $1 OR NOT ("test"."docs"."id" > $2 AND "test"."docs"."body" IS NULL)) AND NOT ("test"."docs"."id" = $3 OR "test"."docs"."id" = $4)"#
    );
}

#[test]
fn a_listed_value_has_a_text_of_its_own_where_nothing_else_varies() {
    let of = |query: &str| {
        let (text, params) = get(&format!("/deals?select=id&{query}")).main();
        let (_, rest) = text.split_once(" WHERE ").unwrap();
        let condition = rest
            .split_once(')')
            .unwrap()
            .0
            .replace("\"test\".\"deals\".", "");
        (condition, unknowns(&params).join(" "))
    };
    let text = |condition: &str| (condition.to_owned(), String::new());
    let param = |condition: &str, value: &str| (condition.to_owned(), value.to_owned());
    assert_eq!(of("stage=eq.won"), text(r#""stage" = 'won'"#));
    assert_eq!(
        of("stage=not.eq.won&limit=25"),
        text(r#"NOT "stage" = 'won' LIMIT 25"#)
    );
    // What is not listed, or is not a value of the column itself, stays a parameter.
    assert_eq!(of("name=eq.won"), param(r#""name" = $1"#, "won"));
    assert_eq!(of("stage=eq.custom"), param(r#""stage" = $1"#, "custom"));
    assert_eq!(of("stage=gt.won"), param(r#""stage" > $1"#, "won"));
    assert_eq!(
        of("stage=eq(any).{won}"),
        param(r#""stage" = ANY($1"#, "{won}")
    );
    assert_eq!(
        of("stage=eq.won&id=eq.1"),
        param(r#""stage" = $1 AND "id" = $2"#, "won 1")
    );
}

proptest! {
    /// What a client writes as a value, a JSON key or a list item is a parameter, never text.
    #[test]
    fn values_never_reach_the_text(value in "\\PC{1,20}") {
        let encoded = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
        let of = |query: &str, value: &str| {
            get(&format!("/docs?select=id&{query}").replace("VALUE", value)).main()
        };
        let (text, params) = of("body=eq.VALUE", &encoded);
        prop_assert_eq!(&text, &of("body=eq.VALUE", "x").0);
        prop_assert_eq!(unknowns(&params), [value.as_str()]);
        let quoted = format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let quoted = utf8_percent_encode(&quoted, NON_ALPHANUMERIC).to_string();
        let (text, _) = of("body=in.(VALUE,b)", &quoted);
        prop_assert_eq!(&text, &of("body=in.(VALUE,b)", "x").0);
        let (text, _) = of("body=plfts.VALUE", &encoded);
        prop_assert_eq!(&text, &of("body=plfts.VALUE", "x").0);
    }
}
