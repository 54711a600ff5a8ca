//! Users as the service key manages them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD};
use crate::common::app;

async fn make(auth: &Auth, email: &str) -> Value {
    let body = json!({"email": email, "password": PASSWORD, "email_confirm": true,
                      "user_metadata": {"first_name": "Ann"}});
    let made = auth.admin(Method::POST, "/admin/users", body).await;
    assert_eq!(made.status, 200, "{}", made.json);
    made.json
}

#[tokio::test]
async fn only_the_service_key_is_let_in() {
    let auth = Auth::start().await;
    let session = auth.sign_up("a@example.com").await;
    let list = async |token: &str| {
        let answer = auth
            .as_user(Method::GET, "/admin/users", token, Value::Null)
            .await;
        (
            answer.status,
            answer.json["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(list(super::SECRET).await.0, 200);
    assert_eq!(
        list(&app::token(json!({"role": "service_role"}))).await.0,
        200
    );
    for (token, expected) in [
        (super::PUBLISHABLE, (403, "not_admin")),
        (session.text("/access_token"), (403, "not_admin")),
        ("sb_secret_guessed", (403, "not_admin")),
        ("garbage", (403, "bad_jwt")),
    ] {
        let (status, code) = list(token).await;
        assert_eq!((status, code.as_str()), expected, "{token:.20}");
    }
    let none = auth.send(auth.request(Method::GET, "/admin/users")).await;
    assert_eq!(none.error(), (401, "no_authorization"));
    auth.stop().await;
}

#[tokio::test]
async fn users_are_made_read_and_changed() {
    let auth = Auth::start().await;
    let user = make(&auth, "A@example.com").await;
    assert_eq!(user["email"], "a@example.com");
    assert_eq!(
        user["user_metadata"],
        json!({"first_name": "Ann", "email_verified": true})
    );
    let path = format!("/admin/users/{}", user["id"].as_str().unwrap());
    assert_eq!(
        auth.admin(Method::GET, &path, Value::Null).await.json["id"],
        user["id"]
    );

    let change = json!({"email": "B@example.com", "app_metadata": {"team": 1},
                        "user_metadata": {"first_name": null, "x": 2}, "ban_duration": "24h"});
    let changed = auth.admin(Method::PUT, &path, change).await;
    assert_eq!(changed.status, 200, "{}", changed.json);
    assert_eq!(changed.json["email"], "b@example.com");
    assert_eq!(changed.json["identities"][0]["email"], "b@example.com");
    assert_eq!(changed.json["app_metadata"]["team"], 1);
    assert_eq!(changed.json["app_metadata"]["provider"], "email");
    assert_eq!(
        changed.json["user_metadata"],
        json!({"x": 2, "email_verified": true})
    );
    assert_eq!(
        auth.sign_in("b@example.com", PASSWORD).await.error(),
        (400, "user_banned")
    );
    assert_eq!(
        auth.sign_in("b@example.com", "wrong one").await.error(),
        (400, "invalid_credentials"),
        "a ban is told to who knows the password"
    );
    let lifted = json!({"ban_duration": "none", "password": "new password"});
    let lifted = auth.admin(Method::PUT, &path, lifted).await;
    assert!(lifted.json.get("banned_until").is_none());
    assert_eq!(
        auth.sign_in("b@example.com", "new password").await.status,
        200
    );
    auth.stop().await;
}

#[tokio::test]
async fn bad_requests_have_their_codes() {
    let auth = Auth::start().await;
    let user = make(&auth, "a@example.com").await;
    make(&auth, "b@example.com").await;
    let of = async |method: Method, path: &str, body: Value| {
        let answer = auth.admin(method, path, body).await;
        (
            answer.status,
            answer.json["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let own = format!("/admin/users/{}", user["id"].as_str().unwrap());
    let unknown = format!("/admin/users/{}", uuid::Uuid::new_v4());
    let long = "x".repeat(73);
    for (method, path, body, expected) in [
        (
            Method::POST,
            "/admin/users",
            json!({"email": "A@example.com"}),
            (422, "email_exists"),
        ),
        (
            Method::PUT,
            &own,
            json!({"email": "b@example.com"}),
            (422, "email_exists"),
        ),
        (
            Method::POST,
            "/admin/users",
            json!({}),
            (400, "validation_failed"),
        ),
        (
            Method::POST,
            "/admin/users",
            json!({"email": "c@d.e", "id": "7"}),
            (400, "validation_failed"),
        ),
        (
            Method::POST,
            "/admin/users",
            json!({"email": "c@d.e", "password": long}),
            (400, "validation_failed"),
        ),
        (
            Method::POST,
            "/admin/users",
            json!({"email": "c@d.e", "password_hash": "x"}),
            (400, "validation_failed"),
        ),
        (
            Method::POST,
            "/admin/users",
            json!({"email": "c@d.e", "password_hash": format!("$2b$16${}", ".".repeat(53))}),
            (400, "validation_failed"),
        ),
        (
            Method::POST,
            "/admin/users",
            json!({"email": "c@d.e", "phone": "1"}),
            (422, "phone_provider_disabled"),
        ),
        (
            Method::PUT,
            &own,
            json!({"ban_duration": "a day"}),
            (400, "validation_failed"),
        ),
        (
            Method::PUT,
            &unknown,
            json!({"email": "x@y.z"}),
            (404, "user_not_found"),
        ),
        (Method::GET, &unknown, Value::Null, (404, "user_not_found")),
        (
            Method::GET,
            "/admin/users/7",
            Value::Null,
            (404, "validation_failed"),
        ),
        (
            Method::DELETE,
            &unknown,
            Value::Null,
            (404, "user_not_found"),
        ),
        (
            Method::GET,
            "/admin/users?page=x",
            Value::Null,
            (400, "validation_failed"),
        ),
    ] {
        let (status, code) = of(method, path, body.clone()).await;
        assert_eq!((status, code.as_str()), expected, "{path} {body}");
    }
    auth.stop().await;
}

#[tokio::test]
async fn an_imported_hash_signs_in() {
    let auth = Auth::start().await;
    let hash = bcrypt::hash("brought along", 4).unwrap();
    let body = json!({"email": "a@example.com", "password_hash": hash, "email_confirm": true,
                      "user_metadata": {"first_name": "Ann"}});
    assert_eq!(
        auth.admin(Method::POST, "/admin/users", body).await.status,
        200
    );
    assert_eq!(
        auth.sign_in("a@example.com", "brought along").await.status,
        200
    );
    auth.stop().await;
}

#[tokio::test]
async fn the_list_is_paged_filtered_and_sorted() {
    let auth = Auth::start().await;
    for name in ["one", "two", "three"] {
        make(&auth, &format!("{name}@example.com")).await;
    }
    let list = async |query: &str| {
        auth.admin(Method::GET, &format!("/admin/users?{query}"), Value::Null)
            .await
    };
    let emails = |answer: &Value| -> Vec<String> {
        let users = answer["users"].as_array().unwrap();
        users
            .iter()
            .map(|u| u["email"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = list("page=1&per_page=2").await;
    assert_eq!(
        emails(&first.json),
        ["three@example.com", "two@example.com"]
    );
    assert_eq!(first.json["aud"], "authenticated");
    assert_eq!(first.json["users"][0]["identities"], Value::Null);
    assert_eq!(first.headers["x-total-count"], "3");
    let link = first.headers["link"].to_str().unwrap();
    assert!(
        link.starts_with(
            "<https://crm.example/auth/v1/admin/users?page=2&per_page=2>; rel=\"next\""
        ),
        "{link}"
    );
    let last = list("page=2&per_page=2").await;
    assert!(!last.headers["link"].to_str().unwrap().contains("next"));
    assert_eq!(
        emails(&list("page=&per_page=&filter=WO@").await.json),
        ["two@example.com"]
    );
    assert_eq!(
        emails(&list("filter=%25").await.json),
        Vec::<String>::new(),
        "no pattern"
    );
    assert_eq!(
        emails(&list("sort=created_at%20asc").await.json)[0],
        "one@example.com"
    );
    auth.stop().await;
}

#[tokio::test]
async fn deleting_names_what_still_refers_to_the_user() {
    let auth = Auth::start().await;
    let user = make(&auth, "a@example.com").await;
    let session = auth.sign_in("a@example.com", PASSWORD).await;
    let path = format!("/admin/users/{}", user["id"].as_str().unwrap());
    let refused = auth.admin(Method::DELETE, &path, Value::Null).await;
    assert_eq!(refused.error(), (409, "conflict"));
    let text = refused.text("/message");
    assert!(
        text.contains("foreign key") && text.contains("\"sales\""),
        "{text}"
    );

    let soft = auth
        .admin(Method::DELETE, &path, json!({"should_soft_delete": true}))
        .await;
    assert_eq!((soft.status, soft.json), (200, json!({})));
    let gone = auth
        .as_user(
            Method::GET,
            "/user",
            session.text("/access_token"),
            Value::Null,
        )
        .await;
    assert_eq!(gone.error(), (403, "session_not_found"));
    assert_eq!(
        auth.sign_in("a@example.com", PASSWORD).await.error(),
        (400, "invalid_credentials")
    );
    let kept =
        "select count(*) from auth.users where deleted_at is not null and email not like '%@%'
                   and raw_user_meta_data = '{}' and encrypted_password = ''";
    assert_eq!(auth.count(kept).await, 1);

    auth.db.batch("delete from public.sales").await;
    assert_eq!(
        auth.admin(Method::DELETE, &path, Value::Null).await.status,
        200
    );
    let left = "select (select count(*) from auth.users) + (select count(*) from auth.identities)
                     + (select count(*) from auth.refresh_tokens)";
    assert_eq!(auth.count(left).await, 0);
    auth.stop().await;
}
