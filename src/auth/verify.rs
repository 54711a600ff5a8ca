//! Using a one-time token: from a mailed link, or from the code in the mail.
//!
//! In: a [`Claim`] (type, and hash or address and code). Out: a session, a PKCE code, or "half done" for
//! the first half of a change of address. A token works once: its rows are locked while it is looked
//! at. Five wrong codes make a token void.
//! Source: <https://supabase.com/docs/reference/self-hosting-auth/verifies-a-sign-up>.

use uuid::Uuid;

use super::audit::{self, Action, Actor};
use super::error::{AuthError, Cause, Result, codes};
use super::limits::Bucket;
use super::one_time_token::{Pending, TokenKind};
use super::otp;
use super::password::Password;
use super::session::{NewSession, Peer};
use super::state::AuthState;
use super::store::{self, OpenTransaction, Step};
use super::token::Session;
use super::user_write::clear_token_steps;

/// The `type` of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyType {
    SignUp,
    Invite,
    MagicLink,
    Recovery,
    EmailChange,
    /// A sign-up or a magic link, whichever the token belongs to.
    Email,
}

impl VerifyType {
    /// From a request.
    ///
    /// # Errors
    /// 400 `validation_failed`.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "signup" => Ok(Self::SignUp),
            "invite" => Ok(Self::Invite),
            "magiclink" => Ok(Self::MagicLink),
            "recovery" => Ok(Self::Recovery),
            "email_change" => Ok(Self::EmailChange),
            "email" => Ok(Self::Email),
            "" => Err(AuthError::validation("Verify requires a verification type")),
            _ => Err(AuthError::validation("Unsupported verification type")),
        }
    }

    fn accepts(self, kind: TokenKind) -> bool {
        match self {
            Self::SignUp | Self::Invite => kind == TokenKind::Confirmation,
            Self::MagicLink | Self::Recovery => kind == TokenKind::Recovery,
            Self::Email => matches!(kind, TokenKind::Confirmation | TokenKind::Recovery),
            Self::EmailChange => matches!(
                kind,
                TokenKind::EmailChangeNew | TokenKind::EmailChangeCurrent
            ),
        }
    }

    /// What a PKCE flow of this type counts as proof.
    fn authentication_method(self, kind: TokenKind) -> &'static str {
        match (self, kind) {
            (Self::Email, TokenKind::Recovery) | (Self::MagicLink, _) => "magiclink",
            (Self::SignUp | Self::Email, _) => "email/signup",
            (Self::Invite, _) => "invite",
            (Self::Recovery, _) => "recovery",
            (Self::EmailChange, _) => "email_change",
        }
    }
}

/// What somebody brings.
#[derive(Debug)]
pub enum Claim {
    /// The hash of a link.
    Hash(String),
    /// The code of a mail, and the address it was sent to.
    Code { email: String, code: String },
}

/// What comes of it.
#[derive(Debug)]
pub enum Outcome {
    SignedIn(Box<Session>),
    /// To be exchanged for a session by who began the flow.
    Code(String),
    /// The other address has to confirm as well.
    HalfChanged,
}

/// Uses a token. With `is_pkce` the outcome is a code.
///
/// # Errors
/// 403 `otp_expired` for an unknown, used or old token; 403 `user_banned`; 404 `flow_state_not_found`;
/// 422 `email_exists`.
pub async fn verify(
    state: &AuthState,
    verify_type: VerifyType,
    claim: &Claim,
    is_pkce: bool,
    peer: &Peer,
) -> Result<Outcome> {
    let find = match claim {
        Claim::Hash(hash) => Pending::by_hash(hash),
        Claim::Code { email, .. } => Pending::by_email(email),
    };
    let client = store::connection(&state.pool).await?;
    let doing = "Database error finding user";
    let (transaction, rows) = OpenTransaction::begin(client, doing, "", &[find]).await?;
    let found = Pending::from_rows(&rows[0])?;
    let token = match choose(verify_type, claim, &found) {
        Some(token) if token.is_banned => {
            let banned = AuthError::new(codes::USER_BANNED, "User is banned");
            return Err(transaction.rollback(banned).await);
        }
        Some(token) if token.is_fresh(state.settings.otp_ttl_s) => token,
        Some(_) => return Err(transaction.rollback(expired()).await),
        None => return Err(missed(state, transaction, claim, &found).await),
    };
    let used = match use_token(state, verify_type, token, peer).await {
        Ok(used) => used,
        Err(error) => return Err(transaction.rollback(error).await),
    };
    finish(state, transaction, used, is_pkce, peer)
        .await
        .map_err(taken)
}

fn expired() -> AuthError {
    AuthError::new(codes::OTP_EXPIRED, "Email link is invalid or has expired")
}

fn taken(error: AuthError) -> AuthError {
    if error.cause == Cause::DuplicateUser {
        let text = "A user with this email address has already been registered";
        return AuthError::new(codes::EMAIL_EXISTS, text);
    }
    error
}

/// The token that the claim is about.
fn choose<'a>(verify_type: VerifyType, claim: &Claim, found: &'a [Pending]) -> Option<&'a Pending> {
    found.iter().find(|token| {
        verify_type.accepts(token.kind)
            && match claim {
                Claim::Hash(_) => true,
                Claim::Code { email, code } => otp::matches(&token.hash, email, code),
            }
    })
}

/// Counts a wrong code; after a few, the user's tokens are void.
async fn missed(
    state: &AuthState,
    transaction: OpenTransaction,
    claim: &Claim,
    found: &[Pending],
) -> AuthError {
    let Some(user_id) = found.first().map(|token| token.user_id) else {
        return transaction.rollback(expired()).await;
    };
    let tokens: String = found.iter().map(|token| token.hash.as_str()).collect();
    let is_code = matches!(claim, Claim::Code { .. });
    let attempts = format!("{user_id}{tokens}");
    if !is_code || tokens.is_empty() {
        return transaction.rollback(expired()).await;
    }
    let is_last = state.limits.take(Bucket::OtpAttempts, &attempts).is_ok()
        && state.limits.check(Bucket::OtpAttempts, &attempts).is_err();
    if !is_last {
        return transaction.rollback(expired()).await;
    }
    tracing::warn!(%user_id, "auth: too many wrong codes, the mailed tokens are void");
    let doing = "Database error voiding tokens";
    match transaction.commit(doing, &clear_token_steps(user_id)).await {
        Ok(_) => expired(),
        Err(error) => error,
    }
}

/// What using the token does.
struct Used {
    user_id: Uuid,
    email: String,
    steps: Vec<Step>,
    authentication_method: &'static str,
    is_half: bool,
}

async fn use_token(
    state: &AuthState,
    verify_type: VerifyType,
    token: &Pending,
    peer: &Peer,
) -> Result<Used> {
    let id = token.user_id;
    let changes_email = verify_type == VerifyType::EmailChange;
    let is_half = changes_email
        && state.settings.secure_email_change
        && token.email_change_status == 0
        && !token.email.is_empty();
    let actor = Actor {
        id,
        name: token.email.clone(),
    };
    let mut steps = Vec::new();
    let mut email = token.email.clone();
    if is_half {
        steps.extend(half_change_steps(token));
    } else if changes_email {
        email.clone_from(&token.new_email);
        steps.push(Step::new(include_str!("sql/user_email_changed.sql")).bind(id));
        // A user who never had an address gets the identity as well.
        steps.push(
            Step::new(include_str!("sql/identity_email.sql"))
                .bind(id)
                .bind(email.clone()),
        );
        steps.push(audit::step(Action::UserModified, &actor, None, peer));
    } else {
        let hash = new_password_hash(state, verify_type, token).await?;
        steps.push(
            Step::new(include_str!("sql/user_verified.sql"))
                .bind(id)
                .bind(hash),
        );
        if !token.is_confirmed {
            steps.push(audit::step(Action::UserSignedUp, &actor, None, peer));
        }
    }
    if !is_half {
        steps.push(Step::new(include_str!("sql/identity_verified.sql")).bind(id));
        steps.extend(clear_token_steps(id));
    }
    Ok(Used {
        user_id: id,
        email,
        steps,
        authentication_method: verify_type.authentication_method(token.kind),
        is_half,
    })
}

fn half_change_steps(token: &Pending) -> [Step; 2] {
    [
        Step::new(include_str!("sql/user_email_half_changed.sql"))
            .bind(token.user_id)
            .bind(token.kind.name()),
        Step::new(
            "delete from auth.one_time_tokens where user_id = $1 and token_type::text = $2::text",
        )
        .bind(token.user_id)
        .bind(token.kind.name()),
    ]
}

/// Invited users have no password until they choose one: nobody's. A password that was set before
/// anybody proved to own the address survives the link of that sign-up alone. It may be somebody else's
/// when an invitation, a recovery or a log-in link is the proof.
async fn new_password_hash(
    state: &AuthState,
    verify_type: VerifyType,
    token: &Pending,
) -> Result<Option<String>> {
    let is_of_sign_up = token.kind == TokenKind::Confirmation
        && verify_type != VerifyType::Invite
        && !token.is_invited;
    let is_someone_elses = !token.is_confirmed && !is_of_sign_up;
    let is_missing = token.has_no_password
        && matches!(
            verify_type,
            VerifyType::SignUp | VerifyType::Invite | VerifyType::Email
        );
    if is_missing || is_someone_elses {
        return state.hasher.hash(Password::random()).await.map(Some);
    }
    Ok(None)
}

async fn finish(
    state: &AuthState,
    transaction: OpenTransaction,
    used: Used,
    is_pkce: bool,
    peer: &Peer,
) -> Result<Outcome> {
    let doing = "Database error confirming user";
    let mut steps = used.steps;
    if used.is_half {
        transaction.commit(doing, &steps).await?;
        return Ok(Outcome::HalfChanged);
    }
    if is_pkce {
        let issue = Step::new(include_str!("sql/flow_state_issue.sql"))
            .bind(used.user_id)
            .bind(used.authentication_method);
        let rows = transaction.run(doing, &[issue]).await?;
        let code = rows[0].first().and_then(|row| row.try_get(0).ok());
        let Some(code) = code else {
            let text = "No flow is waiting for this link";
            let missing = AuthError::new(codes::FLOW_STATE_NOT_FOUND, text);
            return Err(transaction.rollback(missing).await);
        };
        transaction.commit(doing, &steps).await?;
        return Ok(Outcome::Code(code));
    }
    let session = NewSession::new(used.user_id, "otp");
    steps.extend(session.steps(&used.email, peer));
    let rows = transaction.commit(doing, &steps).await?;
    Ok(Outcome::SignedIn(Box::new(session.finish(state, &rows)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(kind: TokenKind, hash: &str) -> Pending {
        Pending {
            user_id: Uuid::nil(),
            kind,
            hash: hash.into(),
            age_s: Some(10.0),
            email: "a@example.com".into(),
            new_email: String::new(),
            email_change_status: 0,
            is_confirmed: true,
            is_invited: false,
            has_no_password: false,
            is_banned: false,
        }
    }

    #[test]
    fn types_choose_among_tokens() {
        let hash = otp::hash("a@example.com", "123456");
        let found = [
            pending(TokenKind::Confirmation, ""),
            pending(TokenKind::Recovery, &hash),
        ];
        let claim = Claim::Code {
            email: "A@example.com".into(),
            code: "123456".into(),
        };
        for (verify_type, is_found) in [
            (VerifyType::Email, true),
            (VerifyType::Recovery, true),
            (VerifyType::MagicLink, true),
            (VerifyType::SignUp, false),
            (VerifyType::EmailChange, false),
        ] {
            let chosen = choose(verify_type, &claim, &found).is_some();
            assert_eq!(chosen, is_found, "{verify_type:?}");
        }
        let wrong = Claim::Code {
            email: "a@example.com".into(),
            code: String::new(),
        };
        assert_eq!(choose(VerifyType::Email, &wrong, &found), None);
    }

    #[test]
    fn tokens_age() {
        let mut token = pending(TokenKind::Recovery, "x");
        assert!(token.is_fresh(10));
        token.age_s = Some(10.5);
        assert!(!token.is_fresh(10));
        token.age_s = None;
        assert!(!token.is_fresh(10));
    }
}
