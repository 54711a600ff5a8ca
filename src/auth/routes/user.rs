//! `GET /user` and `PUT /user`: the signed-in user.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::{Object, SignedIn};
use super::{disabled, request};
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::password::Password;
use crate::auth::session::{self, Scope};
use crate::auth::state::AuthState;
use crate::auth::store;
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
}

/// Merges `data`, changes the password (which ends all other sessions). A new address needs mails.
async fn put(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let body = body.into_inner().0;
    let client = request::connection(&state).await?;
    let SignedIn { user, session_id } = request::signed_in(&state, &client, &http).await?;
    drop(client);
    refuse_what_needs_more(&body, &user)?;

    let actor = Actor {
        id: user.id,
        name: user.email.clone(),
    };
    let peer = request::peer(&http);
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
    steps.extend(User::load_steps(user.id));
    let client = request::connection(&state).await?;
    let rows = store::transact(&client, "Database error updating user", &steps).await?;
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
    if let Some(email) = body.email.as_deref().filter(|email| !email.is_empty())
        && Email::parse(email)?.as_str() != user.email
    {
        return Err(disabled::mail_flow());
    }
    Ok(())
}

async fn new_hash(state: &AuthState, text: &str, user: &User) -> Result<String> {
    let password = Password::parse(text, state.settings.password_min_length)?;
    if state.hasher.verify(text, Some(&user.password_hash)).await? {
        let text = "New password should be different from the old password.";
        return Err(AuthError::new(codes::SAME_PASSWORD, text));
    }
    state.hasher.hash(password).await
}
