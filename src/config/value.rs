//! From an option's text to its value, and what to say when it does not fit. Pure.
//!
//! Errors complete the sentence "option X …", for example "must be a whole number, not `ten`".

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use url::Url;

use crate::pg::ident::QualifiedIdentifier;

/// Why a text does not fit; the end of a sentence whose subject is the option.
pub type Reason = String;

/// Type of an option, for the reference page and for hiding secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    /// `true`, `false` in any case, or a number: above zero is true.
    Boolean,
    /// Comma-separated.
    List,
    /// `schema.name` of a function.
    Identifier,
    /// Octal file mode.
    Octal,
    /// Never printed.
    Secret,
    /// Comma-separated, never printed.
    SecretList,
}

impl Kind {
    /// Whether the value may not be shown.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretList)
    }

    /// Whether a file has the value without quotes.
    pub fn is_bare(self) -> bool {
        matches!(self, Self::Integer | Self::Boolean)
    }

    /// Word for the reference page.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List | Self::SecretList => "comma-separated strings",
            Self::Identifier => "schema.name",
            Self::Octal => "octal mode",
        }
    }
}

pub(super) fn text(raw: &str) -> String {
    raw.to_owned()
}

pub(super) fn integer<T: FromStr>(raw: &str) -> Result<T, Reason> {
    raw.trim()
        .parse()
        .map_err(|_| format!("must be a whole number in range, not `{raw}`"))
}

/// A day (its beginning in UTC) or a moment of RFC 3339, in seconds since 1970.
pub(super) fn moment(raw: &str) -> Result<i64, Reason> {
    let text = raw.trim();
    let day = || {
        let day = text.parse::<chrono::NaiveDate>().ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
    };
    chrono::DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|moment| moment.timestamp())
        .or_else(day)
        .ok_or_else(|| format!("must be a date or a moment of RFC 3339, not `{raw}`"))
}

/// A whole number within bounds, both inclusive.
pub(super) fn in_range(raw: &str, range: RangeInclusive<usize>) -> Result<usize, Reason> {
    let number = integer(raw)?;
    if range.contains(&number) {
        return Ok(number);
    }
    Err(format!(
        "must be between {} and {}, not `{raw}`",
        range.start(),
        range.end()
    ))
}

/// Comma-separated IP addresses.
pub(super) fn addresses(raw: &str) -> Result<Vec<IpAddr>, Reason> {
    list(raw)
        .iter()
        .map(|item| {
            item.parse()
                .map_err(|_| format!("must be a list of IP addresses, not `{item}`"))
        })
        .collect()
}

/// The text of a JSON array; its elements are checked where they are used.
pub(super) fn json_array(raw: &str) -> Result<String, Reason> {
    match serde_json::from_str::<Vec<serde_json::Value>>(raw) {
        Ok(_) => Ok(raw.to_owned()),
        Err(_) => Err("must be a JSON array".into()),
    }
}

pub(super) fn boolean(raw: &str) -> Result<bool, Reason> {
    let word: String = raw.chars().filter(|c| c.is_ascii_alphabetic()).collect();
    match word.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => raw
            .trim()
            .parse::<i64>()
            .map(|number| number > 0)
            .map_err(|_| format!("must be true or false, not `{raw}`")),
    }
}

/// Items without the blanks around them; an empty text is an empty list.
pub(super) fn list(raw: &str) -> Vec<String> {
    if raw.is_empty() {
        return Vec::new();
    }
    raw.split(',').map(|item| item.trim().to_owned()).collect()
}

pub(super) fn choice<T: Copy>(raw: &str, choices: &[(&str, T)]) -> Result<T, Reason> {
    choices
        .iter()
        .find(|(word, _)| *word == raw)
        .map(|&(_, value)| value)
        .ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            format!("must be one of {}, not `{raw}`", words.join(", "))
        })
}

pub(super) fn identifier(raw: &str) -> QualifiedIdentifier {
    QualifiedIdentifier::parse(raw)
}

pub(super) fn octal_mode(raw: &str) -> Result<u32, Reason> {
    match u32::from_str_radix(raw, 8) {
        Ok(mode) if (0o600..=0o777).contains(&mode) => Ok(mode),
        Ok(_) => Err(format!("must be between 600 and 777, not `{raw}`")),
        Err(_) => Err(format!("must be an octal number, not `{raw}`")),
    }
}

/// Schemas with endpoints; the catalogue's own are refused.
pub(super) fn exposed_schemas(raw: &str) -> Result<Vec<String>, Reason> {
    let schemas = list(raw);
    match schemas
        .iter()
        .find(|name| ["pg_catalog", "information_schema"].contains(&name.as_str()))
    {
        Some(name) => Err(format!("does not allow schema `{name}`")),
        None => Ok(schemas),
    }
}

/// A string, or a URI when it has a colon (RFC 7519, StringOrURI).
pub(super) fn audience(raw: &str) -> Result<String, Reason> {
    if raw.contains(':') && Url::parse(raw).is_err() {
        return Err(format!("must be a string or a valid URI, not `{raw}`"));
    }
    Ok(raw.to_owned())
}

/// A JSON Web Key (set) or at least 32 bytes; `@path` is resolved before this. Base64 texts are
/// checked where they are decoded.
pub(super) fn jwt_secret(raw: &str) -> Result<String, Reason> {
    const SHORTEST: usize = 32;
    let is_json = raw.trim_start().starts_with('{');
    if !is_json && raw.len() < SHORTEST {
        return Err(format!("must be at least {SHORTEST} characters long"));
    }
    Ok(raw.to_owned())
}

/// `http(s)://host[:port][/path]`
pub(super) fn proxy_uri(raw: &str) -> Result<String, Reason> {
    let is_fine = Url::parse(raw).is_ok_and(|url| {
        ["http", "https"].contains(&url.scheme())
            && url.has_host()
            && url.query().is_none()
            && url.username().is_empty()
            && url.port() != Some(0)
    });
    if is_fine {
        return Ok(raw.to_owned());
    }
    Err("must be like https://example.com:8443/basePath".into())
}

/// `http(s)://…` without its trailing slash.
pub(super) fn trimmed_url(raw: &str) -> Result<String, Reason> {
    proxy_uri(raw).map(|url| url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_take_any_case_and_numbers() {
        for raw in ["true", "TRUE", "\"True\"", "1", "7"] {
            assert_eq!(boolean(raw), Ok(true), "{raw}");
        }
        for raw in ["false", "False", "0", "-1"] {
            assert_eq!(boolean(raw), Ok(false), "{raw}");
        }
        assert!(boolean("yes").is_err());
    }

    #[test]
    fn numbers_addresses_and_arrays_are_checked() {
        assert_eq!(in_range("6", 6..=10), Ok(6));
        assert!(in_range("11", 6..=10).is_err());
        assert_eq!(addresses("10.0.0.1, ::1").map(|list| list.len()), Ok(2));
        assert!(addresses("10.0.0.0/8").is_err());
        assert!(json_array("[{}]").is_ok());
        assert!(json_array("{}").is_err());
    }

    #[test]
    fn lists_are_trimmed_and_may_be_empty() {
        assert_eq!(list("a, b ,c"), ["a", "b", "c"]);
        assert!(list("").is_empty());
    }

    #[test]
    fn socket_modes_are_octal_and_bounded() {
        assert_eq!(octal_mode("660"), Ok(0o660));
        assert!(octal_mode("599").is_err());
        assert!(octal_mode("577").is_err());
        assert!(octal_mode("1000").is_err());
    }

    #[test]
    fn system_schemas_are_not_exposed() {
        assert!(exposed_schemas("public,pg_catalog").is_err());
        assert_eq!(
            exposed_schemas("v1, v2"),
            Ok(vec!["v1".to_owned(), "v2".to_owned()])
        );
    }

    #[test]
    fn secrets_are_long_or_json() {
        assert!(jwt_secret("short").is_err());
        assert!(jwt_secret(&"x".repeat(32)).is_ok());
        assert!(jwt_secret(r#"{"kty":"oct","k":"c2VjcmV0"}"#).is_ok());
    }

    #[test]
    fn proxy_addresses_are_absolute_http_addresses() {
        assert!(proxy_uri("https://example.com:8443/base").is_ok());
        for raw in ["example.com", "ftp://example.com", "https://e.com/?q=1"] {
            assert!(proxy_uri(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn the_message_names_the_choices() {
        assert_eq!(
            choice("loud", &[("crit", 1), ("error", 2)]),
            Err("must be one of crit, error, not `loud`".into())
        );
    }
}
