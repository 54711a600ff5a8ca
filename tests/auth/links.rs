//! Confirmation, invitation, magic link: mails, their links and their codes.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD, claims, parameter};

#[tokio::test]
async fn a_sign_up_is_confirmed_by_the_mailed_link_once() {
    let auth = Auth::start_confirming().await;
    let data = json!({"first_name": "Ann", "last_name": "Lee"});
    let body = json!({"email": "a@example.com", "password": PASSWORD, "data": data});
    let path = "/signup?redirect_to=https%3A%2F%2Fapp.example%2Fcallback%3Fx%3D1";
    let answer = auth.post(path, body).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert_eq!(answer.text("/email"), "a@example.com");
    assert!(answer.json["confirmation_sent_at"].is_string());
    assert!(answer.json.get("access_token").is_none() && answer.json.get("confirmed_at").is_none());
    let refused = auth.sign_in("a@example.com", PASSWORD).await;
    assert_eq!(refused.error(), (400, "email_not_confirmed"));

    let mail = auth.mail_to("a@example.com", 1).await;
    assert_eq!(mail.kind, "confirmation");
    let hash = parameter(&mail.link, "token").unwrap();
    assert_eq!(parameter(&mail.link, "type").as_deref(), Some("signup"));
    assert_eq!(hash, oppbase::auth::otp::hash("a@example.com", &mail.code));
    let stored = "select count(*) from auth.users u join auth.one_time_tokens t
                    on t.user_id = u.id and t.token_hash = u.confirmation_token
                   and t.token_type = 'confirmation_token' and t.relates_to = u.email";
    assert_eq!(auth.count(stored).await, 1);

    // Programs that look at links beforehand.
    let head = auth
        .http
        .head(format!("{}/verify?token={hash}&type=signup", auth.url));
    assert_eq!(head.send().await.unwrap().status(), 200);

    let location = auth.open(&mail.link).await;
    assert!(
        location.starts_with("https://app.example/callback?x=1#access_token="),
        "{location}"
    );
    for (name, value) in [
        ("token_type", "bearer"),
        ("type", "signup"),
        ("expires_in", "3600"),
        ("sb", ""),
    ] {
        assert_eq!(parameter(&location, name).as_deref(), Some(value), "{name}");
    }
    let token = parameter(&location, "access_token").unwrap();
    assert_eq!(claims(&token)["amr"][0]["method"], "otp");
    let user = auth
        .as_user(Method::GET, "/user", &token, Value::Null)
        .await;
    assert_eq!(user.json["user_metadata"]["email_verified"], true);
    assert_eq!(
        user.json["identities"][0]["identity_data"]["email_verified"],
        true
    );
    assert!(user.json["email_confirmed_at"].is_string());
    let refreshed = auth
        .refresh(&parameter(&location, "refresh_token").unwrap())
        .await;
    assert_eq!(refreshed.status, 200);

    let again = auth.open(&mail.link).await;
    assert!(again.starts_with("https://app.example/callback?x=1#error=access_denied"));
    assert_eq!(
        parameter(&again, "error_code").as_deref(),
        Some("otp_expired")
    );
    assert_eq!(
        auth.count("select count(*) from auth.one_time_tokens")
            .await,
        0
    );
    assert_eq!(auth.sign_in("a@example.com", PASSWORD).await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn of_many_requests_with_one_token_one_signs_in() {
    let auth = Auth::start_confirming().await;
    auth.sign_up("a@example.com").await;
    let mail = auth.mail_to("a@example.com", 1).await;
    let opened = futures_util::future::join_all((0..10).map(|_| auth.open(&mail.link))).await;
    let good = opened
        .iter()
        .filter(|url| url.contains("access_token="))
        .count();
    assert_eq!(good, 1);
    assert_eq!(auth.count("select count(*) from auth.sessions").await, 1);
    auth.stop().await;
}

#[tokio::test]
async fn codes_confirm_too_and_wrong_ones_void_the_token() {
    let auth = Auth::start_confirming().await;
    auth.sign_up("a@example.com").await;
    let mail = auth.mail_to("a@example.com", 1).await;
    assert_eq!(mail.code.len(), 6);
    let wrong = if mail.code == "000000" {
        "111111"
    } else {
        "000000"
    };
    for (email, code, verify_type) in [
        ("a@example.com", wrong, "signup"),
        ("b@example.com", mail.code.as_str(), "signup"),
        ("a@example.com", mail.code.as_str(), "recovery"),
    ] {
        let refused = auth.verify_code(email, code, verify_type).await;
        assert_eq!(
            refused.error(),
            (403, "otp_expired"),
            "{email} {verify_type}"
        );
    }
    let session = auth.verify_code("A@example.com", &mail.code, "email").await;
    assert_eq!(session.status, 200, "{}", session.json);
    assert_eq!(session.text("/user/email"), "a@example.com");

    auth.sign_up("c@example.com").await;
    let mail = auth.mail_to("c@example.com", 1).await;
    let wrong = if mail.code == "000000" {
        "111111"
    } else {
        "000000"
    };
    for _ in 0..5 {
        auth.verify_code("c@example.com", wrong, "signup").await;
    }
    let late = auth
        .verify_code("c@example.com", &mail.code, "signup")
        .await;
    assert_eq!(
        late.error(),
        (403, "otp_expired"),
        "void after five guesses"
    );
    auth.stop().await;
}

#[tokio::test]
async fn tokens_expire_and_bans_count() {
    let auth = Auth::start_confirming().await;
    auth.sign_up("a@example.com").await;
    let mail = auth.mail_to("a@example.com", 1).await;
    let hash = parameter(&mail.link, "token").unwrap();
    let body = json!({"token_hash": hash, "type": "signup"});
    auth.db
        .batch("update auth.users set confirmation_sent_at = now() - interval '1 h 1 s'")
        .await;
    let old = auth.post("/verify", body.clone()).await;
    assert_eq!(old.error(), (403, "otp_expired"));
    auth.db
        .batch("update auth.users set confirmation_sent_at = now(), banned_until = now() + interval '1 h'")
        .await;
    let banned = auth.post("/verify", body.clone()).await;
    assert_eq!(banned.error(), (403, "user_banned"));
    auth.db
        .batch("update auth.users set banned_until = null")
        .await;
    assert_eq!(auth.post("/verify", body).await.status, 200);
    for body in [
        json!({"token_hash": "x"}),
        json!({"type": "signup"}),
        json!({"type": "sms", "token_hash": "x"}),
        json!({"type": "signup", "token_hash": "x", "email": "a@example.com"}),
        json!({"type": "signup", "token": "123456"}),
    ] {
        let refused = auth.post("/verify", body.clone()).await;
        assert_eq!(refused.error(), (400, "validation_failed"), "{body}");
    }
    auth.stop().await;
}

#[tokio::test]
async fn an_unconfirmed_address_gets_the_mail_again_and_keeps_its_password() {
    let auth = Auth::start_with(|settings| settings.mailer_autoconfirm = false).await;
    auth.sign_up("a@example.com").await;
    let soon = auth.sign_up("a@example.com").await;
    assert_eq!(soon.error(), (429, "over_email_send_rate_limit"));
    assert!(soon.headers.contains_key("retry-after"));
    auth.db
        .batch("update auth.users set confirmation_sent_at = now() - interval '61 s'")
        .await;
    let data = json!({"first_name": "Eve"});
    let body = json!({"email": "a@example.com", "password": "another one", "data": data});
    let again = auth.post("/signup", body).await;
    assert_eq!(again.status, 200, "{}", again.json);
    assert_eq!(again.json["user_metadata"]["first_name"], "Ann");
    let mail = auth.mail_to("a@example.com", 2).await;
    auth.open(&mail.link).await;
    assert_eq!(
        auth.sign_in("a@example.com", "another one").await.status,
        400
    );
    assert_eq!(auth.sign_in("a@example.com", PASSWORD).await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn where_addresses_count_as_confirmed_so_does_a_known_one_unless_it_was_invited() {
    let auth = Auth::start().await;
    let body = |email: &str| json!({"email": email, "user_metadata": {"first_name": "Ann"}});
    auth.admin(Method::POST, "/admin/users", body("a@example.com"))
        .await;
    let session = auth.sign_up("a@example.com").await;
    assert_eq!(session.status, 200, "{}", session.json);
    assert!(session.json["access_token"].is_string());
    assert_eq!(auth.sign_in("a@example.com", PASSWORD).await.status, 400);

    let body = json!({"email": "b@example.com", "data": {"first_name": "Bob"}});
    auth.admin(Method::POST, "/invite", body).await;
    auth.db
        .batch("update auth.users set confirmation_sent_at = null")
        .await;
    let stranger = auth.sign_up("b@example.com").await;
    assert_eq!(stranger.status, 200, "{}", stranger.json);
    assert!(stranger.json.get("access_token").is_none());
    auth.stop().await;
}

#[tokio::test]
async fn an_invitation_makes_a_user_who_chooses_a_password() {
    let auth = Auth::start().await;
    let body = json!({"email": "Bob@example.com", "data": {"first_name": "Bob"}});
    let refused = auth.post("/invite", body.clone()).await;
    assert_eq!(refused.error(), (401, "no_authorization"));
    let path = "/invite?redirect_to=https%3A%2F%2Fsite.example%2Fauth-callback.html";
    let invited = auth.admin(Method::POST, path, body.clone()).await;
    assert_eq!(invited.status, 200, "{}", invited.json);
    assert_eq!(invited.text("/email"), "bob@example.com");
    assert!(invited.json["invited_at"].is_string());
    assert!(invited.json.get("email_confirmed_at").is_none());
    // Created before, invited again: the CRM does this.
    let again = auth.admin(Method::POST, path, body.clone()).await;
    assert_eq!(again.status, 200, "{}", again.json);

    let mail = auth.mail_to("bob@example.com", 2).await;
    assert_eq!(mail.kind, "invite");
    let location = auth.open(&mail.link).await;
    assert!(location.starts_with("https://site.example/auth-callback.html#access_token="));
    assert_eq!(parameter(&location, "type").as_deref(), Some("invite"));
    let token = parameter(&location, "access_token").unwrap();
    let body_password = json!({"password": "my own words"});
    let put = auth
        .as_user(Method::PUT, "/user", &token, body_password)
        .await;
    assert_eq!(put.status, 200, "{}", put.json);
    assert_eq!(
        auth.sign_in("bob@example.com", "my own words").await.status,
        200
    );
    let late = auth.admin(Method::POST, "/invite", body).await;
    assert_eq!(late.error(), (422, "email_exists"));
    auth.stop().await;
}

#[tokio::test]
async fn magic_links_sign_in_and_sign_up() {
    let auth = Auth::start_confirming().await;
    let otp = async |body: Value| auth.post("/otp", body).await;
    // The hook of this schema asks for a name.
    let data = json!({"first_name": "Ann"});
    let new = otp(json!({"email": "a@example.com", "data": data})).await;
    assert_eq!((new.status, new.json), (200, json!({})));
    let mail = auth.mail_to("a@example.com", 1).await;
    assert_eq!(mail.kind, "confirmation");
    assert_eq!(
        auth.verify_code("a@example.com", &mail.code, "email")
            .await
            .status,
        200
    );

    let known = otp(json!({"email": "a@example.com"})).await;
    assert_eq!((known.status, known.json), (200, json!({})));
    let mail = auth.mail_to("a@example.com", 2).await;
    assert_eq!(mail.kind, "magic_link");
    assert_eq!(
        auth.verify_code("a@example.com", &mail.code, "email")
            .await
            .status,
        200
    );

    let nobody = otp(json!({"email": "b@example.com", "create_user": false})).await;
    assert_eq!((nobody.status, nobody.json), (200, json!({})));
    assert_eq!(auth.count("select count(*) from auth.users").await, 1);
    assert_eq!(otp(json!({})).await.error(), (400, "validation_failed"));
    assert_eq!(
        otp(json!({"phone": "123"})).await.error(),
        (422, "phone_provider_disabled")
    );
    let objection = otp(json!({"email": "c@example.com"})).await;
    assert_eq!(objection.error(), (422, "unexpected_failure"), "no name");
    auth.stop().await;
}

#[tokio::test]
async fn the_mail_of_a_sign_up_is_sent_again() {
    let auth = Auth::start_confirming().await;
    auth.sign_up("a@example.com").await;
    let resend = async |email: &str, resend_type: &str| {
        let body = json!({"email": email, "type": resend_type});
        auth.post("/resend", body).await
    };
    for email in ["a@example.com", "nobody@example.com"] {
        let answer = resend(email, "signup").await;
        assert_eq!((answer.status, answer.json), (200, json!({})), "{email}");
    }
    let mails = auth.mails_to("a@example.com", 2).await;
    let old = auth
        .verify_code("a@example.com", &mails[0].code, "signup")
        .await;
    if mails[0].code != mails[1].code {
        assert_eq!(old.status, 403, "replaced by the second");
    }
    auth.open(&mails[1].link).await;
    assert_eq!(resend("a@example.com", "signup").await.status, 200);
    auth.mails_to("a@example.com", 2).await;
    assert_eq!(resend("a@example.com", "sms").await.status, 400);
    auth.stop().await;
}

#[tokio::test]
async fn links_without_mails_for_administrators() {
    let auth = Auth::start().await;
    let link = async |body: Value| auth.admin(Method::POST, "/admin/generate_link", body).await;
    auth.sign_up("a@example.com").await;
    let magic = link(json!({
        "type": "magiclink", "email": "a@example.com",
        "redirect_to": "https://evil.example/x",
    }))
    .await;
    assert_eq!(magic.status, 200, "{}", magic.json);
    assert_eq!(magic.text("/verification_type"), "magiclink");
    assert_eq!(magic.text("/redirect_to"), "https://site.example");
    assert_eq!(
        magic.text("/email"),
        "a@example.com",
        "the user is flattened"
    );
    let hash = magic.text("/hashed_token");
    assert_eq!(
        hash,
        oppbase::auth::otp::hash("a@example.com", magic.text("/email_otp"))
    );
    let expected = format!(
        "https://crm.example/auth/v1/verify?token={hash}&type=magiclink&redirect_to=https%3A%2F%2Fsite.example"
    );
    assert_eq!(magic.text("/action_link"), expected);
    let both = json!({"type": "magiclink", "token_hash": hash, "token": magic.text("/email_otp")});
    assert_eq!(
        auth.post("/verify", both).await.error(),
        (400, "validation_failed")
    );
    let body = json!({"type": "magiclink", "token_hash": hash});
    assert_eq!(auth.post("/verify", body.clone()).await.status, 200);
    assert_eq!(
        auth.post("/verify", body).await.error(),
        (403, "otp_expired")
    );

    let data = json!({"first_name": "Bob"});
    let unknown = link(json!({"type": "magiclink", "email": "b@example.com", "data": data})).await;
    assert_eq!(unknown.text("/verification_type"), "signup");
    let invite = link(json!({"type": "invite", "email": "b@example.com"})).await;
    assert_eq!(invite.status, 200, "known, not confirmed");
    for (body, expected) in [
        (
            json!({"type": "recovery", "email": "x@example.com"}),
            (404, "user_not_found"),
        ),
        (
            json!({"type": "invite", "email": "a@example.com"}),
            (422, "email_exists"),
        ),
        (
            json!({"type": "signup", "email": "a@example.com", "password": PASSWORD}),
            (422, "email_exists"),
        ),
        (
            json!({"type": "nonsense", "email": "a@example.com"}),
            (400, "validation_failed"),
        ),
    ] {
        assert_eq!(link(body.clone()).await.error(), expected, "{body}");
    }
    let refused = auth
        .post(
            "/admin/generate_link",
            json!({"type": "recovery", "email": "a@example.com"}),
        )
        .await;
    assert_eq!(refused.status, 401);
    assert!(
        oppbase::mail::folder::list(auth.mails.path())
            .unwrap()
            .is_empty()
    );
    auth.stop().await;
}

#[tokio::test]
async fn invitations_and_links_at_once_make_one_user() {
    let auth = Auth::start().await;
    for (path, email) in [
        ("/invite", "a@example.com"),
        ("/admin/generate_link", "b@example.com"),
    ] {
        let body = json!({"type": "invite", "email": email, "data": {"first_name": "Ann"}});
        let requests = (0..8).map(|_| auth.admin(Method::POST, path, body.clone()));
        for answer in futures_util::future::join_all(requests).await {
            assert_eq!(answer.status, 200, "{path}: {}", answer.json);
        }
    }
    assert_eq!(auth.count("select count(*) from auth.users").await, 2);
    auth.stop().await;
}

#[tokio::test]
async fn a_page_with_a_button_can_stand_before_the_link() {
    let auth = Auth::start_with(|settings| {
        settings.mailer_autoconfirm = false;
        settings.verify_page = true;
    })
    .await;
    auth.sign_up("a@example.com").await;
    let mail = auth.mail_to("a@example.com", 1).await;
    let query = mail.link.split_once('?').unwrap().1;
    let page = auth
        .http
        .get(format!("{}/verify?{query}%22%3E%3Cscript%3E", auth.url));
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(
        html.contains("<form") && !html.contains("<script>"),
        "{html}"
    );
    assert_eq!(auth.count("select count(*) from auth.sessions").await, 0);

    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let pressed = client
        .post(format!("{}/verify", auth.url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(query.to_owned());
    let pressed = pressed.send().await.unwrap();
    assert_eq!(pressed.status(), 303);
    let location = pressed.headers()["location"].to_str().unwrap();
    assert!(
        location.starts_with("https://site.example#access_token="),
        "{location}"
    );
    auth.stop().await;
}

#[tokio::test]
async fn without_a_way_to_send_mails_nobody_is_left_half_made() {
    let auth = Auth::start_with(|settings| {
        settings.mailer_autoconfirm = false;
        settings.mail.folder = None;
    })
    .await;
    let refused = auth.sign_up("a@example.com").await;
    assert_eq!(refused.error(), (422, "email_provider_disabled"));
    assert_eq!(auth.count("select count(*) from auth.users").await, 0);
    auth.stop().await;
}
