//! `GET /user` and `PUT /user`: the signed-in user.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::invite::exists;
use super::request;
use super::request::{Object, SignedIn};
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::limits::Bucket;
use crate::auth::mail_flow::{self, Outgoing, Recipient, Target};
use crate::auth::one_time_token::{Pending, TokenKind};
use crate::auth::otp;
use crate::auth::password::Password;
use crate::auth::session::{self, Scope};
use crate::auth::state::AuthState;
use crate::auth::store::{self, Step};
use crate::auth::user::User;
use crate::auth::user_write::{UserChange, clear_token_steps};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/user")
            .route(web::get().to(get))
            .route(web::put().to(put)),
    );
}

async fn get(state: web::Data<AuthState>, http: HttpRequest) -> Result<HttpResponse> {
    let client = request::connection(&state).await?;
    let signed_in = request::signed_in(&state, &client, &http).await?;
    Ok(HttpResponse::Ok().json(signed_in.user))
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    data: Option<Map<String, Value>>,
    #[serde(default)]
    app_metadata: Option<Value>,
    /// The code that `/reauthenticate` mailed.
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

/// Merges `data`, changes the password (which ends all other sessions). A new address takes effect when
/// it is confirmed by mail.
async fn put(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let body = body.into_inner().0;
    let client = request::connection(&state).await?;
    let SignedIn { user, session_id } = request::signed_in(&state, &client, &http).await?;
    let peer = request::peer(&state, &http);
    state
        .limits
        .take(Bucket::UpdateUser, &request::address_key(&peer))?;
    refuse_what_needs_more(&body, &user)?;
    let method = &body.code_challenge_method;
    let target = request::target(&state, &http, &body.code_challenge, method)?;
    let mut outgoing = match new_email(&body, &user)? {
        None => Outgoing::default(),
        Some(email) => change_email(&state, &client, &user, &email, &target).await?,
    };
    let sets_password = body.password.as_deref().is_some_and(|p| !p.is_empty());
    if sets_password && state.settings.secure_password_change {
        check_nonce(&state, &client, &user, session_id, &body.nonce).await?;
    }
    drop(client);

    let actor = Actor {
        id: user.id,
        name: user.email.clone(),
    };
    let password_hash = match body.password.as_deref().filter(|p| !p.is_empty()) {
        Some(password) => Some(new_hash(&state, password, &user).await?),
        None => None,
    };
    let changes_password = password_hash.is_some();
    let change = UserChange {
        password_hash,
        user_metadata: body.data.unwrap_or_default(),
        ..UserChange::default()
    };
    let mut steps = change.steps(user.id);
    steps.push(audit::step(Action::UserModified, &actor, None, &peer));
    if changes_password {
        steps.extend(clear_token_steps(user.id));
        steps.extend(session::sign_out_steps(user.id, session_id, Scope::Others));
        steps.push(audit::step(
            Action::UserUpdatedPassword,
            &actor,
            None,
            &peer,
        ));
    }
    steps.append(&mut outgoing.steps);
    steps.extend(User::load_steps(user.id));
    let client = request::connection(&state).await?;
    let rows = store::transact(&client, "Database error updating user", &steps).await?;
    outgoing.send(&state).await?;
    let user = User::from_rows(&rows[rows.len() - 3..])?
        .ok_or_else(|| AuthError::new(codes::USER_NOT_FOUND, "User not found").status(403))?;
    Ok(HttpResponse::Ok().json(user))
}

fn refuse_what_needs_more(body: &Body, user: &User) -> Result<()> {
    if body
        .app_metadata
        .as_ref()
        .is_some_and(|value| !value.is_null())
    {
        let text = "Updating app_metadata requires admin privileges";
        return Err(AuthError::new(codes::NOT_ADMIN, text));
    }
    if body
        .phone
        .as_deref()
        .is_some_and(|phone| !phone.is_empty() && phone != user.phone)
    {
        let text = "Phone numbers are not enabled";
        return Err(AuthError::new(codes::PHONE_PROVIDER_DISABLED, text).status(400));
    }
    Ok(())
}

/// The address that the user wants, when it is another one.
fn new_email(body: &Body, user: &User) -> Result<Option<Email>> {
    let given = body.email.as_deref().filter(|email| !email.is_empty());
    let email = given.map(Email::parse).transpose()?;
    Ok(email.filter(|email| email.as_str() != user.email))
}

async fn change_email(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    user: &User,
    email: &Email,
    target: &Target,
) -> Result<Outgoing> {
    state.require_mail()?;
    if User::find_by_email(client, email).await?.is_some() {
        return Err(exists());
    }
    mail_flow::check_interval(state, user.email_change_sent_at)?;
    state.limits.take(Bucket::Mails, "")?;
    let to = Recipient::from(user);
    Ok(mail_flow::email_change(state, &to, email.as_str(), target))
}

/// Whether an old session brought the code that was mailed to its user.
async fn check_nonce(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    user: &User,
    session_id: Option<Uuid>,
    nonce: &str,
) -> Result<()> {
    let recent = Step::new(
        "select 1 from auth.sessions where id = $1 and created_at > now() - interval '24 hours'",
    )
    .bind(session_id);
    let steps = [recent, Pending::by_user(user.id)];
    let rows = store::read(client, "Database error finding session", &steps).await?;
    if !rows[0].is_empty() {
        return Ok(());
    }
    if nonce.is_empty() {
        let text = "Password update requires reauthentication";
        return Err(AuthError::new(codes::REAUTHENTICATION_NEEDED, text));
    }
    let tokens = Pending::from_rows(&rows[1])?;
    let token = tokens
        .iter()
        .find(|token| token.kind == TokenKind::Reauthentication);
    let attempts = token.map_or_else(String::new, |t| format!("{}{}", user.id, t.hash));
    let is_valid = state.limits.take(Bucket::OtpAttempts, &attempts).is_ok()
        && token.is_some_and(|token| {
            token.is_fresh(state.settings.otp_ttl_s)
                && otp::matches(&token.hash, &user.email, nonce)
        });
    if is_valid {
        return Ok(());
    }
    let text = "Nonce has expired or is invalid";
    Err(AuthError::new(codes::REAUTHENTICATION_NOT_VALID, text))
}

async fn new_hash(state: &AuthState, text: &str, user: &User) -> Result<String> {
    let password = Password::parse(text, state.settings.password_min_length)?;
    if state.hasher.verify(text, Some(&user.password_hash)).await? {
        let text = "New password should be different from the old password.";
        return Err(AuthError::new(codes::SAME_PASSWORD, text));
    }
    state.hasher.hash(password).await
}
