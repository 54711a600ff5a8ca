//! `POST /token?grant_type=`: `password`, `refresh_token` and `pkce`.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use serde::Deserialize;

use super::request;
use super::request::Object;
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::limits::Bucket;
use crate::auth::session::{self, Peer};
use crate::auth::state::AuthState;
use crate::auth::user::User;
use crate::auth::{pkce, refresh_token};

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
    #[serde(default)]
    auth_code: String,
    #[serde(default)]
    code_verifier: String,
}

async fn token(
    state: web::Data<AuthState>,
    http: HttpRequest,
    query: web::Query<Query>,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let peer = request::peer(&state, &http);
    let address = request::address_key(&peer);
    let body = body.into_inner().0;
    let session = match query.grant_type.as_str() {
        "password" => password(&state, body, &peer).await?,
        "refresh_token" if body.refresh_token.is_empty() => {
            let text = "refresh_token required";
            let mut error = AuthError::new(codes::INVALID_REQUEST, text);
            error.oauth = true;
            return Err(error);
        }
        "refresh_token" => {
            state.limits.take(Bucket::Token, &address)?;
            refresh_token::refresh(&state, &body.refresh_token, &peer).await?
        }
        "pkce" => {
            state.limits.take(Bucket::Token, &address)?;
            pkce::exchange(&state, &body.auth_code, &body.code_verifier, &peer).await?
        }
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
    let failures = Failures::expected(state, &body.email, peer)?;
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
    failures.forgive(state);
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

/// Attempts count as failures until they succeed, so that many at once cannot slip through. The user's
/// bucket comes first: who is refused there empties no other, so that others at the same address still
/// sign in.
struct Failures {
    user: String,
    address: String,
}

impl Failures {
    fn expected(state: &AuthState, email: &str, peer: &Peer) -> Result<Self> {
        let this = Self {
            user: email.to_lowercase(),
            address: request::address_key(peer),
        };
        let limits = &state.limits;
        limits.take(Bucket::UserFailures, &this.user)?;
        let address = limits
            .take(Bucket::Token, &this.address)
            .and_then(|()| limits.take(Bucket::AddressFailures, &this.address));
        if let Err(refused) = address {
            limits.give_back(Bucket::UserFailures, &this.user);
            return Err(refused);
        }
        Ok(this)
    }

    fn forgive(&self, state: &AuthState) {
        state.limits.give_back(Bucket::UserFailures, &self.user);
        state
            .limits
            .give_back(Bucket::AddressFailures, &self.address);
    }
}
