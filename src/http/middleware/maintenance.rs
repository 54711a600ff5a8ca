//! Writes wait while a migration has the CRM to itself (`oppbase migrate run --offline`).
//!
//! In: the state of `migration.maintenance`, which [`crate::reload`] reads when the database says so. Out:
//! 503 with `Retry-After` in PostgREST's shape for what may write the CRM's rows; reads, log-ins and files
//! go on. Costs a request one load of an integer.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use crate::error::{self, body};
use crate::state::AppState;

/// Answers in the service's place while maintenance is on.
///
/// # Errors
/// Passes on what the inner service fails with.
pub async fn maintenance<B: MessageBody>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let seconds = state.maintenance_s();
    if seconds == 0 || !may_write(request.method(), request.path()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    Ok(request
        .into_response(refusal(&state, seconds))
        .map_into_right_body())
}

/// SQLSTATE 57P03, cannot_connect_now: the server is there and does not take this yet.
fn refusal(state: &AppState, seconds: u32) -> HttpResponse {
    let error = error::Error::from_database(
        "57P03",
        503,
        "The database is being migrated and takes no writes",
    )
    .hint(format!(
        "Reading goes on. Send the request again in {seconds} seconds."
    ))
    .header("Retry-After", seconds.to_string());
    let rendered = body::postgrest(&error, state.config().rest.error_verbosity);
    let mut answer = HttpResponse::ServiceUnavailable();
    for (name, value) in &rendered.headers {
        if name == "Content-Length" {
            continue;
        }
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            answer.insert_header((name, value));
        }
    }
    answer.body(rendered.body)
}

/// Whether the request may change the CRM's rows. Accounts and files are not migrated.
fn may_write(method: &Method, path: &str) -> bool {
    let is_read = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    let is_other = ["/auth/", "/storage/"]
        .iter()
        .any(|service| path.starts_with(service));
    !is_read && !is_other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_writes_of_the_crm_wait() {
        assert!(may_write(&Method::POST, "/rest/v1/deals"));
        assert!(may_write(&Method::PATCH, "/opportunities/1"));
        assert!(may_write(&Method::POST, "/functions/v1/merge_contacts"));
        assert!(!may_write(&Method::GET, "/rest/v1/deals"));
        assert!(!may_write(&Method::POST, "/auth/v1/token"));
        assert!(!may_write(&Method::POST, "/storage/v1/object/a"));
    }
}
