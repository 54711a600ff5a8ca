//! The user, its identities and factors: rows of the database and objects of the API.
//!
//! In: rows of `auth.users`, `auth.identities`, `auth.mfa_factors`, NULL read as empty. Out: a [`User`],
//! which serialises to GoTrue's object. Never in it: password hash, tokens, `instance_id`.
//! Source: <https://supabase.com/docs/guides/auth/users>.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::email::Email;
use super::error::{AuthError, Result};
use super::store::{self, Step};

type Time = DateTime<Utc>;

const BY_ID: &str = concat!(include_str!("sql/user_columns.sql"), " where u.id = $1");
const BY_EMAIL: &str = concat!(
    include_str!("sql/user_columns.sql"),
    include_str!("sql/user_by_email_where.sql")
);
const LIST: &str = concat!(
    include_str!("sql/user_columns.sql"),
    include_str!("sql/user_list_where.sql")
);

/// A user as the API shows it.
#[derive(Clone, Serialize, ToSchema)]
pub struct User {
    pub id: Uuid,
    pub aud: String,
    /// Empty in answers that must not tell whether the address is known.
    pub role: String,
    pub email: String,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub email_confirmed_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub invited_at: Option<DateTime<Utc>>,
    pub phone: String,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub phone_confirmed_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub confirmation_sent_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub recovery_sent_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub new_email: String,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub email_change_sent_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub new_phone: String,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub phone_change_sent_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub reauthentication_sent_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub last_sign_in_at: Option<DateTime<Utc>>,
    #[schema(value_type = Object)]
    pub app_metadata: Map<String, Value>,
    #[schema(value_type = Object)]
    pub user_metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<Factor>,
    /// `None` (JSON null) in lists, where they are not loaded.
    pub identities: Option<Vec<Identity>>,
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub banned_until: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
    pub is_anonymous: bool,
    /// The stored hash; empty when the user has no password.
    #[serde(skip)]
    pub password_hash: String,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A way in: for e-mail, `id` is the user's id and `identity_id` the row's.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Identity {
    pub identity_id: Uuid,
    pub id: String,
    pub user_id: Uuid,
    #[schema(value_type = Object)]
    pub identity_data: Value,
    pub provider: String,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub last_sign_in_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A second factor that an earlier server enrolled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Factor {
    pub id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    pub factor_type: String,
    pub status: String,
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub last_challenged_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// RFC 3339, UTC, `Z`, as many decimals as needed.
fn rfc3339<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => serializer.serialize_none(),
    }
}

/// A page of the administrator's list.
#[derive(Debug)]
pub struct Page {
    pub users: Vec<User>,
    /// Users in all.
    pub total: i64,
}

impl User {
    /// The steps that load a user with identities and factors; [`Self::from_rows`] reads their rows.
    pub fn load_steps(id: Uuid) -> [Step; 3] {
        [
            Step::new(BY_ID).bind(id),
            Step::new(include_str!("sql/identity_select.sql")).bind(id),
            Step::new(include_str!("sql/factor_select.sql")).bind(id),
        ]
    }

    /// Reads the rows of [`Self::load_steps`]; `None` when there is no such user.
    ///
    /// # Errors
    /// 500 for columns of unexpected types.
    pub fn from_rows(rows: &[Vec<Row>]) -> Result<Option<Self>> {
        let [user, identities, factors] = rows else {
            return Ok(None);
        };
        let Some(user) = user.first() else {
            return Ok(None);
        };
        let mut user = Self::from_row(user).map_err(unreadable)?;
        let identities: Result<_, _> = identities.iter().map(Identity::from_row).collect();
        user.identities = Some(identities.map_err(unreadable)?);
        let factors: Result<_, _> = factors.iter().map(Factor::from_row).collect();
        user.factors = factors.map_err(unreadable)?;
        Ok(Some(user))
    }

    /// The user with this id.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find(client: &deadpool_postgres::Client, id: Uuid) -> Result<Option<Self>> {
        let rows = store::read(client, "Finding user", &Self::load_steps(id)).await?;
        Self::from_rows(&rows)
    }

    /// The user with this address, without identities and factors.
    ///
    /// # Errors
    /// Of the database.
    pub async fn find_by_email(
        client: &deadpool_postgres::Client,
        email: &Email,
    ) -> Result<Option<Self>> {
        let step = Step::new(BY_EMAIL).bind(email.as_str().to_owned());
        let rows = store::read(client, "Finding user", &[step]).await?;
        rows.iter()
            .flatten()
            .next()
            .map(|row| Self::from_row(row).map_err(unreadable))
            .transpose()
    }

    /// One page of all users, newest first unless `oldest_first`; `page` counts from 1.
    ///
    /// # Errors
    /// Of the database.
    pub async fn page(
        client: &deadpool_postgres::Client,
        filter: Option<String>,
        oldest_first: bool,
        page: i64,
        per_page: i64,
    ) -> Result<Page> {
        let steps = [
            Step::new(LIST)
                .bind(filter.clone())
                .bind(oldest_first)
                .bind(per_page)
                .bind((page - 1).saturating_mul(per_page)),
            Step::new(include_str!("sql/user_count.sql")).bind(filter),
        ];
        let rows = store::read(client, "Listing users", &steps).await?;
        let users: Result<_, _> = rows[0].iter().map(Self::from_row).collect();
        let total = rows[1].first().map_or(Ok(0), |row| row.try_get(0));
        Ok(Page {
            users: users.map_err(unreadable)?,
            total: total.map_err(unreadable)?,
        })
    }

    /// True while a ban lasts.
    pub fn is_banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| until > now)
    }

    /// True when the address or the phone number was confirmed.
    pub fn is_confirmed(&self) -> bool {
        self.email_confirmed_at.is_some() || self.phone_confirmed_at.is_some()
    }

    /// Reads a row of `user_columns.sql`.
    ///
    /// # Errors
    /// Columns of unexpected types.
    pub fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            aud: row.try_get("aud")?,
            role: row.try_get("role")?,
            email: row.try_get("email")?,
            email_confirmed_at: row.try_get("email_confirmed_at")?,
            invited_at: row.try_get("invited_at")?,
            phone: row.try_get("phone")?,
            phone_confirmed_at: row.try_get("phone_confirmed_at")?,
            confirmation_sent_at: row.try_get("confirmation_sent_at")?,
            confirmed_at: row.try_get("confirmed_at")?,
            recovery_sent_at: row.try_get("recovery_sent_at")?,
            new_email: row.try_get("new_email")?,
            email_change_sent_at: row.try_get("email_change_sent_at")?,
            new_phone: row.try_get("new_phone")?,
            phone_change_sent_at: row.try_get("phone_change_sent_at")?,
            reauthentication_sent_at: row.try_get("reauthentication_sent_at")?,
            last_sign_in_at: row.try_get("last_sign_in_at")?,
            app_metadata: object(row.try_get("app_metadata")?),
            user_metadata: object(row.try_get("user_metadata")?),
            factors: Vec::new(),
            identities: None,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            banned_until: row.try_get("banned_until")?,
            deleted_at: row.try_get("deleted_at")?,
            is_anonymous: row.try_get("is_anonymous")?,
            password_hash: row.try_get("encrypted_password")?,
        })
    }
}

impl Identity {
    fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            identity_id: row.try_get("id")?,
            id: row.try_get("provider_id")?,
            user_id: row.try_get("user_id")?,
            identity_data: Value::Object(object(row.try_get("identity_data")?)),
            provider: row.try_get("provider")?,
            last_sign_in_at: row.try_get("last_sign_in_at")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            email: row.try_get("email")?,
        })
    }
}

impl Factor {
    fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            friendly_name: row.try_get("friendly_name")?,
            factor_type: row.try_get("factor_type")?,
            status: row.try_get("status")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            last_challenged_at: row.try_get("last_challenged_at")?,
            phone: row.try_get("phone")?,
        })
    }
}

/// Metadata that is no object reads as an empty one: clients refuse null.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn unreadable(error: tokio_postgres::Error) -> AuthError {
    tracing::error!(%error, "auth: a column has an unexpected type");
    AuthError::unexpected("The auth schema is not as expected")
}
