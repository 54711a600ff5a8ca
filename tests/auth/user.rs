//! The signed-in user.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD};
use crate::common::app;

#[tokio::test]
async fn the_user_is_answered_bare_and_only_to_a_good_token() {
    let auth = Auth::start().await;
    let session = auth.sign_up("a@example.com").await;
    let token = session.text("/access_token");
    let user = auth.as_user(Method::GET, "/user", token, Value::Null).await;
    assert_eq!(user.json["id"], session.json["user"]["id"]);
    assert_eq!(user.json["identities"][0]["provider"], "email");

    let none = auth.send(auth.request(Method::GET, "/user")).await;
    assert_eq!(none.error(), (401, "no_authorization"));
    let id = user.text("/id");
    let absent = uuid::Uuid::new_v4();
    for (token, expected) in [
        ("garbage".to_owned(), (403, "bad_jwt")),
        (super::PUBLISHABLE.to_owned(), (403, "bad_jwt")),
        (app::token(json!({"role": "anon"})), (403, "bad_jwt")),
        (
            app::token(json!({"sub": absent, "aud": "authenticated", "role": "authenticated"})),
            (403, "user_not_found"),
        ),
        (
            app::token(
                json!({"sub": id, "aud": "authenticated", "role": "authenticated", "session_id": absent}),
            ),
            (403, "session_not_found"),
        ),
    ] {
        let answer = auth
            .as_user(Method::GET, "/user", &token, Value::Null)
            .await;
        assert_eq!(answer.error(), expected, "{token:.30}");
    }
    auth.db
        .batch("update auth.users set banned_until = now() + interval '1 h'")
        .await;
    let banned = auth.as_user(Method::GET, "/user", token, Value::Null).await;
    assert_eq!(banned.error(), (403, "user_banned"));
    auth.stop().await;
}

#[tokio::test]
async fn data_is_merged_and_null_removes_a_key() {
    let auth = Auth::start().await;
    let session = auth.sign_up("a@example.com").await;
    let token = session.text("/access_token");
    let put = async |body: Value| auth.as_user(Method::PUT, "/user", token, body).await;
    let changed = put(json!({"data": {"nick": "zoe", "last_name": null}})).await;
    assert_eq!(changed.status, 200, "{}", changed.json);
    let metadata = &changed.json["user_metadata"];
    assert_eq!(
        (&metadata["nick"], &metadata["first_name"]),
        (&json!("zoe"), &json!("Ann"))
    );
    assert!(metadata.get("last_name").is_none());
    assert_eq!(
        put(json!({"app_metadata": {"admin": true}})).await.error(),
        (403, "not_admin")
    );
    assert_eq!(
        put(json!({"email": "A@example.com"})).await.status,
        200,
        "the same address"
    );
    assert_eq!(
        put(json!({"phone": "4912345"})).await.error(),
        (400, "phone_provider_disabled")
    );
    auth.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let auth = Auth::start().await;
    let session = auth.sign_up("a@example.com").await;
    let other = auth.sign_in("a@example.com", PASSWORD).await;
    let token = session.text("/access_token");
    let put = async |password: &str| {
        let body = json!({"password": password});
        auth.as_user(Method::PUT, "/user", token, body).await
    };
    assert_eq!(put(PASSWORD).await.error(), (422, "same_password"));
    assert_eq!(put("abc").await.error(), (422, "weak_password"));
    assert_eq!(put("another horse").await.status, 200);
    let own = auth.as_user(Method::GET, "/user", token, Value::Null).await;
    assert_eq!(own.status, 200, "the own session survives");
    let ended = auth
        .as_user(
            Method::GET,
            "/user",
            other.text("/access_token"),
            Value::Null,
        )
        .await;
    assert_eq!(ended.error(), (403, "session_not_found"));
    assert_eq!(
        auth.sign_in("a@example.com", PASSWORD).await.error(),
        (400, "invalid_credentials")
    );
    assert_eq!(
        auth.sign_in("a@example.com", "another horse").await.status,
        200
    );
    auth.stop().await;
}
