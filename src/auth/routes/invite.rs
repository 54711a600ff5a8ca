//! `POST /invite`: an administrator invites somebody by mail. Who is known but not confirmed is invited
//! again.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::Object;
use super::{request, signup};
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Cause, Result, codes};
use crate::auth::mail_flow::{self, Flow, Outgoing, Recipient, Target};
use crate::auth::session::Peer;
use crate::auth::state::AuthState;
use crate::auth::store;
use crate::auth::user::User;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/invite", web::post().to(invite));
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    email: String,
    data: Map<String, Value>,
}

async fn invite(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let body = body.into_inner().0;
    let email = Email::parse(&body.email)?;
    let target = request::password_target(&state, &http, Flow::Invite, "", "")?;
    state.require_mail()?;
    let client = request::connection(&state).await?;
    let peer = request::peer(&state, &http);
    let (outgoing, user) = match write(&state, &client, &email, &body.data, &target, &peer).await {
        // Somebody was faster with the same address.
        Err(error) if error.cause == Cause::DuplicateUser => {
            write(&state, &client, &email, &body.data, &target, &peer).await?
        }
        stored => stored?,
    };
    outgoing.send(&state).await?;
    Ok(HttpResponse::Ok().json(user))
}

/// Makes the user, unless it is known, and stores the token. The mail is still to be sent.
async fn write(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    email: &Email,
    data: &Map<String, Value>,
    target: &Target,
    peer: &Peer,
) -> Result<(Outgoing, User)> {
    let (to, mut steps) = match User::find_by_email(client, email).await? {
        Some(user) if user.is_confirmed() => return Err(exists()),
        Some(user) => (Recipient::from(&user), Vec::new()),
        None => {
            let new = signup::unconfirmed(email.clone(), String::new(), data.clone());
            (signup::recipient(&new), new.steps())
        }
    };
    let mut outgoing = mail_flow::start(state, Flow::Invite, &to, target);
    steps.append(&mut outgoing.steps);
    let actor = Actor::service();
    steps.push(audit::step(Action::UserInvited, &actor, Some(to.id), peer));
    steps.extend(User::load_steps(to.id));
    let rows = store::transact(client, "Database error inviting user", &steps).await?;
    let user = User::from_rows(&rows[rows.len() - 3..])?
        .ok_or_else(|| AuthError::unexpected("Database error inviting user: it is gone"))?;
    Ok((outgoing, user))
}

/// 422: the address belongs to somebody who confirmed it.
pub fn exists() -> AuthError {
    let text = "A user with this email address has already been registered";
    AuthError::new(codes::EMAIL_EXISTS, text)
}
