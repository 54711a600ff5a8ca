//! `/admin/users`: users as the service key manages them.

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::request;
use super::request::Object;
use crate::auth::audit::{self, Action, Actor};
use crate::auth::email::Email;
use crate::auth::error::{AuthError, Cause, Result, codes};
use crate::auth::password::{self, Password};
use crate::auth::session::{self, Scope};
use crate::auth::state::AuthState;
use crate::auth::store;
use crate::auth::user::User;
use crate::auth::user_write::{
    NewUser, UserChange, clear_token_steps, delete_steps, email_app_metadata, soft_delete_steps,
};
use crate::auth::{claims, duration, keys};

const DEFAULT_PER_PAGE: i64 = 50;
const MAX_PER_PAGE: i64 = 1000;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/admin/users")
            .route(web::get().to(list))
            .route(web::post().to(create)),
    );
    cfg.service(
        web::resource("/admin/users/{id}")
            .route(web::get().to(get))
            .route(web::put().to(update))
            .route(web::delete().to(delete)),
    );
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    filter: String,
    #[serde(default)]
    sort: String,
}

async fn list(
    state: web::Data<AuthState>,
    http: HttpRequest,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let page = positive("page", &query.page, 1)?;
    let per_page = positive("per_page", &query.per_page, DEFAULT_PER_PAGE)?.min(MAX_PER_PAGE);
    let oldest_first = match query.sort.trim() {
        "" | "created_at" | "created_at desc" => false,
        "created_at asc" => true,
        _ => {
            return Err(AuthError::validation(
                "Only created_at asc and desc can be sorted by",
            ));
        }
    };
    let filter = Some(query.filter.clone()).filter(|filter| !filter.is_empty());
    let client = request::connection(&state).await?;
    let found = User::page(&client, filter, oldest_first, page, per_page).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Total-Count", found.total));
    if let Some(link) = link(&state.settings.issuer, page, per_page, found.total) {
        response.insert_header((LINK, link));
    }
    Ok(response.json(json!({"users": found.users, "aud": claims::USER_AUDIENCE})))
}

/// Clients send empty strings for what is not set.
fn positive(name: &str, text: &str, default: i64) -> Result<i64> {
    match text {
        "" => Ok(default),
        text => text
            .parse()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| AuthError::validation(format!("Bad Pagination Parameters: {name}"))),
    }
}

/// `next` (not on the last page) and `last`; `page` comes first in the query, where clients look.
fn link(issuer: &str, page: i64, per_page: i64, total: i64) -> Option<String> {
    let last = total.div_euclid(per_page) + i64::from(total % per_page > 0);
    let to = |page: i64, rel: &str| {
        format!("<{issuer}/admin/users?page={page}&per_page={per_page}>; rel=\"{rel}\"")
    };
    match last {
        0 => None,
        last if page < last => Some(format!("{}, {}", to(page + 1, "next"), to(last, "last"))),
        last => Some(to(last, "last")),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserBody {
    id: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    password_hash: Option<String>,
    email_confirm: bool,
    user_metadata: Option<Map<String, Value>>,
    app_metadata: Option<Map<String, Value>>,
    role: Option<String>,
    aud: Option<String>,
    ban_duration: Option<String>,
}

impl UserBody {
    fn email(&self) -> Result<Option<Email>> {
        given(&self.email).map(Email::parse).transpose()
    }

    /// `None`: unchanged; `Some(None)`: no ban.
    fn ban(&self) -> Result<Option<Option<DateTime<Utc>>>> {
        match given(&self.ban_duration) {
            None => Ok(None),
            Some("none") => Ok(Some(None)),
            Some(text) => {
                let until =
                    duration::parse(text).and_then(|ban| Utc::now().checked_add_signed(ban));
                let invalid =
                    || AuthError::validation(format!("invalid format for ban duration: {text:?}"));
                until.map(|until| Some(Some(until))).ok_or_else(invalid)
            }
        }
    }

    /// The hash to store, when the body has a password or brings a hash along.
    async fn hash(&self, state: &AuthState) -> Result<Option<String>> {
        match (given(&self.password), given(&self.password_hash)) {
            (Some(_), Some(_)) => Err(AuthError::validation(
                "Only a password or a password hash should be provided",
            )),
            (Some(text), None) => state
                .hasher
                .hash(Password::parse_any(text)?)
                .await
                .map(Some),
            (None, Some(hash)) if password::is_readable_hash(hash) => Ok(Some(hash.to_owned())),
            (None, Some(_)) => Err(AuthError::validation(format!(
                "The password hash is neither bcrypt with a cost of {} to {} nor argon2 within its limits",
                password::MIN_COST,
                password::MAX_COST
            ))),
            (None, None) => Ok(None),
        }
    }

    fn refuse_phone(&self) -> Result<()> {
        match given(&self.phone) {
            None => Ok(()),
            Some(_) => {
                let text = "Phone numbers are not enabled";
                Err(AuthError::new(codes::PHONE_PROVIDER_DISABLED, text))
            }
        }
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

async fn create(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Json<Object<UserBody>>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let body = body.into_inner().0;
    body.refuse_phone()?;
    let text = "Cannot create a user without either an email or phone";
    let email = body.email()?.ok_or_else(|| AuthError::validation(text))?;
    let id = match given(&body.id) {
        None => Uuid::new_v4(),
        Some(text) => Uuid::try_parse(text)
            .ok()
            .filter(|id| !id.is_nil())
            .ok_or_else(|| AuthError::validation("ID must conform to the uuid v4 format"))?,
    };
    let banned_until = body.ban()?.flatten();
    let password_hash = match body.hash(&state).await? {
        Some(hash) => hash,
        None => state.hasher.hash(Password::random()).await?,
    };
    let new = NewUser {
        id,
        email,
        password_hash,
        aud: body
            .aud
            .filter(|aud| !aud.is_empty())
            .unwrap_or_else(|| claims::USER_AUDIENCE.into()),
        role: body
            .role
            .filter(|role| !role.is_empty())
            .unwrap_or_else(|| keys::AUTHENTICATED.into()),
        app_metadata: email_app_metadata(body.app_metadata.unwrap_or_default()),
        user_metadata: body.user_metadata.unwrap_or_default(),
        later_metadata: Map::new(),
        identity_data: Map::new(),
        banned_until,
        confirmed: body.email_confirm,
        confirmation_sent: false,
    };
    let peer = request::peer(&state, &http);
    let mut steps = new.steps();
    steps.push(audit::step(
        Action::UserSignedUp,
        &Actor::service(),
        Some(id),
        &peer,
    ));
    steps.extend(User::load_steps(id));
    let client = request::connection(&state).await?;
    let rows = store::transact(&client, "Database error creating new user", &steps).await;
    answer(&rows.map_err(email_exists)?)
}

async fn get(
    state: web::Data<AuthState>,
    http: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let id = user_id(&id)?;
    let client = request::connection(&state).await?;
    let user = User::find(&client, id).await?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(user))
}

async fn update(
    state: web::Data<AuthState>,
    http: HttpRequest,
    id: web::Path<String>,
    body: web::Json<Object<UserBody>>,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let id = user_id(&id)?;
    let body = body.into_inner().0;
    body.refuse_phone()?;
    let change = UserChange {
        email: body.email()?,
        ban: body.ban()?,
        password_hash: body.hash(&state).await?,
        confirm_email: body.email_confirm,
        role: body.role.filter(|role| !role.is_empty()),
        aud: body.aud.filter(|aud| !aud.is_empty()),
        user_metadata: body.user_metadata.unwrap_or_default(),
        app_metadata: body.app_metadata.unwrap_or_default(),
    };
    let changes_password = change.password_hash.is_some();
    let peer = request::peer(&state, &http);
    let client = request::connection(&state).await?;
    // Known first: the identity's row would otherwise fail on its foreign key.
    User::find(&client, id).await?.ok_or_else(not_found)?;
    let mut steps = change.steps(id);
    steps.push(audit::step(
        Action::UserModified,
        &Actor::service(),
        Some(id),
        &peer,
    ));
    if changes_password {
        steps.extend(clear_token_steps(id));
        steps.extend(session::sign_out_steps(id, None, Scope::Global));
    }
    steps.extend(User::load_steps(id));
    let rows = store::transact(&client, "Database error updating user", &steps).await;
    answer(&rows.map_err(email_exists)?)
}

#[derive(Default, Deserialize)]
struct DeleteBody {
    #[serde(default)]
    should_soft_delete: bool,
}

async fn delete(
    state: web::Data<AuthState>,
    http: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse> {
    request::require_admin(&state, &http)?;
    let id = user_id(&id)?;
    let Object(body): Object<DeleteBody> = match body.trim_ascii() {
        b"" => Object(DeleteBody::default()),
        text => serde_json::from_slice(text)
            .map_err(|_| AuthError::new(codes::BAD_JSON, "Could not parse request body as JSON"))?,
    };
    let client = request::connection(&state).await?;
    User::find(&client, id).await?.ok_or_else(not_found)?;
    let mut steps = if body.should_soft_delete {
        soft_delete_steps(id)
    } else {
        delete_steps(id).into()
    };
    let peer = request::peer(&state, &http);
    steps.push(audit::step(
        Action::UserDeleted,
        &Actor::service(),
        Some(id),
        &peer,
    ));
    store::transact(&client, "Database error deleting user", &steps)
        .await
        .map_err(still_referenced)?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// 409 instead of GoTrue's 500: the text names the application's table and constraint.
fn still_referenced(error: AuthError) -> AuthError {
    match error.cause {
        Cause::StillReferenced => AuthError::new(codes::CONFLICT, error.message),
        _ => error,
    }
}

fn user_id(text: &str) -> Result<Uuid> {
    Uuid::try_parse(text).map_err(|_| AuthError::validation("user_id must be an UUID").status(404))
}

fn not_found() -> AuthError {
    AuthError::new(codes::USER_NOT_FOUND, "User not found")
}

fn email_exists(error: AuthError) -> AuthError {
    if error.cause == Cause::DuplicateUser {
        let text = "A user with this email address has already been registered";
        AuthError::new(codes::EMAIL_EXISTS, text)
    } else {
        error
    }
}

/// The user that the last three steps loaded.
fn answer(rows: &[Vec<tokio_postgres::Row>]) -> Result<HttpResponse> {
    let user = User::from_rows(&rows[rows.len().saturating_sub(3)..])?.ok_or_else(not_found)?;
    Ok(HttpResponse::Ok().json(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_point_to_the_next_and_the_last_page() {
        let at = |page, per_page, total| link("http://x/auth/v1", page, per_page, total);
        assert_eq!(
            at(1, 50, 101).as_deref(),
            Some(
                "<http://x/auth/v1/admin/users?page=2&per_page=50>; rel=\"next\", \
                 <http://x/auth/v1/admin/users?page=3&per_page=50>; rel=\"last\""
            )
        );
        assert_eq!(
            at(2, 50, 100).as_deref(),
            Some("<http://x/auth/v1/admin/users?page=2&per_page=50>; rel=\"last\"")
        );
        assert_eq!(at(1, 50, 0), None);
    }

    #[test]
    fn page_numbers_are_positive_and_empty_means_unset() {
        assert_eq!(positive("page", "", 7), Ok(7));
        assert_eq!(positive("page", "3", 7), Ok(3));
        for text in ["0", "-1", "x", "99999999999999999999"] {
            assert!(positive("page", text, 7).is_err(), "{text}");
        }
    }

    #[test]
    fn bans_are_durations_or_none() {
        let ban = |text: &str| {
            let body = UserBody {
                ban_duration: Some(text.into()),
                ..UserBody::default()
            };
            body.ban()
        };
        assert_eq!(ban("none"), Ok(Some(None)));
        assert_eq!(ban(""), Ok(None));
        assert!(matches!(ban("24h"), Ok(Some(Some(until))) if until > Utc::now()));
        assert!(ban("tomorrow").is_err());
    }
}
