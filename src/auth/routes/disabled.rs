//! Routes that GoTrue has and this server answers with "not enabled": external providers, second
//! factors, passkeys, the OAuth server.
//!
//! One table: method, path, answer.

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::auth::error::{AuthCode, AuthError, Result, codes};

/// `(method, path below /auth/v1, code, text)`.
type Refusal = (&'static str, &'static str, AuthCode, &'static str);

const LINKING: &str = "Manual linking is disabled";
const PASSKEYS: &str = "Passkeys are not enabled";
const FEATURE: &str = "This feature is not enabled";

#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    ("GET",    "/authorize",                     codes::VALIDATION_FAILED, "Unsupported provider: provider is not enabled"),
    ("GET",    "/callback",                      codes::VALIDATION_FAILED, "Unsupported provider: provider is not enabled"),
    ("POST",   "/sso",                           codes::SAML_PROVIDER_DISABLED, "SAML 2.0 is disabled"),
    ("GET",    "/user/identities/authorize",     codes::MANUAL_LINKING_DISABLED, LINKING),
    ("DELETE", "/user/identities/{id}",          codes::MANUAL_LINKING_DISABLED, LINKING),
    ("GET",    "/user/oauth/grants",             codes::FEATURE_DISABLED, FEATURE),
    ("POST",   "/factors",                       codes::MFA_TOTP_ENROLL_NOT_ENABLED, "MFA enroll is disabled"),
    ("POST",   "/factors/{id}/challenge",        codes::MFA_FACTOR_NOT_FOUND, "Factor not found"),
    ("POST",   "/factors/{id}/verify",           codes::MFA_FACTOR_NOT_FOUND, "Factor not found"),
    ("DELETE", "/factors/{id}",                  codes::MFA_FACTOR_NOT_FOUND, "Factor not found"),
    ("*",      "/passkeys/{tail:.*}",            codes::PASSKEY_DISABLED, PASSKEYS),
    ("*",      "/oauth/{tail:.*}",               codes::FEATURE_DISABLED, FEATURE),
    ("*",      "/scim/{tail:.*}",                codes::FEATURE_DISABLED, FEATURE),
    ("*",      "/admin/sso/{tail:.*}",           codes::FEATURE_DISABLED, FEATURE),
    ("*",      "/admin/oauth/{tail:.*}",         codes::FEATURE_DISABLED, FEATURE),
    ("*",      "/admin/custom-providers{tail:.*}", codes::FEATURE_DISABLED, FEATURE),
];

pub fn configure(cfg: &mut web::ServiceConfig) {
    for &(method, path, code, text) in REFUSALS {
        let refuse = move |_: HttpRequest| async move { refuse(code, text) };
        let route = match method {
            "*" => web::to(refuse),
            "GET" => web::get().to(refuse),
            "DELETE" => web::delete().to(refuse),
            other => {
                web::method(Method::from_bytes(other.as_bytes()).unwrap_or(Method::POST)).to(refuse)
            }
        };
        cfg.route(path, route);
    }
}

fn refuse(code: AuthCode, text: &'static str) -> Result<HttpResponse> {
    Err(AuthError::new(code, text))
}
