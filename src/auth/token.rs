//! The access token and the session object that a sign-in answers.
//!
//! In: the user as the database has it now, the session, how the user proved who they are. Out: the
//! signed token and GoTrue's session JSON. Pure.
//! Source: <https://supabase.com/docs/guides/auth/jwt-fields>.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::{AuthError, Result};
use super::jwt;
use super::state::AuthState;
use super::user::User;

/// One proof of identity: `{"method":"password","timestamp":1700000000}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    pub method: String,
    /// Seconds since 1970.
    pub timestamp: i64,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a str,
    exp: i64,
    iat: i64,
    email: &'a str,
    phone: &'a str,
    app_metadata: &'a Map<String, Value>,
    user_metadata: &'a Map<String, Value>,
    role: &'a str,
    aal: &'a str,
    amr: &'a [Proof],
    session_id: Uuid,
    is_anonymous: bool,
}

/// The answer to a sign-in or refresh.
#[derive(Serialize, ToSchema)]
pub struct Session {
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// Seconds since 1970.
    pub expires_at: i64,
    pub refresh_token: String,
    pub user: User,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What the session is, besides its user.
#[derive(Debug)]
pub struct Grant {
    pub session_id: Uuid,
    pub refresh_token: String,
    /// `aal1` to `aal3`.
    pub aal: String,
    /// Newest first.
    pub amr: Vec<Proof>,
}

/// Signs the access token and builds the session.
///
/// # Errors
/// 500 when signing fails, which an HMAC key does not.
pub fn session(state: &AuthState, user: User, grant: Grant, now: DateTime<Utc>) -> Result<Session> {
    let iat = now.timestamp();
    let expires_in = state.settings.access_token_ttl_s;
    let expires_at = iat.saturating_add(expires_in);
    let claims = AccessClaims {
        iss: &state.settings.issuer,
        sub: user.id,
        aud: &user.aud,
        exp: expires_at,
        iat,
        email: &user.email,
        phone: &user.phone,
        app_metadata: &user.app_metadata,
        user_metadata: &user.user_metadata,
        role: &user.role,
        aal: &grant.aal,
        amr: &grant.amr,
        session_id: grant.session_id,
        is_anonymous: user.is_anonymous,
    };
    let failed = |_| AuthError::unexpected("Signing the token failed");
    let payload = serde_json::to_string(&claims)
        .map_err(|_| AuthError::unexpected("Signing the token failed"))?;
    Ok(Session {
        access_token: jwt::sign(&payload, state.signing_key()).map_err(failed)?,
        token_type: "bearer",
        expires_in,
        expires_at,
        refresh_token: grant.refresh_token,
        user,
    })
}
