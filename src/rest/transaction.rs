//! Stage 4: runs the statements of a request as one pipelined transaction.

use bytes::Bytes;

/// The one row of the main statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultSet {
    /// Rows of the whole result, when counted.
    pub table_total: Option<i64>,
    /// Rows in this answer.
    pub query_total: i64,
    /// `key=eq.value` parts of the Location header.
    pub location: Vec<String>,
    /// The body as PostgreSQL made it.
    pub body: Bytes,
    /// Setting `response.headers`.
    pub guc_headers: Option<String>,
    /// Setting `response.status`.
    pub guc_status: Option<String>,
    /// Rows inserted by an upsert.
    pub inserted: Option<i64>,
}

/// What the transaction stage found.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A read, write or call.
    Rows(ResultSet),
    /// `EXPLAIN` output, ready to be sent.
    Explain(Bytes),
    /// The root document: relations and routines that the role may use, and the schema's comment.
    /// `None`: the document is made from the whole schema cache (`openapi-mode=ignore-privileges`).
    Inspect(Option<Accessible>),
    /// Nothing was asked of the database (OPTIONS).
    NotRun,
}

/// What a role may see of a schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Accessible {
    /// Relations on which the role has any privilege.
    pub tables: Vec<crate::pg::ident::QualifiedIdentifier>,
    /// Routines that the role may execute.
    pub routines: Vec<crate::schema_cache::routine::Routine>,
    /// Comment of the schema.
    pub schema_description: Option<String>,
}
