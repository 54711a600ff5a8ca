//! Cross-origin resource sharing for every path, unknown ones and error answers included.
//!
//! By default any origin is allowed. A preflight echoes the headers it asks for. Exposed headers are
//! what supabase-js and ra-data-postgrest read. In PostgREST mode the answers are those of
//! <https://docs.postgrest.org/en/stable/references/api/cors.html>.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use crate::config::Profile;
use crate::state::AppState;

const METHODS: &str = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD";
/// Request headers that are always allowed, besides those a preflight names.
const ALWAYS_ALLOWED: &str = "Accept, Accept-Language, Content-Language";
/// Headers that PostgREST exposes.
const EXPOSED: &str = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, \
     Location, Server, Transfer-Encoding, Range-Unit";
/// Headers that Supabase's clients read besides.
const EXPOSED_CRM: &str = ", Content-Disposition, Content-Length, ETag, Last-Modified, Link, \
     X-Total-Count, X-Supabase-Api-Version, Retry-After, Preference-Applied, Deprecation, Sunset, \
     Warning, X-Deprecated, X-Deprecation-Date, X-Alternative, x-sb-error-code, x-relay-error, sb-request-id, Upload-Offset, Upload-Length, \
     Upload-Expires, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size";

/// Answers preflights and adds the CORS headers to every answer to a cross-origin request.
///
/// # Errors
/// Passes on what the inner service fails with.
pub async fn cors(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let config = state.config();
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let allowed = allowed_origin(config.server.cors_allowed_origins.as_deref(), &origin);
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut answer = if is_preflight {
        let asked = request
            .headers()
            .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
            .cloned();
        let mut response = HttpResponse::Ok().finish();
        preflight_headers(response.headers_mut(), asked.as_ref());
        request.into_response(response)
    } else {
        let exposed = match config.profile {
            Profile::Postgrest => EXPOSED.to_owned(),
            Profile::Crm => format!("{EXPOSED}{EXPOSED_CRM}"),
        };
        let mut answer = match next.call(request).await {
            Ok(answer) => answer.map_into_boxed_body(),
            Err(error) => {
                let mut response = error.error_response();
                let headers = response.headers_mut();
                set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &exposed);
                if let Some(origin) = allowed {
                    origin_headers(headers, origin);
                }
                return Err(InternalError::from_response(error, response).into());
            }
        };
        set(
            answer.headers_mut(),
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &exposed,
        );
        answer
    };
    if let Some(origin) = allowed {
        origin_headers(answer.headers_mut(), origin);
    }
    Ok(answer)
}

/// What `Access-Control-Allow-Origin` says: `*`, the origin itself, or nothing.
enum AllowedOrigin {
    Any,
    One(HeaderValue),
}

fn allowed_origin(configured: Option<&[String]>, origin: &HeaderValue) -> Option<AllowedOrigin> {
    match configured {
        None => Some(AllowedOrigin::Any),
        Some(list) => list
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes())
            .then(|| AllowedOrigin::One(origin.clone())),
    }
}

fn origin_headers(headers: &mut HeaderMap, origin: AllowedOrigin) {
    match origin {
        AllowedOrigin::Any => set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        AllowedOrigin::One(value) => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
            set(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
    }
}

fn preflight_headers(headers: &mut HeaderMap, asked: Option<&HeaderValue>) {
    let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut allowed = vec!["Authorization"];
    allowed.extend(
        asked
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty()),
    );
    allowed.push(ALWAYS_ALLOWED);
    set(
        headers,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        &allowed.join(", "),
    );
    set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    set(headers, header::ACCESS_CONTROL_MAX_AGE, "86400");
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_origins_are_allowed_when_a_list_is_configured() {
        let list = vec!["http://example.com".to_owned()];
        let origin = |text: &'static str| HeaderValue::from_static(text);
        assert!(allowed_origin(Some(&list), &origin("http://example.com")).is_some());
        assert!(allowed_origin(Some(&list), &origin("http://evil.com")).is_none());
        assert!(allowed_origin(None, &origin("http://evil.com")).is_some());
    }

    #[test]
    fn a_preflight_echoes_the_headers_it_asks_for() {
        let mut headers = HeaderMap::new();
        preflight_headers(&mut headers, Some(&HeaderValue::from_static("Foo,Bar")));
        assert_eq!(
            headers
                .get(header::ACCESS_CONTROL_ALLOW_HEADERS)
                .and_then(|v| v.to_str().ok()),
            Some("Authorization, Foo, Bar, Accept, Accept-Language, Content-Language")
        );
    }
}
