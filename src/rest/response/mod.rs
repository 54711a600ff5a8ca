//! Stage 5: result set and plan -> status, headers, body. Pure.
//!
//! In: the plan, what the transaction found, the request. Out: an [`HttpResponse`], which the HTTP layer
//! turns into its own type. `Content-Length` is that of the body before compression.
//! Source: <https://docs.postgrest.org/en/stable/references/api.html>.

mod content_range;
mod crud;
mod guc;
mod info;
mod location;
#[cfg(test)]
mod tests;

pub mod swagger;

use bytes::Bytes;

use crate::config::{RestConfig, ServerConfig};
use crate::error::{Error, codes};
use crate::rest::api_request::ApiRequest;
use crate::rest::api_request::media_type::MediaType;
use crate::rest::plan::{ActionPlan, CrudPlan, legacy_target_names};
use crate::rest::transaction::{Outcome, ResultSet};
use crate::schema_cache::SchemaCache;

/// Header names and values, in order.
type Headers = Vec<(String, String)>;

/// The answer, before the HTTP layer turns it into its own type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpResponse {
    pub status: u16,
    /// Reason phrase when it is not the standard one.
    pub status_text: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl HttpResponse {
    fn push(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case(name))
    }
}

/// The answer to a request.
///
/// # Errors
/// `PGRST111`, `PGRST112` (the database's own headers or status), `PGRST116` (a read of one object gave
/// none or several), `PGRST205` (OPTIONS on an unknown relation).
pub fn build(
    plan: &ActionPlan,
    outcome: Outcome,
    request: &ApiRequest,
    config: &RestConfig,
    server: &ServerConfig,
    cache: &SchemaCache,
) -> Result<HttpResponse, Error> {
    let mut answer = match (plan, outcome) {
        (ActionPlan::Crud(plan), Outcome::Rows(result)) => rows(plan, result, request, config)?,
        (ActionPlan::Crud(plan), Outcome::Explain(text)) => explained(plan, text, request),
        (
            ActionPlan::Inspect {
                schema,
                headers_only,
                ..
            },
            Outcome::Inspect(accessible),
        ) => {
            let document = if *headers_only {
                None
            } else {
                let accessible = Some(&accessible);
                let document = swagger::document(schema, accessible, config, server, cache);
                Some(Bytes::from(document.to_string()))
            };
            inspected(document, request)
        }
        (ActionPlan::RelationInfo(relation), _) => info::relation(relation, cache)?,
        (ActionPlan::RoutineInfo(routine), _) => info::routine(routine),
        (ActionPlan::SchemaInfo, _) => info::root(),
        _ => {
            let message = "The transaction's outcome does not belong to the plan";
            return Err(Error::new(&codes::PGRSTX00, message));
        }
    };
    if let Some(warning) = legacy_warning(plan, config) {
        answer.push("Warning", warning);
    }
    if !answer.has("Vary") {
        answer.push("Vary", "Accept, Prefer, Range");
    }
    Ok(answer)
}

fn rows(
    plan: &CrudPlan,
    mut result: ResultSet,
    request: &ApiRequest,
    config: &RestConfig,
) -> Result<HttpResponse, Error> {
    let status = result.guc_status.take();
    let headers = result.guc_headers.take();
    let mut answer = crud::respond(plan, result, request, config)?;
    (answer.status, answer.headers) = guc::overridden(
        answer.status,
        answer.headers,
        status.as_deref(),
        headers.as_deref(),
    )?;
    Ok(answer)
}

/// The output of `EXPLAIN`.
fn explained(plan: &CrudPlan, text: Bytes, request: &ApiRequest) -> HttpResponse {
    let mut answer = HttpResponse {
        status: 200,
        body: text,
        ..HttpResponse::default()
    };
    let length = answer.body.len().to_string();
    answer.push("Content-Length", length);
    answer.headers.extend(content_type(plan, request));
    answer
}

/// The root document, or only its headers.
fn inspected(document: Option<Bytes>, request: &ApiRequest) -> HttpResponse {
    let mut answer = HttpResponse {
        status: 200,
        ..HttpResponse::default()
    };
    answer.push("Content-Type", MediaType::OpenApi.content_type());
    if let Some(document) = document {
        answer.push("Content-Length", document.len().to_string());
        answer.body = document;
    }
    answer.headers.extend(content_profile(request));
    answer
}

/// `Content-Type`, and `Content-Profile` when the schema was negotiated.
fn content_type(plan: &CrudPlan, request: &ApiRequest) -> Headers {
    let mut headers = vec![("Content-Type".to_owned(), plan.media_type.content_type())];
    headers.extend(content_profile(request));
    headers
}

fn content_profile(request: &ApiRequest) -> Option<(String, String)> {
    request
        .negotiated_by_profile
        .then(|| ("Content-Profile".to_owned(), request.schema.clone()))
}

/// Tells a client that it addresses aliased embeds by their relation's name.
fn legacy_warning(plan: &ActionPlan, config: &RestConfig) -> Option<String> {
    let names = legacy_target_names(plan);
    if names.is_empty() || !config.use_legacy_target_names {
        return None;
    }
    let changes: Vec<String> = names
        .iter()
        .map(|(name, alias)| format!("`{name}` to `{alias}`"))
        .collect();
    let text = format!(
        "An embedded resource that has an alias was addressed by its relation's name. This is \
         deprecated and will stop working: change {} in filters, orders and limits.",
        changes.join(", ")
    );
    let quotable = text.replace(|c: char| c.is_control() || matches!(c, '"' | '\\'), " ");
    Some(format!("299 PostgREST \"{quotable}\""))
}
