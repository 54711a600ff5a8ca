//! Auth users as the functions need them: made, changed, invited, sent a recovery mail.
//!
//! In: what a handler decided. Out: the `sales` row as JSON. A user and the `sales` row change in one
//! transaction, whether the row comes from the database's trigger or, where there is none, from here.

use serde_json::{Map, Value};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Cause, Result, codes};
use crate::auth::mail_flow::{self, Flow, Recipient, Target};
use crate::auth::password::Password;
use crate::auth::session::Peer;
use crate::auth::state::AuthState;
use crate::auth::store::{self, Step};
use crate::auth::user::User;
use crate::auth::user_write::{NewUser, UserChange, email_app_metadata};
use crate::auth::{claims, keys};

/// A member of the team who is about to be made.
#[derive(Debug, Clone, Default)]
pub struct NewMember {
    pub email: String,
    /// Nobody knows a random one: the invitation leads to setting another.
    pub password: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub administrator: bool,
    pub disabled: bool,
}

/// What [`create`] did.
#[derive(Debug)]
pub enum Created {
    /// User and row are new.
    New { sales: Value },
    /// The user was there, the row was not.
    Linked { sales: Value },
}

/// Makes user and `sales` row, or the row alone for a user that has none.
///
/// # Errors
/// 400 when both are there; those of auth.
pub async fn create(auth: &AuthState, member: &NewMember) -> Result<Created> {
    let email = Email::parse(&member.email)?;
    let password = match member.password.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Password::parse_any(text)?,
        None => Password::random(),
    };
    let id = Uuid::new_v4();
    let new = NewUser {
        id,
        email: email.clone(),
        password_hash: auth.hasher.hash(password).await?,
        aud: claims::USER_AUDIENCE.into(),
        role: keys::AUTHENTICATED.into(),
        app_metadata: email_app_metadata(Map::new()),
        user_metadata: names(Some(&member.first_name), Some(&member.last_name)),
        later_metadata: Map::new(),
        identity_data: Map::new(),
        banned_until: None,
        confirmed: false,
        confirmation_sent: false,
    };
    let mut steps = new.steps();
    steps.push(audited(Action::UserSignedUp, id));
    steps.push(sales_step(id, &email, member));
    let client = store::connection(&auth.pool).await?;
    match store::transact(&client, "Database error creating new user", &steps).await {
        Ok(rows) => Ok(Created::New {
            sales: sales_row(&rows)?,
        }),
        Err(error) if error.cause == Cause::DuplicateUser => link(&client, &email, member)
            .await
            .map(|sales| Created::Linked { sales }),
        Err(error) => Err(error),
    }
}

/// The row for a user who is there already.
async fn link(
    client: &deadpool_postgres::Client,
    email: &Email,
    member: &NewMember,
) -> Result<Value> {
    let exists = || {
        let text = "A sales for this email already exists";
        AuthError::new(codes::EMAIL_EXISTS, text).status(400)
    };
    let user = User::find_by_email(client, email)
        .await?
        .ok_or_else(exists)?;
    let known = Step::new("select from public.sales where user_id = $1").bind(user.id);
    let rows = store::read(client, "Finding sales", &[known]).await?;
    if rows.iter().flatten().next().is_some() {
        return Err(exists());
    }
    let steps = [sales_step(user.id, email, member)];
    sales_row(&store::transact(client, "Database error creating sales", &steps).await?)
}

/// What an update changes; `None` keeps what is there.
#[derive(Debug, Clone, Default)]
pub struct MemberChange {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub avatar: Option<Value>,
    pub administrator: Option<bool>,
    /// Bans the user, or lifts the ban.
    pub disabled: Option<bool>,
}

/// Length of the ban of a disabled user, in days: ten years.
const BAN_DAYS: i64 = 3650;

/// Changes user and `sales` row.
///
/// # Errors
/// 422 `email_exists`; those of auth; 500 when the row is gone.
pub async fn update(auth: &AuthState, user_id: Uuid, change: MemberChange) -> Result<Value> {
    let email = change.email.as_deref().filter(|text| !text.is_empty());
    let ban =
        |disabled: bool| disabled.then(|| chrono::Utc::now() + chrono::TimeDelta::days(BAN_DAYS));
    let of_user = UserChange {
        email: email.map(Email::parse).transpose()?,
        ban: change.disabled.map(ban),
        user_metadata: names(change.first_name.as_deref(), change.last_name.as_deref()),
        ..UserChange::default()
    };
    let mut steps = of_user.steps(user_id);
    steps.push(audited(Action::UserModified, user_id));
    steps.push(
        Step::new(include_str!("sql/sales_update.sql"))
            .bind(user_id)
            .bind(change.avatar)
            .bind(change.administrator)
            .bind(change.disabled),
    );
    let client = store::connection(&auth.pool).await?;
    let rows = store::transact(&client, "Database error updating user", &steps).await;
    sales_row(&rows.map_err(email_exists)?)
}

fn email_exists(error: AuthError) -> AuthError {
    if error.cause == Cause::DuplicateUser {
        let text = "A user with this email address has already been registered";
        return AuthError::new(codes::EMAIL_EXISTS, text);
    }
    error
}

/// Invites a user by mail.
///
/// # Errors
/// When the mail cannot be sent.
pub async fn send_invitation(auth: &AuthState, email: &str) -> Result<()> {
    send(auth, email, Flow::Invite, Action::UserInvited).await
}

/// Sends a mail that leads to setting a new password.
///
/// # Errors
/// When the mail cannot be sent, or the last one was sent a moment ago.
pub async fn send_recovery(auth: &AuthState, email: &str) -> Result<()> {
    send(auth, email, Flow::Recovery, Action::UserRecoveryRequested).await
}

async fn send(auth: &AuthState, email: &str, flow: Flow, action: Action) -> Result<()> {
    auth.require_mail()?;
    let client = store::connection(&auth.pool).await?;
    let user = User::find_by_email(&client, &Email::parse(email)?).await?;
    let user = user.ok_or_else(|| AuthError::new(codes::USER_NOT_FOUND, "User not found"))?;
    if flow == Flow::Recovery {
        mail_flow::check_interval(auth, user.recovery_sent_at)?;
    }
    let target = Target {
        redirect_to: mail_flow::landing_page(auth, flow, None),
        challenge: None,
    };
    let outgoing = mail_flow::start(auth, flow, &Recipient::from(&user), &target);
    let audit = audited(action, user.id);
    outgoing
        .go(auth, &client, "Database error sending a mail", vec![audit])
        .await
}

/// Metadata is merged, so a name that is not given stays.
fn names(first: Option<&str>, last: Option<&str>) -> Map<String, Value> {
    [("first_name", first), ("last_name", last)]
        .into_iter()
        .filter_map(|(key, name)| Some((key.to_owned(), Value::from(name?))))
        .collect()
}

fn audited(action: Action, target: Uuid) -> Step {
    audit::step(action, &Actor::service(), Some(target), &Peer::default())
}

/// Fills the row that the trigger made, or makes it.
fn sales_step(id: Uuid, email: &Email, member: &NewMember) -> Step {
    Step::new(include_str!("sql/sales_upsert.sql"))
        .bind(id)
        .bind(email.as_str().to_owned())
        .bind(member.first_name.clone())
        .bind(member.last_name.clone())
        .bind(member.administrator)
        .bind(member.disabled)
}

/// The row that the last step returned.
fn sales_row(rows: &[Vec<Row>]) -> Result<Value> {
    let row = rows.last().and_then(|rows| rows.first());
    row.and_then(|row| row.try_get(0).ok())
        .ok_or_else(|| AuthError::unexpected("The user has no row in sales"))
}
