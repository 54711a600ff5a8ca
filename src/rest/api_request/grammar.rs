//! Tokens that the parsers of `select`, filters, logic trees and `order` share.
//!
//! ```text
//! name        = quoted | ident { "-" ident }           -- a "-" before ">" is an arrow
//! ident       = 1*( letter | DIGIT | "_" | " " | "$" )  -- outer spaces dropped
//! quoted      = '"' { char except '"' and "\" | "\" any } '"'
//! field       = ws name { arrow key } ws
//! arrow       = "->>" | "->"
//! key         = index | quoted | keytext { "-" keytext }
//! index       = [ "-" ] 1*DIGIT, before "->" "::" "." "," or the end
//! keytext     = 1*( any except "(" "-" ":" "." "," ">" ")" )   -- outer spaces dropped
//! path        = name { "." name } { arrow key }         -- key of a filter, order, limit…
//! names       = name { ws "," ws name }                 -- columns=, on_conflict=
//! ws          = { " " | TAB }
//! ```
//!
//! A letter is what Unicode calls alphabetic. The items of each parameter are in [`super::select`],
//! [`super::filter`], [`super::logic`] and [`super::order`]. Text after a complete filter, path or
//! list of names is ignored, which is why `due_date[0]=gte.1` is a filter on `due_date`.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/url_grammar.html>.

use std::fmt;

use winnow::Parser;
use winnow::combinator::{delimited, preceded, terminated};

use super::failure::Failure;
use super::parser::{
    Input, Parsed, attempt, end, look_ahead, many, many1_chars, named, not_before, one_char,
    optional, or, separated1, spaced, text,
};
use super::select::{Field, JsonOperand, JsonStep};

/// A name with the levels above it.
pub(super) type Path = (Vec<String>, Field);

fn is_ident(c: char) -> bool {
    c.is_alphabetic() || c.is_ascii_digit() || matches!(c, '_' | ' ' | '$')
}

fn is_key(c: char) -> bool {
    !matches!(c, '(' | '-' | ':' | '.' | ',' | '>' | ')')
}

/// White space as the names' trimming understands it.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// `ident`.
pub(super) fn identifier(input: &mut Input<'_>) -> Parsed<String> {
    many1_chars(is_ident, &["letter", "digit"])
        .map(|ident: &str| ident.trim_matches(is_space).to_owned())
        .parse_next(input)
}

fn key_text(input: &mut Input<'_>) -> Parsed<String> {
    many1_chars(is_key, &[])
        .map(|key: &str| key.trim_matches(is_space).to_owned())
        .parse_next(input)
}

/// Parts joined by dashes; a dash that starts an arrow ends the name.
fn dashed<'i>(
    part: impl Parser<Input<'i>, String, Failure>,
) -> impl Parser<Input<'i>, String, Failure> {
    let dash = attempt(preceded(text("-"), not_before(|c| c == '>', Some(">"))));
    separated1(part, dash).map(|parts| parts.join("-"))
}

/// `quoted`, without quotes and escapes.
pub(super) fn quoted(input: &mut Input<'_>) -> Parsed<String> {
    let plain = one_char(|c| c != '"' && c != '\\', &[]);
    let escaped = preceded(text("\\"), one_char(|_| true, &[]));
    delimited(text("\""), many(or(plain, escaped)), text("\""))
        .map(String::from_iter)
        .parse_next(input)
}

/// `name`.
pub(super) fn name(input: &mut Input<'_>) -> Parsed<String> {
    named(
        "field name (* or [a..z0..9_$])",
        or(quoted, dashed(identifier)),
    )
    .parse_next(input)
}

/// The dot between levels, operators and values.
pub(super) fn delimiter(input: &mut Input<'_>) -> Parsed<()> {
    named("delimiter (.)", text(".")).parse_next(input)
}

fn index(input: &mut Input<'_>) -> Parsed<String> {
    let sign = optional(text("-")).parse_next(input)?;
    let digits = many1_chars(|c: char| c.is_ascii_digit(), &["digit"]).parse_next(input)?;
    let stop = |word| attempt(look_ahead(text(word)));
    or(
        stop("->"),
        or(stop("::"), or(stop("."), or(stop(","), attempt(end)))),
    )
    .parse_next(input)?;
    Ok(format!("{}{digits}", if sign.is_some() { "-" } else { "" }))
}

fn json_key(input: &mut Input<'_>) -> Parsed<String> {
    named(
        "any non reserved character different from: .,>()",
        or(quoted, dashed(key_text)),
    )
    .parse_next(input)
}

fn json_step(input: &mut Input<'_>) -> Parsed<JsonStep> {
    let as_text = or(
        attempt(text("->>")).value(true),
        attempt(text("->")).value(false),
    )
    .parse_next(input)?;
    let operand = or(
        attempt(index).map(JsonOperand::Index),
        attempt(json_key).map(JsonOperand::Key),
    )
    .parse_next(input)?;
    Ok(JsonStep { as_text, operand })
}

/// `{ arrow key }`.
fn json_path(input: &mut Input<'_>) -> Parsed<Vec<JsonStep>> {
    let mut steps = Vec::new();
    while let Some(step) = optional(json_step).parse_next(input)? {
        steps.push(step);
    }
    Ok(steps)
}

/// `field`.
pub(super) fn field(input: &mut Input<'_>) -> Parsed<Field> {
    spaced((name, json_path))
        .map(|(name, json_path)| Field { name, json_path })
        .parse_next(input)
}

/// `name ":"`, not followed by another colon (that is a cast).
pub(super) fn alias(input: &mut Input<'_>) -> Parsed<Option<String>> {
    let separator = (text(":"), not_before(|c| c == ':', Some(":")));
    optional(attempt(terminated(name, separator))).parse_next(input)
}

/// `names`.
pub(super) fn names(input: &mut Input<'_>) -> Parsed<Vec<String>> {
    separated1(name, spaced(text(","))).parse_next(input)
}

/// `name { "." name }`: the levels of a logic parameter's key.
pub(super) fn levels(input: &mut Input<'_>) -> Parsed<Vec<String>> {
    separated1(name, delimiter).parse_next(input)
}

/// `path`: the levels above, and the field.
pub(super) fn path(input: &mut Input<'_>) -> Parsed<Path> {
    let mut levels = levels(input)?;
    let json_path = json_path(input)?;
    let name = levels.pop().unwrap_or_default();
    Ok((levels, Field { name, json_path }))
}

/// Writes a name so that [`name`] reads it back, in quotes where needed.
pub(super) fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write_unless(f, name, |part| {
        !part.is_empty() && part.chars().all(is_ident) && part.trim_matches(' ') == part
    })
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    write_unless(f, key, |part| {
        !part.is_empty()
            && part.chars().all(|c| is_key(c) && !matches!(c, '"' | '\\'))
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.trim_matches(is_space) == part
    })
}

fn write_unless(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    bare: impl Fn(&str) -> bool,
) -> fmt::Result {
    if name.split('-').all(bare) {
        f.write_str(name)
    } else {
        write_quoted(f, name)
    }
}

/// Writes a value in quotes, escaped so that [`quoted`] reads it back.
pub(super) fn write_quoted(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}

impl fmt::Display for Field {
    /// As in a query string: `name`, `data->key->>0`, `"a.b"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_name(f, &self.name)?;
        for step in &self.json_path {
            f.write_str(if step.as_text { "->>" } else { "->" })?;
            match &step.operand {
                JsonOperand::Index(index) => f.write_str(index)?,
                JsonOperand::Key(key) => write_key(f, key)?,
            }
        }
        Ok(())
    }
}
