//! Refresh tokens: rotation, repetition within a window, and the end of a stolen family.
//!
//! In: a token text. Out: a new session for the same sign-in, or the reason why not. Twelve characters
//! of base32 (longer ones: [`super::signed_refresh_token`]); each is used once and names its successor's `parent`. Safe with many processes: all
//! changes of a session's tokens wait for the lock on its row.
//! Source: <https://supabase.com/docs/guides/auth/sessions#what-is-refresh-token-reuse-detection-and-what-does-it-protect-from>.

use chrono::Utc;
use tokio_postgres::Row;
use uuid::Uuid;

use super::audit::{self, Action, Actor};
use super::error::{AuthError, Result, codes};
use super::session::Peer;
use super::signed_refresh_token;
use super::state::AuthState;
use super::store::{self, OpenTransaction, Step};
use super::token::{self, Grant, Proof, Session};
use super::user::User;

/// Characters of a token: 60 random bits.
const LENGTH: usize = 12;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What to do with a token that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// No such token.
    Unknown,
    /// Its session ended.
    SessionGone,
    /// Its session has a time limit that passed.
    SessionOver,
    /// Good: revoke it and give out a child.
    Rotate,
    /// Used before, but its child is unused: the answer was lost, so give out that child again.
    Repeat(String),
    /// Used a moment ago: another tab asks; give out one more child.
    Sibling,
    /// Used long ago: somebody has a copy. Revoke the whole family.
    Reused,
}

/// What the database says about a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub revoked: bool,
    /// Seconds since it was last changed.
    pub age_s: f64,
    /// `None` when the session's row is gone; else whether its time limit passed.
    pub session_is_over: Option<bool>,
    /// The session's newest good token and that token's parent.
    pub active: Option<(String, String)>,
}

/// The rules, without the database. `reuse_interval_s` is how long a used token may be used again.
pub fn decide(token: &str, found: Option<&Found>, reuse_interval_s: i64) -> Decision {
    let Some(found) = found else {
        return Decision::Unknown;
    };
    match found.session_is_over {
        None => return Decision::SessionGone,
        Some(true) => return Decision::SessionOver,
        Some(false) => {}
    }
    if !found.revoked {
        return Decision::Rotate;
    }
    match &found.active {
        Some((active, parent)) if parent == token => Decision::Repeat(active.clone()),
        #[expect(clippy::cast_precision_loss, reason = "seconds of a setting")]
        _ if found.age_s < reuse_interval_s as f64 => Decision::Sibling,
        _ => Decision::Reused,
    }
}

/// A new token.
pub fn generate() -> String {
    let mut bits = rand::random::<u64>();
    (0..LENGTH)
        .map(|_| {
            let index = usize::from(bits.to_le_bytes()[0] & 31);
            bits >>= 5;
            char::from(ALPHABET[index])
        })
        .collect()
}

/// The statement that stores a token.
pub fn insert_step(token: &str, user_id: Uuid, session_id: Uuid, parent: Option<&str>) -> Step {
    Step::new(include_str!("sql/refresh_token_insert.sql"))
        .bind(token.to_owned())
        .bind(user_id)
        .bind(session_id)
        .bind(parent.map(str::to_owned))
}

/// Exchanges a refresh token for a new session object.
///
/// # Errors
/// 400 `refresh_token_not_found`, `refresh_token_already_used`, `session_not_found`,
/// `session_expired`, `user_banned`; 409 `conflict` after five seconds of waiting for the session.
pub async fn refresh(state: &AuthState, token: &str, peer: &Peer) -> Result<Session> {
    match token.len() {
        ..LENGTH => return Err(not_found()),
        // The database knows no text with a NUL.
        LENGTH if token.contains('\0') => return Err(not_found()),
        LENGTH => {}
        _ => return signed_refresh_token::refresh(state, token, peer).await,
    }
    let client = store::connection(&state.pool).await?;
    let (transaction, rows) = OpenTransaction::begin(
        client,
        "Database error finding refresh token",
        "set local lock_timeout = '5s'",
        &look_up_steps(token),
    )
    .await?;
    let looked_up = LookedUp::from_rows(&rows).map_err(|error| {
        tracing::error!(%error, "auth: a column has an unexpected type");
        AuthError::unexpected("The auth schema is not as expected")
    })?;
    let interval_s = state.settings.refresh_token_reuse_interval_s;
    let (issued, steps) = match decide(token, looked_up.found.as_ref(), interval_s) {
        Decision::SessionGone => return end_orphan(transaction, token).await,
        Decision::Reused => return revoke_family(transaction, &looked_up, peer).await,
        Decision::Unknown => return Err(transaction.rollback(not_found()).await),
        Decision::SessionOver => {
            let over = "Invalid Refresh Token: Session Expired";
            let over = AuthError::new(codes::SESSION_EXPIRED, over);
            return Err(transaction.rollback(over).await);
        }
        Decision::Repeat(active) => (active, Vec::new()),
        Decision::Rotate | Decision::Sibling => looked_up.successor(token),
    };
    let owner = (looked_up.session, looked_up.user);
    renew(state, transaction, owner, issued, steps, peer).await
}

/// Commits a refresh that was granted and answers the session.
pub(super) async fn renew(
    state: &AuthState,
    transaction: OpenTransaction,
    owner: (Option<Owner>, Option<User>),
    issued: String,
    mut steps: Vec<Step>,
    peer: &Peer,
) -> Result<Session> {
    let (Some(owner), Some(user)) = owner else {
        return Err(transaction.rollback(not_found()).await);
    };
    if user.is_banned(Utc::now()) {
        let banned = AuthError::new(codes::USER_BANNED, "Invalid Refresh Token: User Banned");
        return Err(transaction.rollback(banned.status(400)).await);
    }
    steps.extend(owner.refreshed_steps(&user, peer));
    let rows = transaction
        .commit("Database error refreshing session", &steps)
        .await?;
    owner.answer(state, issued, &rows)
}

pub(super) fn not_found() -> AuthError {
    AuthError::new(
        codes::REFRESH_TOKEN_NOT_FOUND,
        "Invalid Refresh Token: Refresh Token Not Found",
    )
}

/// The session that is renewed.
pub(super) struct Owner {
    session_id: Uuid,
    user_id: Uuid,
    aal: String,
}

struct LookedUp {
    found: Option<Found>,
    session: Option<Owner>,
    user: Option<User>,
}

fn look_up_steps(token: &str) -> Vec<Step> {
    [
        include_str!("sql/session_lock.sql"),
        include_str!("sql/refresh_token_select.sql"),
        include_str!("sql/refresh_token_active.sql"),
        concat!(
            include_str!("sql/user_columns.sql"),
            include_str!("sql/user_by_refresh_token_where.sql")
        ),
    ]
    .into_iter()
    .map(|sql| Step::new(sql).bind(token.to_owned()))
    .collect()
}

impl LookedUp {
    fn from_rows(rows: &[Vec<Row>]) -> Result<Self, tokio_postgres::Error> {
        let first = |at: usize| rows.get(at).and_then(|rows| rows.first());
        let session = first(0).map(Owner::from_row).transpose()?;
        let session_is_over = first(0).map(|row| row.try_get("is_over")).transpose()?;
        let active = first(2)
            .map(|row| {
                Ok::<_, tokio_postgres::Error>((row.try_get("token")?, row.try_get("parent")?))
            })
            .transpose()?;
        let found = first(1)
            .map(|row| {
                Ok::<_, tokio_postgres::Error>(Found {
                    revoked: row.try_get("revoked")?,
                    age_s: row.try_get("age_s")?,
                    session_is_over,
                    active,
                })
            })
            .transpose()?;
        let user = first(3).map(User::from_row).transpose()?;
        Ok(Self {
            found,
            session,
            user,
        })
    }

    /// A child of the token, and the statements that make it.
    fn successor(&self, token: &str) -> (String, Vec<Step>) {
        let child = generate();
        let mut steps =
            vec![Step::new(include_str!("sql/refresh_token_revoke.sql")).bind(token.to_owned())];
        if let Some(owner) = &self.session {
            steps.push(insert_step(
                &child,
                owner.user_id,
                owner.session_id,
                Some(token),
            ));
        }
        (child, steps)
    }
}

impl Owner {
    pub(super) fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            session_id: row.try_get("id")?,
            user_id: row.try_get("user_id")?,
            aal: row.try_get("aal")?,
        })
    }

    /// What every refresh writes and reads besides the tokens.
    fn refreshed_steps(&self, user: &User, peer: &Peer) -> Vec<Step> {
        let actor = Actor {
            id: self.user_id,
            name: user.email.clone(),
        };
        let mut steps = vec![
            Step::new(include_str!("sql/session_refreshed.sql"))
                .bind(self.session_id)
                .bind(peer.user_agent.clone())
                .bind(peer.ip),
            audit::step(Action::TokenRefreshed, &actor, None, peer),
            Step::new(include_str!("sql/amr_select.sql")).bind(self.session_id),
        ];
        steps.extend(User::load_steps(self.user_id));
        steps
    }

    fn answer(&self, state: &AuthState, issued: String, rows: &[Vec<Row>]) -> Result<Session> {
        let gone = || AuthError::new(codes::SESSION_NOT_FOUND, "Session not found").status(400);
        let [.., amr, _, _, _] = rows else {
            return Err(gone());
        };
        let user = User::from_rows(&rows[rows.len() - 3..])?.ok_or_else(gone)?;
        let amr = amr
            .iter()
            .filter_map(|row| {
                Some(Proof {
                    method: row.try_get("authentication_method").ok()?,
                    timestamp: row.try_get("at_s").ok()?,
                })
            })
            .collect();
        let grant = Grant {
            session_id: self.session_id,
            refresh_token: issued,
            aal: self.aal.clone(),
            amr,
        };
        token::session(state, user, grant, Utc::now())
    }
}

/// The session is gone: so is its token.
async fn end_orphan(transaction: OpenTransaction, token: &str) -> Result<Session> {
    let delete =
        Step::new("delete from auth.refresh_tokens where token = $1").bind(token.to_owned());
    transaction
        .commit("Database error deleting refresh token", &[delete])
        .await?;
    let text = "Invalid Refresh Token: Session Not Found";
    Err(AuthError::new(codes::SESSION_NOT_FOUND, text).status(400))
}

/// Revokes all tokens of the session, beyond the reuse interval, and keeps that, though the request fails.
async fn revoke_family(
    transaction: OpenTransaction,
    looked_up: &LookedUp,
    peer: &Peer,
) -> Result<Session> {
    if let Some(owner) = &looked_up.session {
        let actor = Actor {
            id: owner.user_id,
            name: looked_up
                .user
                .as_ref()
                .map_or_else(String::new, |u| u.email.clone()),
        };
        let steps = [
            Step::new(include_str!("sql/refresh_token_revoke_family.sql")).bind(owner.session_id),
            audit::step(Action::TokenRevoked, &actor, None, peer),
        ];
        transaction
            .commit("Database error revoking refresh tokens", &steps)
            .await?;
    }
    Err(already_used())
}

pub(super) fn already_used() -> AuthError {
    tracing::warn!("auth: a used refresh token was sent again; its family is revoked");
    AuthError::new(
        codes::REFRESH_TOKEN_ALREADY_USED,
        "Invalid Refresh Token: Already Used",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        Found {
            revoked: false,
            age_s: 3.0,
            session_is_over: Some(false),
            active: None,
        }
    }

    fn used(age_s: f64, active: Option<(&str, &str)>) -> Found {
        Found {
            revoked: true,
            age_s,
            active: active.map(|(token, parent)| (token.to_owned(), parent.to_owned())),
            ..found()
        }
    }

    #[test]
    fn the_rules_of_reuse() {
        let gone = Found {
            session_is_over: None,
            ..found()
        };
        let over = Found {
            session_is_over: Some(true),
            ..found()
        };
        let cases = [
            (None, Decision::Unknown),
            (Some(gone), Decision::SessionGone),
            (Some(over), Decision::SessionOver),
            (Some(found()), Decision::Rotate),
            (
                Some(used(9999.0, Some(("child", "t")))),
                Decision::Repeat("child".into()),
            ),
            (
                Some(used(9.0, Some(("grandchild", "child")))),
                Decision::Sibling,
            ),
            (Some(used(9.0, None)), Decision::Sibling),
            (
                Some(used(11.0, Some(("grandchild", "child")))),
                Decision::Reused,
            ),
            (Some(used(11.0, None)), Decision::Reused),
        ];
        for (found, expected) in cases {
            assert_eq!(decide("t", found.as_ref(), 10), expected, "{found:?}");
        }
        assert_eq!(decide("t", Some(&used(0.0, None)), 0), Decision::Reused);
    }

    #[test]
    fn tokens_are_twelve_characters_of_base32_and_differ() {
        let (one, two) = (generate(), generate());
        assert_ne!(one, two);
        assert_eq!(one.len(), LENGTH);
        assert!(one.bytes().all(|b| ALPHABET.contains(&b)), "{one}");
    }
}
