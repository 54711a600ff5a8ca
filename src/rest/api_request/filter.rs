//! Horizontal filters: `column=operator.value`.
//!
//! ```text
//! condition  = [ "not." ] operation
//! operation  = "in." ws "(" element { "," element } ")" ws
//!            | "is." ( "null" | "not_null" | "true" | "false" | "unknown" )   -- in any case
//!            | "isdistinct." value
//!            | ( "fts" | "plfts" | "phfts" | "wfts" ) [ "(" ident ")" ] "." value
//!            | ( "neq" | "cs" | "cd" | "ov" | "sl" | "sr" | "nxr" | "nxl" | "adj" ) "." value
//!            | ( "eq" | "gte" | "gt" | "lte" | "lt" | "like" | "ilike" | "match" | "imatch" )
//!              [ "(any)" | "(all)" ] "." value
//! element    = quoted, before "," or ")" | { any except "," and ")" }
//! value      = { any }                  -- in a parameter; see super::logic for trees
//! ```
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#horizontal-filtering>.

use std::fmt;

use winnow::Parser;
use winnow::combinator::{delimited, terminated};

use super::failure::Failure;
use super::grammar::{delimiter, identifier, quoted, write_quoted};
use super::operators::{FTS, QUANTIFIABLE, SIMPLE, entry_of};
pub use super::operators::{FtsOperator, QuantifiableOperator, SimpleOperator};
use super::parser::{
    Input, Parsed, attempt, many_chars, named, not_before, one_char, one_of_texts, optional, or,
    run, separated1, spaced, text,
};
use super::select::Field;
use crate::error::Error;

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub field: Field,
    pub condition: Condition,
}

/// `not.` plus an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// `not.` was written.
    pub negated: bool,
    pub operation: Operation,
}

/// `any` or `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    Any,
    All,
}

/// Values of `is.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsValue {
    Null,
    NotNull,
    True,
    False,
    Unknown,
}

/// The operator with its operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    Simple(SimpleOperator, String),
    Quantified(QuantifiableOperator, Option<Quantifier>, String),
    In(Vec<String>),
    Is(IsValue),
    IsDistinct(String),
    Fts(FtsOperator, Option<String>, String),
}

/// Parses `operator.value`, the value of a filter parameter.
///
/// # Errors
/// PGRST100.
pub fn parse(value: &str) -> Result<Condition, Error> {
    run(
        |input: &mut Input<'_>| condition(input, rest),
        value,
        || what(value),
    )
}

/// Parses `operator.value`, or gives `None` when the text does not start with an operator: then it
/// is an argument of a function. `in.`, `is.` and `not.` promise an operator, so that a mistake after
/// them is an error.
///
/// # Errors
/// PGRST100.
pub fn parse_or_argument(value: &str) -> Result<Option<Condition>, Error> {
    let parser = optional(|input: &mut Input<'_>| condition(input, rest));
    run(parser, value, || what(value))
}

fn what(value: &str) -> String {
    format!("failed to parse filter ({value})")
}

/// A value parser: to the end in a parameter, to the next comma or parenthesis in a logic tree.
type Value = for<'i> fn(&mut Input<'i>) -> Parsed<String>;

/// The whole rest of a parameter.
fn rest(input: &mut Input<'_>) -> Parsed<String> {
    many_chars(|_| true, &[])
        .map(str::to_owned)
        .parse_next(input)
}

/// `[ "not." ] operation`.
pub(super) fn condition(input: &mut Input<'_>, value: Value) -> Parsed<Condition> {
    let negated = optional(attempt((text("not"), delimiter))).parse_next(input)?;
    let operation = named("operator (eq, gt, ...)", |input: &mut Input<'_>| {
        operation(input, value)
    })
    .parse_next(input)?;
    Ok(Condition {
        negated: negated.is_some(),
        operation,
    })
}

fn operation(input: &mut Input<'_>, value: Value) -> Parsed<Operation> {
    let distinct = |input: &mut Input<'_>| {
        prefix("isdistinct").parse_next(input)?;
        value(input).map(Operation::IsDistinct)
    };
    or(
        or(in_list, is),
        or(
            or(distinct, attempt(|i: &mut Input<'_>| fts(i, value))),
            or(
                attempt(|i: &mut Input<'_>| simple(i, value)),
                attempt(|i: &mut Input<'_>| quantified(i, value)),
            ),
        ),
    )
    .parse_next(input)
}

fn prefix<'i>(operator: &'static str) -> impl Parser<Input<'i>, (), Failure> {
    attempt((text(operator), delimiter)).void()
}

fn in_list(input: &mut Input<'_>) -> Parsed<Operation> {
    prefix("in").parse_next(input)?;
    let elements = separated1(list_element, text(","));
    delimited(spaced(text("(")), elements, spaced(text(")")))
        .map(Operation::In)
        .parse_next(input)
}

fn list_element(input: &mut Input<'_>) -> Parsed<String> {
    or(attempt(quoted_value), bare_value).parse_next(input)
}

/// A quoted text that fills its place in a list or tree.
pub(super) fn quoted_value(input: &mut Input<'_>) -> Parsed<String> {
    terminated(quoted, not_before(|c| !ends_value(c), None)).parse_next(input)
}

/// A text up to the next comma or closing parenthesis.
pub(super) fn bare_value(input: &mut Input<'_>) -> Parsed<String> {
    many_chars(|c| !ends_value(c), &[])
        .map(str::to_owned)
        .parse_next(input)
}

fn ends_value(c: char) -> bool {
    matches!(c, ',' | ')')
}

fn is(input: &mut Input<'_>) -> Parsed<Operation> {
    prefix("is").parse_next(input)?;
    named(
        "isVal: (null, not_null, true, false, unknown)",
        is_value.map(Operation::Is),
    )
    .parse_next(input)
}

fn is_value(input: &mut Input<'_>) -> Parsed<IsValue> {
    or(
        either_case("null").value(IsValue::Null),
        or(
            either_case("not_null").value(IsValue::NotNull),
            or(
                either_case("true").value(IsValue::True),
                or(
                    either_case("false").value(IsValue::False),
                    either_case("unknown").value(IsValue::Unknown),
                ),
            ),
        ),
    )
    .parse_next(input)
}

/// A word, each letter in either case.
fn either_case<'i>(word: &'static str) -> impl Parser<Input<'i>, (), Failure> {
    attempt(move |input: &mut Input<'i>| {
        for expected in word.chars() {
            one_char(|c| c.eq_ignore_ascii_case(&expected), &[]).parse_next(input)?;
        }
        Ok(())
    })
}

fn fts(input: &mut Input<'_>, value: Value) -> Parsed<Operation> {
    let language = optional(attempt(delimited(text("("), identifier, text(")"))));
    let (operator, language, ()) = (one_of_texts(FTS), language, delimiter).parse_next(input)?;
    Ok(Operation::Fts(operator, language, value(input)?))
}

fn simple(input: &mut Input<'_>, value: Value) -> Parsed<Operation> {
    let operator = named("unknown single value operator", one_of_texts(SIMPLE));
    let (operator, ()) = (operator, delimiter).parse_next(input)?;
    Ok(Operation::Simple(operator, value(input)?))
}

fn quantified(input: &mut Input<'_>, value: Value) -> Parsed<Operation> {
    let operator = named("unknown single value operator", one_of_texts(QUANTIFIABLE));
    let quantifier = or(
        attempt(text("any")).value(Quantifier::Any),
        text("all").value(Quantifier::All),
    );
    let quantifier = optional(attempt(delimited(text("("), quantifier, text(")"))));
    let (operator, quantifier, ()) = (operator, quantifier, delimiter).parse_next(input)?;
    Ok(Operation::Quantified(operator, quantifier, value(input)?))
}

impl Operation {
    /// Writes the operator, then the value through `value`: quoted in a tree, plain in a parameter.
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        value: impl FnOnce(&mut fmt::Formatter<'_>, &str) -> fmt::Result,
    ) -> fmt::Result {
        match self {
            Self::Simple(operator, text) => {
                write!(f, "{}.", entry_of(SIMPLE, *operator).name)?;
                value(f, text)
            }
            Self::Quantified(operator, quantifier, text) => {
                f.write_str(entry_of(QUANTIFIABLE, *operator).name)?;
                f.write_str(match quantifier {
                    Some(Quantifier::Any) => "(any).",
                    Some(Quantifier::All) => "(all).",
                    None => ".",
                })?;
                value(f, text)
            }
            Self::In(elements) => {
                for (position, element) in elements.iter().enumerate() {
                    f.write_str(if position == 0 { "in.(" } else { "," })?;
                    write_quoted(f, element)?;
                }
                f.write_str(")")
            }
            Self::Is(is) => f.write_str(match is {
                IsValue::Null => "is.null",
                IsValue::NotNull => "is.not_null",
                IsValue::True => "is.true",
                IsValue::False => "is.false",
                IsValue::Unknown => "is.unknown",
            }),
            Self::IsDistinct(text) => {
                f.write_str("isdistinct.")?;
                value(f, text)
            }
            Self::Fts(operator, language, text) => {
                f.write_str(entry_of(FTS, *operator).name)?;
                if let Some(language) = language {
                    write!(f, "({language})")?;
                }
                f.write_str(".")?;
                value(f, text)
            }
        }
    }
}

impl fmt::Display for Condition {
    /// As the value of a parameter: `not.eq.a,b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "not." } else { "" })?;
        self.operation.write(f, |f, text| f.write_str(text))
    }
}

impl fmt::Display for Filter {
    /// As in a logic tree: `age.not.eq."a,b"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.field)?;
        f.write_str(if self.condition.negated { "not." } else { "" })?;
        self.condition.operation.write(f, write_quoted)
    }
}

#[cfg(test)]
mod tests;
