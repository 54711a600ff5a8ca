//! Media types: `Accept`, `Content-Type`, and PostgREST's vendor types.
//!
//! ```text
//! media_type = type "/" subtype { ws ";" ws name ws "=" ws value }
//! type       = 1*( ALNUM | "." | "*" )
//! subtype    = 1*( ALNUM | "." | "*" | "+" | "-" )
//! name       = 1*( ALNUM | "-" )                        -- in any case
//! value      = DQUOTE { any } DQUOTE | 1*( ALNUM | "|" | "-" )
//! ```
//!
//! What follows the last parameter that can be read is ignored. Parameters mean something for the
//! `vnd.pgrst` types only. `Accept` is split at commas, and sorted by `q`, then by the number of
//! parameters less the number of stars.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_representation.html>,
//! <https://docs.postgrest.org/en/stable/references/observability.html#execution-plan>.

use std::cmp::Ordering;
use std::fmt;

/// Output of `application/vnd.pgrst.plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlanFormat {
    Json,
    Text,
}

/// Options of `application/vnd.pgrst.plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlanOption {
    Analyze,
    Verbose,
    Settings,
    Buffers,
    Wal,
}

/// A media type that the engine tells apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaType {
    ApplicationJson,
    GeoJson,
    TextCsv,
    TextPlain,
    TextXml,
    OpenApi,
    UrlEncoded,
    OctetStream,
    Any,
    /// Anything else, as written.
    Other(String),
    /// `application/vnd.pgrst.array+json;nulls=stripped`.
    ArrayJsonStripped,
    /// `application/vnd.pgrst.object+json`, optionally `;nulls=stripped`.
    SingularJson {
        nulls_stripped: bool,
    },
    /// `application/vnd.pgrst.plan+json; for="…"; options=…`.
    Plan {
        inner: Box<MediaType>,
        format: PlanFormat,
        options: Vec<PlanOption>,
    },
}

impl MediaType {
    /// Parses a media type. Never fails: what cannot be read is [`MediaType::Other`].
    pub fn parse(text: &str) -> Self {
        let Some((main, sub, parameters)) = tokens(text) else {
            return Self::Other(text.to_owned());
        };
        let parameter = |name: &str| {
            parameters
                .iter()
                .rev()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| *value)
        };
        let nulls_stripped = parameter("nulls") == Some("stripped");
        let plan = |format| Self::Plan {
            inner: Box::new(parameter("for").map_or(Self::ApplicationJson, Self::parse)),
            format,
            options: plan_options(parameter("options").unwrap_or_default()),
        };
        let full = format!("{main}/{sub}").to_lowercase();
        match full.as_str() {
            "application/json" => Self::ApplicationJson,
            "application/geo+json" => Self::GeoJson,
            "text/csv" => Self::TextCsv,
            "text/plain" => Self::TextPlain,
            "text/xml" => Self::TextXml,
            "application/openapi+json" => Self::OpenApi,
            "application/x-www-form-urlencoded" => Self::UrlEncoded,
            "application/octet-stream" => Self::OctetStream,
            "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text" => {
                plan(PlanFormat::Text)
            }
            "application/vnd.pgrst.plan+json" => plan(PlanFormat::Json),
            "application/vnd.pgrst.object" | "application/vnd.pgrst.object+json" => {
                Self::SingularJson { nulls_stripped }
            }
            "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" => {
                if nulls_stripped {
                    Self::ArrayJsonStripped
                } else {
                    Self::ApplicationJson
                }
            }
            "*/*" => Self::Any,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// Parses `Accept`, best first. Without a header, or with an empty one, anything is accepted.
    pub fn parse_accept(header: Option<&str>) -> Vec<Self> {
        let header = header.map(|text| text.replace(' ', "")).unwrap_or_default();
        if header.is_empty() {
            return vec![Self::Any];
        }
        let mut ranges: Vec<(&str, f64, isize)> = header.split(',').map(weighted).collect();
        ranges.sort_by(|a, b| {
            let quality = b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal);
            quality.then(b.2.cmp(&a.2))
        });
        ranges
            .into_iter()
            .map(|(text, ..)| Self::parse(text))
            .collect()
    }

    /// The value of `Content-Type`: with `; charset=utf-8` but for binary and unknown types.
    pub fn content_type(&self) -> String {
        match self {
            Self::OctetStream | Self::Other(_) => self.to_string(),
            _ => format!("{self}; charset=utf-8"),
        }
    }
}

/// A media range without its quality, the quality, and how specific it is.
fn weighted(range: &str) -> (&str, f64, isize) {
    let (text, quality) = match range.split_once(";q=") {
        Some((text, rest)) => (
            text,
            rest.split(';').next().unwrap_or_default().parse().ok(),
        ),
        None => (range, None),
    };
    let count = |wanted: u8| text.bytes().filter(|byte| *byte == wanted).count();
    let specificity = count(b';').cast_signed() - count(b'*').cast_signed();
    let quality = quality.filter(|quality: &f64| quality.is_finite());
    (text, quality.unwrap_or(1.0), specificity)
}

type Tokens<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

/// Type, subtype and parameters; `None` when there is no type and subtype.
fn tokens(text: &str) -> Option<Tokens<'_>> {
    let (main, rest) = word(text, ".*")?;
    let (sub, mut rest) = word(rest.strip_prefix('/')?, ".*+-")?;
    let mut parameters = Vec::new();
    while let Some((name, value, after)) = parameter(rest) {
        parameters.push((name, value));
        rest = after;
    }
    Some((main, sub, parameters))
}

fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start().strip_prefix(';')?;
    let (name, rest) = word(text.trim_start(), "-")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    let (value, rest) = quoted.or_else(|| word(rest, "|-"))?;
    Some((name, value, rest))
}

/// One or more letters, digits and characters of `extra`, and the rest.
fn word<'a>(text: &'a str, extra: &str) -> Option<(&'a str, &'a str)> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && !extra.contains(c))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

const PLAN_OPTIONS: [(&str, PlanOption); 5] = [
    ("analyze", PlanOption::Analyze),
    ("verbose", PlanOption::Verbose),
    ("settings", PlanOption::Settings),
    ("buffers", PlanOption::Buffers),
    ("wal", PlanOption::Wal),
];

/// Known options, each once, in the order of the table.
fn plan_options(text: &str) -> Vec<PlanOption> {
    PLAN_OPTIONS
        .into_iter()
        .filter(|(name, _)| text.split('|').any(|option| option == *name))
        .map(|(_, option)| option)
        .collect()
}

impl fmt::Display for MediaType {
    /// The MIME text, without charset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApplicationJson => "application/json",
            Self::GeoJson => "application/geo+json",
            Self::TextCsv => "text/csv",
            Self::TextPlain => "text/plain",
            Self::TextXml => "text/xml",
            Self::OpenApi => "application/openapi+json",
            Self::UrlEncoded => "application/x-www-form-urlencoded",
            Self::OctetStream => "application/octet-stream",
            Self::Any => "*/*",
            Self::Other(text) => text,
            Self::ArrayJsonStripped => "application/vnd.pgrst.array+json;nulls=stripped",
            Self::SingularJson {
                nulls_stripped: true,
            } => "application/vnd.pgrst.object+json;nulls=stripped",
            Self::SingularJson {
                nulls_stripped: false,
            } => "application/vnd.pgrst.object+json",
            Self::Plan {
                inner,
                format,
                options,
            } => return write_plan(f, inner, *format, options),
        })
    }
}

fn write_plan(
    f: &mut fmt::Formatter<'_>,
    inner: &MediaType,
    format: PlanFormat,
    options: &[PlanOption],
) -> fmt::Result {
    let format = match format {
        PlanFormat::Json => "json",
        PlanFormat::Text => "text",
    };
    write!(f, "application/vnd.pgrst.plan+{format}; for=\"{inner}\"")?;
    let names = PLAN_OPTIONS
        .iter()
        .filter(|(_, option)| options.contains(option));
    for (position, (name, _)) in names.enumerate() {
        f.write_str(if position == 0 { "; options=" } else { "|" })?;
        f.write_str(name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
