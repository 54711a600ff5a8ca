//! Stage 1: what the client wrote, as a value. Pure: no clock, no I/O, no schema cache.
//!
//! In: an [`HttpRequest`]. Out: an [`ApiRequest`], or the first fault in this order: path, schema,
//! method, query string, range, body. That the schema has such a relation or routine is for the plan
//! stage to find out.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api.html>.

mod failure;
pub mod filter;
mod grammar;
pub mod logic;
pub mod media_type;
pub mod operators;
pub mod order;
mod parser;
pub mod payload;
pub mod preferences;
pub mod query_params;
pub mod range;
pub mod select;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::config::{OpenApiMode, RestConfig};
use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use media_type::MediaType;
use payload::Payload;
use preferences::Preferences;
use query_params::QueryParams;
use range::{LimitOffset, RowRange};

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
    /// Lower-case header names without cookies, for `request.headers`.
    pub headers: Vec<(String, String)>,
    /// For `request.cookies`.
    pub cookies: Vec<(String, String)>,
}

/// Reads a request.
///
/// # Errors
/// PGRST100 (query string), 101 and 117 (method), 102 (body), 103 and 114 (range), 106 (schema),
/// 125 (path), 126 (root document disabled).
pub fn parse(http: &HttpRequest, config: &RestConfig) -> Result<ApiRequest, Error> {
    let resource = resource(&http.path_segments, config)?;
    let (schema, negotiated_by_profile) = schema(http, config)?;
    let action = action(resource, &schema, &http.method)?;
    let is_rpc_read = matches!(
        action,
        Action::RoutineCall {
            invocation: Invocation::Read { .. },
            ..
        }
    );
    let parsed = query_params::parse(&http.query, is_rpc_read)?;
    let mut query = parsed.params;
    let top_level_range = top_level_range(http, parsed.root_limit)?;
    query.ranges.insert(Vec::new(), top_level_range);
    let content_type = http
        .header("content-type")
        .map_or(MediaType::ApplicationJson, MediaType::parse);
    let (payload, columns) =
        payload::parse(&http.body, &content_type, query.columns.as_ref(), &action)?;
    Ok(ApiRequest {
        action,
        top_level_range,
        query,
        preferences: Preferences::parse(http.header("prefer"), config.tx_end.allow_override),
        accept: MediaType::parse_accept(http.header("accept")),
        content_type,
        schema,
        negotiated_by_profile,
        payload,
        columns,
        method: http.method.clone(),
        path: http.path.clone(),
        headers: http
            .headers
            .iter()
            .filter(|(name, _)| name != "cookie")
            .cloned()
            .collect(),
        cookies: http.cookies.clone(),
    })
}

impl HttpRequest {
    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        Some(value)
    }
}

/// What a path names.
enum Resource<'a> {
    Schema,
    Relation(&'a str),
    Routine(&'a str),
}

fn resource<'a>(segments: &'a [String], config: &'a RestConfig) -> Result<Resource<'a>, Error> {
    match segments {
        [] if config.openapi_mode == OpenApiMode::Disabled => Err(Error::new(
            &codes::PGRST126,
            "Root endpoint metadata is disabled",
        )),
        [] => Ok(match &config.root_spec {
            Some(routine) => Resource::Routine(&routine.name),
            None => Resource::Schema,
        }),
        [relation] => Ok(Resource::Relation(relation)),
        [rpc, routine] if rpc == "rpc" => Ok(Resource::Routine(routine)),
        _ => Err(Error::new(
            &codes::PGRST125,
            "Invalid path specified in request URL",
        )),
    }
}

/// The header by which a request of this method names its schema.
pub fn profile_header(method: &str) -> &'static str {
    match method {
        "POST" | "PATCH" | "PUT" | "DELETE" => "content-profile",
        _ => "accept-profile",
    }
}

/// The schema that the profile header names, or the default; and whether the answer tells it. With
/// several exposed schemas it always does.
fn schema(http: &HttpRequest, config: &RestConfig) -> Result<(String, bool), Error> {
    match http.header(profile_header(&http.method)) {
        Some(profile) if config.schemas.iter().any(|schema| schema == profile) => {
            Ok((profile.to_owned(), true))
        }
        Some(profile) => Err(
            Error::new(&codes::PGRST106, format!("Invalid schema: {profile}")).hint(format!(
                "Only the following schemas are exposed: {}",
                config.schemas.join(", ")
            )),
        ),
        None => {
            let default = config.schemas.first().cloned().unwrap_or_default();
            Ok((default, config.schemas.len() != 1))
        }
    }
}

fn action(resource: Resource<'_>, schema: &str, method: &str) -> Result<Action, Error> {
    match resource {
        Resource::Relation(name) => relation_action(QualifiedIdentifier::new(schema, name), method),
        Resource::Routine(name) => routine_action(QualifiedIdentifier::new(schema, name), method),
        Resource::Schema => {
            let schema = schema.to_owned();
            match method {
                "GET" | "HEAD" => Ok(Action::SchemaRead {
                    schema,
                    headers_only: method == "HEAD",
                }),
                "OPTIONS" => Ok(Action::SchemaInfo),
                _ => Err(unsupported_method(method)),
            }
        }
    }
}

fn relation_action(relation: QualifiedIdentifier, method: &str) -> Result<Action, Error> {
    let mutation = match method {
        "GET" | "HEAD" => {
            return Ok(Action::RelationRead {
                relation,
                headers_only: method == "HEAD",
            });
        }
        "OPTIONS" => return Ok(Action::RelationInfo { relation }),
        "POST" => Mutation::Create,
        "PUT" => Mutation::SingleUpsert,
        "PATCH" => Mutation::Update,
        "DELETE" => Mutation::Delete,
        _ => return Err(unsupported_method(method)),
    };
    Ok(Action::RelationMutate { relation, mutation })
}

fn routine_action(routine: QualifiedIdentifier, method: &str) -> Result<Action, Error> {
    let invocation = match method {
        "GET" | "HEAD" => Invocation::Read {
            headers_only: method == "HEAD",
        },
        "POST" => Invocation::Post,
        "OPTIONS" => return Ok(Action::RoutineInfo { routine }),
        _ => {
            return Err(Error::new(
                &codes::PGRST101,
                format!("Cannot use the {method} method on RPC"),
            ));
        }
    };
    Ok(Action::RoutineCall {
        routine,
        invocation,
    })
}

fn unsupported_method(method: &str) -> Error {
    Error::new(
        &codes::PGRST117,
        format!("Unsupported HTTP method: {method}"),
    )
}

fn top_level_range(http: &HttpRequest, limit: LimitOffset) -> Result<RowRange, Error> {
    let header = http.header("range").filter(|_| http.method == "GET");
    let range = range::top_level(header, limit)?;
    if http.method == "PUT" && range != RowRange::ALL {
        return Err(Error::new(
            &codes::PGRST114,
            "limit/offset querystring parameters are not allowed for PUT",
        ));
    }
    Ok(range)
}

#[cfg(test)]
mod tests;
