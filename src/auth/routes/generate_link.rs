//! `POST /admin/generate_link`: the link and the code of a mail, without the mail, for applications that
//! send their own.
//!
//! Out: the user's fields with `action_link`, `email_otp`, `hashed_token`, `verification_type` and
//! `redirect_to` beside them.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::invite::exists;
use super::request::Object;
use super::{request, signup};
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Cause, Result, codes};
use crate::auth::mail_flow::{self, Flow, Recipient, Target};
use crate::auth::one_time_token::{self, TokenKind};
use crate::auth::otp::Otp;
use crate::auth::password::Password;
use crate::auth::session::Peer;
use crate::auth::state::AuthState;
use crate::auth::store::{self, Step};
use crate::auth::user::User;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/admin/generate_link", web::post().to(generate_link));
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    #[serde(rename = "type")]
    link_type: String,
    email: String,
    new_email: String,
    password: String,
    data: Map<String, Value>,
    redirect_to: String,
}

#[derive(Serialize)]
struct Answer {
    action_link: String,
    email_otp: String,
    hashed_token: String,
    verification_type: &'static str,
    redirect_to: String,
    #[serde(flatten)]
    user: User,
}

/// What is to be written, and the token in the link.
struct Prepared {
    to: Recipient,
    steps: Vec<Step>,
    otp: Otp,
    /// `type` in the answer and in the link.
    verification_type: &'static str,
    link_type: &'static str,
}

async fn generate_link(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let body = body.into_inner().0;
    let email = Email::parse(&body.email)?;
    let redirect_to = request::redirect_to(&state, &http, Some(&body.redirect_to));
    let target = Target {
        redirect_to,
        challenge: None,
    };
    let client = request::connection(&state).await?;
    let peer = request::peer(&state, &http);
    let (prepared, user) = match write(&state, &client, &email, &body, &target, &peer).await {
        // Somebody was faster with the same address.
        Err(error) if error.cause == Cause::DuplicateUser => {
            write(&state, &client, &email, &body, &target, &peer).await?
        }
        stored => stored?,
    };
    let hash = &prepared.otp.hash;
    Ok(HttpResponse::Ok().json(Answer {
        action_link: mail_flow::link(&state, hash, prepared.link_type, &target.redirect_to),
        hashed_token: prepared.otp.hash,
        email_otp: prepared.otp.code,
        verification_type: prepared.verification_type,
        redirect_to: target.redirect_to,
        user,
    }))
}

/// Makes the user, unless it is known, and stores the token.
async fn write(
    state: &AuthState,
    client: &deadpool_postgres::Client,
    email: &Email,
    body: &Body,
    target: &Target,
    peer: &Peer,
) -> Result<(Prepared, User)> {
    let known = User::find_by_email(client, email).await?;
    let mut prepared = match body.link_type.as_str() {
        "email_change_current" | "email_change_new" => {
            let new_email = Email::parse(&body.new_email)?;
            if User::find_by_email(client, &new_email).await?.is_some() {
                return Err(exists());
            }
            email_change(state, known, &new_email, &body.link_type)?
        }
        _ => by_flow(state, known, email, body, target).await?,
    };
    let id = prepared.to.id;
    let actor = Actor::service();
    let action = match prepared.verification_type {
        "invite" => Action::UserInvited,
        "signup" => Action::UserConfirmationRequested,
        _ => Action::UserRecoveryRequested,
    };
    prepared
        .steps
        .push(audit::step(action, &actor, Some(id), peer));
    prepared.steps.extend(User::load_steps(id));
    let rows = store::transact(client, "Database error generating link", &prepared.steps).await?;
    let user = User::from_rows(&rows[rows.len() - 3..])?.ok_or_else(not_found)?;
    Ok((prepared, user))
}

fn not_found() -> AuthError {
    AuthError::new(codes::USER_NOT_FOUND, "User with this email not found")
}

/// Sign-up, invitation, recovery, magic link. A magic link for an unknown address becomes a sign-up.
async fn by_flow(
    state: &AuthState,
    known: Option<User>,
    email: &Email,
    body: &Body,
    target: &Target,
) -> Result<Prepared> {
    let flow = match (body.link_type.as_str(), &known) {
        ("magiclink", Some(_)) => Flow::MagicLink,
        ("magiclink", None) => Flow::SignUp,
        ("recovery", Some(_)) => Flow::Recovery,
        ("recovery", None) => return Err(not_found()),
        ("signup" | "invite", Some(user)) if user.is_confirmed() => return Err(exists()),
        ("signup", _) => Flow::SignUp,
        ("invite", _) => Flow::Invite,
        _ => {
            let text = "Invalid email action link type requested";
            return Err(AuthError::validation(text));
        }
    };
    let (to, mut steps) = match known {
        Some(user) => (Recipient::from(&user), Vec::new()),
        None => {
            let hash = match body.link_type.as_str() {
                "invite" => String::new(),
                "signup" if body.password.is_empty() => {
                    return Err(AuthError::validation("Signup requires a valid password"));
                }
                "signup" => {
                    let minimum = state.settings.password_min_length;
                    let password = Password::parse(&body.password, minimum)?;
                    state.hasher.hash(password).await?
                }
                _ => state.hasher.hash(Password::random()).await?,
            };
            let new = signup::unconfirmed(email.clone(), hash, body.data.clone());
            (signup::recipient(&new), new.steps())
        }
    };
    let mut outgoing = mail_flow::start(state, flow, &to, target);
    steps.append(&mut outgoing.steps);
    let otp = outgoing
        .otp
        .ok_or_else(|| AuthError::unexpected("There is no token"))?;
    Ok(Prepared {
        to,
        steps,
        otp,
        verification_type: flow.link_type(),
        link_type: flow.link_type(),
    })
}

/// One of the two links of a change of address.
fn email_change(
    state: &AuthState,
    known: Option<User>,
    new_email: &Email,
    link_type: &str,
) -> Result<Prepared> {
    let user = known.ok_or_else(not_found)?;
    let asks_old = link_type == "email_change_current";
    if asks_old && !state.settings.secure_email_change {
        let text = "Enable secure email change to generate link for current email";
        return Err(AuthError::validation(text));
    }
    let to = Recipient::from(&user);
    let (kind, address, verification_type) = match asks_old {
        true => (
            TokenKind::EmailChangeCurrent,
            to.email.as_str(),
            "email_change_current",
        ),
        false => (
            TokenKind::EmailChangeNew,
            new_email.as_str(),
            "email_change_new",
        ),
    };
    let otp = Otp::generate(address, state.settings.otp_length, false);
    let hash = |is_this: bool| is_this.then(|| otp.hash.clone());
    let steps = vec![
        Step::new(include_str!("../sql/user_email_change.sql"))
            .bind(to.id)
            .bind(new_email.as_str().to_owned())
            .bind(hash(!asks_old))
            .bind(hash(asks_old)),
        one_time_token::one_time_token_step(to.id, kind, &otp, address),
    ];
    Ok(Prepared {
        to,
        steps,
        otp,
        verification_type,
        link_type: "email_change",
    })
}
