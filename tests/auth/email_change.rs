//! A change of the address: mails to both, and what each confirmation does.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD, parameter};

async fn ask(auth: &Auth, token: &str) -> super::Answer {
    let body = json!({"email": "New@example.com"});
    auth.as_user(Method::PUT, "/user", token, body).await
}

#[tokio::test]
async fn both_addresses_confirm_in_any_order() {
    let auth = Auth::start().await;
    let session = auth.sign_up("old@example.com").await;
    let token = session.text("/access_token").to_owned();
    let asked = ask(&auth, &token).await;
    assert_eq!(asked.status, 200, "{}", asked.json);
    assert_eq!(asked.text("/email"), "old@example.com");
    assert_eq!(asked.text("/new_email"), "new@example.com");
    assert!(asked.json["email_change_sent_at"].is_string());
    let to_old = auth.mail_to("old@example.com", 1).await;
    let to_new = auth.mail_to("new@example.com", 1).await;
    assert_eq!(
        (to_old.kind.as_str(), to_new.kind.as_str()),
        ("email_change", "email_change")
    );
    assert_ne!(to_old.link, to_new.link);

    let half = auth.open(&to_old.link).await;
    assert!(
        parameter(&half, "message").is_some_and(|m| m.contains("other email")),
        "{half}"
    );
    let twice = auth.open(&to_old.link).await;
    assert_eq!(
        parameter(&twice, "error_code").as_deref(),
        Some("otp_expired")
    );
    assert_eq!(auth.sign_in("new@example.com", PASSWORD).await.status, 400);

    let code = &to_new.code;
    let done = auth
        .verify_code("new@example.com", code, "email_change")
        .await;
    assert_eq!(done.status, 200, "{}", done.json);
    assert_eq!(done.text("/user/email"), "new@example.com");
    assert_eq!(done.text("/user/identities/0/email"), "new@example.com");
    assert!(done.json["user"].get("new_email").is_none());
    assert_eq!(auth.sign_in("new@example.com", PASSWORD).await.status, 200);
    assert_eq!(auth.sign_in("old@example.com", PASSWORD).await.status, 400);
    auth.stop().await;
}

#[tokio::test]
async fn one_confirmation_is_enough_when_configured() {
    let auth = Auth::start_with(|settings| settings.secure_email_change = false).await;
    let session = auth.sign_up("old@example.com").await;
    ask(&auth, session.text("/access_token")).await;
    let mail = auth.mail_to("new@example.com", 1).await;
    auth.mails_to("old@example.com", 0).await;
    let location = auth.open(&mail.link).await;
    assert_eq!(
        parameter(&location, "type").as_deref(),
        Some("email_change")
    );
    assert_eq!(auth.sign_in("new@example.com", PASSWORD).await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn taken_addresses_are_refused_at_the_start_and_at_the_end() {
    let auth = Auth::start_with(|settings| {
        settings.secure_email_change = false;
        settings.mail.interval_s = 0;
    })
    .await;
    let session = auth.sign_up("old@example.com").await;
    let token = session.text("/access_token").to_owned();
    ask(&auth, &token).await;
    let mail = auth.mail_to("new@example.com", 1).await;
    auth.sign_up("new@example.com").await;
    let late = auth.open(&mail.link).await;
    assert_eq!(
        parameter(&late, "error_code").as_deref(),
        Some("email_exists"),
        "{late}"
    );
    assert_eq!(ask(&auth, &token).await.error(), (422, "email_exists"));
    let same = auth
        .as_user(
            Method::PUT,
            "/user",
            &token,
            json!({"email": "old@example.com"}),
        )
        .await;
    assert_eq!(same.status, 200, "nothing to do");
    auth.mails_to("old@example.com", 0).await;
    auth.stop().await;
}

#[tokio::test]
async fn a_change_is_mailed_again_and_its_links_can_be_made_by_administrators() {
    let auth = Auth::start_with(|settings| settings.mail.interval_s = 0).await;
    let session = auth.sign_up("old@example.com").await;
    ask(&auth, session.text("/access_token")).await;
    let body = json!({"email": "old@example.com", "type": "email_change"});
    assert_eq!(auth.post("/resend", body).await.status, 200);
    auth.mails_to("new@example.com", 2).await;

    let mut hashes = Vec::new();
    for link_type in ["email_change_current", "email_change_new"] {
        let body = json!({
            "type": link_type, "email": "old@example.com", "new_email": "third@example.com",
        });
        let link = auth.admin(Method::POST, "/admin/generate_link", body).await;
        assert_eq!(link.status, 200, "{}", link.json);
        assert_eq!(link.text("/verification_type"), link_type);
        assert!(link.text("/action_link").contains("type=email_change&"));
        hashes.push(link.text("/hashed_token").to_owned());
    }
    let verify = async |hash: &str| {
        let body = json!({"type": "email_change", "token_hash": hash});
        auth.post("/verify", body).await
    };
    let half = verify(&hashes[1]).await;
    assert_eq!(
        (half.status, &half.json["code"]),
        (200, &Value::from("200"))
    );
    let done = verify(&hashes[0]).await;
    assert_eq!(done.text("/user/email"), "third@example.com");
    auth.stop().await;
}
