//! Examples of the documentation, the error texts, and the round trip of logic trees.

use proptest::prelude::*;

use super::*;
use crate::rest::api_request::filter::{IsValue, Operation};
use crate::rest::api_request::parser::MAX_NESTING;
use crate::rest::api_request::testing::{any_filter, texts};

fn written(key: &str, value: &str) -> (String, String) {
    let (path, tree) = parse(key, value).unwrap();
    (path.join("/"), tree.to_string())
}

fn root(key: &str, value: &str) -> String {
    let (path, tree) = written(key, value);
    assert_eq!(path, "");
    tree
}

#[test]
fn documented_trees() {
    assert_eq!(
        root("or", "(age.lt.18,age.gt.21)"),
        r#"or(age.lt."18",age.gt."21")"#
    );
    assert_eq!(
        root("not.and", "(a.gte.0,a.lte.100)"),
        r#"not.and(a.gte."0",a.lte."100")"#
    );
    assert_eq!(
        root("or", "(age.eq.14,not.and(age.gte.11,age.lte.17))"),
        r#"or(age.eq."14",not.and(age.gte."11",age.lte."17"))"#
    );
    assert_eq!(
        root("or", r#"(age_range.adj."[18,21)",age_range.cs."[30,35]")"#),
        r#"or(age_range.adj."[18,21)",age_range.cs."[30,35]")"#
    );
}

#[test]
fn the_key_names_the_level() {
    let tree = r#"or(character.eq."Gummo",character.is.null)"#;
    assert_eq!(
        written("roles.or", "(character.eq.Gummo,character.is.null)"),
        ("roles".into(), tree.into())
    );
    assert_eq!(
        written("a.b.not.or", "(x.is.null)"),
        ("a/b".into(), "not.or(x.is.null)".into())
    );
}

#[test]
fn values_end_at_commas_and_parentheses_unless_quoted_or_in_braces() {
    assert_eq!(
        root("and", "( a.cs.{1,2} , b.in.(x,\"y,z\") , c->0.fts(en).q )"),
        r#"and(a.cs."{1,2}",b.in.("x","y,z"),c->0.fts(en)."q ")"#
    );
    assert_eq!(
        root("and", "(a.eq.,b.eq.{1)"),
        r#"and(a.eq."",b.eq."{1")"#,
        "an open brace is a character"
    );
}

#[test]
fn a_column_may_be_called_like_an_operator() {
    let (_, tree) = parse("or", "(not.is.null,and.eq.1)").unwrap();
    let LogicTree::Expression { branches, .. } = tree else {
        panic!("not an expression: {tree}");
    };
    let LogicTree::Statement(filter) = &branches[0] else {
        panic!("not a filter: {}", branches[0]);
    };
    assert_eq!(filter.field.name, "not");
    assert_eq!(filter.condition.operation, Operation::Is(IsValue::Null));
}

#[test]
fn errors_say_what_was_expected_where() {
    for (value, column, details) in [
        (
            "()",
            4,
            r#"unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)"#,
        ),
        ("(id.in.1,2,id.eq.3)", 10, r#"unexpected "1" expecting "(""#),
        (")(", 3, r#"unexpected ")" expecting "(""#),
        (
            "(id.eq.1,not.xor(id.eq.2,id.eq.3))",
            16,
            r#"unexpected "x" expecting logic operator (and, or)"#,
        ),
    ] {
        let error = parse("or", value).unwrap_err();
        let message = format!("\"failed to parse logic tree ({value})\" (line 1, column {column})");
        assert_eq!(texts(&error), (message.as_str(), details));
    }
    let error = parse(":.or", "(a.eq.1)").unwrap_err();
    assert_eq!(
        texts(&error).0,
        "\"failed to parse logic path (:.or)\" (line 1, column 1)"
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let inner = levels - 1;
        format!("({}a.eq.1{})", "and(".repeat(inner), ")".repeat(inner))
    };
    assert!(parse("or", &nested(MAX_NESTING)).is_ok());
    let error = parse("or", &nested(MAX_NESTING + 1)).unwrap_err();
    assert_eq!(texts(&error).1, "more than 100 levels of nesting");
    assert_eq!(
        parse("or", &nested(100_000)).unwrap_err().code(),
        "PGRST100"
    );
}

fn any_expression() -> impl Strategy<Value = LogicTree> {
    let branch = any_filter().prop_map(LogicTree::Statement).boxed();
    let expression = |branch: BoxedStrategy<LogicTree>| {
        let operator = prop::sample::select(vec![LogicOperator::And, LogicOperator::Or]);
        (
            any::<bool>(),
            operator,
            proptest::collection::vec(branch, 1..4),
        )
            .prop_map(|(negated, operator, branches)| LogicTree::Expression {
                negated,
                operator,
                branches,
            })
    };
    let tree = branch.prop_recursive(3, 16, 3, expression);
    expression(tree.boxed())
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tree in any_expression()) {
        let text = tree.to_string();
        let (key, value) = text.split_at(text.find('(').unwrap());
        prop_assert_eq!(parse(key, value), Ok((vec![], tree)), "{}", text);
    }
}
