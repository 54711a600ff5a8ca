//! Sessions: one row per sign-in, with its refresh token and the proof of identity.
//!
//! In: a user who proved who they are. Out: [`Step`]s for the transaction of the sign-in, and then the
//! session that is answered. Source: <https://supabase.com/docs/guides/auth/sessions>.

use std::net::IpAddr;

use chrono::Utc;
use tokio_postgres::Row;
use uuid::Uuid;

use super::audit::{self, Action, Actor};
use super::error::{AuthError, Result, codes};
use super::refresh_token;
use super::state::AuthState;
use super::store::{self, Step};
use super::token::{self, Grant, Proof, Session};
use super::user::User;

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
}

/// A session that is about to be made.
pub struct NewSession {
    user_id: Uuid,
    id: Uuid,
    refresh_token: String,
    method: String,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Which sessions a sign-out ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All sessions of the user.
    Global,
    /// This one.
    Local,
    /// All but this one.
    Others,
}

impl NewSession {
    /// A session of this user, by this method (`password`, `otp`, …).
    pub fn new(user_id: Uuid, method: impl Into<String>) -> Self {
        Self {
            user_id,
            id: Uuid::new_v4(),
            refresh_token: refresh_token::generate(),
            method: method.into(),
        }
    }

    /// The statements of the sign-in. The last three load the user, for [`Self::finish`].
    pub fn steps(&self, email: &str, peer: &Peer) -> Vec<Step> {
        let actor = Actor {
            id: self.user_id,
            name: email.to_owned(),
        };
        let mut steps = vec![
            Step::new(
                "update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1",
            )
            .bind(self.user_id),
            Step::new(include_str!("sql/session_insert.sql"))
                .bind(self.id)
                .bind(self.user_id)
                .bind(peer.user_agent.clone())
                .bind(peer.ip),
            refresh_token::insert_step(&self.refresh_token, self.user_id, self.id, None),
            Step::new(include_str!("sql/amr_insert.sql"))
                .bind(self.id)
                .bind(self.method.clone()),
            audit::step(Action::Login, &actor, None, peer),
        ];
        steps.extend(User::load_steps(self.user_id));
        steps
    }

    /// The session, from the rows of [`Self::steps`] (other rows may come before).
    ///
    /// # Errors
    /// 403 `user_not_found` when the user is gone meanwhile.
    pub fn finish(self, state: &AuthState, rows: &[Vec<Row>]) -> Result<Session> {
        let loaded = rows.len().saturating_sub(3);
        let user = User::from_rows(&rows[loaded..])?.ok_or_else(gone)?;
        let now = Utc::now();
        let grant = Grant {
            session_id: self.id,
            refresh_token: self.refresh_token,
            aal: "aal1".to_owned(),
            amr: vec![Proof {
                method: self.method,
                timestamp: now.timestamp(),
            }],
        };
        token::session(state, user, grant, now)
    }
}

/// Opens a session for a user who exists.
///
/// # Errors
/// Of the database.
pub async fn sign_in(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    user: &User,
    method: &'static str,
    peer: &Peer,
) -> Result<Session> {
    let new = NewSession::new(user.id, method);
    let steps = new.steps(&user.email, peer);
    let rows = store::transact(client, "Database error granting user", &steps).await?;
    new.finish(state, &rows)
}

/// The statements that end sessions. `current` is the session of the request, if its token names one;
/// without it every scope means all.
pub fn sign_out_steps(user_id: Uuid, current: Option<Uuid>, scope: Scope) -> Vec<Step> {
    let own = |sql| Step::new(sql).bind(user_id);
    match (scope, current) {
        (Scope::Local, Some(id)) => {
            vec![own("delete from auth.sessions where user_id = $1 and id = $2").bind(id)]
        }
        (Scope::Others, Some(id)) => {
            vec![own("delete from auth.sessions where user_id = $1 and id <> $2").bind(id)]
        }
        _ => vec![
            own("delete from auth.sessions where user_id = $1"),
            // Tokens from before sessions existed.
            own("delete from auth.refresh_tokens where user_id = $1::uuid::text"),
        ],
    }
}

/// The user behind an access token and whether its session still exists (true without a session id).
///
/// # Errors
/// 403 `user_not_found`, `session_not_found`, `user_banned`.
pub async fn signed_in_user(
    client: &deadpool_postgres::Client,
    user_id: Uuid,
    session_id: Option<Uuid>,
) -> Result<User> {
    let mut steps = Vec::from(User::load_steps(user_id));
    if let Some(id) = session_id {
        steps.push(
            Step::new("select 1 from auth.sessions where id = $1 and user_id = $2")
                .bind(id)
                .bind(user_id),
        );
    }
    let rows = store::read(client, "Finding user", &steps).await?;
    let user = User::from_rows(&rows[..3])?.ok_or_else(gone)?;
    if session_id.is_some() && rows[3].is_empty() {
        return Err(AuthError::new(
            codes::SESSION_NOT_FOUND,
            "Session from session_id claim in JWT does not exist",
        ));
    }
    if user.is_banned(Utc::now()) {
        return Err(AuthError::new(codes::USER_BANNED, "User is banned"));
    }
    Ok(user)
}

fn gone() -> AuthError {
    AuthError::new(
        codes::USER_NOT_FOUND,
        "User from sub claim in JWT does not exist",
    )
    .status(403)
}
