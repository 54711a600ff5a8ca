//! Sign-up and sign-in with e-mail address and password.

use serde_json::{Value, json};

use super::{Auth, PASSWORD, claims};

#[tokio::test]
async fn a_sign_up_makes_user_identity_session_and_the_applications_row() {
    let auth = Auth::start().await;
    let answer = auth.sign_up("Ann@Example.com").await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let user = &answer.json["user"];
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(
        (&user["aud"], &user["role"]),
        (&json!("authenticated"), &json!("authenticated"))
    );
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "email", "providers": ["email"]})
    );
    assert_eq!(user["user_metadata"]["first_name"], "Ann");
    assert_eq!(user["user_metadata"]["email_verified"], true);
    assert_eq!(
        (&user["phone"], &user["is_anonymous"]),
        (&json!(""), &json!(false))
    );
    for time in [
        "email_confirmed_at",
        "confirmed_at",
        "last_sign_in_at",
        "created_at",
        "updated_at",
    ] {
        assert!(
            user[time].as_str().is_some_and(|t| t.ends_with('Z')),
            "{time} {user}"
        );
    }
    let identity = &user["identities"][0];
    assert_eq!(
        (&identity["id"], &identity["user_id"]),
        (&user["id"], &user["id"])
    );
    assert_ne!(identity["identity_id"], user["id"]);
    assert_eq!(identity["identity_data"]["email_verified"], false);
    assert_eq!(identity["email"], "ann@example.com");
    for secret in [
        "encrypted_password",
        "password_hash",
        "confirmation_token",
        "instance_id",
    ] {
        assert!(user.get(secret).is_none(), "{secret}");
    }
    assert_eq!(
        (&answer.json["token_type"], &answer.json["expires_in"]),
        (&json!("bearer"), &json!(3600))
    );
    assert_eq!(answer.text("/refresh_token").len(), 12);
    assert_eq!(answer.headers["cache-control"], "no-store");

    let claims = claims(answer.text("/access_token"));
    assert_eq!(claims["iss"], "https://crm.example/auth/v1");
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&user["id"], &json!("authenticated"))
    );
    assert_eq!(claims["amr"][0]["method"], "password");
    assert_eq!(claims["aal"], "aal1");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    let kept = "select count(*) from auth.users u join public.sales s on s.user_id = u.id
                  join auth.identities i on i.user_id = u.id join auth.sessions e on e.user_id = u.id
                 where u.instance_id = '00000000-0000-0000-0000-000000000000'
                   and u.encrypted_password like '$2_$04$%'";
    assert_eq!(auth.count(kept).await, 1);
    auth.stop().await;
}

#[tokio::test]
async fn a_failing_trigger_rolls_everything_back_and_says_why() {
    let auth = Auth::start().await;
    let body = json!({"email": "b@example.com", "password": PASSWORD});
    let answer = auth.post("/signup", body).await;
    // Not 5xx: supabase-js hides the text of those.
    assert_eq!(answer.error(), (422, "unexpected_failure"));
    assert!(
        answer.text("/message").contains("first_name"),
        "{}",
        answer.json
    );
    assert!(
        answer
            .text("/message")
            .starts_with("Database error saving new user")
    );
    assert_eq!(auth.count("select count(*) from auth.users").await, 0);
    assert_eq!(
        auth.sign_up("b@example.com").await.status,
        200,
        "the connection is usable"
    );
    auth.stop().await;
}

#[tokio::test]
async fn sign_up_refuses_bad_input() {
    let auth = Auth::start().await;
    let long = "x".repeat(73);
    for (email, password, expected) in [
        ("a@example.com", "short", (422, "weak_password")),
        ("a@example.com", long.as_str(), (400, "validation_failed")),
        ("a@example.com", "nul\0nul\0", (400, "validation_failed")),
        ("a@example.com", "", (400, "validation_failed")),
        ("not an address", PASSWORD, (400, "validation_failed")),
        ("a\0@example.com", PASSWORD, (400, "validation_failed")),
        ("", PASSWORD, (422, "anonymous_provider_disabled")),
    ] {
        let answer = auth
            .post("/signup", json!({"email": email, "password": password}))
            .await;
        assert_eq!(answer.error(), expected, "{email:?} {password:?}");
    }
    let nul =
        json!({"email": "n@example.com", "password": PASSWORD, "data": {"first_name": "a\0b"}});
    assert_eq!(
        auth.post("/signup", nul).await.error(),
        (400, "validation_failed")
    );
    auth.stop().await;
}

#[tokio::test]
async fn a_known_address_is_named_only_where_users_are_confirmed_at_once() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    let again = auth.sign_up("A@example.com").await;
    assert_eq!(again.error(), (422, "user_already_exists"));
    assert_eq!(again.text("/message"), "User already registered");
    auth.stop().await;

    let careful = Auth::start_with(|settings| settings.mailer_autoconfirm = false).await;
    let first = careful.sign_up("a@example.com").await;
    assert!(
        first.json.get("access_token").is_none(),
        "no session before the confirmation"
    );
    assert!(first.json["confirmation_sent_at"].is_string());
    assert_eq!(
        careful.sign_up("a@example.com").await.error(),
        (429, "over_email_send_rate_limit")
    );
    let refused = careful.sign_in("a@example.com", PASSWORD).await;
    assert_eq!(refused.error(), (400, "email_not_confirmed"));

    careful
        .db
        .batch("update auth.users set email_confirmed_at = now()")
        .await;
    let made_up = careful.sign_up("a@example.com").await;
    assert_eq!(made_up.status, 200);
    assert_eq!(made_up.json["identities"], json!([]));
    assert_eq!(made_up.json["role"], "");
    assert_ne!(made_up.json["id"], first.json["id"]);
    assert_eq!(careful.count("select count(*) from auth.users").await, 1);
    careful.stop().await;
}

#[tokio::test]
async fn two_sign_ups_at_once_make_one_user() {
    let auth = Auth::start().await;
    let (one, two) = tokio::join!(auth.sign_up("a@example.com"), auth.sign_up("a@example.com"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    auth.stop().await;
}

#[tokio::test]
async fn sign_in_tells_nothing_about_unknown_users() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    let good = auth.sign_in("A@EXAMPLE.com", PASSWORD).await;
    assert_eq!(good.status, 200, "{}", good.json);
    for (email, password) in [
        ("a@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("nonsense", PASSWORD),
        ("a@example.com", ""),
    ] {
        let answer = auth.sign_in(email, password).await;
        assert_eq!(answer.error(), (400, "invalid_credentials"), "{email}");
        assert_eq!(answer.text("/message"), "Invalid login credentials");
    }
    let unknown_grant = auth.post("/token?grant_type=magic", json!({})).await;
    assert_eq!(unknown_grant.error(), (400, "invalid_credentials"));
    auth.stop().await;
}

/// A user as a person writes it in an SQL console: NULL tokens, metadata, times; mixed-case address.
#[tokio::test]
async fn rows_written_by_hand_can_sign_in() {
    let auth = Auth::start().await;
    auth.db
        .batch(
            "alter table auth.users disable trigger user;
             create extension if not exists pgcrypto with schema extensions;
             insert into auth.users (instance_id, id, email, encrypted_password, email_confirmed_at)
             values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'Hand@Example.com',
                     extensions.crypt('correct horse', extensions.gen_salt('bf', 4)), now())",
        )
        .await;
    let answer = auth.sign_in("hand@example.com", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let user = &answer.json["user"];
    assert_eq!(
        (&user["user_metadata"], &user["app_metadata"]),
        (&json!({}), &json!({}))
    );
    assert_eq!(user["role"], "authenticated");
    assert!(user["created_at"].is_string());
    assert_eq!(user["identities"], Value::Array(Vec::new()));
    auth.stop().await;
}
