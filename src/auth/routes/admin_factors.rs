//! `/admin/users/{id}/factors`: second factors of an existing project, to look at and to remove.

use actix_web::{HttpRequest, HttpResponse, web};
use uuid::Uuid;

use super::request;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::state::AuthState;
use crate::auth::store::{self, Step};
use crate::auth::user::User;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/admin/users/{id}/factors", web::get().to(list))
        .route(
            "/admin/users/{id}/factors/{factor}",
            web::delete().to(delete),
        );
}

async fn list(
    state: web::Data<AuthState>,
    http: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let client = request::connection(&state).await?;
    let user = find(&client, &id).await?;
    Ok(HttpResponse::Ok().json(user.factors))
}

async fn delete(
    state: web::Data<AuthState>,
    http: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let (id, factor) = path.into_inner();
    let client = request::connection(&state).await?;
    let user = find(&client, &id).await?;
    let factor = user
        .factors
        .iter()
        .find(|known| known.id.to_string() == factor.to_lowercase())
        .ok_or_else(|| AuthError::new(codes::MFA_FACTOR_NOT_FOUND, "Factor not found"))?;
    let peer = request::peer(&state, &http);
    let steps = [
        Step::new("delete from auth.mfa_factors where id = $1").bind(factor.id),
        audit::step(
            Action::UserModified,
            &Actor::service(),
            Some(user.id),
            &peer,
        ),
    ];
    store::transact(&client, "Database error deleting factor", &steps).await?;
    Ok(HttpResponse::Ok().json(factor))
}

async fn find(client: &deadpool_postgres::Client, id: &str) -> Result<User> {
    let id = Uuid::try_parse(id)
        .map_err(|_| AuthError::validation("user_id must be an UUID").status(404))?;
    let missing = || AuthError::new(codes::USER_NOT_FOUND, "User not found");
    User::find(client, id).await?.ok_or_else(missing)
}
