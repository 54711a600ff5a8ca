//! Examples of the documentation, the error texts, and the round trip of `order=`.

use proptest::prelude::*;

use super::*;
use crate::rest::api_request::testing::{any_closed_field, any_field, any_name, texts};

fn term(name: &str, direction: Option<Direction>, nulls: Option<Nulls>) -> OrderTerm {
    OrderTerm {
        relation: None,
        field: Field::whole(name),
        direction,
        nulls,
    }
}

#[test]
fn documented_orders() {
    assert_eq!(
        parse("age.desc,height.asc").unwrap(),
        [
            term("age", Some(Direction::Desc), None),
            term("height", Some(Direction::Asc), None)
        ]
    );
    assert_eq!(parse("age").unwrap(), [term("age", None, None)]);
    assert_eq!(
        parse("age.nullsfirst").unwrap(),
        [term("age", None, Some(Nulls::First))]
    );
    assert_eq!(
        parse("age.desc.nullslast").unwrap(),
        [term("age", Some(Direction::Desc), Some(Nulls::Last))]
    );
    assert_eq!(
        parse("location->>lat").unwrap()[0].field.to_string(),
        "location->>lat"
    );
    assert_eq!(
        parse("data->0.desc").unwrap()[0].field.to_string(),
        "data->0"
    );
}

#[test]
fn columns_of_an_embed() {
    let terms = parse("directors(last_name).desc, title").unwrap();
    assert_eq!(terms[0].relation.as_deref(), Some("directors"));
    assert_eq!(terms[0].field, Field::whole("last_name"));
    assert_eq!(terms[0].direction, Some(Direction::Desc));
    assert_eq!(terms[1], term("title", None, None));
}

#[test]
fn errors_say_what_was_expected_where() {
    let words = r#"expecting "asc", "desc", "nullsfirst" or "nullslast""#;
    let nulls = r#"expecting "nullsfirst" or "nullslast""#;
    for (text, column, details) in [
        ("id.ac", 4, format!("unexpected \"c\" {words}")),
        ("id.nulsfist", 4, format!("unexpected \"n\" {words}")),
        ("id.smth34", 4, format!("unexpected \"s\" {words}")),
        ("id.asc.nlsfst", 8, format!("unexpected \"l\" {nulls}")),
        ("id.asc.smth34", 8, format!("unexpected \"s\" {nulls}")),
        (
            "id.descc",
            8,
            "unexpected 'c' expecting delimiter (.), \",\" or end of input".into(),
        ),
        (
            "id.asc.nullslasttt",
            17,
            "unexpected 't' expecting \",\" or end of input".into(),
        ),
        (
            "clients(name,id)",
            8,
            "unexpected '(' expecting letter, digit, \"-\", \"->>\", \"->\", delimiter (.), \",\" \
             or end of input"
                .into(),
        ),
        (
            "",
            1,
            "unexpected end of input expecting field name (* or [a..z0..9_$])".into(),
        ),
    ] {
        let error = parse(text).unwrap_err();
        let message = format!("\"failed to parse order ({text})\" (line 1, column {column})");
        assert_eq!(texts(&error), (message.as_str(), details.as_str()));
    }
}

fn any_term() -> impl Strategy<Value = OrderTerm> {
    let place = prop_oneof![
        any_field().prop_map(|field| (None, field)),
        (any_name(), any_closed_field()).prop_map(|(relation, field)| (Some(relation), field)),
    ];
    let direction = prop::sample::select(vec![None, Some(Direction::Asc), Some(Direction::Desc)]);
    let nulls = prop::sample::select(vec![None, Some(Nulls::First), Some(Nulls::Last)]);
    (place, direction, nulls).prop_map(|((relation, field), direction, nulls)| OrderTerm {
        relation,
        field,
        direction,
        nulls,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(terms in proptest::collection::vec(any_term(), 1..4)) {
        let text = Order(&terms).to_string();
        prop_assert_eq!(parse(&text), Ok(terms), "{}", text);
    }
}
