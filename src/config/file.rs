//! Configuration files: `name = value` lines, as PostgREST's files are written.
//!
//! In: a file's text. Out: names with their texts, in the file's order; a later one wins. Pure.
//!
//! ```text
//! line    = [ setting / "[" name "]" / name "{" / "}" ] [ "#" comment ]
//! setting = name "=" value
//! value   = text / number / "true" / "false" / "on" / "off" / "[" value *( "," value ) "]"
//! text    = DQUOTE with escapes DQUOTE / "'" as it is "'"
//! ```
//!
//! `[name]` and `name { … }` put a name in front of those that follow. A list is its items with commas
//! between them. In a text in double quotes `$(NAME)` stands for a variable and `$$` for `$`.
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html#config-file>.

use winnow::ascii::{hex_digit1, space0};
use winnow::combinator::{alt, delimited, fail, preceded, repeat, separated, terminated};
use winnow::error::ContextError;
use winnow::prelude::*;
use winnow::token::{any, take_till, take_while};

/// A setting of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// With the names in front of it: `app.settings.one`.
    pub name: String,
    pub value: Value,
}

/// A value: its text, and whether variables may stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Written in double quotes.
    Text(String),
    /// Everything else, as the text that an option takes.
    Literal(String),
}

impl Value {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Literal(text) => text,
        }
    }
}

#[derive(Clone)]
enum Line {
    Setting(String, Value),
    Table(String),
    Open(String),
    Close,
    Blank,
}

/// Parses a file.
///
/// # Errors
/// The first line that is not understood, as the end of a sentence.
pub(super) fn parse(text: &str) -> Result<Vec<Setting>, String> {
    let mut settings = Vec::new();
    let mut table = String::new();
    let mut groups: Vec<String> = Vec::new();
    let mut number = 1;
    let mut rest = text;
    while !rest.is_empty() {
        let before = rest;
        let parsed: Result<Line, _> = line.parse_next(&mut rest);
        let parsed = parsed.map_err(|_| format!("line {number} is not `name = value`"))?;
        match parsed {
            Line::Setting(name, value) => {
                let name = std::iter::once(table.as_str())
                    .chain(groups.iter().map(String::as_str))
                    .filter(|part| !part.is_empty())
                    .chain([name.as_str()])
                    .collect::<Vec<_>>()
                    .join(".");
                settings.push(Setting { name, value });
            }
            Line::Table(name) => table = name,
            Line::Open(name) => groups.push(name),
            Line::Close if groups.pop().is_none() => {
                return Err(format!("line {number} closes a group that was not opened"));
            }
            Line::Close | Line::Blank => {}
        }
        let consumed = &before[..before.len() - rest.len()];
        number += consumed.matches('\n').count();
    }
    match groups.pop() {
        Some(name) => Err(format!("the group `{name}` is not closed")),
        None => Ok(settings),
    }
}

fn line(input: &mut &str) -> ModalResult<Line> {
    let content = alt((
        delimited(('[', space0), name, (space0, ']')).map(Line::Table),
        terminated(name, (space0, '{')).map(Line::Open),
        '}'.value(Line::Close),
        (terminated(name, (space0, '=', blank)), value)
            .map(|(name, value)| Line::Setting(name, value)),
        "".value(Line::Blank),
    ));
    let comment = alt((preceded('#', take_till(0.., '\n')), "")).void();
    let end = alt(("\r\n", "\n", winnow::combinator::eof));
    terminated(preceded(space0, content), (space0, comment, end)).parse_next(input)
}

fn name(input: &mut &str) -> ModalResult<String> {
    let part = take_while(1.., |c: char| c.is_ascii_alphanumeric() || "_-".contains(c));
    separated(1.., part, '.')
        .map(|parts: Vec<&str>| parts.join("."))
        .parse_next(input)
}

/// Blanks, line breaks and comments between the parts of a value.
fn blank(input: &mut &str) -> ModalResult<()> {
    let comment = preceded('#', take_till(0.., '\n')).void();
    let space = take_while(1.., [' ', '\t', '\r', '\n']).void();
    repeat(0.., alt((space, comment))).parse_next(input)
}

fn value(input: &mut &str) -> ModalResult<Value> {
    alt((
        text.map(Value::Text),
        delimited('\'', take_till(0.., ['\'', '\n']), '\'')
            .map(|text: &str| Value::Literal(text.to_owned())),
        alt(("true", "on")).value(Value::Literal("true".into())),
        alt(("false", "off")).value(Value::Literal("false".into())),
        number.map(Value::Literal),
        list,
    ))
    .parse_next(input)
}

fn list(input: &mut &str) -> ModalResult<Value> {
    // A list holds no lists: no option has a use for them.
    let item = delimited(blank, alt((text, number)), blank);
    delimited('[', separated(0.., item, ','), ']')
        .map(|items: Vec<String>| Value::Literal(items.join(",")))
        .parse_next(input)
}

/// `10`, `-1`, `1.5`, `1e3`; a whole number in its plain spelling.
fn number(input: &mut &str) -> ModalResult<String> {
    take_while(1.., |c: char| c.is_ascii_digit() || "+-.eE_".contains(c))
        .verify_map(|digits: &str| {
            let digits = digits.replace('_', "");
            if let Ok(whole) = digits.parse::<i64>() {
                return Some(whole.to_string());
            }
            let value: f64 = digits.parse().ok()?;
            // `Display` writes a whole number without a point or an exponent.
            value.is_finite().then(|| value.to_string())
        })
        .parse_next(input)
}

fn text(input: &mut &str) -> ModalResult<String> {
    let plain = take_till(1.., ['"', '\\', '\n']).map(str::to_owned);
    let escaped = preceded('\\', escape).map(String::from);
    delimited('"', repeat(0.., alt((plain, escaped))), '"').parse_next(input)
}

fn escape(input: &mut &str) -> ModalResult<char> {
    match any(input)? {
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        c @ ('"' | '\\' | '/') => Ok(c),
        'u' => unicode.parse_next(input),
        _ => fail.parse_next(input),
    }
}

/// Four hexadecimal digits, or two such escapes for a character beyond the basic plane.
fn unicode(input: &mut &str) -> ModalResult<char> {
    let first = code_unit(input)?;
    if let Some(c) = char::from_u32(u32::from(first)) {
        return Ok(c);
    }
    let second = preceded("\\u", code_unit).parse_next(input)?;
    match char::decode_utf16([first, second]).next() {
        Some(Ok(c)) => Ok(c),
        _ => fail.parse_next(input),
    }
}

fn code_unit(input: &mut &str) -> ModalResult<u16> {
    let digits: &str = winnow::token::take(4_usize)
        .and_then(hex_digit1::<&str, winnow::error::ErrMode<ContextError>>)
        .parse_next(input)?;
    u16::from_str_radix(digits, 16).or_else(|_| fail.parse_next(input))
}

/// Replaces `$(NAME)` by what `lookup` says and `$$` by `$`.
///
/// # Errors
/// A name that is not known, or a lone `$`, as the end of a sentence.
pub(super) fn interpolate(
    text: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            let value =
                lookup(name).ok_or_else(|| format!("$({name}) is not in the environment"))?;
            out.push_str(&value);
            rest = after;
        } else {
            return Err("a single `$` is written `$$`".into());
        }
    }
    out.push_str(rest);
    Ok(out)
}

impl Setting {
    /// The setting's text, with its variables replaced.
    ///
    /// # Errors
    /// As [`interpolate`].
    pub(super) fn text(
        self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<(String, String), String> {
        let text = match self.value {
            Value::Text(text) if text.contains('$') => interpolate(&text, lookup)?,
            value => value.into_text(),
        };
        Ok((self.name, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<(String, String)> {
        let settings = parse(file).expect("a file");
        settings
            .into_iter()
            .map(|setting| setting.text(|_| None).expect("no variables"))
            .collect()
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn names_take_texts_numbers_and_booleans() {
        let file = "# a comment\ndb-uri = \"postgres://h/d\" # another\n\ndb-pool=3\r\n\
                    db-config = off\nlog-query = true\n  server-host   =   'h'";
        assert_eq!(
            texts(file),
            [
                pair("db-uri", "postgres://h/d"),
                pair("db-pool", "3"),
                pair("db-config", "false"),
                pair("log-query", "true"),
                pair("server-host", "h"),
            ]
        );
    }

    #[test]
    fn escapes_are_those_of_json() {
        assert_eq!(
            texts(r#"a = "\"\\\n\t\u00e9\ud83d\ude00""#),
            [pair("a", "\"\\\n\té😀")]
        );
        assert!(parse(r#"a = "\q""#).is_err());
        assert!(parse(r#"a = "\ud83dx""#).is_err());
    }

    #[test]
    fn tables_groups_and_dots_are_the_same() {
        let expected = [pair("app.settings.x", "1")];
        assert_eq!(texts("app.settings.x = 1"), expected);
        assert_eq!(texts("[app.settings]\nx = 1"), expected);
        assert_eq!(texts("app {\n settings {\n  x = 1\n }\n}\n"), expected);
    }

    #[test]
    fn lists_are_joined_by_commas() {
        assert_eq!(texts("a = [\"b\", \"c\",\n 4]"), [pair("a", "b,c,4")]);
        assert_eq!(texts("a = []"), [pair("a", "")]);
    }

    #[test]
    fn whole_numbers_are_plain() {
        assert_eq!(texts("a = 1e3"), [pair("a", "1000")]);
        assert_eq!(texts("a = 10.0"), [pair("a", "10")]);
    }

    #[test]
    fn faults_name_their_line() {
        assert_eq!(
            parse("a = 1\nb = = 2"),
            Err("line 2 is not `name = value`".into())
        );
        assert!(parse("a = 1 b = 2").is_err());
        assert!(parse("a {").is_err());
        assert!(parse("}").is_err());
        assert!(parse("a = \"open").is_err());
    }

    #[test]
    fn a_lone_dollar_is_a_fault() {
        assert_eq!(
            interpolate("a$b", |_| None),
            Err("a single `$` is written `$$`".into())
        );
        assert_eq!(interpolate("$$$(X)", |_| Some("x".into())), Ok("$x".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(file in "\\PC*|[a-z.= \\[\\]{}\"'\\\\\n$()0-9]*") {
            let _ = parse(&file);
        }
    }
}
