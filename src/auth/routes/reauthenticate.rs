//! `GET /reauthenticate`: mails a code that confirms a change of password (`nonce` in `PUT /user`).

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::request;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::limits::Bucket;
use crate::auth::mail_flow::{self, Recipient};
use crate::auth::state::AuthState;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/reauthenticate", web::get().to(reauthenticate));
}

async fn reauthenticate(state: web::Data<AuthState>, http: HttpRequest) -> Result<HttpResponse> {
    let client = request::connection(&state).await?;
    let user = request::signed_in(&state, &client, &http).await?.user;
    if user.email.is_empty() {
        let text = "Reauthentication requires the user to have an email";
        return Err(AuthError::validation(text).status(422));
    }
    if user.email_confirmed_at.is_none() {
        let text = "Please verify your email first.";
        return Err(AuthError::new(codes::EMAIL_NOT_CONFIRMED, text).status(422));
    }
    state.require_mail()?;
    mail_flow::check_interval(&state, user.reauthentication_sent_at)?;
    state.limits.take(Bucket::Mails, "")?;
    let actor = Actor {
        id: user.id,
        name: user.email.clone(),
    };
    let peer = request::peer(&state, &http);
    let audit = audit::step(Action::UserReauthenticateRequested, &actor, None, &peer);
    let outgoing = mail_flow::reauthentication(&state, &Recipient::from(&user));
    let doing = "Database error reauthenticating user";
    outgoing.go(&state, &client, doing, vec![audit]).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
