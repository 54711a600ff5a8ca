//! `POST /signup`: a new user with e-mail address and password.
//!
//! | address | answer, 200 unless noted |
//! |---|---|
//! | new, confirmed at once | session |
//! | new, to be confirmed | user |
//! | known, not confirmed | user, its password and metadata untouched; again within a minute: 429 |
//! | known, not confirmed, not invited; new ones are confirmed at once | session |
//! | known, confirmed; new ones are confirmed at once | 422 `user_already_exists` |
//! | known, confirmed; new ones are not | a made-up user, so that nobody learns about the address |
//!
//! Where a user has to confirm, a mail is sent.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::request;
use super::request::Object;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Cause, Result, codes};
use crate::auth::limits::Bucket;
use crate::auth::mail_flow::{self, Flow, Recipient, Target};
use crate::auth::password::Password;
use crate::auth::session::{NewSession, Peer};
use crate::auth::state::AuthState;
use crate::auth::store;
use crate::auth::user::User;
use crate::auth::user_write::{NewUser, UserChange, email_app_metadata, identity_keys};
use crate::auth::{claims, keys};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/signup", web::post().to(signup));
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    email: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    data: Option<Map<String, Value>>,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

async fn signup(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let body = body.into_inner().0;
    let peer = request::peer(&state, &http);
    state
        .limits
        .take(Bucket::SignUp, &request::address_key(&peer))?;
    require_open(&state)?;
    if !body.phone.is_empty() {
        let disabled = AuthError::new(codes::PHONE_PROVIDER_DISABLED, "Phone signups are disabled");
        return Err(disabled.status(400));
    }
    if body.email.is_empty() {
        let text = "Anonymous sign-ins are disabled";
        return Err(AuthError::new(codes::ANONYMOUS_PROVIDER_DISABLED, text));
    }
    if body.password.is_empty() {
        return Err(AuthError::validation("Signup requires a valid password"));
    }
    let password = Password::parse(&body.password, state.settings.password_min_length)?;
    let email = Email::parse(&body.email)?;
    let method = &body.code_challenge_method;
    let asked = Asked {
        target: request::target(&state, &http, &body.code_challenge, method)?,
        data: body.data.unwrap_or_default(),
        email,
        peer,
    };
    if !state.settings.mailer_autoconfirm {
        state.require_mail()?;
    }
    // Hashed in every case, so that known and new addresses take equally long.
    let password_hash = state.hasher.hash(password).await?;

    let client = request::connection(&state).await?;
    if let Some(known) = User::find_by_email(&client, &asked.email).await? {
        return repeated(&state, &client, known, asked).await;
    }
    let new = new_user(
        &state,
        asked.email.clone(),
        password_hash,
        asked.data.clone(),
    );
    match create(&state, &client, &new, &asked).await {
        // Somebody was faster with the same address.
        Err(error) if error.cause == Cause::DuplicateUser => {
            match User::find_by_email(&client, &asked.email).await? {
                Some(known) => repeated(&state, &client, known, asked).await,
                None => Err(error),
            }
        }
        created => created,
    }
}

/// A sign-up as it was asked for, besides the password.
struct Asked {
    email: Email,
    data: Map<String, Value>,
    target: Target,
    peer: Peer,
}

/// Whether anybody may sign up.
///
/// # Errors
/// 422 `signup_disabled`.
pub fn require_open(state: &AuthState) -> Result<()> {
    if state.settings.signup_disabled {
        let text = "Signups not allowed for this instance";
        return Err(AuthError::new(codes::SIGNUP_DISABLED, text));
    }
    Ok(())
}

/// Who gets the mails of a new user.
pub fn recipient(new: &NewUser) -> Recipient {
    Recipient {
        id: new.id,
        email: new.email.as_str().to_owned(),
        user_metadata: new.user_metadata.clone(),
    }
}

/// A user whom an administrator invites or makes a link for: not confirmed, whatever the configuration.
pub fn unconfirmed(email: Email, password_hash: String, data: Map<String, Value>) -> NewUser {
    let id = Uuid::new_v4();
    NewUser {
        id,
        email,
        password_hash,
        aud: claims::USER_AUDIENCE.to_owned(),
        role: keys::AUTHENTICATED.to_owned(),
        app_metadata: email_app_metadata(Map::new()),
        user_metadata: data,
        later_metadata: Map::new(),
        identity_data: Map::new(),
        banned_until: None,
        confirmed: false,
        confirmation_sent: false,
    }
}

/// A user who signs up.
pub fn new_user(
    state: &AuthState,
    email: Email,
    password_hash: String,
    data: Map<String, Value>,
) -> NewUser {
    let id = Uuid::new_v4();
    let autoconfirm = state.settings.mailer_autoconfirm;
    NewUser {
        id,
        password_hash,
        aud: claims::USER_AUDIENCE.to_owned(),
        role: keys::AUTHENTICATED.to_owned(),
        app_metadata: email_app_metadata(Map::new()),
        user_metadata: data.clone(),
        later_metadata: identity_keys(id, &email),
        identity_data: data,
        banned_until: None,
        confirmed: autoconfirm,
        confirmation_sent: !autoconfirm,
        email,
    }
}

/// User, identity and, when confirmed at once, the session: one transaction, one round trip. Else a mail
/// follows.
async fn create(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    new: &NewUser,
    asked: &Asked,
) -> Result<HttpResponse> {
    let actor = Actor {
        id: new.id,
        name: new.email.as_str().to_owned(),
    };
    let doing = "Database error saving new user";
    let mut steps = new.steps();
    steps.push(audit::step(Action::UserSignedUp, &actor, None, &asked.peer));
    if new.confirmed {
        let session = NewSession::new(new.id, "password");
        steps.extend(session.steps(new.email.as_str(), &asked.peer));
        let rows = store::transact(client, doing, &steps).await?;
        return Ok(HttpResponse::Ok().json(session.finish(state, &rows)?));
    }
    state.limits.take(Bucket::Mails, "")?;
    let mut outgoing = mail_flow::start(state, Flow::SignUp, &recipient(new), &asked.target);
    steps.append(&mut outgoing.steps);
    steps.extend(User::load_steps(new.id));
    let rows = store::transact(client, doing, &steps).await?;
    outgoing.send(state).await?;
    loaded(&rows)
}

/// The user that the last three steps loaded.
fn loaded(rows: &[Vec<tokio_postgres::Row>]) -> Result<HttpResponse> {
    let user = User::from_rows(&rows[rows.len().saturating_sub(3)..])?
        .ok_or_else(|| AuthError::unexpected("Database error saving new user: it is gone"))?;
    Ok(HttpResponse::Ok().json(user))
}

/// The answer for an address that is known already. Password and metadata of the known user stay.
async fn repeated(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    known: User,
    asked: Asked,
) -> Result<HttpResponse> {
    if known.is_confirmed() {
        if state.settings.mailer_autoconfirm {
            let text = "User already registered";
            return Err(AuthError::new(codes::USER_ALREADY_EXISTS, text));
        }
        return Ok(HttpResponse::Ok().json(made_up(asked.email, asked.data)));
    }
    // Who was invited has rights that somebody else chose: only the mailbox proves who it is.
    if state.settings.mailer_autoconfirm && known.invited_at.is_none() {
        return confirm_known(state, client, &known, &asked.peer).await;
    }
    state.require_mail()?;
    mail_flow::check_interval(state, known.confirmation_sent_at)?;
    state.limits.take(Bucket::Mails, "")?;
    let actor = Actor {
        id: known.id,
        name: known.email.clone(),
    };
    let to = Recipient::from(&known);
    let mut outgoing = mail_flow::start(state, Flow::SignUp, &to, &asked.target);
    let mut steps = std::mem::take(&mut outgoing.steps);
    let action = Action::UserRepeatedSignUp;
    steps.push(audit::step(action, &actor, None, &asked.peer));
    steps.extend(User::load_steps(known.id));
    let rows = store::transact(client, "Database error sending confirmation", &steps).await?;
    outgoing.send(state).await?;
    loaded(&rows)
}

/// Where addresses count as confirmed, so does that of a user who was made without.
async fn confirm_known(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    known: &User,
    peer: &Peer,
) -> Result<HttpResponse> {
    if known.is_banned(Utc::now()) {
        return Err(AuthError::new(codes::USER_BANNED, "User is banned").status(400));
    }
    let change = UserChange {
        confirm_email: true,
        ..UserChange::default()
    };
    let mut steps = change.steps(known.id);
    let session = NewSession::new(known.id, "password");
    steps.extend(session.steps(&known.email, peer));
    let rows = store::transact(client, "Database error confirming user", &steps).await?;
    Ok(HttpResponse::Ok().json(session.finish(state, &rows)?))
}

/// A user that does not exist, in the shape of one that was just made.
fn made_up(email: Email, data: Map<String, Value>) -> User {
    let now = Some(Utc::now());
    User {
        id: Uuid::new_v4(),
        aud: claims::USER_AUDIENCE.to_owned(),
        role: String::new(),
        email: email.into_string(),
        email_confirmed_at: None,
        invited_at: None,
        phone: String::new(),
        phone_confirmed_at: None,
        confirmation_sent_at: now,
        confirmed_at: None,
        recovery_sent_at: None,
        new_email: String::new(),
        email_change_sent_at: None,
        new_phone: String::new(),
        phone_change_sent_at: None,
        reauthentication_sent_at: None,
        last_sign_in_at: None,
        app_metadata: email_app_metadata(Map::new()),
        user_metadata: data,
        factors: Vec::new(),
        identities: Some(Vec::new()),
        created_at: now,
        updated_at: now,
        banned_until: None,
        deleted_at: None,
        is_anonymous: false,
        password_hash: String::new(),
    }
}
