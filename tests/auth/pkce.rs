//! PKCE: the link answers with a code that only who began the flow can exchange.

use serde_json::{Value, json};

use super::{Auth, PASSWORD, claims, parameter};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn exchange(auth: &Auth, code: &str, verifier: &str) -> super::Answer {
    let body = json!({"auth_code": code, "code_verifier": verifier});
    auth.post("/token?grant_type=pkce", body).await
}

fn with_challenge(mut body: Value) -> Value {
    body["code_challenge"] = CHALLENGE.into();
    body["code_challenge_method"] = "s256".into();
    body
}

#[tokio::test]
async fn a_recovery_ends_with_a_code_that_works_once() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    let path = "/recover?redirect_to=https%3A%2F%2Fapp.example%2Fcb";
    auth.post(path, with_challenge(json!({"email": "a@example.com"})))
        .await;
    let mail = auth.mail_to("a@example.com", 1).await;
    assert!(parameter(&mail.link, "token").is_some_and(|t| t.starts_with("pkce_")));
    let location = auth.open(&mail.link).await;
    assert!(
        location.starts_with("https://app.example/cb?code="),
        "{location}"
    );
    let code = parameter(&location, "code").unwrap();
    let wrong = exchange(&auth, &code, "not-the-verifier").await;
    assert_eq!(wrong.error(), (400, "bad_code_verifier"));
    let session = exchange(&auth, &code, VERIFIER).await;
    assert_eq!(session.status, 200, "{}", session.json);
    assert_eq!(
        claims(session.text("/access_token"))["amr"][0]["method"],
        "recovery"
    );
    let used = exchange(&auth, &code, VERIFIER).await;
    assert_eq!(used.error(), (404, "flow_state_not_found"));
    assert_eq!(auth.count("select count(*) from auth.flow_state").await, 0);

    let again = auth.open(&mail.link).await;
    assert!(
        again.contains("?error=access_denied&error_code=otp_expired"),
        "{again}"
    );
    assert!(
        again.contains("#error=access_denied&error_code=otp_expired"),
        "{again}"
    );
    auth.stop().await;
}

#[tokio::test]
async fn a_sign_up_and_a_magic_link_take_challenges() {
    let auth = Auth::start_confirming().await;
    let body = json!({"email": "a@example.com", "password": PASSWORD, "data": {"first_name": "A"}});
    auth.post("/signup", with_challenge(body)).await;
    let mail = auth.mail_to("a@example.com", 1).await;
    let code = parameter(&auth.open(&mail.link).await, "code").unwrap();
    let session = exchange(&auth, &code, VERIFIER).await;
    assert_eq!(
        claims(session.text("/access_token"))["amr"][0]["method"],
        "email/signup"
    );
    auth.post("/otp", with_challenge(json!({"email": "a@example.com"})))
        .await;
    let mail = auth.mail_to("a@example.com", 2).await;
    // The code of the mail signs in without the exchange.
    let session = auth.verify_code("a@example.com", &mail.code, "email").await;
    assert_eq!(session.status, 200, "{}", session.json);
    auth.stop().await;
}

#[tokio::test]
async fn flows_expire_and_unissued_codes_do_not_count() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    auth.post(
        "/recover",
        with_challenge(json!({"email": "a@example.com"})),
    )
    .await;
    let mail = auth.mail_to("a@example.com", 1).await;
    let sql = auth.sql().await;
    let row = sql.query_one("select auth_code from auth.flow_state", &[]);
    let unissued: String = row.await.unwrap().get(0);
    let early = exchange(&auth, &unissued, VERIFIER).await;
    assert_eq!(early.error(), (404, "flow_state_not_found"));
    let code = parameter(&auth.open(&mail.link).await, "code").unwrap();
    assert_eq!(code, unissued);
    auth.db
        .batch("update auth.flow_state set created_at = now() - interval '301 s'")
        .await;
    let late = exchange(&auth, &code, VERIFIER).await;
    assert_eq!(late.error(), (422, "flow_state_expired"));
    for (code, verifier) in [("", VERIFIER), (code.as_str(), "")] {
        let refused = exchange(&auth, code, verifier).await;
        assert_eq!(refused.error(), (400, "validation_failed"));
    }
    auth.stop().await;
}

#[tokio::test]
async fn malformed_challenges_are_refused_before_anything_happens() {
    let auth = Auth::start().await;
    for (challenge, method) in [
        ("short", "s256"),
        (CHALLENGE, ""),
        ("", "s256"),
        (CHALLENGE, "x"),
    ] {
        let body = json!({
            "email": "a@example.com", "code_challenge": challenge, "code_challenge_method": method,
        });
        let refused = auth.post("/recover", body).await;
        assert_eq!(
            refused.error(),
            (400, "validation_failed"),
            "{challenge} {method}"
        );
    }
    auth.stop().await;
}
