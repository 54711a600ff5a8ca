//! Recovery and reauthentication.

use std::time::{Duration, Instant};

use oppbase::config::MailTemplate;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD, parameter};

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_the_mailed_link() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    let path = "/recover?redirect_to=https%3A%2F%2Fsite.example%2Fauth-callback.html";
    let body =
        json!({"email": "A@example.com", "code_challenge": null, "code_challenge_method": null});
    let answer = auth.post(path, body.clone()).await;
    assert_eq!((answer.status, answer.json), (200, json!({})));
    let mail = auth.mail_to("a@example.com", 1).await;
    assert_eq!(mail.kind, "recovery");
    assert!(mail.html.contains(&mail.code) && mail.text.contains(&mail.link));
    let location = auth.open(&mail.link).await;
    assert!(location.starts_with("https://site.example/auth-callback.html#access_token="));
    assert_eq!(parameter(&location, "type").as_deref(), Some("recovery"));
    let token = parameter(&location, "access_token").unwrap();
    let put = auth
        .as_user(
            Method::PUT,
            "/user",
            &token,
            json!({"password": "brand new"}),
        )
        .await;
    assert_eq!(put.status, 200, "{}", put.json);
    assert_eq!(auth.sign_in("a@example.com", PASSWORD).await.status, 400);
    assert_eq!(auth.sign_in("a@example.com", "brand new").await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn without_an_address_the_link_leads_to_the_page_where_frontends_take_over() {
    let auth = Auth::start_confirming().await;
    let landing = async |path: &str, body: Value, referer: &str, email: &str, count: usize| {
        let request = auth.request(Method::POST, path).bearer_auth(super::SECRET);
        let answer = auth
            .send(request.header("referer", referer).json(&body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let location = auth.open(&auth.mail_to(email, count).await.link).await;
        assert!(location.contains("#access_token="), "{location}");
        location.split('#').next().unwrap_or_default().to_owned()
    };
    let email = "a@example.com";
    let body = json!({"email": email, "data": {"first_name": "Ann", "last_name": "Lee"}});
    let page = "https://site.example/auth-callback.html";
    let here = "https://site.example/";
    assert_eq!(landing("/invite", body.clone(), here, email, 1).await, page);
    assert_eq!(
        landing("/recover", body.clone(), here, email, 2).await,
        page
    );
    // Another allowed application has its own page; one that is not allowed has none.
    let other = "https://app.example/crm/?a=b";
    assert_eq!(
        landing("/recover", body.clone(), other, email, 3).await,
        "https://app.example/crm/auth-callback.html"
    );
    let foreign = "https://evil.example/";
    assert_eq!(
        landing("/recover", body.clone(), foreign, email, 4).await,
        page
    );
    let asked = "/recover?redirect_to=https%3A%2F%2Fevil.example%2F";
    assert_eq!(landing(asked, body, here, email, 5).await, page);
    auth.stop().await;
}

/// Templates of the CRM's own append the page themselves, after exactly one slash.
#[tokio::test]
async fn own_templates_append_the_page_themselves() {
    let auth = Auth::start_with(|settings| {
        let own = MailTemplate {
            subject: Some("Forgotten".into()),
            body: Some("<a href=\"{{ .ConfirmationURL }}/auth-callback.html\">here</a>".into()),
        };
        settings.mail.templates.insert("recovery".into(), own);
    })
    .await;
    auth.sign_up("a@example.com").await;
    let request = auth.request(Method::POST, "/recover");
    let request = request.header("referer", "https://site.example/");
    let answer = auth
        .send(request.json(&json!({"email": "a@example.com"})))
        .await;
    assert_eq!(answer.status, 200);
    let mail = auth.mail_to("a@example.com", 1).await;
    let end = "redirect_to=https%3A%2F%2Fsite.example/auth-callback.html";
    assert!(mail.html.contains(end), "{}", mail.html);
    auth.stop().await;
}

#[tokio::test]
async fn known_and_unknown_addresses_look_the_same() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    for email in ["a@example.com", "nobody@example.com"] {
        let body = json!({"email": email});
        let started = Instant::now();
        let first = auth.post("/recover", body.clone()).await;
        assert!(started.elapsed() >= Duration::from_millis(200), "{email}");
        assert_eq!((first.status, first.json), (200, json!({})), "{email}");
        let second = auth.post("/recover", body).await;
        assert_eq!(
            second.error(),
            (429, "over_email_send_rate_limit"),
            "{email}"
        );
    }
    assert_eq!(
        auth.post("/recover", json!({})).await.error(),
        (400, "validation_failed")
    );
    auth.stop().await;
}

#[tokio::test]
async fn a_password_set_before_anybody_owned_the_address_ends_with_the_recovery() {
    let auth = Auth::start_confirming().await;
    auth.sign_up("victim@example.com").await;
    auth.post("/recover", json!({"email": "victim@example.com"}))
        .await;
    let mail = auth.mail_to("victim@example.com", 2).await;
    assert_eq!(mail.kind, "recovery");
    let location = auth.open(&mail.link).await;
    assert!(location.contains("access_token="), "{location}");
    let attacker = auth.sign_in("victim@example.com", PASSWORD).await;
    assert_eq!(attacker.error(), (400, "invalid_credentials"));
    auth.stop().await;
}

/// Whoever proves to own the mailbox by another way than the link of the sign-up did not choose its password.
#[tokio::test]
async fn a_password_of_an_unconfirmed_sign_up_ends_with_an_invitation_or_a_log_in_link() {
    let auth = Auth::start_confirming().await;
    for (at, (made_as, used_as)) in [
        ("invite", "invite"),
        ("invite", "email"),
        ("invite", "signup"),
        ("recovery", "magiclink"),
        ("recovery", "email"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("victim{at}@example.com");
        auth.sign_up(&email).await;
        let body = json!({"type": made_as, "email": email});
        let link = auth.admin(Method::POST, "/admin/generate_link", body).await;
        let code = link.text("/email_otp");
        let proven = auth.verify_code(&email, code, used_as).await;
        assert_eq!(proven.status, 200, "{}", proven.json);
        let attacker = auth.sign_in(&email, PASSWORD).await;
        let expected = (400, "invalid_credentials");
        assert_eq!(attacker.error(), expected, "{made_as} as {used_as}");
    }
    auth.sign_up("own@example.com").await;
    let own = auth.mail_to("own@example.com", 1).await;
    let confirmed = auth
        .verify_code("own@example.com", &own.code, "email")
        .await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.json);
    assert_eq!(auth.sign_in("own@example.com", PASSWORD).await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn foreign_redirects_are_replaced_by_the_site() {
    let auth = Auth::start_with(|settings| settings.mail.interval_s = 0).await;
    auth.sign_up("a@example.com").await;
    let path = "/recover?redirect_to=https%3A%2F%2Fevil.example%2F";
    auth.post(path, json!({"email": "a@example.com"})).await;
    let mail = auth.mail_to("a@example.com", 1).await;
    assert!(!mail.html.contains("evil"), "{}", mail.html);
    assert_eq!(
        parameter(&mail.link, "redirect_to").as_deref(),
        Some("https://site.example/auth-callback.html")
    );
    // Changed in the link itself.
    let changed = mail.link.replace("site.example", "evil.example");
    let location = auth.open(&changed).await;
    assert!(
        location.starts_with("https://site.example#access_token="),
        "{location}"
    );
    auth.stop().await;
}

#[tokio::test]
async fn an_old_session_needs_a_mailed_code_for_a_new_password() {
    let auth = Auth::start_with(|settings| settings.secure_password_change = true).await;
    let session = auth.sign_up("a@example.com").await;
    let token = session.text("/access_token").to_owned();
    let put = async |body: Value| auth.as_user(Method::PUT, "/user", &token, body).await;
    assert_eq!(put(json!({"password": "second one"})).await.status, 200);
    auth.db
        .batch("update auth.sessions set created_at = now() - interval '25 h'")
        .await;
    let refused = put(json!({"password": "third one"})).await;
    assert_eq!(refused.error(), (400, "reauthentication_needed"));
    let asked = auth
        .as_user(Method::GET, "/reauthenticate", &token, Value::Null)
        .await;
    assert_eq!((asked.status, asked.json), (200, json!({})));
    let mail = auth.mail_to("a@example.com", 1).await;
    assert_eq!(
        (mail.kind.as_str(), mail.link.as_str()),
        ("reauthentication", "")
    );
    let wrong = put(json!({"password": "third one", "nonce": "x"})).await;
    assert_eq!(wrong.error(), (422, "reauthentication_not_valid"));
    let right = put(json!({"password": "third one", "nonce": mail.code})).await;
    assert_eq!(right.status, 200, "{}", right.json);
    let used = put(json!({"password": "fourth one", "nonce": mail.code})).await;
    assert_eq!(used.error(), (422, "reauthentication_not_valid"));
    auth.stop().await;
}
