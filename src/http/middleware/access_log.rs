//! Writes the access log: to standard output in PostgREST's profile, else into the server's own log.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#logs>.

use std::io::Write;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use crate::config::Profile;
use crate::observe::TIME_FORMAT;
use crate::observe::access::{Access, is_logged};
use crate::rest::routes::RequestRole;
use crate::state::AppState;

/// Logs the answer when `log-level` asks for it.
///
/// # Errors
/// Passes on what the inner service fails with.
pub async fn access_log<B: MessageBody>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let answer = next.call(request).await?;
    let config = state.config();
    if is_logged(config.log.level, answer.status().as_u16()) {
        let line = line(&answer);
        match config.profile {
            // A closed pipe is no reason to fail a request.
            Profile::Postgrest => {
                let _ = std::io::stdout().lock().write_all(line.as_bytes());
            }
            Profile::Crm => tracing::info!(target: "oppbase::access", "{}", line.trim_end()),
        }
    }
    Ok(answer)
}

fn line<B: MessageBody>(answer: &ServiceResponse<B>) -> String {
    let request = answer.request();
    let header = |name| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    };
    let extensions = request.extensions();
    let length = match answer.response().body().size() {
        BodySize::Sized(bytes) if request.method() != Method::HEAD => Some(bytes),
        _ => None,
    };
    let version = format!("{:?}", request.version());
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |target| target.as_str());
    Access {
        peer: request.peer_addr().map(|address| address.ip().to_string()),
        role: extensions.get::<RequestRole>().map(|role| role.0.as_str()),
        time: chrono::Local::now().format(TIME_FORMAT).to_string(),
        method: request.method().as_str(),
        target,
        version: &version,
        status: answer.status().as_u16(),
        length,
        referer: header(header::REFERER),
        user_agent: header(header::USER_AGENT),
    }
    .line()
}
