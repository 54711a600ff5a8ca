//! What several routes read from a request: headers, where it comes from, who is signed in.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use chrono::Utc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::auth::error::{AuthError, Result, codes};
use crate::auth::session::{self, Peer};
use crate::auth::state::AuthState;
use crate::auth::user::User;
use crate::auth::{keys, store};

/// Longest user agent that is kept, in characters.
const MAX_USER_AGENT: usize = 512;

/// A header as text; `None` when absent or not visible ASCII.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Address and user agent.
pub fn peer(request: &HttpRequest) -> Peer {
    Peer {
        ip: request.peer_addr().map(|address| address.ip()),
        user_agent: header(request.headers(), "user-agent")
            .map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// A JSON object as request body. Members that are null count as absent, as Go reads them; an array is
/// not taken for a list of members.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::<String, Value>::deserialize(deserializer)?;
        members.retain(|_, value| !value.is_null());
        T::deserialize(Value::Object(members))
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// The user of a request and the session its token names.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    pub session_id: Option<Uuid>,
}

/// Who is signed in: Bearer present, signature and expiry good, the user exists, so does the session,
/// no ban.
///
/// # Errors
/// 401 `no_authorization`; 403 `bad_jwt`, `user_not_found`, `session_not_found`, `user_banned`.
pub async fn signed_in(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    request: &HttpRequest,
) -> Result<SignedIn> {
    let token = bearer(request)?;
    let claims = claims(state, token)?;
    let id = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let user_id = Uuid::try_parse(id("sub"))
        .map_err(|_| AuthError::new(codes::BAD_JWT, "invalid claim: missing sub claim"))?;
    let session_id = match id("session_id") {
        "" => None,
        text => Some(Uuid::try_parse(text).map_err(|_| {
            AuthError::new(
                codes::BAD_JWT,
                "invalid claim: session_id claim must be a UUID",
            )
        })?),
    };
    let user = session::signed_in_user(client, user_id, session_id).await?;
    Ok(SignedIn { user, session_id })
}

/// Lets only the service key through.
///
/// # Errors
/// 401 `no_authorization`; 403 `bad_jwt`, `not_admin`.
pub fn require_admin(state: &AuthState, request: &HttpRequest) -> Result<()> {
    let token = bearer(request)?;
    let not_admin = || AuthError::new(codes::NOT_ADMIN, "User not allowed");
    let role = if token.starts_with(keys::OPAQUE_PREFIX) {
        state
            .authenticator
            .opaque_role(token)
            .ok_or_else(not_admin)?
            .to_owned()
    } else {
        let verified = state
            .authenticator
            .verify_token(token, Utc::now().timestamp());
        verified.map_err(bad_jwt)?.role
    };
    if role == keys::SERVICE_ROLE {
        Ok(())
    } else {
        Err(not_admin())
    }
}

/// A connection, for routes.
///
/// # Errors
/// 503 without one.
pub async fn connection(state: &AuthState) -> Result<deadpool_postgres::Client> {
    store::connection(&state.pool).await
}

fn bearer(request: &HttpRequest) -> Result<&str> {
    header(request.headers(), "authorization")
        .and_then(keys::bearer)
        .filter(|token| !token.is_empty())
        .ok_or_else(|| {
            AuthError::new(
                codes::NO_AUTHORIZATION,
                "This endpoint requires a valid Bearer token",
            )
        })
}

fn claims(state: &AuthState, token: &str) -> Result<Map<String, Value>> {
    if token.starts_with(keys::OPAQUE_PREFIX) {
        return Err(AuthError::new(
            codes::BAD_JWT,
            "invalid claim: missing sub claim",
        ));
    }
    let verified = state
        .authenticator
        .verify_token(token, Utc::now().timestamp());
    Ok(verified.map_err(bad_jwt)?.claims)
}

fn bad_jwt(fault: crate::auth::fault::TokenFault) -> AuthError {
    let error = crate::error::Error::from(fault);
    AuthError::new(
        codes::BAD_JWT,
        format!("invalid JWT: {}", error.fault().message),
    )
}
