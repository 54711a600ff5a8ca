//! `POST /otp`, `POST /magiclink`: mails a link and a code that sign in. An unknown address is signed up
//! with a password that nobody knows, unless the request says not to.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::Object;
use super::{request, signup};
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::limits::Bucket;
use crate::auth::mail_flow::{self, Flow, Recipient, Target};
use crate::auth::password::Password;
use crate::auth::session::Peer;
use crate::auth::state::AuthState;
use crate::auth::store;
use crate::auth::user::User;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/otp", web::post().to(otp))
        .route("/magiclink", web::post().to(otp));
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    email: String,
    #[serde(default)]
    phone: String,
    #[serde(default = "yes")]
    create_user: bool,
    #[serde(default)]
    data: Map<String, Value>,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

fn yes() -> bool {
    true
}

async fn otp(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<Body>>,
) -> Result<HttpResponse> {
    let started = Instant::now();
    let body = body.into_inner().0;
    let peer = request::peer(&state, &http);
    state
        .limits
        .take(Bucket::Otp, &request::address_key(&peer))?;
    if !body.phone.is_empty() {
        let text = "Unsupported phone provider";
        return Err(AuthError::new(codes::PHONE_PROVIDER_DISABLED, text));
    }
    if body.email.is_empty() {
        return Err(AuthError::validation("One of email or phone must be set"));
    }
    let email = Email::parse(&body.email)?;
    let method = &body.code_challenge_method;
    let target = request::target(&state, &http, &body.code_challenge, method)?;
    state.require_mail()?;
    let client = request::connection(&state).await?;
    let known = User::find_by_email(&client, &email).await?;
    drop(client);
    let flow = match &known {
        Some(user) if user.is_confirmed() || state.settings.mailer_autoconfirm => {
            mail_flow::check_interval(&state, user.recovery_sent_at)?;
            Flow::MagicLink
        }
        Some(user) => {
            mail_flow::check_interval(&state, user.confirmation_sent_at)?;
            Flow::SignUp
        }
        None => {
            state
                .limits
                .take(Bucket::Unsent, &format!("recovery {}", email.as_str()))?;
            Flow::SignUp
        }
    };
    state.limits.take(Bucket::Mails, "")?;
    if known.is_none() && body.create_user {
        // Its failures (closed sign-up, an objecting trigger) are told.
        sign_up(&state, email, body.data, &target, &peer).await?;
    }
    let work = known.map(|user| mail(state, user, flow, target, peer));
    Ok(request::answer_evenly(started, work).await)
}

async fn mail(
    state: web::Data<AuthState>,
    user: User,
    flow: Flow,
    target: Target,
    peer: Peer,
) -> Result<()> {
    let to = Recipient::from(&user);
    let actor = Actor {
        id: user.id,
        name: user.email,
    };
    let action = match flow {
        Flow::MagicLink => Action::UserRecoveryRequested,
        _ => Action::UserConfirmationRequested,
    };
    let audit = audit::step(action, &actor, None, &peer);
    let client = request::connection(&state).await?;
    let outgoing = mail_flow::start(&state, flow, &to, &target);
    let doing = "Database error sending a log-in link";
    outgoing.go(&state, &client, doing, vec![audit]).await
}

async fn sign_up(
    state: &AuthState,
    email: Email,
    data: Map<String, Value>,
    target: &Target,
    peer: &Peer,
) -> Result<()> {
    signup::require_open(state)?;
    let hash = state.hasher.hash(Password::random()).await?;
    let new = signup::new_user(state, email, hash, data);
    let actor = Actor {
        id: new.id,
        name: new.email.as_str().to_owned(),
    };
    let flow = match new.confirmed {
        true => Flow::MagicLink,
        false => Flow::SignUp,
    };
    let mut outgoing = mail_flow::start(state, flow, &signup::recipient(&new), target);
    let mut steps = new.steps();
    steps.push(audit::step(Action::UserSignedUp, &actor, None, peer));
    steps.append(&mut outgoing.steps);
    let client = request::connection(state).await?;
    store::transact(&client, "Database error saving new user", &steps).await?;
    outgoing.send(state).await
}
