//! `POST /recover`: mails a link that signs in to choose a new password.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::request;
use super::request::Object;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Result};
use crate::auth::limits::Bucket;
use crate::auth::mail_flow::{self, Flow, Recipient};
use crate::auth::state::AuthState;
use crate::auth::user::User;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/recover", web::post().to(recover));
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Body {
    email: String,
    code_challenge: String,
    code_challenge_method: String,
}

async fn recover(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let started = Instant::now();
    let body = body.into_inner().0;
    let peer = request::peer(&state, &http);
    state
        .limits
        .take(Bucket::Recover, &request::address_key(&peer))?;
    if body.email.is_empty() {
        return Err(AuthError::validation("Password recovery requires an email"));
    }
    let email = Email::parse(&body.email)?;
    let method = &body.code_challenge_method;
    let target =
        request::password_target(&state, &http, Flow::Recovery, &body.code_challenge, method)?;
    state.require_mail()?;
    let client = request::connection(&state).await?;
    let user = User::find_by_email(&client, &email).await?;
    match &user {
        Some(user) => mail_flow::check_interval(&state, user.recovery_sent_at)?,
        None => state
            .limits
            .take(Bucket::Unsent, &format!("recovery {}", email.as_str()))?,
    }
    state.limits.take(Bucket::Mails, "")?;
    let work = user.map(|user| async move {
        let to = Recipient::from(&user);
        let actor = Actor {
            id: user.id,
            name: user.email,
        };
        let audit = audit::step(Action::UserRecoveryRequested, &actor, None, &peer);
        let outgoing = mail_flow::start(&state, Flow::Recovery, &to, &target);
        let doing = "Database error recovering user";
        outgoing.go(&state, &client, doing, vec![audit]).await
    });
    Ok(request::answer_evenly(started, work).await)
}
