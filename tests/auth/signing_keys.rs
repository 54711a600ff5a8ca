//! Asymmetric signing keys and their rotation.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD};

/// RFC 7515, appendix A.3.
const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"first","alg":"ES256","use":"sig",
    "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 7517, appendix A.2.
const NEXT: &str = r#"{"kty":"EC","crv":"P-256","kid":"second","use":"sig","key_ops":["sign","verify"],
    "d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

fn header(token: &str) -> Value {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = engine.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&header).unwrap()
}

async fn start(keys: Option<String>) -> Auth {
    Auth::start_configured(|config| config.crm.signing_keys = keys, |_| {}).await
}

#[tokio::test]
async fn tokens_are_signed_with_the_first_key_and_published_without_it() {
    let auth = start(Some(format!("[{EC}]"))).await;
    let session = auth.sign_up("a@example.com").await;
    let token = session.text("/access_token");
    assert_eq!(
        header(token),
        json!({"alg": "ES256", "kid": "first", "typ": "JWT"})
    );
    let user = auth.as_user(Method::GET, "/user", token, Value::Null).await;
    assert_eq!(user.status, 200, "{}", user.json);

    let jwks = auth
        .send(auth.http.get(format!("{}/.well-known/jwks.json", auth.url)))
        .await
        .json;
    assert_eq!(jwks["keys"][0]["kid"], "first");
    assert!(jwks["keys"][0].get("d").is_none());
    // As a client checks it.
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwks["keys"][0].clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    validation.set_audience(&["authenticated"]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    auth.stop().await;
}

#[tokio::test]
async fn a_rotation_logs_nobody_out() {
    // Signed before there were asymmetric keys, and with the first of them.
    let mut old = Vec::new();
    for keys in [None, Some(format!("[{EC}]"))] {
        let auth = start(keys).await;
        let token = auth.sign_up("a@example.com").await;
        old.push(token.text("/access_token").to_owned());
        auth.stop().await;
    }
    let rotated = start(Some(format!("[{NEXT},{EC}]"))).await;
    rotated.sign_up("a@example.com").await;
    let session = rotated.sign_in("a@example.com", PASSWORD).await;
    assert_eq!(header(session.text("/access_token"))["kid"], "second");
    for token in &old {
        let user = rotated
            .as_user(Method::GET, "/user", token, Value::Null)
            .await;
        // The signature holds; that user is in another database.
        assert_eq!(user.error(), (403, "user_not_found"));
    }
    let dropped = start(Some(format!("[{NEXT}]"))).await;
    let refused = dropped
        .as_user(Method::GET, "/user", &old[1], Value::Null)
        .await;
    assert_eq!(refused.error(), (403, "bad_jwt"));
    rotated.stop().await;
    dropped.stop().await;
}
