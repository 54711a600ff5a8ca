//! The request body: JSON, CSV, form or raw, and the columns it carries.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert>.

use bytes::Bytes;

/// A body that was checked as far as its media type demands.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// JSON text whose objects all have the same keys (converted from CSV or a form if need be).
    Json { raw: Bytes, is_object: bool },
    /// JSON text that was not parsed because `columns=` names its keys.
    UncheckedJson { raw: Bytes },
    /// Form fields for a function, in order, repeats kept (variadic arguments).
    Form { fields: Vec<(String, String)> },
    /// A body for a function's single unnamed parameter (text, xml, octet-stream).
    Raw { raw: Bytes },
}
