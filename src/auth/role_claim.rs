//! `jwt-role-claim-key`: where in the claims the database role stands.
//!
//! In: the option's text. Out: a path that finds a value in the claims. Two syntaxes: JSONPath
//! (RFC 9535), and the older one of PostgREST up to version 14, which is still taken:
//!
//! ```text
//! path   = 1*( key / index ) [ filter ]  /  filter
//! key    = "." ( 1*( alphanumeric / "_" / "$" / "@" ) / DQUOTE *not-dquote DQUOTE )
//! index  = "[" 1*digit "]"
//! filter = "[?(@" operator DQUOTE *not-dquote DQUOTE ")]"          ; last, on an array of strings
//! operator = "==" / "!=" / "^==" (starts with) / "==^" (ends with) / "*==" (contains)
//! ```
//!
//! Source: <https://docs.postgrest.org/en/stable/references/auth.html#jwt-role-extraction>.

use serde_json::{Map, Value};
use serde_json_path::JsonPath;
use winnow::ascii::{digit1, space0};
use winnow::combinator::{alt, delimited, eof, opt, preceded, repeat, terminated};
use winnow::prelude::*;
use winnow::token::{take_till, take_while};

use super::ConfigFault;

/// A parsed `jwt-role-claim-key`.
#[derive(Debug, Clone)]
pub enum RoleClaim {
    /// `$.name`, the usual case: a member of the claims.
    Member(String),
    /// RFC 9535; the first node counts.
    JsonPath(JsonPath),
    /// The older syntax; using it deserves a warning at start-up.
    Deprecated(Vec<Step>),
}

/// One step of the older syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
    Filter(Match, String),
}

/// How a filter of the older syntax compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    Equals,
    NotEquals,
    StartsWith,
    EndsWith,
    Contains,
}

impl RoleClaim {
    /// Parses the option: JSONPath first, then the older syntax.
    ///
    /// # Errors
    /// Text that is neither.
    pub fn parse(text: &str) -> Result<Self, ConfigFault> {
        if let Some(name) = text.strip_prefix("$.").filter(|name| is_plain_name(name)) {
            return Ok(Self::Member(name.to_owned()));
        }
        if let Ok(path) = JsonPath::parse(text) {
            return Ok(Self::JsonPath(path));
        }
        deprecated_path
            .parse(text)
            .map(Self::Deprecated)
            .map_err(|_| ConfigFault::new(format!("failed to parse role-claim-key value ({text})")))
    }

    /// The role: a string as it is, any other value as its JSON text, `None` when the path leads
    /// nowhere.
    pub fn find(&self, claims: &Map<String, Value>) -> Option<String> {
        match self {
            Self::Member(name) => claims.get(name).map(unquoted),
            Self::JsonPath(path) => {
                let claims = Value::Object(claims.clone());
                path.query(&claims).first().map(unquoted)
            }
            Self::Deprecated(steps) => {
                let Some((Step::Key(name), rest)) = steps.split_first() else {
                    return None;
                };
                rest.iter()
                    .try_fold(claims.get(name)?, |value, step| step.follow(value))
                    .map(unquoted)
            }
        }
    }
}

/// A name that JSONPath takes without quotes, in ASCII.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Step {
    fn follow<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Key(key) => value.as_object()?.get(key),
            Self::Index(index) => value.as_array()?.get(*index),
            Self::Filter(how, text) => value
                .as_array()?
                .iter()
                .find(|item| item.as_str().is_some_and(|item| how.holds(item, text))),
        }
    }
}

impl Match {
    fn holds(self, item: &str, text: &str) -> bool {
        match self {
            Self::Equals => item == text,
            Self::NotEquals => item != text,
            Self::StartsWith => item.starts_with(text),
            Self::EndsWith => item.ends_with(text),
            Self::Contains => item.contains(text),
        }
    }
}

fn unquoted(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn deprecated_path(input: &mut &str) -> ModalResult<Vec<Step>> {
    let mut steps: Vec<Step> = repeat(0.., alt((key, index))).parse_next(input)?;
    if let Some(last) = opt(filter).parse_next(input)? {
        steps.push(last);
    }
    eof.verify(|_: &&str| !steps.is_empty()).parse_next(input)?;
    Ok(steps)
}

fn key(input: &mut &str) -> ModalResult<Step> {
    let plain = take_while(1.., |c: char| c.is_alphanumeric() || "_$@".contains(c));
    preceded('.', alt((plain, quoted)))
        .map(|name: &str| Step::Key(name.to_owned()))
        .parse_next(input)
}

fn index(input: &mut &str) -> ModalResult<Step> {
    delimited('[', digit1.parse_to(), ']')
        .map(Step::Index)
        .parse_next(input)
}

fn filter(input: &mut &str) -> ModalResult<Step> {
    let operator = alt((
        "==^".value(Match::EndsWith),
        "==".value(Match::Equals),
        "!=".value(Match::NotEquals),
        "^==".value(Match::StartsWith),
        "*==".value(Match::Contains),
    ));
    let condition = (terminated(preceded(space0, operator), space0), quoted);
    delimited("[?(@", condition, ")]")
        .map(|(how, text)| Step::Filter(how, text.to_owned()))
        .parse_next(input)
}

fn quoted<'i>(input: &mut &'i str) -> ModalResult<&'i str> {
    delimited('"', take_till(0.., '"'), '"').parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(path: &str, claims: Value) -> Option<String> {
        RoleClaim::parse(path)
            .unwrap()
            .find(claims.as_object().unwrap())
    }

    #[test]
    fn json_path_takes_the_first_node() {
        let roles = json!({"a": {"roles": ["other", "author", "auditor"]}, "x.y/z": {"k": "v"}});
        for (path, expected) in [
            ("$.role", None),
            ("$.a.roles[1]", Some("author")),
            ("$.a.roles[9]", None),
            ("$['x.y/z'].k", Some("v")),
            ("$[\"x.y/z\"].k", Some("v")),
            ("$.a.roles[?(@ == 'author')]", Some("author")),
            ("$.a.roles[?(@ != \"other\")]", Some("author")),
            ("$.a.roles[?search(@, '^au')]", Some("author")),
        ] {
            assert_eq!(found(path, roles.clone()).as_deref(), expected, "{path}");
        }
        assert_eq!(found("$.role", json!({"role": "r"})).as_deref(), Some("r"));
        assert_eq!(found("$.role", json!({"role": 5})).as_deref(), Some("5"));
        assert_eq!(
            found("$.role", json!({"role": null})).as_deref(),
            Some("null")
        );
    }

    #[test]
    fn the_older_syntax_still_works() {
        let roles = json!({"a": {"roles": ["other", "author", 3]}, "x.y/z": [{"k": "v"}]});
        for (path, expected) in [
            (".a.roles[1]", Some("author")),
            (".a.roles[3]", None),
            (".a.missing", None),
            (".\"x.y/z\"[0].k", Some("v")),
            (".a.roles[?(@ == \"author\")]", Some("author")),
            (".a.roles[?(@ != \"other\")]", Some("author")),
            (".a.roles[?(@ ^== \"au\")]", Some("author")),
            (".a.roles[?(@ ==^ \"or\")]", Some("author")),
            (".a.roles[?(@ *== \"uth\")]", Some("author")),
            (".a.roles[?(@*==\"nope\")]", None),
        ] {
            let parsed = RoleClaim::parse(path).unwrap();
            assert!(matches!(parsed, RoleClaim::Deprecated(_)), "{path}");
            assert_eq!(
                parsed.find(roles.as_object().unwrap()).as_deref(),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn neither_syntax_is_an_error() {
        for path in [
            "",
            "role.other",
            ".role##",
            ".my_role;;domain",
            ".#$$%&$%/",
            "1234",
            ".role[?(@ =)]",
            "$.my_role;;domain",
            "@@.role.other",
            ".a[99999999999999999999999]",
            ".a[?(@ == \"x\")].b",
        ] {
            let error = RoleClaim::parse(path).unwrap_err();
            assert!(
                error.to_string().contains("failed to parse role-claim-key"),
                "{path}"
            );
        }
    }
}
