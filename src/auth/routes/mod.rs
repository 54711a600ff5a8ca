//! `/auth/v1`: GoTrue's routes. One file per family; this one mounts them.
//!
//! In: HTTP requests with `web::Data<AuthState>`. Out: GoTrue's JSON. Around every route: the gateway's
//! key check (but for what browsers open from mails), a deadline, and the shape of errors.
//! Source: <https://supabase.com/docs/reference/self-hosting-auth/introduction>.

mod admin_factors;
mod admin_users;
mod disabled;
mod generate_link;
mod info;
mod invite;
mod logout;
mod otp;
mod reauthenticate;
mod recover;
mod request;
mod resend;
mod respond;
mod signup;
mod token;
mod user;
mod verify;

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::JsonPayloadError;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpRequest, web};
use chrono::Utc;

use super::error::{AuthError, Cause, codes};
use super::state::AuthState;
use respond::{ApiVersion, GatewayError, Shaped};

/// Largest request body.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// A request that takes longer is answered 504.
const DEADLINE: Duration = Duration::from_secs(10);

/// Paths below `/auth/v1` that need no API key: browsers open them, probes ask for health.
const OPEN_PATHS: &[&str] = &[
    "/verify",
    "/callback",
    "/authorize",
    "/health",
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
];

/// Mounts the routes; the application provides `web::Data<AuthState>`.
pub fn configure(cfg: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default()
        .limit(MAX_BODY_BYTES)
        .content_type_required(false)
        .error_handler(|error, _| json_error(&error).into());
    let query = web::QueryConfig::default()
        .error_handler(|_, _| AuthError::validation("The query string is not valid").into());
    cfg.service(
        web::scope("/auth/v1")
            .app_data(json)
            .app_data(query)
            .wrap(from_fn(gate))
            .configure(info::configure)
            .configure(signup::configure)
            .configure(token::configure)
            .configure(user::configure)
            .configure(logout::configure)
            .configure(recover::configure)
            .configure(otp::configure)
            .configure(resend::configure)
            .configure(verify::configure)
            .configure(reauthenticate::configure)
            .configure(invite::configure)
            .configure(generate_link::configure)
            .configure(admin_users::configure)
            .configure(admin_factors::configure)
            .configure(disabled::configure)
            .default_service(web::to(unknown)),
    );
}

async fn unknown(_: HttpRequest) -> Result<&'static str, AuthError> {
    Err(AuthError::new(codes::UNKNOWN_ROUTE, "Not Found"))
}

fn json_error(error: &JsonPayloadError) -> AuthError {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            AuthError::new(codes::REQUEST_ENTITY_TOO_LARGE, "Request body is too large")
        }
        _ => AuthError::new(codes::BAD_JSON, "Could not parse request body as JSON"),
    }
}

/// What surrounds every route.
async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let version = ApiVersion::of(request.headers());
    let path = request.path().strip_prefix("/auth/v1").unwrap_or_default();
    // A 4xx to a refresh signs users out, which a fault of the database must not.
    let is_refresh = request.query_string().contains("grant_type=refresh_token");
    if !OPEN_PATHS.contains(&path)
        && let Err(error) = check_application(&request)
    {
        let refusal = not_stored(request.error_response(error));
        return Ok(refusal.map_into_right_body());
    }
    let response = match tokio::time::timeout(DEADLINE, next.call(request)).await {
        Ok(response) => response?,
        Err(_) => {
            let error = AuthError::new(codes::REQUEST_TIMEOUT, "Processing this request timed out");
            return Err(Shaped { error, version }.into());
        }
    };
    let (request, response) = response.into_parts();
    let error = response
        .error()
        .and_then(|error| error.as_error::<AuthError>())
        .cloned();
    let response = match error {
        Some(error) => {
            let error = told(error, is_refresh);
            Shaped { error, version }.response().map_into_right_body()
        }
        None => response.map_into_left_body(),
    };
    Ok(not_stored(ServiceResponse::new(request, response)))
}

/// Adds `no-store` where the route said nothing of caches.
fn not_stored<B>(mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    if !response.headers().contains_key(CACHE_CONTROL) {
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
    }
    response
}

/// An objection of the application's triggers gets a status that clients show: supabase-js takes 5xx for
/// trouble with the network and hides their text.
fn told(error: AuthError, is_refresh: bool) -> AuthError {
    match error.cause {
        Cause::Application if !is_refresh => error.status(422),
        _ => error,
    }
}

fn check_application(request: &ServiceRequest) -> Result<(), Error> {
    let Some(state) = request.app_data::<web::Data<AuthState>>() else {
        return Err(AuthError::unexpected("The auth routes have no state").into());
    };
    let headers = request.headers();
    let checked = state.authenticator.check_application(
        request::header(headers, "authorization"),
        request::header(headers, "apikey"),
        Utc::now().timestamp(),
    );
    checked.map_err(|error| GatewayError(error).into())
}
