//! Media type handlers: which aggregate or function makes which media type.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/media_type_handlers.html>.

use std::collections::HashMap;

use serde::Serialize;

use crate::pg::ident::QualifiedIdentifier;

/// What a handler applies to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub enum HandlerTarget {
    Relation(QualifiedIdentifier),
    AnyElement,
}

/// How the body is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum MediaHandler {
    /// One JSON object (`vnd.pgrst.object`), not overridable.
    SingularJson {
        nulls_stripped: bool,
    },
    /// A JSON array without nulls, not overridable.
    ArrayJsonStripped,
    /// The default JSON array.
    Json,
    GeoJson,
    Csv,
    /// An aggregate or function of the database.
    Custom {
        function: QualifiedIdentifier,
        target: HandlerTarget,
    },
    /// No body (HEAD, `return=minimal`).
    None,
}

/// Handlers from the database, by target and media type text (`text/html`, `*/*`). The value's media
/// type differs from the key's for `*/*`. The built-in ones (JSON, CSV, GeoJSON) are included.
pub type MediaHandlers = HashMap<(HandlerTarget, String), (MediaHandler, String)>;
