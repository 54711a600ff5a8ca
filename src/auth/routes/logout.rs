//! `POST /logout?scope=global|local|others`: ends sessions, answers 204 without a body.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::request;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::error::{AuthError, Result};
use crate::auth::session::{self, Scope};
use crate::auth::state::AuthState;
use crate::auth::store;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/logout", web::post().to(logout));
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    scope: String,
}

async fn logout(
    state: web::Data<AuthState>,
    http: HttpRequest,
    query: web::Query<Query>,
) -> Result<HttpResponse> {
    let scope = match query.scope.as_str() {
        "" | "global" => Scope::Global,
        "local" => Scope::Local,
        "others" => Scope::Others,
        other => {
            let text = format!("Unsupported logout scope {other:?}");
            return Err(AuthError::validation(text));
        }
    };
    let client = request::connection(&state).await?;
    let signed_in = request::signed_in(&state, &client, &http).await?;
    let actor = Actor {
        id: signed_in.user.id,
        name: signed_in.user.email,
    };
    let mut steps = session::sign_out_steps(actor.id, signed_in.session_id, scope);
    steps.push(audit::step(
        Action::Logout,
        &actor,
        None,
        &request::peer(&state, &http),
    ));
    store::transact(&client, "Error logging out user", &steps).await?;
    Ok(HttpResponse::NoContent().finish())
}
