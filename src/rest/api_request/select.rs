//! `select=`: columns, JSON paths, casts, aggregates, aliases, embeds and spreads.
//!
//! ```text
//! select     = [ item { ws "," ws item } ]
//! item       = spread | relation | column
//! spread     = ws "..." name [ modifier ] [ modifier ] "(" select ")"
//! relation   = ws [ name ":" ] name [ modifier ] [ modifier ] "(" select ")"   -- not "count"
//! modifier   = "!" ( "left" | "inner" | name )          -- join type or hint, one of each counts
//! column     = ws ( "*" | [ name ":" ] "count()" [ cast ]
//!                 | [ name ":" ] field [ cast ] [ "." aggregate "()" [ cast ] ] ) ws
//! aggregate  = "sum" | "avg" | "count" | "max" | "min"
//! cast       = "::" ident
//! ```
//!
//! A hint whose name starts with `left` or `inner` needs quotes. An array index right before the
//! closing parenthesis of an embed is read as a key, as in PostgREST: `c(data->0)` is `c(data->"0")`.
//! `name`, `field` and `ident` are in `grammar.rs`.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#vertical-filtering>,
//! <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use std::fmt;

use winnow::Parser;
use winnow::combinator::{delimited, preceded};

use super::grammar::{alias, field, identifier, name, write_name, write_quoted};
use super::parser::{
    Input, Parsed, attempt, end, look_ahead, nested, one_of_texts, optional, or, refuse,
    separated1, spaced, text,
};
use crate::error::Error;

/// One step of a JSON path: `->key`, `->>key`, `->0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonStep {
    /// True for `->>` (text), false for `->` (json).
    pub as_text: bool,
    /// Key or array index.
    pub operand: JsonOperand,
}

/// What a JSON step selects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JsonOperand {
    /// An object key.
    Key(String),
    /// An array index as written, sign included (`0`, `-1`).
    Index(String),
}

/// A column (or computed field) with an optional JSON path into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Column name as typed, `*` for all.
    pub name: String,
    /// Steps, outermost first; empty for the column itself.
    pub json_path: Vec<JsonStep>,
}

/// `sum()`, `avg()`, `max()`, `min()`, `count()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    Sum,
    Avg,
    Max,
    Min,
    Count,
}

/// `!inner` or `!left`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinType {
    Inner,
    Left,
}

/// One item of `select=`, with the items nested under an embed.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItem {
    /// `alias:field->path::cast.aggregate()::aggregate_cast`.
    Field {
        field: Field,
        aggregate: Option<AggregateFunction>,
        aggregate_cast: Option<String>,
        cast: Option<String>,
        alias: Option<String>,
    },
    /// `alias:relation!hint!inner(…)`.
    Relation {
        relation: String,
        alias: Option<String>,
        hint: Option<String>,
        join_type: Option<JoinType>,
        /// Empty for `relation()`: joined, but not shown.
        select: Vec<SelectItem>,
    },
    /// `...relation!hint!inner(…)`.
    Spread {
        relation: String,
        hint: Option<String>,
        join_type: Option<JoinType>,
        select: Vec<SelectItem>,
    },
}

/// Parses the value of `select=`. An empty text selects nothing.
///
/// # Errors
/// PGRST100.
pub fn parse(value: &str) -> Result<Vec<SelectItem>, Error> {
    super::parser::run(items, value, || {
        format!("failed to parse select parameter ({value})")
    })
}

fn items(input: &mut Input<'_>) -> Parsed<Vec<SelectItem>> {
    optional(separated1(item, spaced(text(","))))
        .map(Option::unwrap_or_default)
        .parse_next(input)
}

fn item(input: &mut Input<'_>) -> Parsed<SelectItem> {
    or(spread, or(relation, column)).parse_next(input)
}

fn embedded(input: &mut Input<'_>) -> Parsed<Vec<SelectItem>> {
    delimited(text("("), nested(items), text(")")).parse_next(input)
}

fn spread(input: &mut Input<'_>) -> Parsed<SelectItem> {
    let head = spaced((preceded(text("..."), name), modifiers, opening));
    let (relation, modifiers, ()) = attempt(head).parse_next(input)?;
    Ok(SelectItem::Spread {
        relation,
        hint: modifiers.hint,
        join_type: modifiers.join_type,
        select: embedded(input)?,
    })
}

fn relation(input: &mut Input<'_>) -> Parsed<SelectItem> {
    let head = spaced((alias, relation_name, modifiers, opening));
    let (alias, relation, modifiers, ()) = attempt(head).parse_next(input)?;
    Ok(SelectItem::Relation {
        relation,
        alias,
        hint: modifiers.hint,
        join_type: modifiers.join_type,
        select: embedded(input)?,
    })
}

/// `count(` starts an aggregate, never an embed.
fn relation_name(input: &mut Input<'_>) -> Parsed<String> {
    let relation = name(input)?;
    if relation == "count" {
        return refuse(input);
    }
    Ok(relation)
}

fn opening(input: &mut Input<'_>) -> Parsed<()> {
    attempt(look_ahead(text("("))).parse_next(input)
}

/// What follows the name of an embed.
#[derive(Default)]
struct Modifiers {
    hint: Option<String>,
    join_type: Option<JoinType>,
}

enum Modifier {
    Hint(String),
    Join(JoinType),
}

/// At most two modifiers; of two of one kind the first counts.
fn modifiers(input: &mut Input<'_>) -> Parsed<Modifiers> {
    let mut modifiers = Modifiers::default();
    for _ in 0..2 {
        match optional(modifier).parse_next(input)? {
            Some(Modifier::Hint(hint)) => modifiers.hint = modifiers.hint.or(Some(hint)),
            Some(Modifier::Join(join)) => modifiers.join_type = modifiers.join_type.or(Some(join)),
            None => {}
        }
    }
    Ok(modifiers)
}

fn modifier(input: &mut Input<'_>) -> Parsed<Modifier> {
    const JOINS: &[(&str, JoinType)] = &[("left", JoinType::Left), ("inner", JoinType::Inner)];
    text("!").parse_next(input)?;
    or(
        one_of_texts(JOINS).map(Modifier::Join),
        attempt(name).map(Modifier::Hint),
    )
    .parse_next(input)
}

fn column(input: &mut Input<'_>) -> Parsed<SelectItem> {
    spaced(or(attempt(star), or(attempt(count), plain_column))).parse_next(input)
}

fn star(input: &mut Input<'_>) -> Parsed<SelectItem> {
    (text("*"), item_end).parse_next(input)?;
    Ok(SelectItem::Field {
        field: Field::whole("*"),
        aggregate: None,
        aggregate_cast: None,
        cast: None,
        alias: None,
    })
}

fn count(input: &mut Input<'_>) -> Parsed<SelectItem> {
    let (alias, (), aggregate_cast, ()) =
        (alias, text("count()"), cast, item_end).parse_next(input)?;
    Ok(SelectItem::Field {
        field: Field::whole("*"),
        aggregate: Some(AggregateFunction::Count),
        aggregate_cast,
        cast: None,
        alias,
    })
}

fn plain_column(input: &mut Input<'_>) -> Parsed<SelectItem> {
    let aggregate = optional(attempt(delimited(text("."), aggregate, text("()"))));
    let (alias, field, cast, aggregate, aggregate_cast, ()) =
        (alias, field, cast, aggregate, cast, item_end).parse_next(input)?;
    Ok(SelectItem::Field {
        field,
        aggregate,
        aggregate_cast,
        cast,
        alias,
    })
}

fn cast(input: &mut Input<'_>) -> Parsed<Option<String>> {
    optional(preceded(text("::"), identifier)).parse_next(input)
}

fn aggregate(input: &mut Input<'_>) -> Parsed<AggregateFunction> {
    use AggregateFunction::{Avg, Count, Max, Min, Sum};
    const M: &[(&str, AggregateFunction)] = &[("max", Max), ("min", Min)];
    or(
        text("sum").value(Sum),
        or(
            text("avg").value(Avg),
            or(text("count").value(Count), one_of_texts(M)),
        ),
    )
    .parse_next(input)
}

fn item_end(input: &mut Input<'_>) -> Parsed<()> {
    let before = |word| attempt(look_ahead(text(word)));
    or(before(")"), or(before(","), attempt(end))).parse_next(input)
}

impl Field {
    /// The column itself, without a JSON path.
    pub fn whole(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            json_path: Vec::new(),
        }
    }
}

/// Several items as the value of `select=`.
#[derive(Debug, Clone, Copy)]
pub struct Select<'a>(pub &'a [SelectItem]);

impl fmt::Display for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, item) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

impl AggregateFunction {
    /// The name in the query string, which is also PostgreSQL's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Max => "max",
            Self::Min => "min",
            Self::Count => "count",
        }
    }
}

impl fmt::Display for SelectItem {
    /// As in `select=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field {
                field,
                aggregate,
                aggregate_cast,
                cast,
                alias,
            } => {
                write_alias(f, alias.as_deref())?;
                let whole_row = field.name == "*" && field.json_path.is_empty() && cast.is_none();
                match aggregate {
                    None if whole_row && alias.is_none() => return f.write_str("*"),
                    Some(AggregateFunction::Count) if whole_row => f.write_str("count()")?,
                    _ => {
                        write!(f, "{field}")?;
                        write_cast(f, cast.as_deref())?;
                        if let Some(aggregate) = aggregate {
                            write!(f, ".{}()", aggregate.name())?;
                        }
                    }
                }
                write_cast(f, aggregate_cast.as_deref())
            }
            Self::Relation {
                relation,
                alias,
                hint,
                join_type,
                select,
            } => {
                write_alias(f, alias.as_deref())?;
                write_embed(f, relation, hint.as_deref(), *join_type, select)
            }
            Self::Spread {
                relation,
                hint,
                join_type,
                select,
            } => {
                f.write_str("...")?;
                write_embed(f, relation, hint.as_deref(), *join_type, select)
            }
        }
    }
}

fn write_alias(f: &mut fmt::Formatter<'_>, alias: Option<&str>) -> fmt::Result {
    let Some(alias) = alias else { return Ok(()) };
    write_name(f, alias)?;
    f.write_str(":")
}

fn write_cast(f: &mut fmt::Formatter<'_>, cast: Option<&str>) -> fmt::Result {
    cast.map_or(Ok(()), |cast| write!(f, "::{cast}"))
}

fn write_embed(
    f: &mut fmt::Formatter<'_>,
    relation: &str,
    hint: Option<&str>,
    join_type: Option<JoinType>,
    select: &[SelectItem],
) -> fmt::Result {
    write_name(f, relation)?;
    if let Some(hint) = hint {
        f.write_str("!")?;
        if hint.starts_with("left") || hint.starts_with("inner") {
            write_quoted(f, hint)?;
        } else {
            write_name(f, hint)?;
        }
    }
    f.write_str(match join_type {
        Some(JoinType::Inner) => "!inner",
        Some(JoinType::Left) => "!left",
        None => "",
    })?;
    write!(f, "({})", Select(select))
}

#[cfg(test)]
mod tests;
