//! Answers to reads, writes and calls.
//!
//! In: the plan and the result row. Out: status, headers and body before the database's own choices
//! ([`super::guc`]) are applied.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html>,
//! <https://docs.postgrest.org/en/stable/references/api/functions.html>.

use super::{HttpResponse, content_range, content_type, location};
use crate::config::RestConfig;
use crate::error::body::payload;
use crate::error::sqlstate::singularity_error;
use crate::error::{Error, codes};
use crate::rest::api_request::media_type::MediaType;
use crate::rest::api_request::preferences::{Count, Preferences, Resolution, Return};
use crate::rest::api_request::{ApiRequest, Invocation, Mutation};
use crate::rest::plan::{CrudKind, CrudPlan, MutatePlan};
use crate::rest::transaction::ResultSet;
use crate::schema_cache::routine::Routine;

/// The answer to a read, write or call.
///
/// # Errors
/// `PGRST116`: a read of a single object did not give one row. Writes and calls are checked in the
/// transaction.
pub fn respond(
    plan: &CrudPlan,
    result: ResultSet,
    request: &ApiRequest,
    config: &RestConfig,
) -> Result<HttpResponse, Error> {
    match &plan.kind {
        CrudKind::Read { headers_only } => {
            let is_singular = matches!(plan.media_type, MediaType::SingularJson { .. });
            if is_singular && result.query_total != 1 {
                return Err(singularity_error(result.query_total));
            }
            Ok(read(plan, result, *headers_only, request, config))
        }
        CrudKind::Mutate { mutation, .. } => Ok(write(plan, result, *mutation, request)),
        CrudKind::Call {
            routine,
            invocation,
            ..
        } => Ok(call(plan, result, routine, *invocation, request, config)),
    }
}

fn read(
    plan: &CrudPlan,
    result: ResultSet,
    headers_only: bool,
    request: &ApiRequest,
    config: &RestConfig,
) -> HttpResponse {
    let mut answer = ranged(&result, request);
    let canonical = &request.query.canonical;
    let place = location::of_content(&plan.target.name, canonical);
    if let Some(place) = place {
        answer.push("Content-Location", place);
    }
    if !headers_only {
        set_body(&mut answer, result, request, config);
    }
    answer.headers.extend(content_type(plan, request));
    push_preferences(&mut answer, plan, request);
    answer
}

/// Status and `Content-Range` of the rows asked for.
fn ranged(result: &ResultSet, request: &ApiRequest) -> HttpResponse {
    let offset = request.top_level_range.offset;
    let (rows, total) = (result.query_total, result.table_total);
    let mut answer = HttpResponse {
        status: content_range::status(offset, rows, total),
        ..HttpResponse::default()
    };
    answer.push("Content-Range", content_range::header(offset, rows, total));
    answer
}

/// The rows, or why there are none.
fn set_body(
    answer: &mut HttpResponse,
    result: ResultSet,
    request: &ApiRequest,
    config: &RestConfig,
) {
    answer.body = if answer.status == 416 {
        let offset = request.top_level_range.offset;
        let total = result.table_total.unwrap_or(0);
        payload(&out_of_range(offset, total), config.error_verbosity)
    } else {
        result.body
    };
    push_length(answer);
}

fn out_of_range(offset: u64, total: i64) -> Error {
    Error::new(&codes::PGRST103, "Requested range not satisfiable").details(format!(
        "An offset of {offset} was requested, but there are only {total} rows."
    ))
}

fn push_length(answer: &mut HttpResponse) {
    let length = answer.body.len().to_string();
    answer.push("Content-Length", length);
}

fn write(
    plan: &CrudPlan,
    result: ResultSet,
    mutation: Mutation,
    request: &ApiRequest,
) -> HttpResponse {
    let is_shown = request.preferences.representation == Some(Return::Representation);
    let counted = matches!(
        request.preferences.count,
        Some(Count::Exact | Count::Estimated)
    );
    let total = counted.then_some(result.query_total);
    let mut answer = HttpResponse {
        status: match mutation {
            Mutation::Create => created_status(&result, request),
            Mutation::SingleUpsert if is_shown && result.inserted.unwrap_or(0) > 0 => 201,
            _ if is_shown => 200,
            _ => 204,
        },
        ..HttpResponse::default()
    };
    match mutation {
        Mutation::Create => {
            let place = location::of_inserted(&plan.target.name, &result.location);
            if let Some(place) = place {
                answer.push("Location", place);
            }
            answer.push("Content-Range", content_range::header(0, 0, total));
        }
        Mutation::Update => {
            let range = content_range::header(0, result.query_total, total);
            answer.push("Content-Range", range);
        }
        Mutation::Delete => answer.push("Content-Range", content_range::header(0, 0, total)),
        Mutation::SingleUpsert => {}
    }
    push_preferences(&mut answer, plan, request);
    if is_shown {
        answer.body = result.body;
        answer.headers.extend(content_type(plan, request));
    }
    if is_shown || mutation == Mutation::Create {
        push_length(&mut answer);
    }
    answer
}

/// 201, but 200 for an upsert that only updated.
fn created_status(result: &ResultSet, request: &ApiRequest) -> u16 {
    let merges = request.preferences.resolution == Some(Resolution::MergeDuplicates);
    if merges && result.inserted.unwrap_or(0) <= 0 {
        200
    } else {
        201
    }
}

fn call(
    plan: &CrudPlan,
    result: ResultSet,
    routine: &Routine,
    invocation: Invocation,
    request: &ApiRequest,
    config: &RestConfig,
) -> HttpResponse {
    let mut answer = ranged(&result, request);
    push_preferences(&mut answer, plan, request);
    if routine.returns_void() {
        answer.status = 204;
        return answer;
    }
    if invocation != (Invocation::Read { headers_only: true }) {
        set_body(&mut answer, result, request, config);
    }
    answer.headers.extend(content_type(plan, request));
    answer
}

fn push_preferences(answer: &mut HttpResponse, plan: &CrudPlan, request: &ApiRequest) {
    if let Some(applied) = applied(plan, request).applied_header() {
        answer.push("Preference-Applied", applied);
    }
}

/// The preferences that an answer of this kind applies.
fn applied(plan: &CrudPlan, request: &ApiRequest) -> Preferences {
    let sent = &request.preferences;
    let mutation = match &plan.kind {
        CrudKind::Mutate { mutation, .. } => Some(*mutation),
        _ => None,
    };
    let is_call = matches!(plan.kind, CrudKind::Call { .. });
    let limits = is_call || matches!(mutation, Some(Mutation::Update | Mutation::Delete));
    let fills = matches!(mutation, Some(Mutation::Create | Mutation::Update));
    Preferences {
        resolution: sent.resolution.filter(|_| can_conflict(plan, request)),
        representation: sent.representation.filter(|_| mutation.is_some()),
        missing: sent.missing.filter(|_| fills),
        max_affected: sent.max_affected.filter(|_| limits),
        invalid: Vec::new(),
        ..sent.clone()
    }
}

/// An insert with a key that rows can conflict on.
fn can_conflict(plan: &CrudPlan, request: &ApiRequest) -> bool {
    match &plan.kind {
        CrudKind::Mutate {
            mutation: Mutation::Create,
            plan: MutatePlan::Insert { primary_key, .. },
        } => !primary_key.is_empty() || request.query.on_conflict.is_some(),
        _ => false,
    }
}
