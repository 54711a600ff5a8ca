//! Supabase's mail templates are Go templates; this turns one into a minijinja template.
//!
//! In: text with `{{ … }}`. Out: the same with delimiters of our own, so that nothing else in the text
//! (`{%` in a style sheet) means anything. What is understood:
//!
//! ```text
//! action   = comment | "if" pipe | "else" ["if" pipe] | "range" pipe | "with" pipe | "end" | pipe
//! pipe     = call { "|" call }                 the value before "|" is the last argument after it
//! call     = function operand* | operand
//! function = eq ne lt le gt ge and or not index len html js urlquery print
//! operand  = field | string | number | "true" | "false" | "nil" | "(" pipe ")"
//! field    = "." | [ "." name ]+ | "$" [ "." name ]*
//! ```
//!
//! Source: <https://pkg.go.dev/text/template>.

use minijinja::syntax::SyntaxConfig;

/// Marks our delimiters; a character for private use, taken out of the text.
const MARK: char = '\u{E000}';
/// Deepest nesting of brackets in one action.
const MAX_DEPTH: usize = 16;

/// The delimiters of translated templates.
pub(super) fn syntax() -> Result<SyntaxConfig, minijinja::Error> {
    SyntaxConfig::builder()
        .block_delimiters(format!("{MARK}%"), format!("%{MARK}"))
        .variable_delimiters(format!("{MARK}{{"), format!("}}{MARK}"))
        .comment_delimiters(format!("{MARK}#"), format!("#{MARK}"))
        .keep_trailing_newline(true)
        .build()
}

/// Translates a template. The error is a sentence that quotes the action.
pub(super) fn translate(source: &str) -> Result<String, String> {
    let mut translation = Translation::default();
    let mut rest = source;
    let mut trims = false;
    while let Some((text, after)) = rest.split_once("{{") {
        let (action, after) = split_action(after).ok_or("`{{` without `}}`")?;
        let trims_before = action.starts_with("- ") || action == "-";
        let trims_after = action.ends_with(" -");
        translation.text(text, trims, trims_before);
        let inner = action
            .strip_prefix('-')
            .filter(|_| trims_before)
            .unwrap_or(action);
        let inner = inner
            .strip_suffix('-')
            .filter(|_| trims_after)
            .unwrap_or(inner);
        translation
            .action(inner.trim())
            .map_err(|reason| format!("`{{{{{action}}}}}`: {reason}"))?;
        trims = trims_after;
        rest = after;
    }
    translation.text(rest, trims, false);
    match translation.open.last() {
        None => Ok(translation.out),
        Some(_) => Err("a block has no `{{ end }}`".to_owned()),
    }
}

/// The text up to `}}` that is not within a string.
fn split_action(text: &str) -> Option<(&str, &str)> {
    let start = text.trim_start_matches(['-', ' ']);
    if start.starts_with("/*") {
        let comment = text.find("*/")? + 2;
        let end = comment + text[comment..].find("}}")?;
        return Some((&text[..end], &text[end + 2..]));
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if text[at..].starts_with("}}") => return Some((&text[..at], &text[at + 2..])),
            None => {}
        }
    }
    None
}

/// An open block: what ends it, and whether it changed the meaning of the dot.
struct Open {
    end: &'static str,
    has_dot: bool,
}

#[derive(Default)]
struct Translation {
    out: String,
    open: Vec<Open>,
    /// Names of what the dot means; none: the values themselves.
    dots: Vec<String>,
}

impl Translation {
    fn text(&mut self, text: &str, trim_start: bool, trim_end: bool) {
        let text = if trim_start { text.trim_start() } else { text };
        let text = if trim_end { text.trim_end() } else { text };
        self.out.extend(text.chars().filter(|c| *c != MARK));
    }

    fn action(&mut self, action: &str) -> Result<(), String> {
        if action.starts_with("/*") {
            return match action.ends_with("*/") {
                true => Ok(()),
                false => Err("the comment does not end".to_owned()),
            };
        }
        let (word, rest) = action
            .split_once(|c: char| c.is_whitespace())
            .unwrap_or((action, ""));
        match word {
            "if" => {
                let condition = self.pipe(rest)?;
                self.tag(&format!("if {condition}"));
                self.push("endif", None);
            }
            "range" => {
                let list = self.pipe(rest)?;
                let dot = format!("dot{}", self.dots.len());
                self.tag(&format!("for {dot} in {list}"));
                self.push("endfor", Some(dot));
            }
            "with" => {
                let value = self.pipe(rest)?;
                let dot = format!("dot{}", self.dots.len());
                self.tag(&format!("set {dot} = {value}"));
                self.tag(&format!("if {dot}"));
                self.push("endif", Some(dot));
            }
            "else" => self.otherwise(rest.trim())?,
            "end" if rest.is_empty() => {
                let open = self.open.pop().ok_or("there is nothing to end")?;
                if open.has_dot {
                    self.dots.pop();
                }
                self.tag(open.end);
            }
            "" => return Err("it is empty".to_owned()),
            _ => {
                let value = self.pipe(action)?;
                self.out += &format!("{MARK}{{ {value} }}{MARK}");
            }
        }
        Ok(())
    }

    fn otherwise(&mut self, rest: &str) -> Result<(), String> {
        if self.open.is_empty() {
            return Err("there is no `if` before it".to_owned());
        }
        match rest.strip_prefix("if ") {
            Some(condition) => {
                let condition = self.pipe(condition)?;
                self.tag(&format!("elif {condition}"));
            }
            None if rest.is_empty() => self.tag("else"),
            None => return Err("it is not understood".to_owned()),
        }
        Ok(())
    }

    fn tag(&mut self, tag: &str) {
        self.out += &format!("{MARK}% {tag} %{MARK}");
    }

    fn push(&mut self, end: &'static str, dot: Option<String>) {
        self.open.push(Open {
            end,
            has_dot: dot.is_some(),
        });
        self.dots.extend(dot);
    }

    fn pipe(&self, text: &str) -> Result<String, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            dot: self.dots.last().map(String::as_str),
            depth: 0,
        };
        let value = parser.pipe()?;
        match parser.tokens {
            [] => Ok(value),
            [token, ..] => Err(format!("`{token}` is not expected")),
        }
    }
}

/// Splits at blanks; strings, brackets and `|` are tokens of their own.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | '|' => 1,
            '"' | '`' => string_length(rest, first).ok_or("a string does not end")?,
            _ => rest
                .find(|c: char| c.is_whitespace() || "()|\"`".contains(c))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

struct Parser<'a> {
    tokens: &'a [String],
    dot: Option<&'a str>,
    depth: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<&str> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn pipe(&mut self) -> Result<String, String> {
        let mut value = self.call(None)?;
        while self.tokens.first().is_some_and(|token| token == "|") {
            self.next();
            value = self.call(Some(value))?;
        }
        Ok(value)
    }

    fn call(&mut self, last: Option<String>) -> Result<String, String> {
        let first = self.tokens.first().ok_or("a value is missing")?.clone();
        let is_function = first.starts_with(|c: char| c.is_ascii_alphabetic())
            && !["true", "false", "nil"].contains(&first.as_str());
        if !is_function {
            return match last {
                None => self.operand(),
                Some(_) => Err(format!("`{first}` is no function")),
            };
        }
        self.next();
        let mut arguments = Vec::new();
        while self
            .tokens
            .first()
            .is_some_and(|token| token != "|" && token != ")")
        {
            arguments.push(self.operand()?);
        }
        arguments.extend(last);
        apply(&first, &arguments)
    }

    fn operand(&mut self) -> Result<String, String> {
        let dot = self.dot;
        let token = self.next().ok_or("a value is missing")?;
        match token {
            "(" => {
                let inner = self.bracket()?;
                Ok(format!("({inner})"))
            }
            "true" | "false" => Ok(token.to_owned()),
            "nil" => Ok("none".to_owned()),
            "." => Ok(dot.ok_or("`.` alone has no value here")?.to_owned()),
            _ if token.starts_with(['"', '`']) => string(token),
            _ if token.starts_with("$.") => field(&token[1..], None),
            _ if token.starts_with('.') => field(token, dot),
            _ if token.parse::<f64>().is_ok_and(f64::is_finite) => Ok(token.to_owned()),
            _ => Err(format!("`{token}` is not understood")),
        }
    }

    fn bracket(&mut self) -> Result<String, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many brackets".to_owned());
        }
        let inner = self.pipe()?;
        self.depth -= 1;
        match self.next() {
            Some(")") => Ok(inner),
            _ => Err("`)` is missing".to_owned()),
        }
    }
}

/// `.A.b` -> `A["b"]`; after a dot of our own, `dot0["A"]["b"]`.
fn field(token: &str, dot: Option<&str>) -> Result<String, String> {
    let mut out = dot.unwrap_or_default().to_owned();
    for name in token[1..].split('.') {
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name {
            return Err(format!("`{token}` is no field"));
        }
        if out.is_empty() {
            out += name;
        } else {
            out += &format!("[\"{name}\"]");
        }
    }
    Ok(out)
}

/// A string of Go as one of minijinja's.
fn string(token: &str) -> Result<String, String> {
    let plain = match token.strip_prefix('`') {
        Some(raw) => raw.trim_end_matches('`').to_owned(),
        None => serde_json::from_str(token).map_err(|_| format!("{token} is no string"))?,
    };
    serde_json::to_string(&plain).map_err(|error| error.to_string())
}

fn apply(function: &str, arguments: &[String]) -> Result<String, String> {
    let binary = |operator: &str| match arguments {
        [left, right] => Ok(format!("({left} {operator} {right})")),
        _ => Err(format!("`{function}` takes two values")),
    };
    let unary = |write: &dyn Fn(&str) -> String| match arguments {
        [value] => Ok(write(value)),
        _ => Err(format!("`{function}` takes one value")),
    };
    match function {
        "eq" => match arguments {
            [left, rights @ ..] if !rights.is_empty() => {
                Ok(format!("({left} in [{}])", rights.join(", ")))
            }
            _ => Err("`eq` takes two values".to_owned()),
        },
        "ne" => binary("!="),
        "lt" => binary("<"),
        "le" => binary("<="),
        "gt" => binary(">"),
        "ge" => binary(">="),
        "and" | "or" if !arguments.is_empty() => {
            Ok(format!("({})", arguments.join(&format!(" {function} "))))
        }
        "not" => unary(&|value| format!("(not {value})")),
        "len" => unary(&|value| format!("({value}|length)")),
        "urlquery" => unary(&|value| format!("({value}|string|urlquery)")),
        // Values are escaped anyway.
        "html" | "js" | "print" => unary(&str::to_owned),
        "index" => match arguments {
            [value, keys @ ..] if !keys.is_empty() => Ok(keys
                .iter()
                .fold(value.clone(), |value, key| format!("{value}[{key}]"))),
            _ => Err("`index` takes a value and keys".to_owned()),
        },
        _ => Err(format!("there is no function `{function}`")),
    }
}

#[cfg(test)]
mod tests {
    use minijinja::{Environment, UndefinedBehavior};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn render(source: &str) -> Result<String, String> {
        let translated = translate(source)?;
        let mut environment = Environment::new();
        environment.set_syntax(syntax().map_err(|e| e.to_string())?);
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.add_filter("urlquery", |text: String| format!("<{text}>"));
        let values = json!({
            "Email": "a@b.c", "Token": "123456", "N": 3,
            "Data": {"name": "Ann", "a-b": 1, "tags": ["x", "y"], "nested": {"deep": "d"}},
        });
        environment
            .render_str(&translated, minijinja::value::Serde(values))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn actions_are_rendered() {
        for (source, expected) in [
            ("plain { } {% x %} {# y #}", "plain { } {% x %} {# y #}"),
            ("{{ .Email }} {{.Token}}", "a@b.c 123456"),
            ("{{ .Data.name }}{{ .Data.missing.deeper }}", "Ann"),
            ("a {{- .Token -}} b", "a123456b"),
            ("{{/* note }} */}}x", "x"),
            ("{{ if .Data.name }}yes{{ else }}no{{ end }}", "yes"),
            (
                "{{ if .Data.no }}a{{ else if eq .Token \"123456\" }}b{{ end }}",
                "b",
            ),
            ("{{ if and .Email (not .Data.no) }}x{{ end }}", "x"),
            ("{{ if or .Data.no (ne .Email \"z\") }}x{{ end }}", "x"),
            ("{{ if eq .N 1 2 3 }}x{{ end }}", "x"),
            ("{{ index .Data \"a-b\" }}", "1"),
            (
                "{{ range .Data.tags }}[{{ . }}{{ $.N }}]{{ end }}",
                "[x3][y3]",
            ),
            ("{{ with .Data.nested }}{{ .deep }}{{ end }}", "d"),
            ("{{ .Token | urlquery }}", "<123456>"),
            ("{{ \"}}\" }}{{ `a\"b` }}", "}}a\"b"),
            ("{{ len .Data.tags }}", "2"),
        ] {
            assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for source in [
            "{{ .Email",
            "{{ }}",
            "{{ end }}",
            "{{ else }}",
            "{{ if .A }}",
            "{{ template \"x\" }}",
            "{{ printf \"%s\" .A }}",
            "{{ .A .B }}",
            "{{ .A. }}",
            "{{ (.A }}",
            "{{ eq .A }}",
            "{{ $x := .A }}",
            "{{ .A | .B }}",
        ] {
            assert!(translate(source).is_err(), "{source}");
        }
    }

    proptest! {
        #[test]
        fn text_without_actions_stays_and_nothing_panics(text in "[^\u{E000}]{0,60}") {
            if let Ok(out) = translate(&text)
                && !text.contains("{{")
            {
                prop_assert_eq!(out, text);
            }
        }

        #[test]
        fn actions_never_panic(inner in r#"[ .$()|"`a-zA-Z0-9-]{0,30}"#) {
            let _ = translate(&format!("{{{{{inner}}}}}"));
        }
    }
}
