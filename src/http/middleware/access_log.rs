//! Writes the access log: to standard output in PostgREST's profile, else into the server's own log.
//!
//! Outside PostgREST's profile the values of query parameters that open something (`token`, `apikey`, …) are
//! left out, of the request and of its `Referer`.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#logs>.

use std::borrow::Cow;
use std::io::Write;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use percent_encoding::percent_decode_str;

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
        let line = line(&answer, config.profile);
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

/// Query parameters of the services whose values are keys, tokens and codes.
const SECRETS: &[&str] = &[
    "access_token",
    "apikey",
    "code",
    "refresh_token",
    "token",
    "token_hash",
];

/// A path or an address with `***` in place of each secret of its query.
fn without_secrets(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else {
        return target.into();
    };
    let pair = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        let plain = percent_decode_str(name).decode_utf8_lossy();
        match SECRETS.contains(&plain.as_ref()) {
            true => format!("{name}=***"),
            false => pair.to_owned(),
        }
    };
    let pairs: Vec<String> = query.split('&').map(pair).collect();
    format!("{path}?{}", pairs.join("&")).into()
}

fn line<B: MessageBody>(answer: &ServiceResponse<B>, profile: Profile) -> String {
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
    let shown = |text| match profile {
        Profile::Postgrest => Cow::Borrowed(text),
        Profile::Crm => without_secrets(text),
    };
    Access {
        peer: request.peer_addr().map(|address| address.ip().to_string()),
        role: extensions.get::<RequestRole>().map(|role| role.0.as_str()),
        time: chrono::Local::now().format(TIME_FORMAT).to_string(),
        method: request.method().as_str(),
        target: &shown(target),
        version: &version,
        status: answer.status().as_u16(),
        length,
        referer: &shown(header(header::REFERER)),
        user_agent: header(header::USER_AGENT),
    }
    .line()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_and_nothing_else() {
        for (target, shown) in [
            ("/rest/v1/deals?id=eq.7", "/rest/v1/deals?id=eq.7"),
            ("/auth/v1/verify", "/auth/v1/verify"),
            (
                "/auth/v1/verify?token=abc&type=recovery",
                "/auth/v1/verify?token=***&type=recovery",
            ),
            ("/x?a=1&%74oken=abc", "/x?a=1&%74oken=***"),
            (
                "http://app/?code=1&apikey=2",
                "http://app/?code=***&apikey=***",
            ),
        ] {
            assert_eq!(without_secrets(target), shown);
        }
    }
}
