//! Media types: `Accept`, `Content-Type`, and PostgREST's vendor types.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_representation.html>,
//! <https://docs.postgrest.org/en/stable/references/observability.html#execution-plan>.

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
    /// Anything else, as written (lower-cased type/subtype).
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
