//! Examples of the documentation, the error texts, and the round trip of `select=`.

use proptest::prelude::*;

use super::*;
use crate::rest::api_request::parser::MAX_NESTING;
use crate::rest::api_request::testing::{any_closed_field, any_identifier, any_name, texts};

fn column(name: &str) -> SelectItem {
    SelectItem::Field {
        field: Field::whole(name),
        aggregate: None,
        aggregate_cast: None,
        cast: None,
        alias: None,
    }
}

fn relation(name: &str, select: Vec<SelectItem>) -> SelectItem {
    SelectItem::Relation {
        relation: name.into(),
        alias: None,
        hint: None,
        join_type: None,
        select,
    }
}

fn step(as_text: bool, operand: JsonOperand) -> JsonStep {
    JsonStep { as_text, operand }
}

#[test]
fn columns_and_the_whole_row() {
    assert_eq!(
        parse("first_name,age").unwrap(),
        [column("first_name"), column("age")]
    );
    assert_eq!(parse("*").unwrap(), [column("*")]);
    assert_eq!(
        parse(" id , name ").unwrap(),
        [column("id"), column("name")]
    );
    assert_eq!(parse("").unwrap(), []);
}

#[test]
fn names_take_spaces_dashes_dollars_unicode_and_quotes() {
    for (text, name) in [
        ("Unit Price", "Unit Price"),
        ("a-b", "a-b"),
        ("$id", "$id"),
        ("123", "123"),
        ("موارد", "موارد"),
        ("\"information.cpe\"", "information.cpe"),
        ("\" outer \"", " outer "),
        (r#""say \"hi\" \\""#, r#"say "hi" \"#),
    ] {
        assert_eq!(parse(text).unwrap(), [column(name)], "{text}");
    }
}

#[test]
fn aliases_casts_and_json_paths() {
    assert_eq!(
        parse("fullName:full_name::text").unwrap(),
        [SelectItem::Field {
            field: Field::whole("full_name"),
            aggregate: None,
            aggregate_cast: None,
            cast: Some("text".into()),
            alias: Some("fullName".into()),
        }]
    );
    let path = |text: &str| match &parse(text).unwrap()[..] {
        [SelectItem::Field { field, .. }] => field.json_path.clone(),
        other => panic!("not one column: {other:?}"),
    };
    assert_eq!(
        path("json_data->phones->0->>number"),
        [
            step(false, JsonOperand::Key("phones".into())),
            step(false, JsonOperand::Index("0".into())),
            step(true, JsonOperand::Key("number".into())),
        ]
    );
    assert_eq!(
        path("d->>-1"),
        [step(true, JsonOperand::Index("-1".into()))]
    );
    assert_eq!(
        path("d->\"1\""),
        [step(false, JsonOperand::Key("1".into()))]
    );
    assert_eq!(
        path("d->!@#$%^&*_a"),
        [step(false, JsonOperand::Key("!@#$%^&*_a".into()))]
    );
}

#[test]
fn aggregates() {
    let sum = |cast: Option<&str>, aggregate_cast: Option<&str>, field| SelectItem::Field {
        field,
        aggregate: Some(AggregateFunction::Sum),
        aggregate_cast: aggregate_cast.map(str::to_owned),
        cast: cast.map(str::to_owned),
        alias: None,
    };
    let tax = Field {
        name: "order_details".into(),
        json_path: vec![step(false, JsonOperand::Key("tax_amount".into()))],
    };
    assert_eq!(
        parse("order_details->tax_amount::numeric.sum(),amount.sum()::int").unwrap(),
        [
            sum(Some("numeric"), None, tax),
            sum(None, Some("int"), Field::whole("amount"))
        ]
    );
    assert_eq!(
        parse("n:count()::text").unwrap(),
        [SelectItem::Field {
            field: Field::whole("*"),
            aggregate: Some(AggregateFunction::Count),
            aggregate_cast: Some("text".into()),
            cast: None,
            alias: Some("n".into()),
        }]
    );
    assert_eq!(parse("count").unwrap(), [column("count")]);
    assert!(parse("count(id)").is_err());
}

#[test]
fn embeds_with_alias_hint_join_and_spread() {
    assert_eq!(
        parse("title,director:directors!fk!inner(id,films(*)),...specs!left(),roles()").unwrap(),
        [
            column("title"),
            SelectItem::Relation {
                relation: "directors".into(),
                alias: Some("director".into()),
                hint: Some("fk".into()),
                join_type: Some(JoinType::Inner),
                select: vec![column("id"), relation("films", vec![column("*")])],
            },
            SelectItem::Spread {
                relation: "specs".into(),
                hint: None,
                join_type: Some(JoinType::Left),
                select: vec![],
            },
            relation("roles", vec![]),
        ]
    );
    let swapped = parse("a!inner!fk(x)").unwrap();
    assert_eq!(swapped, parse("a!fk!inner(x)").unwrap());
}

#[test]
fn every_documented_select_parses() {
    for text in [
        "id,json_data->>blood_type,json_data->phones",
        "id,location->>lat,location->>long,primary_language:languages->0",
        "name,billing_address:addresses!billing(name),shipping_address:addresses!shipping(name)",
        "name,billing_orders:orders!billing(name),shipping_orders!shipping(name)",
        "last_name,predecessor(last_name),successor(last_name)",
        "film_title,films(language),roles(character),actors(last_name,first_name)",
        "title,year,director:directors(first_name,last_name)",
        "roles(character,films(title,year))",
        "total_amount:amount.sum(),avg_amount:amount.avg(),total_quantity:quantity.sum()",
        "count(),observation_count:observation.count(),order_date",
        "name,city,state,orders(amount.sum(),order_date)",
        "order_date,...customers(subscription_date.max(),subscription_date.min())",
        "title,actors()",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn errors_say_what_was_expected_where() {
    let after_name =
        r#"expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input"#;
    for (text, column, details) in [
        (
            "id,clients(name[])",
            16,
            format!("unexpected '[' {after_name}"),
        ),
        ("name!hint", 5, format!("unexpected '!' {after_name}")),
        (
            "data->>-78xy",
            11,
            r#"unexpected 'x' expecting digit, "->", "::", ".", "," or end of input"#.into(),
        ),
        ("data->>--34", 9, r#"unexpected "-" expecting digit"#.into()),
        (
            "name::",
            7,
            "unexpected end of input expecting letter or digit".into(),
        ),
    ] {
        let error = parse(text).unwrap_err();
        let message =
            format!("\"failed to parse select parameter ({text})\" (line 1, column {column})");
        assert_eq!(texts(&error), (message.as_str(), details.as_str()));
        assert_eq!((error.code(), error.status()), ("PGRST100", 400));
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| format!("{}*{}", "a(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(MAX_NESTING)).is_ok());
    let error = parse(&nested(MAX_NESTING + 1)).unwrap_err();
    assert_eq!(texts(&error).1, "more than 100 levels of nesting");
    assert_eq!(parse(&nested(100_000)).unwrap_err().code(), "PGRST100");
}

#[test]
fn a_text_that_starts_like_no_item_selects_nothing() {
    for text in ["(", "*!hint", "[id]"] {
        assert_eq!(parse(text), Ok(vec![]), "{text}");
    }
}

fn any_column() -> impl Strategy<Value = SelectItem> {
    use AggregateFunction::{Avg, Count, Max, Min, Sum};
    let aggregate = prop::sample::select(vec![
        None,
        Some(Sum),
        Some(Avg),
        Some(Max),
        Some(Min),
        Some(Count),
    ]);
    let cast = || proptest::option::of(any_identifier());
    let field = prop_oneof![Just(Field::whole("*")), any_closed_field()];
    (
        field,
        aggregate,
        cast(),
        cast(),
        proptest::option::of(any_name()),
    )
        .prop_map(
            |(field, aggregate, aggregate_cast, cast, alias)| SelectItem::Field {
                field,
                aggregate,
                aggregate_cast: aggregate_cast.filter(|_| aggregate.is_some()),
                cast,
                alias,
            },
        )
}

fn any_item() -> impl Strategy<Value = SelectItem> {
    any_column().prop_recursive(4, 24, 4, |inner| {
        let join = prop::sample::select(vec![None, Some(JoinType::Inner), Some(JoinType::Left)]);
        let name = any_name().prop_filter("an aggregate", |name| name != "count");
        let hint = proptest::option::of(prop_oneof![any_name(), "(left|inner)[a-z]{0,3}"]);
        let select = proptest::collection::vec(inner, 0..4);
        let alias = proptest::option::of(any_name());
        (name, alias, hint, join, select, any::<bool>()).prop_map(
            |(relation, alias, hint, join_type, select, spread)| {
                if spread {
                    SelectItem::Spread {
                        relation,
                        hint,
                        join_type,
                        select,
                    }
                } else {
                    SelectItem::Relation {
                        relation,
                        alias,
                        hint,
                        join_type,
                        select,
                    }
                }
            },
        )
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(items in proptest::collection::vec(any_item(), 0..4)) {
        let text = Select(&items).to_string();
        prop_assert_eq!(parse(&text), Ok(items), "{}", text);
    }
}
