//! `GET /verify`: a link of a mail, answered with a redirect. `POST /verify`: the same as JSON, or the
//! code of a mail.
//!
//! Redirects carry the session in the fragment (`#access_token=…&type=…`), PKCE's code in the query,
//! errors in the fragment (PKCE: in both). HEAD uses nothing up.
//! Source: <https://supabase.com/docs/reference/self-hosting-auth/verifies-a-sign-up>.

use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ContentType, LOCATION, REFERRER_POLICY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::request;
use super::request::Object;
use crate::auth::error::{AuthError, Result, codes};
use crate::auth::limits::Bucket;
use crate::auth::mail_flow::{with_fragment, with_query};
use crate::auth::otp::PKCE_PREFIX;
use crate::auth::state::AuthState;
use crate::auth::token::Session;
use crate::auth::verify::{self, Claim, Outcome, VerifyType};
use crate::mail::escape;

/// The answer to the first of two confirmations.
const HALF_CHANGED: &str =
    "Confirmation link accepted. Please proceed to confirm link sent to the other email";

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/verify")
            .route(web::get().to(by_link))
            .route(web::head().to(HttpResponse::Ok))
            .route(web::post().to(post)),
    );
}

/// What a link has in its query, and the page's button in its form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Link {
    token: String,
    token_hash: String,
    #[serde(rename = "type")]
    verify_type: String,
    redirect_to: String,
}

async fn by_link(
    state: web::Data<AuthState>,
    http: HttpRequest,
    link: web::Query<Link>,
) -> Result<HttpResponse> {
    let link = link.into_inner();
    if state.settings.verify_page {
        return Ok(page(&link));
    }
    follow(&state, &http, link).await
}

/// Uses the link and redirects, with whatever comes of it.
async fn follow(state: &AuthState, http: &HttpRequest, link: Link) -> Result<HttpResponse> {
    let verify_type = VerifyType::parse(&link.verify_type)?;
    let hash = match link.token.is_empty() {
        true => link.token_hash,
        false => link.token,
    };
    if hash.is_empty() {
        let text = "Verify requires a token or a token hash";
        return Err(AuthError::validation(text));
    }
    let peer = request::peer(state, http);
    state
        .limits
        .take(Bucket::Verify, &request::address_key(&peer))?;
    let redirect_to = request::redirect_to(state, http, Some(&link.redirect_to));
    let is_pkce = hash.starts_with(PKCE_PREFIX);
    let claim = Claim::Hash(hash.replace('\0', ""));
    let outcome = verify::verify(state, verify_type, &claim, is_pkce, &peer).await;
    let location = match outcome {
        Ok(Outcome::SignedIn(session)) => {
            session_location(&redirect_to, &session, &link.verify_type)
        }
        Ok(Outcome::Code(code)) => with_query(&redirect_to, &[("code", &code)]),
        Ok(Outcome::HalfChanged) if is_pkce => {
            with_query(&redirect_to, &[("message", HALF_CHANGED)])
        }
        Ok(Outcome::HalfChanged) => {
            with_fragment(&redirect_to, &[("message", HALF_CHANGED), ("sb", "")])
        }
        Err(error) => error_location(&redirect_to, &error, is_pkce),
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish())
}

fn session_location(redirect_to: &str, session: &Session, verify_type: &str) -> String {
    let pairs = [
        ("access_token", session.access_token.as_str()),
        ("expires_at", &session.expires_at.to_string()),
        ("expires_in", &session.expires_in.to_string()),
        ("refresh_token", &session.refresh_token),
        ("sb", ""),
        ("token_type", session.token_type),
        ("type", verify_type),
    ];
    with_fragment(redirect_to, &pairs)
}

fn error_location(redirect_to: &str, error: &AuthError, is_pkce: bool) -> String {
    let class = match error.status {
        403 => "access_denied",
        500.. => "server_error",
        _ => "invalid_request",
    };
    let pairs = [
        ("error", class),
        ("error_code", error.code),
        ("error_description", &error.message),
        ("sb", ""),
    ];
    let url = match is_pkce {
        true => with_query(redirect_to, &pairs[..3]),
        false => redirect_to.to_owned(),
    };
    with_fragment(&url, &pairs)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    #[serde(rename = "type")]
    verify_type: String,
    email: String,
    phone: String,
    token: String,
    token_hash: String,
    redirect_to: String,
}

async fn post(
    state: web::Data<AuthState>,
    http: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse> {
    let content_type = request::header(http.headers(), CONTENT_TYPE.as_str()).unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let link = serde_urlencoded::from_bytes(&body)
            .map_err(|_| AuthError::validation("The form is not valid"))?;
        return follow(&state, &http, link).await;
    }
    let Object(body): Object<Body> = serde_json::from_slice(&body)
        .map_err(|_| AuthError::new(codes::BAD_JSON, "Could not parse request body as JSON"))?;
    let verify_type = VerifyType::parse(&body.verify_type)?;
    let claim = claim(body)?;
    let peer = request::peer(&state, &http);
    state
        .limits
        .take(Bucket::Verify, &request::address_key(&peer))?;
    let outcome = verify::verify(&state, verify_type, &claim, false, &peer).await?;
    Ok(match outcome {
        Outcome::SignedIn(session) => HttpResponse::Ok().json(session),
        _ => HttpResponse::Ok().json(json!({"msg": HALF_CHANGED, "code": "200"})),
    })
}

/// A hash alone, or a code with its address.
fn claim(body: Body) -> Result<Claim> {
    if !body.token_hash.is_empty() {
        let others = [&body.token, &body.email, &body.phone, &body.redirect_to];
        if others.iter().any(|field| !field.is_empty()) {
            let text = "Only the token_hash and type should be provided";
            return Err(AuthError::validation(text));
        }
        return Ok(Claim::Hash(body.token_hash.replace('\0', "")));
    }
    if body.token.is_empty() {
        let text = "Verify requires a token or a token hash";
        return Err(AuthError::validation(text));
    }
    if !body.phone.is_empty() || body.email.is_empty() {
        let text = "Only an email address should be provided on verify";
        return Err(AuthError::validation(text));
    }
    Ok(Claim::Code {
        email: body.email.to_lowercase().replace('\0', ""),
        code: body.token,
    })
}

/// A page with a button, so that programs that follow links in mails use nothing up.
fn page(link: &Link) -> HttpResponse {
    let field = |name: &str, value: &str| {
        format!(
            r#"<input type="hidden" name="{name}" value="{}">"#,
            escape(value)
        )
    };
    let token = match link.token.is_empty() {
        true => &link.token_hash,
        false => &link.token,
    };
    let html = include_str!("verify_page.html").replace(
        "<!-- fields -->",
        &[
            field("token", token),
            field("type", &link.verify_type),
            field("redirect_to", &link.redirect_to),
        ]
        .concat(),
    );
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .body(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_the_fragment_and_for_pkce_in_the_query_too() {
        let error = AuthError::new(codes::OTP_EXPIRED, "Email link is invalid or has expired");
        let url = "https://crm.example/auth-callback.html";
        let pairs = "error=access_denied&error_code=otp_expired\
                     &error_description=Email+link+is+invalid+or+has+expired";
        assert_eq!(
            error_location(url, &error, false),
            format!("{url}#{pairs}&sb=")
        );
        assert_eq!(
            error_location(url, &error, true),
            format!("{url}?{pairs}#{pairs}&sb=")
        );
    }

    #[test]
    fn there_is_exactly_one_way_to_claim() {
        let body = |change: fn(&mut Body)| {
            let mut body = Body::default();
            change(&mut body);
            claim(body)
        };
        assert!(matches!(
            body(|b| b.token_hash = "h".into()),
            Ok(Claim::Hash(_))
        ));
        assert!(
            body(|b| {
                b.token_hash = "h".into();
                b.email = "a@b.c".into();
            })
            .is_err()
        );
        assert!(body(|b| b.token = "1".into()).is_err());
        assert!(body(|b| b.email = "a@b.c".into()).is_err());
        assert!(matches!(
            body(|b| {
                b.token = "1".into();
                b.email = "A@b.c".into();
            }),
            Ok(Claim::Code { email, .. }) if email == "a@b.c"
        ));
    }
}
