//! The request body: JSON, CSV, form or raw, and the columns it carries.
//!
//! In: the body, its media type, `columns=` and the action. Out: a [`Payload`] and the names of the
//! columns it writes (or of the arguments it gives). DELETE and reads ignore their body.
//!
//! | `Content-Type` | relation | function |
//! |---|---|---|
//! | JSON | an object or an array of objects with the same keys | an object; nothing is `{}` |
//! | JSON with `columns=` (not PUT) | not looked at | not looked at |
//! | `text/csv` | a header and lines; `NULL` is null | the same |
//! | form | one row of texts; of repeats the last counts | arguments, repeats kept |
//! | `text/plain`, `text/xml`, octets | refused | the single unnamed argument |
//!
//! JSON is scanned for its keys and goes to PostgreSQL as it came, byte for byte, so that no number
//! loses digits. A JSON text that is neither object nor array counts as an empty array.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_representation.html#request-body>,
//! <https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert>.

mod csv;
mod json;

use std::collections::BTreeSet;

use bytes::Bytes;
use indexmap::IndexMap;

use super::media_type::MediaType;
use super::query_params::decode_pairs;
use super::{Action, Invocation, Mutation};
use crate::error::{Error, codes};

/// A body that was checked as far as its media type demands.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// JSON text whose objects all have the same keys (converted from CSV or a form if need be). Empty
    /// for a function that was called without a body.
    Json { raw: Bytes, is_object: bool },
    /// JSON text that was not parsed because `columns=` names its keys.
    UncheckedJson { raw: Bytes },
    /// Form fields for a function, in order, repeats kept (variadic arguments).
    Form { fields: Vec<(String, String)> },
    /// A body for a function's single unnamed parameter (text, xml, octet-stream).
    Raw { raw: Bytes },
}

type Columns = BTreeSet<String>;

/// Checks the body. `columns` is `columns=`.
///
/// # Errors
/// PGRST102; PGRST100 for a form that is not UTF-8.
pub(super) fn parse(
    body: &Bytes,
    content_type: &MediaType,
    columns: Option<&Columns>,
    action: &Action,
) -> Result<(Option<Payload>, Columns), Error> {
    let (is_routine, takes_columns) = match action {
        Action::RelationMutate { mutation, .. } => match mutation {
            Mutation::Create | Mutation::Update => (false, true),
            Mutation::SingleUpsert => (false, false),
            Mutation::Delete => return Ok((None, Columns::new())),
        },
        Action::RoutineCall {
            invocation: Invocation::Post,
            ..
        } => (true, true),
        _ => return Ok((None, Columns::new())),
    };
    let columns = columns.filter(|_| takes_columns);
    let (payload, columns) = match content_type {
        MediaType::ApplicationJson if json::is_too_deep(body) => {
            return Err(invalid("The JSON is nested too deeply")
                .details(format!("At most {} levels are read", json::MAX_DEPTH)));
        }
        MediaType::ApplicationJson => match columns {
            Some(columns) => {
                let payload = Payload::UncheckedJson { raw: body.clone() };
                (payload, columns.clone())
            }
            None if body.is_empty() && is_routine => (object(body.clone()), Columns::new()),
            None => json::parse(body)?,
        },
        MediaType::TextCsv => csv::parse(body)?,
        MediaType::UrlEncoded if is_routine => {
            let fields = form(body)?;
            let names = fields.iter().map(|(name, _)| name.clone()).collect();
            (Payload::Form { fields }, names)
        }
        MediaType::UrlEncoded => form_row(form(body)?),
        MediaType::TextPlain | MediaType::TextXml | MediaType::OctetStream if is_routine => {
            (Payload::Raw { raw: body.clone() }, Columns::new())
        }
        other => return Err(invalid(format!("Content-Type not acceptable: {other}"))),
    };
    Ok((Some(payload), columns))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(&codes::PGRST102, message)
}

fn object(raw: Bytes) -> Payload {
    Payload::Json {
        raw,
        is_object: true,
    }
}

/// No row at all.
fn no_rows() -> (Payload, Columns) {
    let payload = Payload::Json {
        raw: Bytes::from_static(b"[]"),
        is_object: false,
    };
    (payload, Columns::new())
}

fn form(body: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let fields = decode_pairs(body)?.into_iter();
    Ok(fields
        .map(|(name, value)| (name, value.unwrap_or_default()))
        .collect())
}

fn form_row(fields: Vec<(String, String)>) -> (Payload, Columns) {
    let row: IndexMap<String, String> = fields.into_iter().collect();
    let json = serde_json::to_vec(&row).expect("a map of strings is valid JSON");
    (object(json.into()), row.into_keys().collect())
}

#[cfg(test)]
mod tests;
