//! Signed URLs: what they permit and for how long.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Storage, send};
use crate::common::app;

/// The token of `/object/…?token=…`.
fn token(url: &Value) -> String {
    url.as_str()
        .unwrap()
        .split_once("token=")
        .unwrap()
        .1
        .to_owned()
}

#[tokio::test]
async fn a_signed_url_opens_one_file_of_a_private_bucket() {
    let s = Storage::start().await;
    s.bucket("private", json!({})).await;
    s.put_text("private/dir/a ü.txt", "secret").await;
    s.put_text("private/dir/b.txt", "other").await;
    let bare = reqwest::Client::new();
    let body = json!({"expiresIn": "60"});
    let signed = s
        .post(&s.service, "/object/sign/private/dir/a%20%C3%BC.txt", body)
        .await
        .ok();
    let url = signed.json["signedURL"].as_str().unwrap();
    assert!(
        url.starts_with("/object/sign/private/dir/a ü.txt?token="),
        "not encoded: {url}"
    );
    let got = s.get(&bare, &format!("{url}&download=")).await.ok();
    assert_eq!(
        (got.text.as_str(), got.header("content-disposition")),
        ("secret", "attachment;")
    );
    assert!(!got.header("expires").is_empty() && got.header("cache-control").is_empty());
    let token = token(&signed.json["signedURL"]);
    let truncated = &token[..token.len() - 2];
    for (path, code) in [
        (
            format!("/object/sign/private/dir/b.txt?token={token}"),
            "InvalidSignature",
        ),
        (
            format!("/object/sign/private/dir/a%20%C3%BC.txt?token={truncated}"),
            "InvalidJWT",
        ),
        (
            "/object/sign/private/dir/a%20%C3%BC.txt".to_owned(),
            "InvalidJWT",
        ),
        (
            format!(
                "/object/sign/private/dir/a%20%C3%BC.txt?token={}",
                app::token(json!({"role": "service_role"}))
            ),
            "InvalidJWT",
        ),
        (
            format!("/object/sign/private/dir%2F..%2Fdir/b.txt?token={token}"),
            "InvalidSignature",
        ),
    ] {
        let answer = s.get(&bare, &path).await;
        assert_eq!((answer.status, answer.error().2), (400, code), "{path}");
    }
    // And it is no token of the API.
    for path in ["/bucket", "/object/authenticated/private/dir/b.txt"] {
        let answer = send(bare.get(s.url(path)).bearer_auth(&token)).await;
        assert_eq!(answer.error().2, "AccessDenied", "{path}");
    }
    let rest = send(
        bare.get(s.app.url("/rest/v1/companies"))
            .bearer_auth(&token),
    )
    .await;
    assert_eq!(rest.status, 401);
}

#[tokio::test]
async fn signed_urls_expire_and_older_ones_are_read() {
    let s = Storage::start().await;
    s.put_text("attachments/a", "x").await;
    let now = chrono::Utc::now().timestamp();
    let get = async |claims: Value| {
        let token = app::token_with(claims);
        s.get(
            &reqwest::Client::new(),
            &format!("/object/sign/attachments/a?token={token}"),
        )
        .await
    };
    get(json!({"url": "attachments/a", "iat": now, "exp": now + 60}))
        .await
        .ok();
    let expired = get(json!({"url": "attachments/a", "exp": now - 1})).await;
    assert_eq!(expired.error(), (400, "400", "ExpiredToken"));
    let upload = get(json!({"url": "attachments/a", "exp": now + 60, "upsert": false})).await;
    assert_eq!(upload.error().2, "InvalidSignature");
    for body in [
        json!({"expiresIn": 0}),
        json!({"expiresIn": "x"}),
        json!({}),
    ] {
        let bad = s.post(&s.service, "/object/sign/attachments/a", body).await;
        assert_eq!(bad.error().2, "InvalidRequest");
    }
}

#[tokio::test]
async fn only_what_the_caller_may_read_is_signed() {
    let s = Storage::start().await;
    s.bucket("private", json!({})).await;
    s.put_text("private/a", "x").await;
    s.put_text("attachments/a", "x").await;
    let one = s
        .post(&s.user, "/object/sign/private/a", json!({"expiresIn": 60}))
        .await;
    assert_eq!(one.error(), (400, "404", "NoSuchKey"));
    s.post(
        &s.user,
        "/object/sign/attachments/a",
        json!({"expiresIn": 60}),
    )
    .await
    .ok();
    let body = json!({"expiresIn": 60, "paths": ["a", "none", "a"]});
    let many = s
        .post(&s.user, "/object/sign/attachments", body.clone())
        .await
        .ok()
        .json;
    let many = many.as_array().unwrap();
    let paths: Vec<_> = many
        .iter()
        .map(|m| {
            (
                m["path"].as_str().unwrap(),
                m["signedURL"].is_string(),
                m["error"].is_string(),
            )
        })
        .collect();
    assert_eq!(
        paths,
        [
            ("a", true, false),
            ("none", false, true),
            ("a", true, false)
        ]
    );
    let hidden = s
        .post(&s.user, "/object/sign/private", body)
        .await
        .ok()
        .json;
    assert!(
        hidden
            .as_array()
            .unwrap()
            .iter()
            .all(|m| m["signedURL"].is_null())
    );
}

#[tokio::test]
async fn a_signed_upload_writes_one_name_for_its_owner() {
    let s = Storage::start().await;
    let bare = reqwest::Client::new();
    let signed = s
        .post(&s.user, "/object/upload/sign/attachments/up.txt", json!({}))
        .await
        .ok()
        .json;
    let token = signed["token"].as_str().unwrap();
    assert_eq!(
        signed["url"],
        format!("/object/upload/sign/attachments/up.txt?token={token}")
    );
    let put = async |name: &str, token: &str| {
        let url = s.url(&format!(
            "/object/upload/sign/attachments/{name}?token={token}"
        ));
        send(
            bare.put(url)
                .header("content-type", "text/plain")
                .body("up"),
        )
        .await
    };
    assert_eq!(put("other.txt", token).await.error().2, "InvalidSignature");
    assert_eq!(
        put("up.txt", token).await.ok().json,
        json!({"Key": "attachments/up.txt"})
    );
    assert_eq!(
        put("up.txt", token).await.error().2,
        "KeyAlreadyExists",
        "no upsert was permitted"
    );
    assert_eq!(
        s.sql("select owner_id from storage.objects").await,
        super::USER
    );
    assert_eq!(
        s.sql("select owner from storage.objects").await,
        super::USER
    );

    let read = s
        .post(
            &s.user,
            "/object/sign/attachments/up.txt",
            json!({"expiresIn": 60}),
        )
        .await
        .ok();
    let read = self::token(&read.json["signedURL"]);
    assert_eq!(put("up.txt", &read).await.error().2, "InvalidSignature");
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/up.txt")
            .await
            .ok()
            .text,
        "up"
    );
    let taken = s
        .post(&s.user, "/object/upload/sign/attachments/up.txt", json!({}))
        .await;
    assert_eq!(taken.error().2, "KeyAlreadyExists");
    let anon = s
        .post(
            &s.anon,
            "/object/upload/sign/attachments/new.txt",
            json!({}),
        )
        .await;
    assert_eq!(anon.error(), (400, "403", "AccessDenied"));

    let upsert = s
        .service
        .request(
            Method::POST,
            s.url("/object/upload/sign/attachments/up.txt"),
        )
        .header("x-upsert", "true");
    let upsert = send(upsert).await.ok().json;
    put("up.txt", upsert["token"].as_str().unwrap()).await.ok();
    s.assert_in_step().await;
}
