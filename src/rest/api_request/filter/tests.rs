//! Examples of the documentation, the error texts, and the round trip of filters.

use proptest::prelude::*;

use super::*;
use crate::rest::api_request::testing::{any_condition, texts};

fn plain(operation: Operation) -> Condition {
    Condition {
        negated: false,
        operation,
    }
}

fn quantified(operator: QuantifiableOperator, value: &str) -> Operation {
    Operation::Quantified(operator, None, value.into())
}

#[test]
fn every_operator() {
    use FtsOperator as F;
    use QuantifiableOperator as Q;
    use SimpleOperator as S;
    for (name, operator) in [
        ("eq", Q::Eq),
        ("gt", Q::Gt),
        ("gte", Q::Gte),
        ("lt", Q::Lt),
        ("lte", Q::Lte),
        ("like", Q::Like),
        ("ilike", Q::Ilike),
        ("match", Q::Match),
        ("imatch", Q::Imatch),
    ] {
        let quantified =
            |quantifier| plain(Operation::Quantified(operator, quantifier, "x".into()));
        assert_eq!(parse(&format!("{name}.x")).unwrap(), quantified(None));
        let any = parse(&format!("{name}(any).x")).unwrap();
        assert_eq!(any, quantified(Some(Quantifier::Any)));
        let all = parse(&format!("{name}(all).x")).unwrap();
        assert_eq!(all, quantified(Some(Quantifier::All)));
    }
    for (name, operator) in [
        ("neq", S::Neq),
        ("cs", S::Contains),
        ("cd", S::ContainedIn),
        ("ov", S::Overlaps),
        ("sl", S::StrictlyLeft),
        ("sr", S::StrictlyRight),
        ("nxr", S::NotExtendsRight),
        ("nxl", S::NotExtendsLeft),
        ("adj", S::Adjacent),
    ] {
        let expected = plain(Operation::Simple(operator, "[1,2)".into()));
        assert_eq!(parse(&format!("{name}.[1,2)")).unwrap(), expected);
        assert!(parse(&format!("{name}(any).x")).is_err(), "{name}(any)");
    }
    for (name, operator) in [
        ("fts", F::Fts),
        ("plfts", F::Plain),
        ("phfts", F::Phrase),
        ("wfts", F::Websearch),
    ] {
        let expected = |language: Option<&str>| {
            plain(Operation::Fts(
                operator,
                language.map(str::to_owned),
                "fat cat".into(),
            ))
        };
        assert_eq!(parse(&format!("{name}.fat cat")).unwrap(), expected(None));
        let french = parse(&format!("{name}(french).fat cat")).unwrap();
        assert_eq!(french, expected(Some("french")));
    }
}

#[test]
fn a_value_goes_to_the_end() {
    let value = "a.b,c)(\"d\"\n é";
    assert_eq!(
        parse(&format!("eq.{value}")).unwrap(),
        plain(quantified(QuantifiableOperator::Eq, value))
    );
    assert_eq!(
        parse("like(any).{O*,P*}").unwrap(),
        plain(Operation::Quantified(
            QuantifiableOperator::Like,
            Some(Quantifier::Any),
            "{O*,P*}".into()
        ))
    );
    assert_eq!(
        parse("eq.").unwrap(),
        plain(quantified(QuantifiableOperator::Eq, ""))
    );
    assert_eq!(
        parse("isdistinct.null").unwrap(),
        plain(Operation::IsDistinct("null".into()))
    );
}

#[test]
fn not_negates() {
    assert_eq!(
        parse("not.eq.2").unwrap(),
        Condition {
            negated: true,
            operation: quantified(QuantifiableOperator::Eq, "2")
        }
    );
    assert!(parse("not.not.eq.2").is_err());
}

#[test]
fn lists() {
    let list = |text: &str| match parse(text).unwrap().operation {
        Operation::In(elements) => elements,
        other => panic!("not a list: {other:?}"),
    };
    assert_eq!(list("in.(1,2,3)"), ["1", "2", "3"]);
    assert_eq!(
        list(r#"in.("hi,there","yes,you")"#),
        ["hi,there", "yes,you"]
    );
    assert_eq!(
        list(r#"in.("Quote:\"","Backslash:\\")"#),
        ["Quote:\"", "Backslash:\\"]
    );
    assert_eq!(list("in.()"), [""], "no element is one empty text");
    assert_eq!(
        list(r#"in.("a"b,c)"#),
        [r#""a"b"#, "c"],
        "quotes must fill the element"
    );
    assert_eq!(
        list("in. ( 1, 2 ) "),
        ["1", " 2 "],
        "spaces outside the list are dropped"
    );
}

#[test]
fn is_takes_its_words_in_any_case() {
    for (word, value) in [
        ("null", IsValue::Null),
        ("NULL", IsValue::Null),
        ("not_null", IsValue::NotNull),
        ("tRUe", IsValue::True),
        ("false", IsValue::False),
        ("Unknown", IsValue::Unknown),
    ] {
        let condition = parse(&format!("is.{word}")).unwrap();
        assert_eq!(condition, plain(Operation::Is(value)), "{word}");
    }
}

#[test]
fn errors_say_what_was_expected_where() {
    let operator = "expecting operator (eq, gt, ...)";
    let either = "expecting \"not\" or operator (eq, gt, ...)";
    for (text, column, details) in [
        ("noop.0", 1, format!("unexpected \"o\" {either}")),
        ("val", 1, format!("unexpected \"v\" {either}")),
        ("fts().value", 5, format!("unexpected \")\" {operator}")),
        ("eq().value", 4, format!("unexpected \")\" {operator}")),
        ("in().value", 3, format!("unexpected \"(\" {operator}")),
        ("in.1,2", 4, "unexpected \"1\" expecting \"(\"".into()),
        (
            "is.nil",
            5,
            "unexpected \"i\" expecting isVal: (null, not_null, true, false, unknown)".into(),
        ),
    ] {
        let error = parse(text).unwrap_err();
        let message = format!("\"failed to parse filter ({text})\" (line 1, column {column})");
        assert_eq!(texts(&error), (message.as_str(), details.as_str()));
    }
}

#[test]
fn an_argument_is_what_does_not_start_with_an_operator() {
    for argument in [
        "1",
        "",
        "eq",
        "hello world",
        "{1,2}",
        "notes",
        "is",
        "eqx.1",
    ] {
        assert_eq!(parse_or_argument(argument), Ok(None), "{argument}");
    }
    assert!(parse_or_argument("eq.1").unwrap().is_some());
    for promise in ["in.1", "is.maybe", "not.x"] {
        assert!(parse_or_argument(promise).is_err(), "{promise}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(condition in any_condition()) {
        let text = condition.to_string();
        prop_assert_eq!(parse(&text), Ok(condition), "{}", text);
    }
}
