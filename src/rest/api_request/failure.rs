//! What a parser of the query string could not read, and how that is told to the client.
//!
//! A [`Failure`] is a position with what was found and what would have been accepted there. Failures
//! of alternatives are merged: the furthest position wins, failures at the same position add up.
//! [`Failure::into_error`] makes the PGRST100 error with the wording that clients of PostgREST know:
//!
//! ```text
//! message  "failed to parse order (id.ac)" (line 1, column 4)
//! details  unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"
//! ```
//!
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html#pgrst100>.

use std::fmt::Write as _;

use winnow::error::ParserError;
use winnow::stream::Location;

use super::parser::Input;
use crate::error::{Error, codes};

/// One fact about a failure, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// The character that did not fit; `None` at the end of the text.
    Found(Option<char>),
    /// A character that a rule forbids at this place. Told instead of [`Message::Found`].
    Forbidden(char),
    /// A literal text that would have been accepted.
    Literal(&'static str),
    /// The name of a rule that would have been accepted.
    Rule(&'static str),
    /// A plain sentence.
    Sentence(&'static str),
}

impl Message {
    fn is_expectation(self) -> bool {
        matches!(self, Self::Literal(_) | Self::Rule(_))
    }
}

/// Where parsing stopped and why. Without messages it says nothing, and any other failure wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Failure {
    /// Bytes from the start of the text.
    pub offset: usize,
    pub messages: Vec<Message>,
}

impl Failure {
    /// The failure that tells both: the furthest, or the sum of two at the same place.
    pub fn merge(mut self, other: Self) -> Self {
        if other.messages.is_empty() {
            return self;
        }
        if self.messages.is_empty() || other.offset > self.offset {
            return other;
        }
        if other.offset == self.offset {
            self.messages.extend(other.messages);
        }
        self
    }

    /// Replaces what was expected by the name of the rule that holds it all.
    pub fn named(mut self, rule: &'static str) -> Self {
        self.messages.retain(|message| !message.is_expectation());
        self.messages.push(Message::Rule(rule));
        self
    }

    /// The PGRST100 error. `what` says which part of the query string it was, `text` is that part.
    pub fn into_error(self, what: &str, text: &str) -> Error {
        let (line, column) = position(text, self.offset);
        Error::new(
            &codes::PGRST100,
            format!("\"{what}\" (line {line}, column {column})"),
        )
        .details(self.details())
    }

    fn details(&self) -> String {
        if self.messages.is_empty() {
            return "unknown parse error".into();
        }
        let found = self.messages.iter().find_map(|message| match message {
            Message::Found(found) => Some(*found),
            _ => None,
        });
        let forbidden = self.told(|message| match message {
            Message::Forbidden(c) => Some(show_char(c)),
            _ => None,
        });
        let mut parts = Vec::new();
        match found {
            _ if !forbidden.is_empty() => {
                parts.push(format!("unexpected {}", enumerate(&forbidden)));
            }
            Some(None) => parts.push("unexpected end of input".into()),
            Some(Some(c)) => parts.push(format!(
                "unexpected {}",
                show_text(c.encode_utf8(&mut [0; 4]))
            )),
            None => {}
        }
        let expected = self.told(|message| match message {
            Message::Literal(text) => Some(show_text(text)),
            Message::Rule(name) => Some(name.to_owned()),
            _ => None,
        });
        if !expected.is_empty() {
            parts.push(format!("expecting {}", enumerate(&expected)));
        }
        parts.extend(self.told(|message| match message {
            Message::Sentence(text) => Some(text.to_owned()),
            _ => None,
        }));
        parts.join(" ")
    }

    /// The texts of some messages, each once, in order.
    fn told(&self, text: impl Fn(Message) -> Option<String>) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for text in self.messages.iter().filter_map(|message| text(*message)) {
            if !told.contains(&text) {
                told.push(text);
            }
        }
        told
    }
}

impl<'i> ParserError<Input<'i>> for Failure {
    type Inner = Self;

    fn from_input(input: &Input<'i>) -> Self {
        Self {
            offset: input.current_token_start(),
            messages: Vec::new(),
        }
    }

    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

/// `a, b or c`.
fn enumerate(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

/// Line and column, both from 1; a tab goes to the next multiple of eight plus one.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let (mut line, mut column) = (1, 1);
    for (at, c) in text.char_indices() {
        if at >= offset {
            break;
        }
        match c {
            '\n' => (line, column) = (line + 1, 1),
            '\t' => column += 8 - (column - 1) % 8,
            _ => column += 1,
        }
    }
    (line, column)
}

fn show_text(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        escape(&mut out, c, '"');
    }
    out.push('"');
    out
}

fn show_char(c: char) -> String {
    let mut out = String::from('\'');
    escape(&mut out, c, '\'');
    out.push('\'');
    out
}

/// Writes a character in the escapes that PostgREST's messages use: decimal code points beyond ASCII,
/// names for control characters.
fn escape(out: &mut String, c: char, quote: char) {
    const CONTROL: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "a", "b", "t", "n", "v", "f", "r", "SO",
        "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC",
        "FS", "GS", "RS", "US",
    ];
    let code = u32::from(c);
    match CONTROL.get(code as usize) {
        Some(name) => {
            out.push('\\');
            out.push_str(name);
        }
        None if c == quote || c == '\\' => {
            out.push('\\');
            out.push(c);
        }
        None if code == 0x7f => out.push_str("\\DEL"),
        None if code > 0x7f => {
            let _ = write!(out, "\\{code}");
        }
        None => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: usize, messages: &[Message]) -> Failure {
        Failure {
            offset,
            messages: messages.to_vec(),
        }
    }

    #[test]
    fn the_furthest_failure_wins_and_equal_ones_add_up() {
        let near = at(1, &[Message::Literal("a")]);
        let far = at(4, &[Message::Literal("b")]);
        assert_eq!(near.clone().merge(far.clone()), far);
        assert_eq!(far.clone().merge(near), far);
        let both = far.clone().merge(at(4, &[Message::Rule("c")]));
        assert_eq!(both.messages, [Message::Literal("b"), Message::Rule("c")]);
        assert_eq!(at(9, &[]).merge(far.clone()), far, "silence loses");
    }

    #[test]
    fn details_name_the_character_and_each_expectation_once() {
        let failure = at(
            0,
            &[
                Message::Found(Some('é')),
                Message::Literal("->"),
                Message::Rule("digit"),
                Message::Literal("->"),
                Message::Rule("end of input"),
            ],
        );
        assert_eq!(
            failure.details(),
            r#"unexpected "\233" expecting "->", digit or end of input"#
        );
        let failure = at(0, &[Message::Found(Some('t')), Message::Forbidden('t')]);
        assert_eq!(failure.details(), "unexpected 't'");
        assert_eq!(at(0, &[]).details(), "unknown parse error");
        assert_eq!(
            at(0, &[Message::Found(None)]).details(),
            "unexpected end of input"
        );
    }

    #[test]
    fn positions_count_characters_lines_and_tabs() {
        assert_eq!(position("añb", 3), (1, 3));
        assert_eq!(position("a\nbc", 3), (2, 2));
        assert_eq!(position("a\tb", 2), (1, 9));
        assert_eq!(position("ab", 99), (1, 3));
    }

    #[test]
    fn escapes() {
        assert_eq!(show_text("\""), r#""\"""#);
        assert_eq!(show_char('\''), r"'\''");
        assert_eq!(show_text("\u{0}\u{7f}\n"), r#""\NUL\DEL\n""#);
    }
}
