//! Splits a file into its statements, as the Supabase CLI records them.
//!
//! In: SQL. Out: statements without the semicolon at their ends, comments before them kept. A semicolon
//! ends a statement unless it is inside quotes, dollar quotes, a comment, brackets, or a function body
//! that begins with `begin atomic`.
//! Source: <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>.

/// The statements of a text. Parts that hold nothing but blanks and comments are left out.
pub(super) fn split(sql: &str) -> Vec<&str> {
    let mut statements = Vec::new();
    let mut scanner = Scanner::new(sql);
    let mut start = 0;
    while let Some(end) = scanner.next_end() {
        push(&mut statements, &sql[start..end]);
        start = (end + 1).min(sql.len());
    }
    push(&mut statements, &sql[start..]);
    statements
}

fn push<'a>(statements: &mut Vec<&'a str>, text: &'a str) {
    if !without_comments(text).trim().is_empty() {
        statements.push(text.trim());
    }
}

/// The text with a blank for every comment.
pub(super) fn without_comments(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(token) = token(rest) {
        match token.kind {
            Kind::Comment => out.push(' '),
            _ => out.push_str(&rest[..token.length]),
        }
        rest = &rest[token.length..];
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comment,
    Quoted,
    Word,
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    kind: Kind,
    /// Bytes; at least one.
    length: usize,
}

/// The token that a text begins with; `None` at its end.
fn token(text: &str) -> Option<Token> {
    let first = text.chars().next()?;
    let second = text[first.len_utf8()..].chars().next();
    let (kind, length) = match (first, second) {
        ('-', Some('-')) => (Kind::Comment, text.find('\n').unwrap_or(text.len())),
        ('/', Some('*')) => (Kind::Comment, block_comment(text)),
        ('e' | 'E', Some('\'')) => (Kind::Quoted, 1 + quoted(&text[1..], '\'', true)),
        ('\'', _) => (Kind::Quoted, quoted(text, '\'', false)),
        ('"', _) => (Kind::Quoted, quoted(text, '"', false)),
        ('$', _) => match dollar_quoted(text) {
            Some(length) => (Kind::Quoted, length),
            None => (Kind::Other, 1),
        },
        (first, _) if is_word_start(first) => {
            let end = text.find(|c: char| !is_word(c));
            (Kind::Word, end.unwrap_or(text.len()))
        }
        (first, _) => (Kind::Other, first.len_utf8()),
    };
    Some(Token { kind, length })
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Block comments nest.
fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return at + 2,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    text.len()
}

/// A doubled quote is part of the text; with `escapes` a backslash takes the next character along.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// `$tag$…$tag$`; `None` for a lone dollar or a parameter.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag_end = text[1..].find('$')? + 2;
    let tag = &text[..tag_end];
    let name = &tag[1..tag.len() - 1];
    let is_name = name.chars().next().is_none_or(is_word_start) && name.chars().all(is_word);
    if !is_name {
        return None;
    }
    let body = &text[tag_end..];
    Some(
        body.find(tag)
            .map_or(text.len(), |end| tag_end + end + tag.len()),
    )
}

/// Finds the semicolons that end statements.
struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    brackets: usize,
    /// Open `begin atomic` and `case` within it.
    blocks: usize,
    after_begin: bool,
}

impl<'a> Scanner<'a> {
    fn new(sql: &'a str) -> Self {
        Self {
            sql,
            at: 0,
            brackets: 0,
            blocks: 0,
            after_begin: false,
        }
    }

    /// Where the next statement ends; `None` when the text ends before.
    fn next_end(&mut self) -> Option<usize> {
        while let Some(token) = token(&self.sql[self.at..]) {
            let at = self.at;
            self.at += token.length;
            let text = &self.sql[at..self.at];
            match token.kind {
                Kind::Word => self.word(text),
                Kind::Other => match text {
                    "(" | "[" => self.brackets += 1,
                    ")" | "]" => self.brackets = self.brackets.saturating_sub(1),
                    ";" if self.brackets == 0 && self.blocks == 0 => {
                        self.after_begin = false;
                        return Some(at);
                    }
                    _ => {}
                },
                Kind::Comment | Kind::Quoted => {}
            }
        }
        None
    }

    fn word(&mut self, word: &str) {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        if is("atomic") && self.after_begin || is("case") && self.blocks > 0 {
            self.blocks += 1;
        } else if is("end") {
            self.blocks = self.blocks.saturating_sub(1);
        }
        self.after_begin = is("begin");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn semicolons_inside_something_end_nothing() {
        for statement in [
            "select ';', E'it\\';s', 'a''b;', \"x;\"\"y\"",
            "-- ; in a comment\nselect 1",
            "/* ; /* nested ; */ ; */ select 1",
            "create function f() returns int language plpgsql as $$ begin return 1; end; $$",
            "do $fn$ begin perform '$$;'; end $fn$",
            "create rule r as on insert to t do also (select 1; select 2)",
            "create function f() returns int language sql begin atomic select case when true then 1 end; select 2; end",
            "select $1, a$b from t",
        ] {
            let sql = format!("{statement};\nselect 2 ;\n");
            assert_eq!(split(&sql), [statement, "select 2"], "{statement}");
        }
    }

    #[test]
    fn nothing_is_no_statement() {
        for sql in ["", ";", " ; ;\n", "-- only a comment\n", "/* x */;"] {
            assert!(split(sql).is_empty(), "{sql:?}");
        }
        assert_eq!(split("select 1"), ["select 1"]);
        assert_eq!(
            split("begin; select 1; end; select 2"),
            ["begin", "select 1", "end", "select 2"]
        );
    }

    #[test]
    fn comments_are_taken_out_and_quotes_stay() {
        assert_eq!(
            without_comments("a--b\nc/*d*/e'--f'").trim(),
            "a \nc e'--f'"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_split_and_nothing_but_separators_is_lost(sql in "[a-z'\"$;(/*) \\n\\\\é-]{0,80}") {
            let parts = split(&sql);
            let mut rest = sql.as_str();
            for part in parts {
                let at = rest.find(part);
                prop_assert!(at.is_some());
                rest = &rest[at.unwrap_or_default() + part.len()..];
            }
        }
    }
}
