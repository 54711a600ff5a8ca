//! Request targets as clients write them: curl sends `select=a->b` and `/用户` raw, PostgREST takes them,
//! actix's URI parser refuses them.
//!
//! In: the bytes of one HTTP/1 connection as they arrive, cut anywhere. Out: the same bytes, with those bytes
//! of the request targets percent-encoded that the URI parser (`http` 0.2) would refuse:
//!
//! ```text
//! path:   <  >  `  and 80..FF
//! query:  "  <  >  and 80..FF
//! ```
//!
//! Nothing else is touched: no byte that is accepted as it is, no header, no body. To know where the next
//! request line begins, bodies are skipped by the rules of RFC 9112 section 6, read as narrowly as possible:
//! what is not exactly one plain `Content-Length` or one `Transfer-Encoding: chunked` ends the rewriting for
//! the rest of the connection, so that there is no message that ends here for us and there for actix. A head
//! is judged by the parser that actix uses, on the bytes that actix gets.
//!
//! Pure; [`super::stream`] puts it between the socket and actix.

mod body;
#[cfg(test)]
mod tests;

use body::Body;
use percent_encoding::percent_encode_byte;

/// A head that is longer is refused by actix.
const MAX_HEAD_BYTES: usize = 128 * 1024;

/// Where in its bytes a connection is.
#[derive(Debug, Default)]
pub(super) struct RequestTargets {
    place: Place,
}

impl RequestTargets {
    /// Takes the next bytes of the connection; `None` when they stay as they are.
    pub(super) fn feed(&mut self, input: &[u8]) -> Option<Vec<u8>> {
        let mut output = Output::new(input);
        let mut at = 0;
        while at < input.len() {
            let progress = match &mut self.place {
                Place::Head(head) => head.read(&mut output, at),
                Place::Body(body) => body.skip(input, at),
                Place::Unclear => break,
            };
            match progress {
                Progress::Within => break,
                Progress::Then(next, place) => (at, self.place) = (next, place),
            }
        }
        output.finish()
    }
}

/// What the next byte belongs to.
#[derive(Debug)]
enum Place {
    Head(Head),
    Body(Body),
    /// It is not certain where the next request begins: everything passes, until the connection ends.
    Unclear,
}

impl Default for Place {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

/// How far the input went.
enum Progress {
    /// All of it belongs here, and more may follow.
    Within,
    /// At this position something else begins.
    Then(usize, Place),
}

impl Progress {
    /// Nothing more is rewritten, so the position does not matter.
    const UNCLEAR: Self = Self::Then(0, Place::Unclear);
}

/// A request line and header fields, with the empty lines before them.
#[derive(Debug, Default)]
struct Head {
    part: Part,
    /// What actix got of it in former reads.
    seen: Vec<u8>,
}

/// Part of a head.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Empty lines, which are skipped.
    #[default]
    Before,
    Method,
    Path,
    Query,
    /// What follows the target, to the end of the line.
    Version,
    /// The begin of a line.
    Field,
    /// A line of which only a carriage return is known.
    LastReturn,
    /// Within a line, to its end.
    InField,
}

impl Head {
    fn read(&mut self, output: &mut Output<'_>, start: usize) -> Progress {
        let input = output.input;
        if self.part == Part::Before
            && self.seen.is_empty()
            && let Some(head) = body::parse(&input[start..])
            && is_accepted(head.target)
        {
            return Progress::Then(start + head.length, head.then);
        }
        let mark = output.mark(start);
        let mut at = start;
        while let Some(&byte) = input.get(at) {
            match (self.part, byte) {
                (Part::Before, b'\r' | b'\n') => {}
                (Part::Before | Part::Method, b'!'..=b'~') => self.part = Part::Method,
                (Part::Method, b' ') => self.part = Part::Path,
                (Part::Path | Part::Query, b' ') => self.part = Part::Version,
                (Part::Path, b'?') => self.part = Part::Query,
                (Part::Path, _) if is_refused_in_path(byte) => output.encode(at, byte),
                (Part::Query, _) if is_refused_in_query(byte) => output.encode(at, byte),
                (Part::Path | Part::Query, b'!'..=b'~') => {}
                (Part::Version | Part::InField, _) => {
                    let Some(rest) = input[at..].iter().position(|byte| *byte == b'\n') else {
                        break;
                    };
                    at += rest;
                    self.part = Part::Field;
                }
                (Part::Field, b'\r') => self.part = Part::LastReturn,
                (Part::Field | Part::LastReturn, b'\n') => {
                    return self.end(output.since(mark, at + 1), at + 1);
                }
                (Part::Field, _) => self.part = Part::InField,
                _ => return Progress::UNCLEAR,
            }
            at += 1;
        }
        self.seen.extend_from_slice(output.since(mark, input.len()));
        match self.seen.len() < MAX_HEAD_BYTES {
            true => Progress::Within,
            false => Progress::UNCLEAR,
        }
    }

    /// The head is complete with this last piece of it, and ends at a position of the input.
    fn end(&mut self, last: &[u8], at: usize) -> Progress {
        let place = match self.seen.is_empty() {
            true => body::after(last),
            false => {
                self.seen.extend_from_slice(last);
                body::after(&self.seen)
            }
        };
        Progress::Then(at, place)
    }
}

fn is_refused_in_path(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'`' | 0x80..)
}

fn is_refused_in_query(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | 0x80..)
}

/// Whether a target can stay as it is.
fn is_accepted(target: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    !path.bytes().any(is_refused_in_path) && !query.bytes().any(is_refused_in_query)
}

/// The input, copied as soon as something in it changes.
struct Output<'a> {
    input: &'a [u8],
    bytes: Vec<u8>,
    /// How much of the input `bytes` stands for.
    copied: usize,
}

/// A position in the input that is not copied yet, and the same position in the output.
#[derive(Clone, Copy)]
struct Mark {
    input: usize,
    output: usize,
}

impl<'a> Output<'a> {
    fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            bytes: Vec::new(),
            copied: 0,
        }
    }

    fn copy_to(&mut self, end: usize) {
        self.bytes.extend_from_slice(&self.input[self.copied..end]);
        self.copied = end;
    }

    fn encode(&mut self, at: usize, byte: u8) {
        self.copy_to(at);
        self.bytes
            .extend_from_slice(percent_encode_byte(byte).as_bytes());
        self.copied = at + 1;
    }

    fn mark(&self, at: usize) -> Mark {
        Mark {
            input: at,
            output: self.bytes.len() + at - self.copied,
        }
    }

    /// The output from the mark on, up to a position of the input.
    fn since(&mut self, mark: Mark, end: usize) -> &[u8] {
        if self.copied <= mark.input {
            return &self.input[mark.input..end];
        }
        self.copy_to(end);
        &self.bytes[mark.output..]
    }

    /// `None` when nothing changed.
    fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 {
            return None;
        }
        self.copy_to(self.input.len());
        Some(self.bytes)
    }
}
