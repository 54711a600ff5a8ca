//! PKCE: the challenge at the start of a flow, the code in the redirect, the verifier at the end.
//!
//! In: what the client sends. Out: a [`Challenge`], and whether a verifier belongs to it. The state in
//! between is a row of `auth.flow_state`. Source: RFC 7636.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::{AuthError, Result, codes};
use super::session::{NewSession, Peer};
use super::state::AuthState;
use super::store::{self, OpenTransaction, Step};
use super::token::Session;
use super::user::User;

/// Lifetime of a flow.
pub const FLOW_TTL_S: f64 = 300.0;

/// A challenge of well-formed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    method: Method,
    text: String,
}

/// How the challenge was made from the verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    S256,
    Plain,
}

impl Challenge {
    /// `None` when neither part is given.
    ///
    /// # Errors
    /// 400 `validation_failed` for half a challenge, an unknown method, a malformed text.
    pub fn parse(text: &str, method: &str) -> Result<Option<Self>> {
        if text.is_empty() && method.is_empty() {
            return Ok(None);
        }
        if text.is_empty() || method.is_empty() {
            return Err(AuthError::validation(
                "PKCE flow requires code_challenge_method and code_challenge",
            ));
        }
        let method = match method.to_ascii_lowercase().as_str() {
            "s256" => Method::S256,
            "plain" => Method::Plain,
            _ => return Err(AuthError::validation("Invalid code challenge method")),
        };
        if !is_well_formed(text) {
            return Err(AuthError::validation(
                "code challenge has to be between 43 and 128 characters of A-Z a-z 0-9 - . _ ~",
            ));
        }
        let text = text.to_owned();
        Ok(Some(Self { method, text }))
    }

    /// The statement that begins a flow. `authentication_method` ends up in the session's `amr`.
    pub fn step(&self, user_id: Uuid, authentication_method: &'static str) -> Step {
        let method = match self.method {
            Method::S256 => "s256",
            Method::Plain => "plain",
        };
        Step::new(include_str!("sql/flow_state_insert.sql"))
            .bind(user_id)
            .bind(Uuid::new_v4().to_string())
            .bind(method)
            .bind(self.text.clone())
            .bind(authentication_method)
    }
}

/// Exchanges a code and its verifier for a session; a code works once.
///
/// # Errors
/// 400 `validation_failed`, `bad_code_verifier`, `user_banned`; 404 `flow_state_not_found`; 422
/// `flow_state_expired`.
pub async fn exchange(
    state: &AuthState,
    code: &str,
    verifier: &str,
    peer: &Peer,
) -> Result<Session> {
    if code.is_empty() || verifier.is_empty() {
        let text = "invalid request: both auth code and code verifier should be non-empty";
        return Err(AuthError::validation(text));
    }
    let client = store::connection(&state.pool).await?;
    let lock = Step::new(include_str!("sql/flow_state_lock.sql")).bind(code.replace('\0', ""));
    let doing = "Database error finding flow";
    let (transaction, rows) = OpenTransaction::begin(client, doing, "", &[lock]).await?;
    let flow = match rows[0].first().map(Flow::from_row).transpose() {
        Ok(Some(flow)) => flow,
        Ok(None) => {
            let text = "invalid flow state, no valid flow state found";
            let error = AuthError::new(codes::FLOW_STATE_NOT_FOUND, text);
            return Err(transaction.rollback(error).await);
        }
        Err(error) => {
            tracing::error!(%error, "auth: a column has an unexpected type");
            let error = AuthError::unexpected("The auth schema is not as expected");
            return Err(transaction.rollback(error).await);
        }
    };
    if let Err(error) = flow.check(verifier) {
        return Err(transaction.rollback(error).await);
    }
    let rows = transaction
        .run(doing, &User::load_steps(flow.user_id))
        .await?;
    let user = match User::from_rows(&rows)? {
        Some(user) if user.is_banned(Utc::now()) => {
            let error = AuthError::new(codes::USER_BANNED, "User is banned").status(400);
            return Err(transaction.rollback(error).await);
        }
        Some(user) => user,
        None => {
            let error = AuthError::new(codes::USER_NOT_FOUND, "User not found").status(403);
            return Err(transaction.rollback(error).await);
        }
    };
    let session = NewSession::new(user.id, flow.authentication_method);
    let mut steps = vec![Step::new("delete from auth.flow_state where id = $1").bind(flow.id)];
    steps.extend(session.steps(&user.email, peer));
    let rows = transaction
        .commit("Database error granting user", &steps)
        .await?;
    session.finish(state, &rows)
}

/// A row of `flow_state_lock.sql`.
struct Flow {
    id: Uuid,
    user_id: Uuid,
    method: String,
    challenge: String,
    authentication_method: String,
    age_s: f64,
}

impl Flow {
    fn from_row(row: &Row) -> std::result::Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            user_id: row.try_get("user_id")?,
            method: row.try_get("method")?,
            challenge: row.try_get("challenge")?,
            authentication_method: row.try_get("authentication_method")?,
            age_s: row.try_get("age_s")?,
        })
    }

    fn check(&self, verifier: &str) -> Result<()> {
        if self.age_s > FLOW_TTL_S {
            let text = "invalid flow state, flow state has expired";
            return Err(AuthError::new(codes::FLOW_STATE_EXPIRED, text));
        }
        check_verifier(&self.method, &self.challenge, verifier)
    }
}

/// Whether the verifier belongs to a stored challenge.
///
/// # Errors
/// 400 `bad_code_verifier`.
pub fn check_verifier(method: &str, challenge: &str, verifier: &str) -> Result<()> {
    let computed = match method {
        "s256" => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        _ => verifier.to_owned(),
    };
    if bool::from(computed.as_bytes().ct_eq(challenge.as_bytes())) {
        return Ok(());
    }
    let text = "code challenge does not match previously saved code verifier";
    Err(AuthError::new(codes::BAD_CODE_VERIFIER, text))
}

fn is_well_formed(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_verifies() {
        assert_eq!(check_verifier("s256", CHALLENGE, VERIFIER), Ok(()));
        assert_eq!(
            check_verifier("s256", CHALLENGE, "x").map_err(|e| e.code),
            Err("bad_code_verifier")
        );
        assert_eq!(check_verifier("plain", VERIFIER, VERIFIER), Ok(()));
        assert!(check_verifier("plain", CHALLENGE, VERIFIER).is_err());
    }

    #[test]
    fn half_and_malformed_challenges_are_refused() {
        assert_eq!(Challenge::parse("", ""), Ok(None));
        assert!(Challenge::parse(CHALLENGE, "S256").is_ok());
        for (text, method) in [
            (CHALLENGE, ""),
            ("", "s256"),
            (CHALLENGE, "md5"),
            ("short", "plain"),
            (&"a".repeat(129), "plain"),
            (&format!("{CHALLENGE}+"), "s256"),
        ] {
            assert!(Challenge::parse(text, method).is_err(), "{text} {method}");
        }
    }
}
