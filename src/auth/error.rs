//! Errors of the auth routes: a GoTrue code, an HTTP status, a text for a person.
//!
//! In: a fault of a route or of the database. Out: an [`AuthError`]; `routes::respond` gives it one of
//! GoTrue's two shapes. Sources: <https://supabase.com/docs/guides/auth/debugging/error-codes>.

use std::borrow::Cow;
use std::fmt;

use tokio_postgres::error::SqlState;

/// A code with the status it usually has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthCode {
    pub code: &'static str,
    pub status: u16,
}

macro_rules! auth_codes {
    ($($id:ident $status:literal $code:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`, usually ", stringify!($status), ".")]
            pub const $id: AuthCode = AuthCode { code: $code, status: $status };
        )*
        /// All codes.
        pub const ALL: &[AuthCode] = &[$($id),*];
    };
}

/// The table of codes.
pub mod codes {
    use super::AuthCode;

    auth_codes! {
        ANONYMOUS_PROVIDER_DISABLED 422 "anonymous_provider_disabled";
        BAD_CODE_VERIFIER 400 "bad_code_verifier";
        BAD_JSON 400 "bad_json";
        BAD_JWT 403 "bad_jwt";
        CONFLICT 409 "conflict";
        EMAIL_EXISTS 422 "email_exists";
        EMAIL_NOT_CONFIRMED 400 "email_not_confirmed";
        EMAIL_PROVIDER_DISABLED 422 "email_provider_disabled";
        FEATURE_DISABLED 404 "feature_disabled";
        FLOW_STATE_EXPIRED 422 "flow_state_expired";
        FLOW_STATE_NOT_FOUND 404 "flow_state_not_found";
        INVALID_CREDENTIALS 400 "invalid_credentials";
        INVALID_REQUEST 400 "invalid_request";
        MANUAL_LINKING_DISABLED 404 "manual_linking_disabled";
        MFA_FACTOR_NOT_FOUND 404 "mfa_factor_not_found";
        MFA_TOTP_ENROLL_NOT_ENABLED 422 "mfa_totp_enroll_not_enabled";
        NO_AUTHORIZATION 401 "no_authorization";
        NOT_ADMIN 403 "not_admin";
        OTP_EXPIRED 403 "otp_expired";
        OVER_EMAIL_SEND_RATE_LIMIT 429 "over_email_send_rate_limit";
        OVER_REQUEST_RATE_LIMIT 429 "over_request_rate_limit";
        PASSKEY_DISABLED 404 "passkey_disabled";
        PHONE_PROVIDER_DISABLED 422 "phone_provider_disabled";
        PROVIDER_DISABLED 400 "provider_disabled";
        REAUTHENTICATION_NEEDED 400 "reauthentication_needed";
        REAUTHENTICATION_NOT_VALID 422 "reauthentication_not_valid";
        REFRESH_TOKEN_ALREADY_USED 400 "refresh_token_already_used";
        REFRESH_TOKEN_NOT_FOUND 400 "refresh_token_not_found";
        REQUEST_ENTITY_TOO_LARGE 413 "request_entity_too_large";
        REQUEST_TIMEOUT 504 "request_timeout";
        SAME_PASSWORD 422 "same_password";
        SAML_PROVIDER_DISABLED 404 "saml_provider_disabled";
        SESSION_EXPIRED 400 "session_expired";
        SESSION_NOT_FOUND 403 "session_not_found";
        SIGNUP_DISABLED 422 "signup_disabled";
        UNEXPECTED_FAILURE 500 "unexpected_failure";
        UNKNOWN_ROUTE 404 "not_found";
        USER_ALREADY_EXISTS 422 "user_already_exists";
        USER_BANNED 403 "user_banned";
        USER_NOT_FOUND 404 "user_not_found";
        VALIDATION_FAILED 400 "validation_failed";
        WEAK_PASSWORD 422 "weak_password";
        WEB3_PROVIDER_DISABLED 422 "web3_provider_disabled";
    }
}

/// One error on its way to a client of `/auth/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthError {
    pub code: &'static str,
    pub status: u16,
    pub message: Cow<'static, str>,
    /// Why a password is weak (`length`, `characters`, `pwned`); empty for other errors.
    pub weak_password: &'static [&'static str],
    /// OAuth's shape (`error`, `error_description`): a refresh without a token.
    pub oauth: bool,
    /// What a store found and a route may turn into an answer of its own.
    pub cause: Cause,
    /// When it may be tried again, in seconds.
    pub retry_after_s: Option<u64>,
}

/// Why a statement failed, where routes tell causes apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    #[default]
    Other,
    /// A user with this address or id exists.
    DuplicateUser,
    /// Rows of the application refer to the row that should go.
    StillReferenced,
    /// A trigger or a constraint of the application objects; trying again changes nothing.
    Application,
}

/// Result of the auth routes and stores.
pub type Result<T, E = AuthError> = std::result::Result<T, E>;

impl AuthError {
    /// An error of the table.
    pub fn new(code: AuthCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: code.code,
            status: code.status,
            message: message.into(),
            weak_password: &[],
            oauth: false,
            cause: Cause::Other,
            retry_after_s: None,
        }
    }

    /// The same with the time after which it may be tried again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same with another status than usual.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// 400 `validation_failed`.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::VALIDATION_FAILED, message)
    }

    /// The one answer to a wrong password, an unknown user and a user without a password.
    pub fn invalid_credentials() -> Self {
        Self::new(codes::INVALID_CREDENTIALS, "Invalid login credentials")
    }

    /// 500 without details; they are in the log.
    pub fn unexpected(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(codes::UNEXPECTED_FAILURE, message)
    }

    /// What a failed statement means: `doing` says which step failed, the database's own message
    /// follows, since it is usually a trigger of the application that objects.
    ///
    /// Lost connections are 503, so that clients try again; values that PostgreSQL cannot store are 400;
    /// a wait for a lock that took too long is 409; the rest is 500 `unexpected_failure`.
    pub fn database(doing: &str, error: &tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            tracing::error!(%error, doing, "auth: no answer from the database");
            return Self::unexpected("Database is not available").status(503);
        };
        let sqlstate = db.code().code();
        let cause = cause(db);
        // Expected faults are the routes' business; anything else an operator has to see.
        if matches!(cause, Cause::Other | Cause::Application) {
            let message = db.message();
            let context = db.where_();
            tracing::error!(sqlstate, message, context, doing, "auth: statement failed");
        }
        let message = format!("{doing}: {}", db.message());
        match sqlstate {
            "55P03" => Self::new(
                codes::CONFLICT,
                "Too many concurrent requests on this session",
            ),
            _ if sqlstate.starts_with("22") => Self::validation(message),
            _ if sqlstate.starts_with("08") || sqlstate.starts_with("57P") => {
                Self::unexpected("Database is not available").status(503)
            }
            _ => Self {
                cause,
                ..Self::unexpected(message)
            },
        }
    }
}

/// Raised by the application's own triggers and constraints; a missing table or right counts when it is
/// missing within a function, else it is the server's trouble.
fn is_of_the_application(db: &tokio_postgres::error::DbError) -> bool {
    let is_in = |classes: &[&str]| {
        classes
            .iter()
            .any(|class| db.code().code().starts_with(class))
    };
    is_in(&["P0", "23", "38", "39", "44"]) || (is_in(&["42"]) && db.where_().is_some())
}

fn cause(db: &tokio_postgres::error::DbError) -> Cause {
    let of_users =
        db.schema() == Some("auth") && matches!(db.table(), Some("users" | "identities"));
    if *db.code() == SqlState::UNIQUE_VIOLATION && of_users {
        Cause::DuplicateUser
    } else if *db.code() == SqlState::FOREIGN_KEY_VIOLATION {
        Cause::StillReferenced
    } else if is_of_the_application(db) {
        Cause::Application
    } else {
        Cause::Other
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AuthError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let listed: Vec<_> = codes::ALL.iter().map(|c| c.code).collect();
        let mut unique = listed.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(listed.len(), unique.len());
        assert!(codes::ALL.iter().all(|c| (400..=504).contains(&c.status)));
    }
}
