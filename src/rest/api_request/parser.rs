//! Parser combinators over winnow that remember what would have been accepted.
//!
//! winnow forgets why an alternative failed as soon as another one succeeds. The error texts of
//! PostgREST need that memory (`id.ascx`: "expecting delimiter (.), "," or end of input"), so the
//! stream carries a hint: the failure at the place where the last successful parser stopped. Rules:
//!
//! - *consumed* means that the stream moved, on success and on failure alike. A parser that failed
//!   after consuming is committed: no alternative is tried, unless [`attempt`] took the input back.
//! - A parser that consumes forgets the hint; one that does not adds to it.
//!
//! winnow's own sequences (`(a, b)`, `preceded`, `terminated`, `delimited`, `map`…) keep these rules;
//! its alternatives and repetitions do not, so they are defined here. Every loop consumes, every
//! alternative is tried once, so the work is linear in the text times the number of alternatives.

use std::mem;

use winnow::Parser;
use winnow::combinator::{delimited, preceded};
use winnow::stream::{LocatingSlice, Location, Stateful, Stream};

use super::failure::{Failure, Message};
use super::operators::Entry;
use crate::error::Error;

/// Levels of parentheses that a `select`, `and` or `or` may nest.
pub(super) const MAX_NESTING: usize = 100;

/// The text being parsed, with what was learnt on the way.
pub(super) type Input<'i> = Stateful<LocatingSlice<&'i str>, Progress>;

/// Result of a parser.
pub(super) type Parsed<O> = Result<O, Failure>;

/// State that travels with the stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// What else would have been accepted at the current place.
    hint: Failure,
    /// Open parentheses of nested lists.
    depth: usize,
}

/// Runs a parser over `text`; what follows the parsed part is ignored. `what` describes the text in
/// the error (it is only called for one).
///
/// # Errors
/// PGRST100.
pub(super) fn run<'i, O>(
    mut parser: impl Parser<Input<'i>, O, Failure>,
    text: &'i str,
    what: impl FnOnce() -> String,
) -> Result<O, Error> {
    let mut input = Input {
        input: LocatingSlice::new(text),
        state: Progress::default(),
    };
    parser
        .parse_next(&mut input)
        .map_err(|failure| failure.into_error(&what(), text))
}

fn offset(input: &Input<'_>) -> usize {
    input.current_token_start()
}

fn next_char(input: &Input<'_>) -> Option<char> {
    input.input.as_ref().chars().next()
}

fn take_hint(input: &mut Input<'_>) -> Failure {
    mem::take(&mut input.state.hint)
}

fn add_hint(input: &mut Input<'_>, failure: Failure) {
    let hint = take_hint(input);
    input.state.hint = hint.merge(failure);
}

/// The failure of a parser that consumed nothing, with the hint that was left before it.
fn fail(input: &mut Input<'_>, failure: Failure) -> Failure {
    take_hint(input).merge(failure)
}

fn found(input: &Input<'_>, rules: &[&'static str]) -> Failure {
    let mut messages = Vec::with_capacity(1 + rules.len());
    messages.push(Message::Found(next_char(input)));
    messages.extend(rules.iter().map(|rule| Message::Rule(rule)));
    Failure {
        offset: offset(input),
        messages,
    }
}

/// The characters from here on that are accepted; the hint says why it ends there.
fn scan<'i>(
    input: &mut Input<'i>,
    accept: impl Fn(char) -> bool,
    rules: &'static [&'static str],
) -> &'i str {
    let rest: &'i str = input.input.as_ref();
    let length = rest.find(|c| !accept(c)).unwrap_or(rest.len());
    if length > 0 {
        take_hint(input);
    }
    let taken = input.next_slice(length);
    let stop = found(input, rules);
    add_hint(input, stop);
    taken
}

/// Any number of accepted characters. `rules` name them in errors.
pub(super) fn many_chars<'i>(
    accept: impl Fn(char) -> bool,
    rules: &'static [&'static str],
) -> impl Parser<Input<'i>, &'i str, Failure> {
    move |input: &mut Input<'i>| Ok(scan(input, &accept, rules))
}

/// One or more accepted characters. `rules` name them in errors.
pub(super) fn many1_chars<'i>(
    accept: impl Fn(char) -> bool,
    rules: &'static [&'static str],
) -> impl Parser<Input<'i>, &'i str, Failure> {
    move |input: &mut Input<'i>| {
        let taken = scan(input, &accept, rules);
        if taken.is_empty() {
            // The scan has left the reason in the hint.
            return Err(take_hint(input));
        }
        Ok(taken)
    }
}

/// One accepted character. `rules` name it in errors.
pub(super) fn one_char<'i>(
    accept: impl Fn(char) -> bool,
    rules: &'static [&'static str],
) -> impl Parser<Input<'i>, char, Failure> {
    move |input: &mut Input<'i>| match next_char(input) {
        Some(c) if accept(c) => {
            take_hint(input);
            input.next_slice(c.len_utf8());
            Ok(c)
        }
        _ => {
            let failure = found(input, rules);
            Err(fail(input, failure))
        }
    }
}

/// Exactly this text. A mismatch after its first character is committed and reported at its start.
pub(super) fn text<'i>(expected: &'static str) -> impl Parser<Input<'i>, (), Failure> {
    move |input: &mut Input<'i>| {
        let start = offset(input);
        let rest: &'i str = input.input.as_ref();
        if rest.starts_with(expected) {
            take_hint(input);
            input.next_slice(expected.len());
            return Ok(());
        }
        let common = expected
            .chars()
            .zip(rest.chars())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a.len_utf8())
            .sum();
        let failure = Failure {
            offset: start,
            messages: vec![
                Message::Found(rest[common..].chars().next()),
                Message::Literal(expected),
            ],
        };
        if common == 0 {
            return Err(fail(input, failure));
        }
        take_hint(input);
        input.next_slice(common);
        Err(failure)
    }
}

/// Succeeds at the end of the text.
pub(super) fn end<'i>(input: &mut Input<'i>) -> Parsed<()> {
    const RULE: &str = "end of input";
    match next_char(input) {
        None => {
            let hint = found(input, &[RULE]);
            add_hint(input, hint);
            Ok(())
        }
        Some(c) => {
            let failure = Failure {
                offset: offset(input),
                messages: vec![Message::Forbidden(c), Message::Rule(RULE)],
            };
            Err(fail(input, failure))
        }
    }
}

/// Succeeds, consuming nothing, when the next character is not one of those (or there is none).
/// The failure is reported after that character.
pub(super) fn not_before<'i>(
    forbidden: impl Fn(char) -> bool,
    literal: Option<&'static str>,
) -> impl Parser<Input<'i>, (), Failure> {
    move |input: &mut Input<'i>| match next_char(input) {
        Some(c) if forbidden(c) => {
            let failure = Failure {
                offset: offset(input) + c.len_utf8(),
                messages: vec![Message::Forbidden(c)],
            };
            Err(fail(input, failure))
        }
        _ => {
            let mut hint = found(input, &[]);
            hint.messages.extend(literal.map(Message::Literal));
            add_hint(input, hint);
            Ok(())
        }
    }
}

/// Fails without a reason of its own.
pub(super) fn refuse<O>(input: &mut Input<'_>) -> Parsed<O> {
    let failure = Failure {
        offset: offset(input),
        messages: Vec::new(),
    };
    Err(fail(input, failure))
}

/// The first parser, or the second if the first failed without consuming.
pub(super) fn or<'i, O>(
    mut first: impl Parser<Input<'i>, O, Failure>,
    mut second: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, O, Failure> {
    move |input: &mut Input<'i>| {
        let start = offset(input);
        match first.parse_next(input) {
            Err(failure) if offset(input) == start => {
                input.state.hint = failure;
                second.parse_next(input)
            }
            outcome => outcome,
        }
    }
}

/// The parser's value, or `None` if it failed without consuming.
pub(super) fn optional<'i, O>(
    mut parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, Option<O>, Failure> {
    move |input: &mut Input<'i>| {
        let start = offset(input);
        match parser.parse_next(input) {
            Ok(value) => Ok(Some(value)),
            Err(failure) if offset(input) == start => {
                input.state.hint = failure;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A row of a table of words.
pub(super) trait Worded<O> {
    /// What is written, and what it stands for.
    fn word_and_value(&self) -> (&'static str, O);
}

impl<O: Copy> Worded<O> for (&'static str, O) {
    fn word_and_value(&self) -> (&'static str, O) {
        *self
    }
}

impl<O: Copy> Worded<O> for Entry<O> {
    fn word_and_value(&self) -> (&'static str, O) {
        (self.name, self.operator)
    }
}

/// The value of the first row whose word is next, tried in order.
pub(super) fn one_of_texts<'i, O: Copy, R: Worded<O>>(
    table: &'static [R],
) -> impl Parser<Input<'i>, O, Failure> {
    move |input: &mut Input<'i>| {
        for (word, value) in table.iter().map(R::word_and_value) {
            match attempt(text(word)).parse_next(input) {
                Ok(()) => return Ok(value),
                Err(failure) => input.state.hint = failure,
            }
        }
        Err(take_hint(input))
    }
}

/// Gives the input back when the parser fails, so that an alternative may be tried.
pub(super) fn attempt<'i, O>(
    mut parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, O, Failure> {
    move |input: &mut Input<'i>| {
        let start = input.checkpoint();
        let start_offset = offset(input);
        let before = take_hint(input);
        match parser.parse_next(input) {
            Ok(value) => {
                if offset(input) == start_offset {
                    let hint = take_hint(input);
                    input.state.hint = before.merge(hint);
                }
                Ok(value)
            }
            Err(failure) => {
                input.reset(&start);
                Err(before.merge(failure))
            }
        }
    }
}

/// Runs the parser and gives the input back when it succeeds.
pub(super) fn look_ahead<'i, O>(
    mut parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, O, Failure> {
    move |input: &mut Input<'i>| {
        let start = input.checkpoint();
        let start_offset = offset(input);
        let before = take_hint(input);
        match parser.parse_next(input) {
            Ok(value) => {
                input.reset(&start);
                input.state.hint = before;
                Ok(value)
            }
            Err(failure) if offset(input) == start_offset => Err(before.merge(failure)),
            Err(failure) => Err(failure),
        }
    }
}

/// Names what the parser expects at its start.
pub(super) fn named<'i, O>(
    rule: &'static str,
    mut parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, O, Failure> {
    move |input: &mut Input<'i>| {
        let start = offset(input);
        let before = take_hint(input);
        let outcome = parser.parse_next(input);
        if offset(input) != start {
            return outcome;
        }
        match outcome {
            Ok(value) => {
                let hint = take_hint(input);
                let hint = if hint.messages.is_empty() {
                    hint
                } else {
                    hint.named(rule)
                };
                input.state.hint = before.merge(hint);
                Ok(value)
            }
            Err(failure) => Err(before.merge(failure.named(rule))),
        }
    }
}

/// The parser as often as it succeeds. A parser that succeeds without consuming ends the loop.
pub(super) fn many<'i, O>(
    mut parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, Vec<O>, Failure> {
    move |input: &mut Input<'i>| {
        let mut values = Vec::new();
        loop {
            let start = offset(input);
            match parser.parse_next(input) {
                Ok(_) if offset(input) == start => return Ok(values),
                Ok(value) => {
                    values.push(value);
                    take_hint(input);
                }
                Err(failure) if offset(input) == start => {
                    input.state.hint = failure;
                    return Ok(values);
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// One or more items with separators between them.
pub(super) fn separated1<'i, O, S>(
    mut item: impl Parser<Input<'i>, O, Failure>,
    mut separator: impl Parser<Input<'i>, S, Failure>,
) -> impl Parser<Input<'i>, Vec<O>, Failure> {
    move |input: &mut Input<'i>| {
        let first = item.parse_next(input)?;
        let rest = many(preceded(separator.by_ref(), item.by_ref())).parse_next(input)?;
        let mut items = Vec::with_capacity(1 + rest.len());
        items.push(first);
        items.extend(rest);
        Ok(items)
    }
}

/// Spaces and tabs around a parser.
pub(super) fn spaced<'i, O>(
    parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, O, Failure> {
    fn blank(c: char) -> bool {
        c == ' ' || c == '\t'
    }
    delimited(many_chars(blank, &[]), parser, many_chars(blank, &[]))
}

/// Counts a level of nesting while the parser runs. It stands after the opening parenthesis, so that
/// its failure is committed.
pub(super) fn nested<'i, O>(
    mut parser: impl Parser<Input<'i>, O, Failure>,
) -> impl Parser<Input<'i>, O, Failure> {
    move |input: &mut Input<'i>| {
        if input.state.depth >= MAX_NESTING {
            return Err(Failure {
                offset: offset(input),
                messages: vec![Message::Sentence("more than 100 levels of nesting")],
            });
        }
        input.state.depth += 1;
        let outcome = parser.parse_next(input);
        input.state.depth -= 1;
        outcome
    }
}
