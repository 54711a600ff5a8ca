//! A file of variables in dotenv's form, cut into entries: one assignment with all its lines, or one other line.
//!
//! In: the text. Out: entries that joined give the text again, byte by byte. Understood is what shells, Docker's
//! env files and the dotenv libraries have in common: `[export] NAME=value`; a value in `"`, `'` or a backtick may
//! have several lines; a backslash escapes; after a blank `#` begins a comment; `$NAME` and `${NAME…}` refer to
//! other variables, except in single quotes. Source: <https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/>.

use std::ops::Range;

/// One piece of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// `NAME=value`.
    Assignment(Assignment<'a>),
    /// `export NAME …` without values.
    Export(&'a str),
    /// Comments, empty lines, everything else.
    Other(&'a str),
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment<'a> {
    /// All its lines, with their ends.
    pub text: &'a str,
    /// The name in `text`.
    name: Range<usize>,
    /// The value in `text`, with its quotes, without blanks and comment.
    value: Range<usize>,
}

impl<'a> Assignment<'a> {
    pub fn name(&self) -> &'a str {
        &self.text[self.name.clone()]
    }

    /// As it is written, with its quotes.
    pub fn value(&self) -> &'a str {
        &self.text[self.value.clone()]
    }

    /// The same lines with another name and value.
    pub fn with(&self, name: &str, value: &str) -> String {
        let (before, after) = (&self.text[..self.name.start], &self.text[self.value.end..]);
        let between = &self.text[self.name.end..self.value.start];
        format!("{before}{name}{between}{value}{after}")
    }
}

impl<'a> Entry<'a> {
    /// All its lines, with their ends.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Assignment(assignment) => assignment.text,
            Self::Export(text) | Self::Other(text) => text,
        }
    }
}

/// Cuts the text; a byte order mark is an entry of its own.
pub(super) fn parse(text: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut rest = text;
    if let Some(after) = rest.strip_prefix('\u{feff}') {
        entries.push(Entry::Other(&rest[..rest.len() - after.len()]));
        rest = after;
    }
    while !rest.is_empty() {
        let entry = first(rest);
        rest = &rest[entry.text().len()..];
        entries.push(entry);
    }
    entries
}

/// The first entry of a text that is not empty.
fn first(text: &str) -> Entry<'_> {
    let line = line_end(text, 0);
    let Some((name, start)) = head(&text[..line]) else {
        let words: Vec<&str> = text[..line].split_whitespace().collect();
        return match words.split_first() {
            Some((&"export", names)) if names.iter().all(|name| is_name(name)) => {
                Entry::Export(&text[..line])
            }
            _ => Entry::Other(&text[..line]),
        };
    };
    let (value_end, end) = match closing(text, start) {
        Some(quoted) => {
            let end = line_end(text, quoted);
            (tail_end(text, quoted, end), end)
        }
        None => unquoted(text, start, line),
    };
    Entry::Assignment(Assignment {
        text: &text[..end],
        name,
        value: start..value_end,
    })
}

/// Where an unquoted value and its entry end. A line that ends with a backslash goes on, unless the next one is an
/// entry of its own.
fn unquoted(text: &str, start: usize, mut line: usize) -> (usize, usize) {
    let mut value_end = tail_end(text, start, line);
    while text[start..value_end].ends_with('\\') && line < text.len() {
        let next = line_end(text, line);
        let following = text[line..next].trim();
        if following.is_empty() || following.starts_with('#') || head(&text[line..next]).is_some() {
            break;
        }
        value_end = tail_end(text, line, next);
        line = next;
    }
    (value_end, line)
}

/// The place after the end of the line of `at`.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |n| at + n + 1)
}

/// Where the name of a line `[export] NAME=value` is, and where its value begins.
fn head(line: &str) -> Option<(Range<usize>, usize)> {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let (left, right) = line.split_once('=')?;
    let mut name = left.trim();
    if let Some(after) = name
        .strip_prefix("export")
        .filter(|n| n.starts_with(is_blank))
    {
        name = after.trim_start();
    }
    let end = left.trim_end().len();
    let start = end.checked_sub(name.len())?;
    let value = line.len() - right.trim_start_matches(is_blank).len();
    is_name(name).then_some((start..end, value))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_of_name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The place after the quote that closes the one at `start`; none when there is no quote, or it stays open.
fn closing(text: &str, start: usize) -> Option<usize> {
    let quote = text[start..]
        .chars()
        .next()
        .filter(|c| "\"'`".contains(*c))?;
    let inner = start + 1;
    let escaping = || {
        let mut escaped = false;
        let end = text[inner..].find(|c: char| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        end.map(|n| inner + n + 1)
    };
    if quote != '\'' {
        return escaping();
    }
    // In a shell's single quotes a backslash is one, in the libraries' it escapes: what follows decides.
    let plain = inner + text[inner..].find('\'')? + 1;
    let after = text[plain..line_end(text, plain)].trim();
    if after.is_empty() || after.starts_with('#') {
        return Some(plain);
    }
    escaping().or(Some(plain))
}

/// Where what stands from `from` to the end of its line ends, without comment and blanks.
fn tail_end(text: &str, from: usize, end: usize) -> usize {
    let tail = &text[from..end];
    let follows_blank = |at: &usize| text[..from + at].ends_with(char::is_whitespace);
    let comment = tail
        .match_indices('#')
        .map(|(at, _)| at)
        .find(follows_blank);
    from + tail[..comment.unwrap_or(tail.len())].trim_end().len()
}

/// The value with the names it refers to replaced by what `new` says of them. In single quotes and after a
/// backslash or a second `$` nothing refers.
pub(super) fn refer(value: &str, new: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    let mut in_double = false;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '\'' if !in_double => {
                let escapes = rest.len() == value.len();
                let end = if escapes { closing(rest, 0) } else { None };
                end.or_else(|| rest[1..].find('\'').map(|n| n + 2))
                    .unwrap_or(1)
            }
            '$' if rest.starts_with("$$") => 2,
            '$' => {
                let (lead, name) = reference(rest);
                out.push_str(&rest[..lead]);
                let renamed = new(name);
                out.push_str(renamed.as_deref().unwrap_or(name));
                rest = &rest[lead + name.len()..];
                continue;
            }
            _ => {
                in_double ^= c == '"';
                c.len_utf8()
            }
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

/// How long `$`, `${`, `${#` or `${!` is, and the name behind it, which may be empty.
fn reference(text: &str) -> (usize, &str) {
    let lead = ["${#", "${!", "${", "$"]
        .into_iter()
        .find(|lead| text.starts_with(lead))
        .map_or(0, str::len);
    let name = &text[lead..];
    let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
    (lead, &name[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assignments(text: &str) -> Vec<(&str, &str)> {
        let pair = |entry: Entry<'static>| match entry {
            Entry::Assignment(a) => Some((a.name(), a.value())),
            _ => None,
        };
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        parse(text).into_iter().filter_map(pair).collect()
    }

    #[test]
    fn values_have_all_their_lines_and_no_comment() {
        let text = "\u{feff}A=1\r\nexport\tB = x # no\nC=\"a \\\" q\nX=2\n\" # no\n# D=1\nE='it\\'s' \nF='C:\\'\nG=\nH=a\\\nb\nI=#x\nJ=a#b";
        assert_eq!(
            assignments(text),
            [
                ("A", "1"),
                ("B", "x"),
                ("C", "\"a \\\" q\nX=2\n\""),
                ("E", "'it\\'s'"),
                ("F", "'C:\\'"),
                ("G", ""),
                ("H", "a\\\nb"),
                ("I", "#x"),
                ("J", "a#b"),
            ]
        );
    }

    #[test]
    fn a_quote_that_never_closes_is_a_letter() {
        assert_eq!(
            assignments("A='tis\nB=\"\nC=1"),
            [("A", "'tis"), ("B", "\""), ("C", "1")]
        );
        assert_eq!(assignments("A=\\\nB=1"), [("A", "\\"), ("B", "1")]);
    }

    #[test]
    fn references_are_found_where_a_shell_finds_them() {
        let new = |name: &str| (name == "O").then(|| "N".to_owned());
        for (value, wanted) in [
            ("$O/${O}/$OO/${OO}", "$N/${N}/$OO/${OO}"),
            (
                "${O:-0}${O-0}${O:=1}${O=1}${O:?x}${O?x}${O:+y}${O+y}",
                "${N:-0}${N-0}${N:=1}${N=1}${N:?x}${N?x}${N:+y}${N+y}",
            ),
            (
                "${O#a}${O%b}${O/a/b}${#O}${!O}",
                "${N#a}${N%b}${N/a/b}${#N}${!N}",
            ),
            ("${X:-$O}${X:-${O}}", "${X:-$N}${X:-${N}}"),
            ("'$O'", "'$O'"),
            ("'it\\'s $O'", "'it\\'s $O'"),
            ("a'$O'$O", "a'$O'$N"),
            ("\"it's $O\"", "\"it's $N\""),
            ("\"x\n${O}\n\"", "\"x\n${N}\n\""),
            ("\\$O\\\\$O$$O", "\\$O\\\\$N$$O"),
            ("O$", "O$"),
        ] {
            assert_eq!(refer(value, new), wanted, "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_cut_joins_to_the_same(text in "(\u{feff})?[A-C=\"'`\\\\\\n\\r\\t #$x{}é]{0,60}") {
            let joined: String = parse(&text).iter().map(Entry::text).collect();
            prop_assert_eq!(&joined, &text);
            let same: String = parse(&text).iter().map(|entry| match entry {
                Entry::Assignment(a) => a.with(a.name(), &refer(a.value(), |_| None)),
                other => other.text().to_owned(),
            }).collect();
            prop_assert_eq!(same, text);
        }
    }
}
