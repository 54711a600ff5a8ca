//! `GET /settings`, `/health`, `/.well-known/jwks.json`, `/.well-known/openid-configuration`.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::auth::jwks::KeySet;
use crate::auth::state::AuthState;

/// Sign-in providers that GoTrue knows and this server has not.
const PROVIDERS: &[&str] = &[
    "anonymous_users",
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "kakao",
    "keycloak",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "slack",
    "slack_oidc",
    "snapchat",
    "spotify",
    "twitch",
    "twitter",
    "workos",
    "x",
    "zoom",
    "phone",
];

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/settings", web::get().to(settings))
        .route("/health", web::get().to(health))
        .route("/.well-known/jwks.json", web::get().to(jwks))
        .route("/.well-known/openid-configuration", web::get().to(openid));
}

async fn settings(state: web::Data<AuthState>) -> HttpResponse {
    let mut external: Map<String, Value> = PROVIDERS
        .iter()
        .map(|name| ((*name).to_owned(), Value::from(false)))
        .collect();
    external.insert("email".to_owned(), true.into());
    HttpResponse::Ok().json(json!({
        "external": external,
        "disable_signup": state.settings.signup_disabled,
        "mailer_autoconfirm": state.settings.mailer_autoconfirm,
        "phone_autoconfirm": false,
        "sms_provider": "",
        "saml_enabled": false,
        "passkeys_enabled": false,
    }))
}

async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "version": concat!("v", env!("CARGO_PKG_VERSION")),
        "name": "GoTrue",
        "description": "GoTrue-compatible user registration and authentication API of oppbase",
    }))
}

async fn jwks(state: web::Data<AuthState>) -> HttpResponse {
    let keys = state
        .authenticator
        .keys()
        .map_or(&[][..], KeySet::public_jwks);
    cached(json!({ "keys": keys }))
}

async fn openid(state: web::Data<AuthState>) -> HttpResponse {
    let issuer = &state.settings.issuer;
    cached(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/user"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256", "ES256", "EdDSA"],
    }))
}

fn cached(body: Value) -> HttpResponse {
    let mut response = HttpResponse::Ok().json(body);
    response.headers_mut().insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=600"),
    );
    response
}
