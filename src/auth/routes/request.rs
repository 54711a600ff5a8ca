//! What several routes read from a request: headers, where it comes from, who is signed in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::auth::error::{AuthError, Result, codes};
use crate::auth::mail_flow::{self, Flow, Target};
use crate::auth::pkce::Challenge;
use crate::auth::session::{self, Peer};
use crate::auth::state::AuthState;
use crate::auth::user::User;
use crate::auth::{keys, limits, store};

/// Longest user agent that is kept, in characters.
const MAX_USER_AGENT: usize = 512;

/// A header as text; `None` when absent or not visible ASCII.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Address and user agent. Proxies that are trusted tell the address, read from the right.
pub fn peer(state: &AuthState, request: &HttpRequest) -> Peer {
    let direct = request.peer_addr().map(|address| address.ip());
    let forwarded = header(request.headers(), "x-forwarded-for").unwrap_or_default();
    Peer {
        ip: client_ip(direct, forwarded, &state.settings.trusted_proxies),
        user_agent: header(request.headers(), "user-agent")
            .map(|agent| agent.chars().take(MAX_USER_AGENT).collect()),
    }
}

fn client_ip(direct: Option<IpAddr>, forwarded: &str, trusted: &[IpAddr]) -> Option<IpAddr> {
    let mut ip = direct?;
    for hop in forwarded.rsplit(',') {
        if !trusted.contains(&ip) {
            break;
        }
        match hop.trim().parse() {
            Ok(before) => ip = before,
            Err(_) => break,
        }
    }
    Some(ip)
}

/// The key of the client's buckets.
pub fn address_key(peer: &Peer) -> String {
    limits::address_key(peer.ip)
}

/// Where the link of a mail should lead: `redirect_to` in the query or as a header, else the page that
/// the request came from, each if allowed, else the site; and PKCE's challenge.
///
/// # Errors
/// 400 for a malformed challenge.
pub fn target(
    state: &AuthState,
    request: &HttpRequest,
    code_challenge: &str,
    code_challenge_method: &str,
) -> Result<Target> {
    Ok(Target {
        redirect_to: redirect_to(state, request, None),
        challenge: Challenge::parse(code_challenge, code_challenge_method)?,
    })
}

/// As [`target`], for flows that end with a new password: without an allowed `redirect_to` the link leads
/// to the page where the frontends take over.
///
/// # Errors
/// 400 for a malformed challenge.
pub fn password_target(
    state: &AuthState,
    request: &HttpRequest,
    flow: Flow,
    code_challenge: &str,
    code_challenge_method: &str,
) -> Result<Target> {
    let asked = asked_redirect(request);
    let redirect_to = match state.settings.redirects.wanted(asked.as_deref()) {
        Some(wanted) => wanted.to_owned(),
        None => mail_flow::landing_page(state, flow, header(request.headers(), "referer")),
    };
    Ok(Target {
        redirect_to,
        challenge: Challenge::parse(code_challenge, code_challenge_method)?,
    })
}

/// The address part of [`target`]; `given` comes before the query.
pub fn redirect_to(state: &AuthState, request: &HttpRequest, given: Option<&str>) -> String {
    let asked = asked_redirect(request);
    let wanted = given.filter(|url| !url.is_empty()).or(asked.as_deref());
    let referer = header(request.headers(), "referer");
    state.settings.redirects.choose(wanted, referer).to_owned()
}

/// `redirect_to` in the query or as a header.
fn asked_redirect(request: &HttpRequest) -> Option<String> {
    query_value(request, "redirect_to")
        .or_else(|| header(request.headers(), "redirect_to").map(str::to_owned))
}

/// The first value of a name in the query.
pub fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Requests for mails are answered after this time, whatever they led to,
const EVEN_TIME: Duration = Duration::from_millis(200);
/// and up to this much later, at random: what work of a known address leaves behind on the processor is
/// lost in it.
const JITTER: Duration = Duration::from_millis(20);

/// `{}` after an even time. What only known addresses cause runs meanwhile, and on if it must, so that
/// the time does not tell whether an address is known; its failures are logged.
pub async fn answer_evenly(
    started: Instant,
    work: Option<impl Future<Output = Result<()>> + 'static>,
) -> HttpResponse {
    if let Some(work) = work {
        actix_web::rt::spawn(async {
            if let Err(error) = work.await {
                tracing::error!(%error, "auth: a mail flow failed");
            }
        });
    }
    let at = started + EVEN_TIME + JITTER.mul_f64(rand::random());
    tokio::time::sleep_until(at.into()).await;
    HttpResponse::Ok().json(serde_json::json!({}))
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

fn claims(state: &AuthState, token: &str) -> Result<Arc<Map<String, Value>>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_tell_the_address() {
        let ip = |text: &str| text.parse::<IpAddr>().ok();
        let proxies: Vec<IpAddr> = ["10.0.0.1", "10.0.0.2"]
            .iter()
            .filter_map(|t| ip(t))
            .collect();
        for (direct, forwarded, expected) in [
            ("1.1.1.1", "9.9.9.9", "1.1.1.1"),
            ("10.0.0.1", "9.9.9.9", "9.9.9.9"),
            ("10.0.0.1", "6.6.6.6, 9.9.9.9", "9.9.9.9"),
            ("10.0.0.1", "9.9.9.9, 10.0.0.2", "9.9.9.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "x", "10.0.0.1"),
        ] {
            assert_eq!(
                client_ip(ip(direct), forwarded, &proxies),
                ip(expected),
                "{forwarded}"
            );
        }
        assert_eq!(client_ip(None, "9.9.9.9", &proxies), None);
    }
}
