//! `/webhooks`: who is told of what, and what became of it. For administrators and the service key only.
//!
//! In: requests. Out: JSON; errors in PostgREST's shape. Whoever is no administrator is refused before the
//! body is read: 401 for the anonymous role, 403 for everybody else.

pub mod deliveries;
mod input;
pub mod subscriptions;
pub mod test;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use deadpool_postgres::{Client, PoolError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::overlap;
use super::store::{self, Subscription};
use crate::auth::keys;
use crate::error::{Error, body as error_body, codes};
use crate::state::AppState;

pub use input::{RotateInput, SubscribeInput, TestInput, UpdateInput};

/// Largest body that these endpoints read.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Mounts them.
pub fn configure(services: &mut ServiceConfig) {
    services
        .service(subscriptions::subscribe)
        .service(test::test)
        .service(deliveries::replay)
        .service(subscriptions::list)
        .service(subscriptions::read)
        .service(subscriptions::update)
        .service(subscriptions::delete)
        .service(subscriptions::rotate_secret)
        .service(deliveries::list)
        .service(deliveries::replay_dead);
    for (path, allowed) in [
        ("/webhooks", "GET"),
        ("/webhooks/subscribe", "POST"),
        ("/webhooks/test", "POST"),
        ("/webhooks/{id}", "GET, PATCH, DELETE"),
        ("/webhooks/{id}/deliveries", "GET"),
        ("/webhooks/{id}/replay", "POST"),
        ("/webhooks/{id}/rotate-secret", "POST"),
        ("/webhooks/deliveries/{id}/replay", "POST"),
    ] {
        services.service(
            web::resource(path)
                .app_data(web::Data::new(Allowed(allowed)))
                .default_service(web::to(other)),
        );
    }
}

/// The verbs of a path.
#[derive(Debug, Clone, Copy)]
struct Allowed(&'static str);

async fn other(
    state: web::Data<AppState>,
    allowed: web::Data<Allowed>,
    request: HttpRequest,
) -> HttpResponse {
    let message = format!("Unsupported HTTP method: {}", request.method());
    let error = Error::new(&codes::PGRST117, message).header("Allow", allowed.0);
    refuse(&state, &error)
}

/// Somebody who may do all this, with a connection of the owner role.
struct Administrator {
    client: Client,
    /// `sub` of a user's token; none for the service key.
    user_id: Option<Uuid>,
}

impl Administrator {
    /// Checks the caller.
    async fn of(state: &AppState, request: &HttpRequest) -> Result<Self, Error> {
        let text = |name: &str| {
            let value = request.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let auth = state.authenticator().authenticate(
            text("authorization").as_deref(),
            text("apikey").as_deref(),
            Utc::now().timestamp(),
        )?;
        let user_id = auth.claims.get("sub").and_then(Value::as_str);
        let user_id = user_id.and_then(|text| Uuid::try_parse(text).ok());
        let is_service = auth.role == keys::SERVICE_ROLE;
        let user_id = user_id.filter(|_| !is_service);
        if !is_service && (auth.role != keys::AUTHENTICATED || user_id.is_none()) {
            return Err(forbidden(&auth.role));
        }
        let client = connection(state).await?;
        if let Some(user_id) = user_id {
            let sql = "select from public.sales \
                       where user_id = $1 and administrator and not coalesce(disabled, false)";
            let found = client.query_opt(sql, &[&user_id]).await.map_err(failed)?;
            found.ok_or_else(|| forbidden(&auth.role))?;
        }
        Ok(Self { client, user_id })
    }
}

fn forbidden(role: &str) -> Error {
    let hint = "Only administrators may do this";
    let message = "permission denied for webhooks";
    match role {
        keys::AUTHENTICATED => Error::from_database("42501", 403, message).hint(hint),
        _ => Error::from_database("42501", 401, message)
            .hint(hint)
            .header("WWW-Authenticate", "Bearer"),
    }
}

async fn connection(state: &AppState) -> Result<Client, Error> {
    let pool = state.admin_pool.as_ref().ok_or_else(|| {
        Error::new(&codes::PGRST127, "Webhooks are not enabled on this server")
            .hint("Set db-admin-uri")
    })?;
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => {
            tracing::error!(%error, "webhooks: no connection");
            Error::new(&codes::PGRST000, "Database is not available")
        }
        other => {
            tracing::error!(error = %other, "webhooks: no connection");
            Error::new(
                &codes::PGRST003,
                "Timed out acquiring connection from connection pool.",
            )
        }
    })
}

/// An error of the database: its text is for the log.
fn failed(error: tokio_postgres::Error) -> Error {
    let code = error.code().map(|code| code.code().to_owned());
    if matches!(code.as_deref(), Some("42P01" | "3F000")) {
        return Error::new(&codes::PGRST127, "This database has no tables for webhooks")
            .hint("Run `oppbase db init`");
    }
    tracing::error!(%error, code, "webhooks: failed");
    Error::new(&codes::PGRSTX00, "Internal server error")
}

/// 404.
fn missing(what: &str, id: impl std::fmt::Display) -> Error {
    let mut error = Error::new(&codes::PGRST116, format!("There is no {what} {id}"));
    error.fault_mut().status = StatusCode::NOT_FOUND.as_u16();
    error
}

fn subscription_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| {
        Error::new(&codes::PGRST100, format!("{text:?} is not an id")).details("An id is a UUID")
    })
}

/// The body as an input; an empty one is `{}`.
async fn read<T: DeserializeOwned>(payload: web::Payload) -> Result<T, Error> {
    let body = match payload.to_bytes_limited(MAX_BODY_BYTES).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return Err(Error::new(
                &codes::PGRST102,
                "The request body was cut short",
            ));
        }
        Err(_) => {
            let mut error = Error::new(&codes::PGRST102, "The request body is too large")
                .details(format!("The limit is {MAX_BODY_BYTES} bytes"));
            error.fault_mut().status = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
            return Err(error);
        }
    };
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    // A list would be taken for the members in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(
            Error::new(&codes::PGRST102, "The body does not fit this endpoint")
                .details("It must be a JSON object"),
        );
    }
    serde_json::from_slice(body).map_err(|error| {
        Error::new(&codes::PGRST102, "The body does not fit this endpoint")
            .details(error.to_string())
    })
}

/// The frame of every endpoint: the caller is checked before anything is read, an error is answered in
/// PostgREST's shape.
async fn answer(
    state: &AppState,
    request: &HttpRequest,
    act: impl AsyncFnOnce(Administrator) -> Result<HttpResponse, Error>,
) -> HttpResponse {
    let outcome = match Administrator::of(state, request).await {
        Ok(administrator) => act(administrator).await,
        Err(error) => Err(error),
    };
    outcome.unwrap_or_else(|error| refuse(state, &error))
}

/// The same for the endpoints below `/webhooks/{id}`.
async fn answer_for(
    state: &AppState,
    request: &HttpRequest,
    id: &str,
    act: impl AsyncFnOnce(Administrator, Uuid) -> Result<HttpResponse, Error>,
) -> HttpResponse {
    answer(state, request, async |administrator| {
        act(administrator, subscription_id(id)?).await
    })
    .await
}

/// A subscription that is there, as its owner sees it.
async fn known(state: &AppState, client: &Client, id: Uuid) -> Result<Subscription, Error> {
    let found = store::find(client, id).await.map_err(failed)?;
    found
        .map(|found| shown(state, found))
        .ok_or_else(|| missing("subscription", id))
}

/// With the end of the old words, where it has any.
fn shown(state: &AppState, mut subscription: Subscription) -> Subscription {
    subscription.version_1_ends_at = overlap::of(state).end_of(&subscription.events);
    subscription
}

fn refuse(state: &AppState, error: &Error) -> HttpResponse {
    let answer = error_body::postgrest(error, state.config().rest.error_verbosity);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers {
        if !name.eq_ignore_ascii_case("content-length") {
            response.append_header((name, value));
        }
    }
    response.body(answer.body)
}
