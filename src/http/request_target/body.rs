//! Where a message ends: the end of its head says how, and its body is skipped.
//!
//! In: a complete head as actix gets it; then the bytes behind it. Out: where the next request begins, or that
//! it is not certain.
//! Source: RFC 9112 sections 6 and 7.1, and what actix-http 3 makes of them.

use std::mem::MaybeUninit;

use httparse::{Header, Request, Status};

use super::{Place, Progress};

/// More header fields are refused by actix.
const MAX_FIELDS: usize = 96;
/// Digits of a length that is surely a `u64`.
const MAX_DIGITS: usize = 15;

/// The rest of a body.
#[derive(Debug)]
pub(super) enum Body {
    /// This many bytes.
    Sized(u64),
    Chunked(Chunked),
}

/// Place in a chunked body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Chunked {
    /// In the digits of a size.
    Size {
        size: u64,
        digits: usize,
    },
    /// Before the line feed of a size.
    SizeEnd(u64),
    /// This many bytes before the end of a chunk.
    Data(u64),
    /// Before the carriage return behind a chunk.
    DataReturn,
    DataEnd,
    /// Before the empty line that ends the body; trailers are not read.
    LastReturn,
    LastEnd,
}

impl Chunked {
    const FIRST: Self = Self::Size { size: 0, digits: 0 };
}

/// A head that is complete.
pub(super) struct Head<'a> {
    /// In bytes, with the empty lines before it and the one that ends it.
    pub length: usize,
    pub target: &'a str,
    pub then: Place,
}

/// The complete head at the begin of these bytes; `None` when there is none, or one that actix refuses.
pub(super) fn parse(bytes: &[u8]) -> Option<Head<'_>> {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(length)) => Some(Head {
            length,
            target: request.path?,
            then: then(&request),
        }),
        _ => None,
    }
}

/// What follows a head.
pub(super) fn after(head: &[u8]) -> Place {
    match parse(head) {
        Some(parsed) if parsed.length == head.len() => parsed.then,
        _ => Place::Unclear,
    }
}

fn then(request: &Request<'_, '_>) -> Place {
    let Ok([length, encoding, upgrade]) = framing(request.headers) else {
        return Place::Unclear;
    };
    // actix hands over the rest of the connection.
    if request.method == Some("CONNECT") || upgrade.is_some_and(|to| is(to, "websocket")) {
        return Place::Unclear;
    }
    match (length, encoding) {
        (None, None) => Place::default(),
        (Some(length), None) => match number(length) {
            Some(0) => Place::default(),
            Some(length) => Place::Body(Body::Sized(length)),
            None => Place::Unclear,
        },
        (None, Some(encoding)) if is(encoding, "chunked") && request.version == Some(1) => {
            Place::Body(Body::Chunked(Chunked::FIRST))
        }
        _ => Place::Unclear,
    }
}

/// A field that says how a message ends stands there twice.
struct Twice;

/// `Content-Length`, `Transfer-Encoding` and `Upgrade`.
fn framing<'a>(fields: &[Header<'a>]) -> Result<[Option<&'a [u8]>; 3], Twice> {
    const NAMES: [&str; 3] = ["content-length", "transfer-encoding", "upgrade"];
    let mut values = [None; 3];
    for field in fields {
        let known = NAMES
            .iter()
            .position(|name| field.name.eq_ignore_ascii_case(name));
        if let Some(known) = known
            && values[known].replace(field.value).is_some()
        {
            return Err(Twice);
        }
    }
    Ok(values)
}

fn is(value: &[u8], word: &str) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(word.as_bytes())
}

fn number(value: &[u8]) -> Option<u64> {
    let is_plain = value.len() <= MAX_DIGITS && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok()?;
    text.parse().ok().filter(|_| is_plain)
}

impl Body {
    /// Skips its bytes from a position on.
    pub(super) fn skip(&mut self, input: &[u8], start: usize) -> Progress {
        let mut at = start;
        match self {
            Self::Sized(left) => match pass(left, input, &mut at) {
                true => Progress::Then(at, Place::default()),
                false => Progress::Within,
            },
            Self::Chunked(place) => {
                while let Some(&byte) = input.get(at) {
                    match place.step(byte) {
                        Step::To(next) => (at, *place) = (at + 1, next),
                        Step::End => return Progress::Then(at + 1, Place::default()),
                        Step::Unclear => return Progress::UNCLEAR,
                        Step::Data(mut left) => {
                            *place = match pass(&mut left, input, &mut at) {
                                true => Chunked::DataReturn,
                                false => Chunked::Data(left),
                            }
                        }
                    }
                }
                Progress::Within
            }
        }
    }
}

/// Goes over as many bytes as there are of those left; true when none is left.
fn pass(left: &mut u64, input: &[u8], at: &mut usize) -> bool {
    let there = input.len() - *at;
    match usize::try_from(*left) {
        Ok(all) if all <= there => {
            *left = 0;
            *at += all;
            true
        }
        _ => {
            *left -= there as u64;
            *at = input.len();
            false
        }
    }
}

/// What a byte of a chunked body does.
enum Step {
    To(Chunked),
    /// It is the first of this many bytes of a chunk.
    Data(u64),
    /// It is the last of the body.
    End,
    Unclear,
}

impl Chunked {
    fn step(self, byte: u8) -> Step {
        match (self, byte) {
            (Self::Size { digits: 1.., size }, b'\r') => Step::To(Self::SizeEnd(size)),
            (Self::Size { size, digits }, _) => {
                let digit = char::from(byte).to_digit(16);
                match digit.filter(|_| digits < MAX_DIGITS) {
                    Some(digit) => Step::To(Self::Size {
                        size: size * 16 + u64::from(digit),
                        digits: digits + 1,
                    }),
                    // An extension, spaces, or nonsense.
                    None => Step::Unclear,
                }
            }
            (Self::SizeEnd(0), b'\n') => Step::To(Self::LastReturn),
            (Self::SizeEnd(size), b'\n') => Step::To(Self::Data(size)),
            (Self::Data(left), _) => Step::Data(left),
            (Self::DataReturn, b'\r') => Step::To(Self::DataEnd),
            (Self::DataEnd, b'\n') => Step::To(Self::FIRST),
            (Self::LastReturn, b'\r') => Step::To(Self::LastEnd),
            (Self::LastEnd, b'\n') => Step::End,
            _ => Step::Unclear,
        }
    }
}
