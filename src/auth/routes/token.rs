//! `POST /token?grant_type=`: `password` and `refresh_token`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use serde::Deserialize;

use super::request::Object;
use super::{disabled, request};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::refresh_token;
use crate::auth::session::{self, Peer};
use crate::auth::state::AuthState;
use crate::auth::user::User;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/token", web::post().to(token));
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    grant_type: String,
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
    refresh_token: String,
}

async fn token(
    state: web::Data<AuthState>,
    http: HttpRequest,
    query: web::Query<Query>,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let peer = request::peer(&http);
    let body = body.into_inner().0;
    let session = match query.grant_type.as_str() {
        "password" => password(&state, body, &peer).await?,
        "refresh_token" if body.refresh_token.is_empty() => {
            let text = "refresh_token required";
            let mut error = AuthError::new(codes::INVALID_REQUEST, text);
            error.oauth = true;
            return Err(error);
        }
        "refresh_token" => refresh_token::refresh(&state, &body.refresh_token, &peer).await?,
        "pkce" => return Err(disabled::mail_flow()),
        "id_token" => {
            let text = "Signing in with an ID token is not enabled";
            return Err(AuthError::new(codes::PROVIDER_DISABLED, text));
        }
        "web3" => {
            let text = "Signing in with a wallet is not enabled";
            return Err(AuthError::new(codes::WEB3_PROVIDER_DISABLED, text));
        }
        _ => {
            return Err(AuthError::new(
                codes::INVALID_CREDENTIALS,
                "unsupported_grant_type",
            ));
        }
    };
    Ok(HttpResponse::Ok().json(session))
}

/// Address and password. Unknown user, user without password and wrong password look the same and
/// take equally long; what is wrong with the account is told only to who knows the password.
async fn password(
    state: &AuthState,
    body: Body,
    peer: &Peer,
) -> Result<crate::auth::token::Session> {
    if !body.phone.is_empty() {
        if !body.email.is_empty() {
            let text = "Only an email address or phone number should be provided on login.";
            return Err(AuthError::validation(text));
        }
        let text = "Phone logins are disabled";
        return Err(AuthError::new(codes::PHONE_PROVIDER_DISABLED, text));
    }
    if body.email.is_empty() {
        return Err(AuthError::validation("missing email or phone"));
    }
    let user = match Email::parse(&body.email) {
        Ok(email) => {
            let client = request::connection(state).await?;
            User::find_by_email(&client, &email).await?
        }
        Err(_) => None,
    };
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    let matches = state.hasher.verify(&body.password, stored).await?;
    let Some(user) = user.filter(|_| matches) else {
        return Err(AuthError::invalid_credentials());
    };
    if user.is_banned(Utc::now()) {
        return Err(AuthError::new(codes::USER_BANNED, "User is banned").status(400));
    }
    if !user.is_confirmed() {
        return Err(AuthError::new(
            codes::EMAIL_NOT_CONFIRMED,
            "Email not confirmed",
        ));
    }
    // A new connection: none is held while the hash is computed.
    let client = request::connection(state).await?;
    session::sign_in(state, &client, &user, "password", peer).await
}
