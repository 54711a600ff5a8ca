//! One-time tokens: stored with the user and in `auth.one_time_tokens`, found again by hash or by
//! address and code.
//!
//! In: a [`TokenKind`] and an [`Otp`]. Out: [`Step`]s that store, and [`Pending`] tokens that were found.
//! Hashes only; the code itself is in the mail and nowhere else.

use tokio_postgres::Row;
use uuid::Uuid;

use super::error::{AuthError, Result};
use super::otp::Otp;
use super::store::Step;

/// What a token is for; names are those of `auth.one_time_token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Confirmation,
    Recovery,
    EmailChangeNew,
    EmailChangeCurrent,
    Reauthentication,
}

impl TokenKind {
    const ALL: [Self; 5] = [
        Self::Confirmation,
        Self::Recovery,
        Self::EmailChangeNew,
        Self::EmailChangeCurrent,
        Self::Reauthentication,
    ];

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation_token",
            Self::Recovery => "recovery_token",
            Self::EmailChangeNew => "email_change_token_new",
            Self::EmailChangeCurrent => "email_change_token_current",
            Self::Reauthentication => "reauthentication_token",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Stores a token of the user and notes the time. `is_invitation` notes that as well.
pub fn store_steps(
    user_id: Uuid,
    kind: TokenKind,
    otp: &Otp,
    email: &str,
    is_invitation: bool,
) -> [Step; 2] {
    [
        Step::new(include_str!("sql/user_token_store.sql"))
            .bind(user_id)
            .bind(kind.name())
            .bind(otp.hash.clone())
            .bind(is_invitation),
        one_time_token_step(user_id, kind, otp, email),
    ]
}

/// The row in `auth.one_time_tokens` alone.
pub fn one_time_token_step(user_id: Uuid, kind: TokenKind, otp: &Otp, email: &str) -> Step {
    Step::new(include_str!("sql/one_time_token_store.sql"))
        .bind(user_id)
        .bind(kind.name())
        .bind(otp.hash.clone())
        .bind(email.to_lowercase())
}

/// A token that waits to be used, and what decides about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub user_id: Uuid,
    pub kind: TokenKind,
    /// Hash; empty when there is none.
    pub hash: String,
    /// Seconds since it was mailed.
    pub age_s: Option<f64>,
    pub email: String,
    /// The address that the user is changing to; empty for none.
    pub new_email: String,
    /// Confirmations of the change so far.
    pub email_change_status: i32,
    pub is_confirmed: bool,
    pub is_invited: bool,
    pub has_no_password: bool,
    pub is_banned: bool,
}

impl Pending {
    /// The token with this hash; its rows are locked.
    pub fn by_hash(hash: &str) -> Step {
        Step::new(concat!(
            include_str!("sql/token_columns.sql"),
            include_str!("sql/token_by_hash_where.sql")
        ))
        .bind(hash.to_owned())
    }

    /// All tokens of the user with this address; the user's row is locked.
    pub fn by_email(email: &str) -> Step {
        Step::new(concat!(
            include_str!("sql/token_columns.sql"),
            include_str!("sql/token_by_email_where.sql")
        ))
        .bind(email.to_lowercase())
    }

    /// All tokens of a user; the row is locked.
    pub fn by_user(id: Uuid) -> Step {
        Step::new(concat!(
            include_str!("sql/token_columns.sql"),
            include_str!("sql/token_by_user_where.sql")
        ))
        .bind(id)
    }

    /// Reads the rows of these statements.
    ///
    /// # Errors
    /// 500 for columns of unexpected types.
    pub fn from_rows(rows: &[Row]) -> Result<Vec<Self>> {
        rows.iter()
            .map(Self::from_row)
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| {
                tracing::error!(%error, "auth: a column has an unexpected type");
                AuthError::unexpected("The auth schema is not as expected")
            })
    }

    fn from_row(row: &Row) -> std::result::Result<Self, tokio_postgres::Error> {
        let kind: &str = row.try_get("token_type")?;
        Ok(Self {
            user_id: row.try_get("user_id")?,
            // The list of kinds is the statement's own.
            kind: TokenKind::parse(kind).unwrap_or(TokenKind::Reauthentication),
            hash: row.try_get("token")?,
            age_s: row.try_get("age_s")?,
            email: row.try_get("email")?,
            new_email: row.try_get("new_email")?,
            email_change_status: row.try_get("email_change_status")?,
            is_confirmed: row.try_get("is_confirmed")?,
            is_invited: row.try_get("is_invited")?,
            has_no_password: row.try_get("has_no_password")?,
            is_banned: row.try_get("is_banned")?,
        })
    }

    /// Whether it was mailed recently enough.
    pub fn is_fresh(&self, ttl_s: i64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a setting")]
        self.age_s.is_some_and(|age_s| age_s <= ttl_s as f64)
    }
}
