//! Stage 1: what the client wrote, as a value. Pure: no clock, no I/O, no schema cache.

pub mod filter;
pub mod logic;
pub mod media_type;
pub mod order;
pub mod payload;
pub mod preferences;
pub mod query_params;
pub mod range;
pub mod select;

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::pg::ident::QualifiedIdentifier;
use media_type::MediaType;
use payload::Payload;
use preferences::Preferences;
use query_params::QueryParams;
use range::RowRange;

/// The raw request as the HTTP layer hands it over. No actix type appears here.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    /// Upper-case verb.
    pub method: String,
    /// Percent-decoded path segments after the service prefix: `["deals"]`, `["rpc", "f"]`, `[]`.
    pub path_segments: Vec<String>,
    /// The path as sent, after the service prefix, starting with `/` (for `request.path`).
    pub path: String,
    /// The query string as sent, without `?`.
    pub query: String,
    /// Header names lower-cased, in order; repeats joined by the HTTP layer with `, `.
    pub headers: Vec<(String, String)>,
    /// Cookies, in order.
    pub cookies: Vec<(String, String)>,
    /// The whole body (bounded by the HTTP layer).
    pub body: Bytes,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocation {
    /// POST.
    Post,
    /// GET, or HEAD when `headers_only`.
    Read { headers_only: bool },
}

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    Create,
    Update,
    Delete,
    /// PUT.
    SingleUpsert,
}

/// What the request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    RelationRead {
        relation: QualifiedIdentifier,
        headers_only: bool,
    },
    RelationMutate {
        relation: QualifiedIdentifier,
        mutation: Mutation,
    },
    RelationInfo {
        relation: QualifiedIdentifier,
    },
    RoutineCall {
        routine: QualifiedIdentifier,
        invocation: Invocation,
    },
    RoutineInfo {
        routine: QualifiedIdentifier,
    },
    SchemaRead {
        schema: String,
        headers_only: bool,
    },
    SchemaInfo,
}

/// The parsed request.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiRequest {
    pub action: Action,
    /// Root level rows: Range header and limit/offset combined.
    pub top_level_range: RowRange,
    pub query: QueryParams,
    pub preferences: Preferences,
    /// Accepted media types, best first; `[Any]` when none was sent.
    pub accept: Vec<MediaType>,
    pub content_type: MediaType,
    /// Exposed schema the request works on.
    pub schema: String,
    /// The schema was negotiated by profile (answer carries `Content-Profile`).
    pub negotiated_by_profile: bool,
    pub payload: Option<Payload>,
    /// Columns the payload writes, or arguments of a POSTed function call.
    pub columns: BTreeSet<String>,
    /// Verb as sent.
    pub method: String,
    /// Path after the service prefix as sent.
    pub path: String,
    /// Lower-case header names, for `request.headers`.
    pub headers: Vec<(String, String)>,
    /// For `request.cookies`.
    pub cookies: Vec<(String, String)>,
}
