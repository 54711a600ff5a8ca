//! `POST /resend`: the mail of a sign-up or of a change of address, once more.

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
    cfg.route("/resend", web::post().to(resend));
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    #[serde(rename = "type")]
    resend_type: String,
    email: String,
    code_challenge: String,
    code_challenge_method: String,
}

async fn resend(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let started = Instant::now();
    let body = body.into_inner().0;
    let peer = request::peer(&state, &http);
    state
        .limits
        .take(Bucket::Resend, &request::address_key(&peer))?;
    let is_change = match body.resend_type.as_str() {
        "signup" => false,
        "email_change" => true,
        "" => {
            return Err(AuthError::validation(
                "Missing one of these types: signup, email_change",
            ));
        }
        _ => return Err(AuthError::validation("Unsupported resend type")),
    };
    if body.email.is_empty() {
        return Err(AuthError::validation(
            "Type provided requires an email address",
        ));
    }
    let email = Email::parse(&body.email)?;
    let method = &body.code_challenge_method;
    let target = request::target(&state, &http, &body.code_challenge, method)?;
    state.require_mail()?;
    let client = request::connection(&state).await?;
    let pending = User::find_by_email(&client, &email)
        .await?
        .filter(|user| match is_change {
            true => !user.new_email.is_empty(),
            false => !user.is_confirmed(),
        });
    match &pending {
        Some(user) if is_change => mail_flow::check_interval(&state, user.email_change_sent_at)?,
        Some(user) => mail_flow::check_interval(&state, user.confirmation_sent_at)?,
        None => {
            let key = format!("{} {}", body.resend_type, email.as_str());
            state.limits.take(Bucket::Unsent, &key)?;
        }
    }
    state.limits.take(Bucket::Mails, "")?;
    let work = pending.map(|user| async move {
        let to = Recipient::from(&user);
        let actor = Actor {
            id: user.id,
            name: user.email,
        };
        let audit = audit::step(Action::UserConfirmationRequested, &actor, None, &peer);
        let outgoing = match is_change {
            true => mail_flow::email_change(&state, &to, &user.new_email, &target),
            false => mail_flow::start(&state, Flow::SignUp, &to, &target),
        };
        let doing = "Database error sending a mail again";
        outgoing.go(&state, &client, doing, vec![audit]).await
    });
    Ok(request::answer_evenly(started, work).await)
}
