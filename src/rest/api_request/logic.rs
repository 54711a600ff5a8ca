//! `and=(…)`, `or=(…)` trees.
//!
//! ```text
//! tree  = field "." condition | [ "not." ] ( "and" | "or" ) list
//! list  = ws "(" ws tree { ws "," ws tree } ws ")" ws
//! value = quoted, before "," or ")" | "{" { any except "{" and "}" } "}"
//!       | { any except "," and ")" }
//! ```
//!
//! The parameter's key gives the outermost operator: `not.or=(…)`, `clients.and=(…)`.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#logical-operators>.

use std::fmt;

use winnow::Parser;
use winnow::combinator::{delimited, terminated};

use super::filter::{Filter, bare_value, condition, quoted_value};
use super::grammar::{delimiter, field, levels};
use super::parser::{
    Input, Parsed, attempt, many_chars, named, nested, optional, or, run, separated1, spaced, text,
};
use super::query_params::EmbedPath;
use crate::error::Error;

/// How the branches of a tree are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicOperator {
    And,
    Or,
}

/// A boolean tree over filters.
#[derive(Debug, Clone, PartialEq)]
pub enum LogicTree {
    /// `not.and(…)`, `or(…)`…
    Expression {
        negated: bool,
        operator: LogicOperator,
        branches: Vec<LogicTree>,
    },
    /// A leaf.
    Statement(Filter),
}

/// Parses a parameter whose key ends in `and` or `or`: the level it applies to, and the tree.
///
/// # Errors
/// PGRST100.
pub fn parse(key: &str, value: &str) -> Result<(EmbedPath, LogicTree), Error> {
    let mut path = run(levels, key, || {
        format!("failed to parse logic path ({key})")
    })?;
    let negated = path.iter().any(|level| level == "not");
    let operator = path.pop().unwrap_or_default();
    path.retain(|level| level != "not");
    // The operator joins the value, so that the outermost level reads like the inner ones.
    let text = format!("{}{operator}{value}", if negated { "not." } else { "" });
    let tree = run(tree, &text, || {
        format!("failed to parse logic tree ({value})")
    })?;
    Ok((path, tree))
}

fn tree(input: &mut Input<'_>) -> Parsed<LogicTree> {
    or(attempt(statement), expression).parse_next(input)
}

fn statement(input: &mut Input<'_>) -> Parsed<LogicTree> {
    let field = terminated(field, delimiter).parse_next(input)?;
    let condition = condition(input, value)?;
    Ok(LogicTree::Statement(Filter { field, condition }))
}

fn expression(input: &mut Input<'_>) -> Parsed<LogicTree> {
    let not = optional(attempt((text("not"), delimiter)));
    let negated = named("negation operator (not)", not).parse_next(input)?;
    let operator = named("logic operator (and, or)", operator).parse_next(input)?;
    let branches = nested(separated1(tree, spaced(text(","))));
    let branches = delimited(spaced(text("(")), branches, spaced(text(")"))).parse_next(input)?;
    Ok(LogicTree::Expression {
        negated: negated.is_some(),
        operator,
        branches,
    })
}

fn operator(input: &mut Input<'_>) -> Parsed<LogicOperator> {
    or(
        attempt(text("and")).value(LogicOperator::And),
        text("or").value(LogicOperator::Or),
    )
    .parse_next(input)
}

fn value(input: &mut Input<'_>) -> Parsed<String> {
    or(attempt(quoted_value), or(attempt(array), bare_value)).parse_next(input)
}

/// An array literal of one dimension, whose commas belong to it.
fn array(input: &mut Input<'_>) -> Parsed<String> {
    let elements = many_chars(|c| c != '{' && c != '}', &[]);
    delimited(text("{"), elements, text("}"))
        .map(|elements: &str| format!("{{{elements}}}"))
        .parse_next(input)
}

impl fmt::Display for LogicTree {
    /// As a branch of another tree: `not.and(a.eq."1",b.is.null)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(filter) => write!(f, "{filter}"),
            Self::Expression {
                negated,
                operator,
                branches,
            } => {
                f.write_str(if *negated { "not." } else { "" })?;
                f.write_str(match operator {
                    LogicOperator::And => "and(",
                    LogicOperator::Or => "or(",
                })?;
                for (position, branch) in branches.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { "," })?;
                    write!(f, "{branch}")?;
                }
                f.write_str(")")
            }
        }
    }
}

#[cfg(test)]
mod tests;
