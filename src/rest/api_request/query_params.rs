//! Splits the query string and sends each part to its parser.
//!
//! In: the query string as sent. Out: [`QueryParams`]. What a parameter is follows from its key:
//!
//! | key | meaning |
//! |---|---|
//! | `select`, `columns`, `on_conflict` | that parameter; of repeats the first counts |
//! | last word `order`, `limit`, `offset`, `and`, `or` | that parameter, for the level before it |
//! | anything else | a filter; when a function is called with GET, an argument unless the value starts with an operator |
//!
//! Words are separated by dots: `clients.projects.order=id`. A parameter without `=` is ignored.
//! The pairs are separated by `&` or `;`, `+` is a space, and a `%` that starts no escape stays.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html>,
//! <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#embedded-filters>.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::filter::{self, Filter};
use super::grammar::{self, Path};
use super::logic::{self, LogicTree};
use super::order::{self, OrderTerm};
use super::parser::run;
use super::range::{LimitOffset, RowRange};
use super::select::{self, SelectItem};
use crate::error::{Error, codes};

/// Names of the embedded levels from the root down; empty for the root.
pub type EmbedPath = Vec<String>;

/// The parsed query string.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueryParams {
    /// Sorted, canonical form of the query string, for `Content-Location`.
    pub canonical: String,
    /// Candidate arguments of a function call, in order, repeats kept.
    pub rpc_params: Vec<(String, String)>,
    /// Rows per level; the root has the empty path and is always there (it equals
    /// `ApiRequest::top_level_range`).
    pub ranges: HashMap<EmbedPath, RowRange>,
    pub order: Vec<(EmbedPath, Vec<OrderTerm>)>,
    pub logic: Vec<(EmbedPath, LogicTree)>,
    /// `columns=`.
    pub columns: Option<BTreeSet<String>>,
    /// `*` when `select` is absent. An empty `select=` gives an empty vector.
    pub select: Vec<SelectItem>,
    /// Every filter, in order, with the level it applies to.
    pub filters: Vec<(EmbedPath, Filter)>,
    /// Filters of the root level.
    pub root_filters: Vec<Filter>,
    /// Filters of embedded levels.
    pub embed_filters: Vec<(EmbedPath, Filter)>,
    /// Keys of all filters as sent (PUT compares them with the primary key).
    pub filter_fields: BTreeSet<String>,
    /// `on_conflict=`.
    pub on_conflict: Option<Vec<String>>,
}

/// What [`parse`] gives: the parameters, and the root's `limit` and `offset`, which still have to meet
/// the Range header.
#[derive(Debug)]
pub(super) struct Parsed {
    pub params: QueryParams,
    pub root_limit: LimitOffset,
}

/// A decoded parameter; `None` when there was no `=`.
type Pair = (String, Option<String>);

/// Parses a query string. `is_rpc_read`: a function is called with GET or HEAD, so that values
/// without an operator are arguments.
///
/// # Errors
/// PGRST100; what PostgreSQL would say (2201W, 2201X) for a negative limit or offset of an embed.
pub(super) fn parse(query: &str, is_rpc_read: bool) -> Result<Parsed, Error> {
    let pairs = decode_pairs(query.as_bytes())?;
    let sorted = Sorted::new(&pairs);
    let mut params = QueryParams {
        canonical: canonical(&pairs),
        ..QueryParams::default()
    };
    for (key, value) in &sorted.order {
        params.order.push((path(key)?.0, order::parse(value)?));
    }
    for (key, value) in &sorted.logic {
        params.logic.push(logic::parse(key, value)?);
    }
    params.columns = first(&pairs, "columns")
        .map(|value| names("columns", value))
        .transpose()?
        .map(BTreeSet::from_iter);
    params.select = select::parse(first(&pairs, "select").unwrap_or("*"))?;
    for (key, value) in &sorted.filters {
        add_filter(&mut params, key, value, is_rpc_read)?;
    }
    params.on_conflict = first(&pairs, "on_conflict")
        .map(|value| names("on_conflict", value))
        .transpose()?;
    let (ranges, root_limit) = ranges(&sorted)?;
    params.ranges = ranges;
    Ok(Parsed { params, root_limit })
}

/// The parameters with a value, by kind.
#[derive(Default)]
struct Sorted<'a> {
    order: Vec<(&'a str, &'a str)>,
    logic: Vec<(&'a str, &'a str)>,
    limit: Vec<(&'a str, &'a str)>,
    offset: Vec<(&'a str, &'a str)>,
    filters: Vec<(&'a str, &'a str)>,
}

impl<'a> Sorted<'a> {
    fn new(pairs: &'a [Pair]) -> Self {
        let mut sorted = Self::default();
        for (key, value) in pairs {
            let Some(value) = value else { continue };
            let last_word = key.rsplit('.').next().unwrap_or_default();
            let kind = match last_word {
                "order" => &mut sorted.order,
                "and" | "or" => &mut sorted.logic,
                "limit" => &mut sorted.limit,
                "offset" => &mut sorted.offset,
                _ if matches!(key.as_str(), "select" | "columns" | "on_conflict") => continue,
                _ => &mut sorted.filters,
            };
            kind.push((key, value));
        }
        sorted
    }
}

/// The value of the first parameter of that name.
fn first<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(key, _)| key == name)?;
    value.as_deref()
}

fn path(key: &str) -> Result<Path, Error> {
    run(grammar::path, key, || {
        format!("failed to parse tree path ({key})")
    })
}

fn names(parameter: &str, value: &str) -> Result<Vec<String>, Error> {
    run(grammar::names, value, || {
        format!("failed to parse {parameter} parameter ({value})")
    })
}

fn add_filter(
    params: &mut QueryParams,
    key: &str,
    value: &str,
    is_rpc_read: bool,
) -> Result<(), Error> {
    let (path, field) = path(key)?;
    params.filter_fields.insert(key.to_owned());
    let condition = if is_rpc_read {
        filter::parse_or_argument(value)?
    } else {
        Some(filter::parse(value)?)
    };
    let Some(condition) = condition else {
        params.rpc_params.push((field.name, value.to_owned()));
        return Ok(());
    };
    let filter = Filter { field, condition };
    if path.is_empty() {
        params.root_filters.push(filter.clone());
    } else {
        params.embed_filters.push((path.clone(), filter.clone()));
    }
    params.filters.push((path, filter));
    Ok(())
}

/// Rows per embed, and the limit and offset of the root. Of repeats the last counts.
fn ranges(sorted: &Sorted<'_>) -> Result<(HashMap<EmbedPath, RowRange>, LimitOffset), Error> {
    let mut root = LimitOffset::default();
    let mut embeds: HashMap<EmbedPath, LimitOffset> = HashMap::new();
    for (key, value) in &sorted.limit {
        match *key {
            "limit" => root.set_limit(value),
            key => embeds.entry(path(key)?.0).or_default().set_limit(value),
        }
    }
    for (key, value) in &sorted.offset {
        match *key {
            "offset" => root.set_offset(value),
            key => embeds.entry(path(key)?.0).or_default().set_offset(value),
        }
    }
    let ranges = embeds
        .into_iter()
        .map(|(path, limit)| Ok((path, limit.embedded()?)))
        .collect::<Result<_, Error>>()?;
    Ok((ranges, root))
}

/// Decodes a form: `a=1&b=2`. A pair without `=` has no value.
pub(super) fn decode_pairs(query: &[u8]) -> Result<Vec<Pair>, Error> {
    let query = query.strip_prefix(b"?").unwrap_or(query);
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let query = query
        .strip_suffix(b"&")
        .or_else(|| query.strip_suffix(b";"))
        .unwrap_or(query);
    query
        .split(|byte| matches!(byte, b'&' | b';'))
        .map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (key, value) = match equals {
                Some(at) => (&pair[..at], Some(&pair[at + 1..])),
                None => (pair, None),
            };
            Ok((decode(key)?, value.map(decode).transpose()?))
        })
        .collect()
}

fn decode(text: &[u8]) -> Result<String, Error> {
    let spaces: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let bytes: Vec<u8> = percent_encoding::percent_decode(&spaces).collect();
    String::from_utf8(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(text);
        Error::new(&codes::PGRST100, "\"failed to decode the query string\"").details(format!(
            "\"{text}\" is not valid UTF-8 after percent-decoding: {}",
            error.utf8_error()
        ))
    })
}

/// The pairs sorted by key and encoded again. Repeats of a key are joined by commas, as in PostgREST.
fn canonical(pairs: &[Pair]) -> String {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by_key(|(key, _)| key);
    let mut out = String::new();
    let mut previous = None;
    for (key, value) in sorted {
        if previous == Some(key) {
            out.push(',');
        } else {
            if previous.is_some() {
                out.push('&');
            }
            encode(&mut out, key);
            out.push('=');
        }
        encode(&mut out, value.as_deref().unwrap_or_default());
        previous = Some(key);
    }
    out
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
