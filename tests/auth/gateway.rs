//! What surrounds the routes: keys, error shapes, limits, and what is not enabled.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PUBLISHABLE};

#[tokio::test]
async fn a_key_is_needed_but_for_what_browsers_open() {
    let auth = Auth::start().await;
    let get = async |path: &str, key: Option<&str>| {
        let request = auth.http.get(format!("{}{path}", auth.url));
        let request = match key {
            Some(key) => request.header("apiKey", key),
            None => request,
        };
        auth.send(request).await
    };
    let none = get("/settings", None).await;
    assert_eq!(none.status, 401);
    assert_eq!(none.json["message"], "No API key found in request");
    assert_eq!(
        get("/settings", Some("wrong")).await.json["message"],
        "Invalid API key"
    );
    assert_eq!(get("/settings", Some("sb_publishable_x")).await.status, 401);
    let settings = get("/settings", Some(PUBLISHABLE)).await;
    assert_eq!(settings.json["external"]["email"], true);
    assert_eq!(settings.json["external"]["github"], false);
    assert_eq!(settings.json["disable_signup"], false);
    assert_eq!(get("/health", None).await.json["name"], "GoTrue");
    let jwks = get("/.well-known/jwks.json", None).await;
    assert_eq!(jwks.json, json!({"keys": []}));
    assert_eq!(jwks.headers["cache-control"], "public, max-age=600");
    assert_eq!(get("/authorize?provider=x", None).await.status, 400);
    auth.stop().await;
}

#[tokio::test]
async fn errors_have_two_shapes() {
    let auth = Auth::start().await;
    let body = json!({"email": "a@example.com", "password": "whatever"});
    let send = async |version: Option<&str>| {
        let request = auth
            .http
            .post(format!("{}/token?grant_type=password", auth.url));
        let request = request.header("apikey", PUBLISHABLE).json(&body);
        let request = match version {
            Some(version) => request.header("X-Supabase-Api-Version", version),
            None => request,
        };
        auth.send(request).await
    };
    let old = send(None).await;
    assert_eq!(
        old.json,
        json!({"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"})
    );
    assert!(!old.headers.contains_key("x-supabase-api-version"));
    let new = send(Some("2024-01-01")).await;
    assert_eq!(new.error(), (400, "invalid_credentials"));
    assert_eq!(new.headers["x-supabase-api-version"], "2024-01-01");
    for answer in [&old, &new] {
        assert_eq!(answer.headers["x-sb-error-code"], "invalid_credentials");
    }
    auth.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_or_too_large() {
    let auth = Auth::start().await;
    let send = async |body: String| {
        auth.send(auth.request(Method::POST, "/signup").body(body))
            .await
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "[\"a@example.com\", \"\", \"password\"]",
        "{\"email\": 1}",
        "{\"data\": []}",
        &"[".repeat(5000),
    ] {
        assert_eq!(
            send(body.to_owned()).await.error(),
            (400, "bad_json"),
            "{body:.20}"
        );
    }
    let large = format!("{{\"email\": \"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(send(large).await.error(), (413, "request_entity_too_large"));
    auth.stop().await;
}

#[tokio::test]
async fn what_is_not_enabled_says_so() {
    let auth = Auth::start().await;
    for (method, path, expected) in [
        (Method::POST, "/sso", (404, "saml_provider_disabled")),
        (
            Method::POST,
            "/factors",
            (422, "mfa_totp_enroll_not_enabled"),
        ),
        (Method::DELETE, "/factors/7", (404, "mfa_factor_not_found")),
        (Method::GET, "/passkeys/list", (404, "passkey_disabled")),
        (Method::GET, "/nowhere", (404, "not_found")),
    ] {
        let answer = auth.send(auth.request(method, path)).await;
        assert_eq!(answer.error(), expected, "{path}");
    }
    for (grant, expected) in [
        ("id_token", (400, "provider_disabled")),
        ("web3", (422, "web3_provider_disabled")),
    ] {
        let answer = auth
            .post(&format!("/token?grant_type={grant}"), json!({}))
            .await;
        assert_eq!(answer.error(), expected, "{grant}");
    }
    auth.stop().await;
}

#[tokio::test]
async fn a_lost_database_is_no_clients_fault() {
    let auth = Auth::start().await;
    auth.db.batch("alter schema auth rename to moved").await;
    let answer = auth.sign_in("a@example.com", "whatever").await;
    assert_eq!(answer.status, 500, "{}", answer.json);
    auth.db.batch("alter schema moved rename to auth").await;
    assert_eq!(
        auth.sign_in("a@example.com", "x").await.error(),
        (400, "invalid_credentials")
    );
    let method = auth.as_user(Method::PATCH, "/user", "x", Value::Null).await;
    assert!(matches!(method.status, 404 | 405), "{}", method.status);
    auth.stop().await;
}
