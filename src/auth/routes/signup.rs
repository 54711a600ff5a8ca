//! `POST /signup`: a new user with e-mail address and password.
//!
//! | address | answer, 200 unless noted |
//! |---|---|
//! | new, confirmed at once | session |
//! | new, to be confirmed | user |
//! | known, not confirmed | user, its password and metadata untouched; again within a minute: 429 |
//! | known, confirmed; new ones are confirmed at once | 422 `user_already_exists` |
//! | known, confirmed; new ones are not | a made-up user, so that nobody learns about the address |
//!
//! The confirmation mail itself belongs to the mail flows; see [`super::disabled`].

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::request;
use super::request::Object;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Cause, Result, codes};
use crate::auth::password::Password;
use crate::auth::session::{NewSession, Peer};
use crate::auth::state::AuthState;
use crate::auth::store;
use crate::auth::user::User;
use crate::auth::user_write::{NewUser, email_app_metadata, identity_keys};
use crate::auth::{claims, keys};

/// A confirmation is sent again after this time, not before.
const CONFIRMATION_INTERVAL_S: i64 = 60;

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
}

async fn signup(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let body = body.into_inner().0;
    let peer = request::peer(&http);
    if state.settings.signup_disabled {
        let text = "Signups not allowed for this instance";
        return Err(AuthError::new(codes::SIGNUP_DISABLED, text));
    }
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
    let data = body.data.unwrap_or_default();
    // Hashed in every case, so that known and new addresses take equally long.
    let password_hash = state.hasher.hash(password).await?;

    let client = request::connection(&state).await?;
    if let Some(known) = User::find_by_email(&client, &email).await? {
        return repeated(&state, &client, known, email, data).await;
    }
    let new = new_user(&state, email.clone(), password_hash, data.clone());
    match create(&state, &client, &new, &peer).await {
        // Somebody was faster with the same address.
        Err(error) if error.cause == Cause::DuplicateUser => {
            match User::find_by_email(&client, &email).await? {
                Some(known) => repeated(&state, &client, known, email, data).await,
                None => Err(error),
            }
        }
        created => created,
    }
}

fn new_user(
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

/// User, identity and, when confirmed at once, the session: one transaction, one round trip.
async fn create(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    new: &NewUser,
    peer: &Peer,
) -> Result<HttpResponse> {
    let actor = Actor {
        id: new.id,
        name: new.email.as_str().to_owned(),
    };
    let doing = "Database error saving new user";
    let mut steps = new.steps();
    steps.push(audit::step(Action::UserSignedUp, &actor, None, peer));
    if new.confirmed {
        let session = NewSession::new(new.id, "password");
        steps.extend(session.steps(new.email.as_str(), peer));
        let rows = store::transact(client, doing, &steps).await?;
        return Ok(HttpResponse::Ok().json(session.finish(state, &rows)?));
    }
    steps.extend(User::load_steps(new.id));
    let rows = store::transact(client, doing, &steps).await?;
    let user = User::from_rows(&rows[rows.len() - 3..])?
        .ok_or_else(|| AuthError::unexpected("Database error saving new user: it is gone"))?;
    Ok(HttpResponse::Ok().json(user))
}

/// The answer for an address that is known already.
async fn repeated(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    known: User,
    email: Email,
    data: Map<String, Value>,
) -> Result<HttpResponse> {
    if known.is_confirmed() {
        if state.settings.mailer_autoconfirm {
            let text = "User already registered";
            return Err(AuthError::new(codes::USER_ALREADY_EXISTS, text));
        }
        return Ok(HttpResponse::Ok().json(made_up(email, data)));
    }
    let interval = TimeDelta::seconds(CONFIRMATION_INTERVAL_S);
    if known
        .confirmation_sent_at
        .is_some_and(|sent| sent + interval > Utc::now())
    {
        let text = "For security purposes, you can only request this after 60 seconds.";
        return Err(AuthError::new(codes::OVER_EMAIL_SEND_RATE_LIMIT, text));
    }
    let user = User::find(client, known.id)
        .await?
        .ok_or_else(|| AuthError::unexpected("Database error finding user"))?;
    Ok(HttpResponse::Ok().json(user))
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
