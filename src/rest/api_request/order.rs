//! `order=`: columns, JSON paths, columns of a to-one embed, direction and nulls.
//!
//! ```text
//! order     = term { "," term }
//! term      = ws ( name "(" field ")" | field ) [ "." direction ] [ "." nulls ] ws
//! direction = "asc" | "desc"
//! nulls     = "nullsfirst" | "nullslast"
//! ```
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#ordering>.

use std::fmt;

use winnow::Parser;
use winnow::combinator::{delimited, preceded, terminated};

use super::failure::Failure;
use super::grammar::{delimiter, field, name, write_name};
use super::parser::{
    Input, Parsed, attempt, end, look_ahead, optional, or, separated1, spaced, text,
};
use super::select::Field;
use crate::error::Error;

/// `asc` or `desc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Asc,
    Desc,
}

/// `nullsfirst` or `nullslast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    First,
    Last,
}

/// One term of `order=`.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTerm {
    /// Set for `relation(column)`: the embed whose column orders the parent.
    pub relation: Option<String>,
    pub field: Field,
    pub direction: Option<Direction>,
    pub nulls: Option<Nulls>,
}

/// Parses the value of `order=`.
///
/// # Errors
/// PGRST100.
pub fn parse(value: &str) -> Result<Vec<OrderTerm>, Error> {
    super::parser::run(terms, value, || format!("failed to parse order ({value})"))
}

fn terms(input: &mut Input<'_>) -> Parsed<Vec<OrderTerm>> {
    separated1(spaced(or(attempt(related_term), own_term)), text(",")).parse_next(input)
}

fn related_term(input: &mut Input<'_>) -> Parsed<OrderTerm> {
    let relation = name(input)?;
    let field = delimited(text("("), field, text(")")).parse_next(input)?;
    term_end(input, Some(relation), field)
}

fn own_term(input: &mut Input<'_>) -> Parsed<OrderTerm> {
    let field = field(input)?;
    term_end(input, None, field)
}

fn term_end(input: &mut Input<'_>, relation: Option<String>, field: Field) -> Parsed<OrderTerm> {
    let stop = || or(attempt(look_ahead(text(","))), attempt(end));
    let direction = optional(or(
        word("asc", Direction::Asc),
        word("desc", Direction::Desc),
    ))
    .parse_next(input)?;
    let nulls = optional(or(
        word("nullsfirst", Nulls::First),
        word("nullslast", Nulls::Last),
    ));
    let nulls = or(terminated(nulls, stop()), stop().value(None)).parse_next(input)?;
    Ok(OrderTerm {
        relation,
        field,
        direction,
        nulls,
    })
}

fn word<'i, T: Copy>(word: &'static str, value: T) -> impl Parser<Input<'i>, T, Failure> {
    attempt(preceded(delimiter, text(word)).value(value))
}

/// Several terms as the value of `order=`.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a>(pub &'a [OrderTerm]);

impl fmt::Display for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, term) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for OrderTerm {
    /// As in `order=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.relation {
            Some(relation) => {
                write_name(f, relation)?;
                write!(f, "({})", self.field)?;
            }
            None => write!(f, "{}", self.field)?,
        }
        f.write_str(match self.direction {
            Some(Direction::Asc) => ".asc",
            Some(Direction::Desc) => ".desc",
            None => "",
        })?;
        f.write_str(match self.nulls {
            Some(Nulls::First) => ".nullsfirst",
            Some(Nulls::Last) => ".nullslast",
            None => "",
        })
    }
}

#[cfg(test)]
mod tests;
