//! Echoes the configured trace header of a request in its answer, empty when the request had none.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#trace-header>.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::state::AppState;

/// Echoes `server-trace-header`.
///
/// # Errors
/// Passes on what the inner service fails with.
pub async fn trace_header<B: MessageBody>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let config = state.config();
    let name = config
        .server
        .trace_header
        .as_deref()
        .filter(|name| !name.is_empty());
    let Some(name) = name.and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok()) else {
        return next.call(request).await;
    };
    let value = request.headers().get(&name).cloned();
    let mut answer = next.call(request).await?;
    answer
        .headers_mut()
        .insert(name, value.unwrap_or(HeaderValue::from_static("")));
    Ok(answer)
}
