//! Buckets: created, changed, listed, emptied, deleted; by the service alone unless policies say more.

use reqwest::Method;
use serde_json::{Value, json};

use super::Storage;

#[tokio::test]
async fn a_bucket_lives_and_dies() {
    let s = Storage::start().await;
    let created = s
        .post(
            &s.service,
            "/bucket",
            json!({"name": "b", "id": "b", "public": false,
            "file_size_limit": "20KB", "allowed_mime_types": ["image/*", "text/plain"]}),
        )
        .await
        .ok();
    assert_eq!(created.json, json!({"name": "b"}));
    let bucket = s.get(&s.service, "/bucket/b").await.ok().json;
    assert_eq!(
        (
            &bucket["id"],
            &bucket["name"],
            &bucket["public"],
            &bucket["file_size_limit"]
        ),
        (&json!("b"), &json!("b"), &json!(false), &json!(20_000))
    );
    assert_eq!(
        bucket["allowed_mime_types"],
        json!(["image/*", "text/plain"])
    );
    assert_eq!(
        (&bucket["owner"], &bucket["type"]),
        (&json!(""), &json!("STANDARD"))
    );
    assert!(bucket["created_at"].as_str().unwrap().ends_with('Z'));

    let again = s.post(&s.service, "/bucket", json!({"name": "b"})).await;
    assert_eq!(again.error(), (400, "409", "BucketAlreadyExists"));
    assert_eq!(again.json["error"], "Duplicate");

    let change = json!({"id": "b", "name": "b", "public": true, "file_size_limit": null});
    s.call(&s.service, Method::PUT, "/bucket/b", change)
        .await
        .ok();
    let changed = s.get(&s.service, "/bucket/b").await.ok().json;
    assert_eq!(
        (&changed["public"], &changed["file_size_limit"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        changed["allowed_mime_types"],
        json!(["image/*", "text/plain"]),
        "not mentioned"
    );

    s.put_text("b/x/y.txt", "1").await;
    s.put_text("b/z.txt", "2").await;
    let full = s
        .call(&s.service, Method::DELETE, "/bucket/b", json!({}))
        .await;
    assert_eq!(full.error(), (400, "409", "ResourceNotEmpty"));
    s.post(&s.service, "/bucket/b/empty", json!({})).await.ok();
    assert!(s.files().is_empty());
    s.call(&s.service, Method::DELETE, "/bucket/b", json!({}))
        .await
        .ok();
    let gone = s.get(&s.service, "/bucket/b").await;
    assert_eq!(gone.error(), (400, "404", "NoSuchBucket"));
    for (method, path) in [
        (Method::PUT, "/bucket/b"),
        (Method::DELETE, "/bucket/b"),
        (Method::POST, "/bucket/b/empty"),
    ] {
        let answer = s
            .call(&s.service, method, path, json!({"public": true}))
            .await;
        assert_eq!(answer.error(), (400, "404", "NoSuchBucket"), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_bucket_is_refused() {
    let s = Storage::start().await;
    for (body, code) in [
        (json!({}), "InvalidRequest"),
        (json!({"name": ""}), "InvalidBucketName"),
        (json!({"name": "a/b"}), "InvalidBucketName"),
        (json!({"name": " a"}), "InvalidBucketName"),
        (json!({"name": ".."}), "InvalidBucketName"),
        (json!({"name": "x".repeat(101)}), "InvalidBucketName"),
        (
            json!({"name": "a", "file_size_limit": 1_000_001}),
            "EntityTooLarge",
        ),
        (
            json!({"name": "a", "file_size_limit": "x"}),
            "InvalidParameter",
        ),
        (
            json!({"name": "a", "allowed_mime_types": ["image"]}),
            "InvalidMimeType",
        ),
        (json!({"name": "a", "type": "ANALYTICS"}), "NotSupported"),
        (json!([1]), "InvalidRequest"),
    ] {
        let answer = s.post(&s.service, "/bucket", body.clone()).await;
        assert_eq!(answer.error().2, code, "{body}");
        assert_eq!(answer.status, 400, "{body}");
    }
}

#[tokio::test]
async fn lists_are_sorted_searched_and_paged() {
    let s = Storage::start().await;
    for name in ["beta", "Alpha", "gamma"] {
        s.bucket(name, json!({})).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let list = s
            .get(&s.service, &format!("/bucket{query}"))
            .await
            .ok()
            .json;
        let list = list.as_array().unwrap().iter();
        list.map(|b| b["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("").await.len(), 4, "with the CRM's own");
    assert_eq!(names("?search=ALPH").await, ["Alpha"]);
    let sorted = names("?sortColumn=created_at&sortOrder=desc&limit=2").await;
    assert_eq!(sorted, ["gamma", "Alpha"]);
    assert_eq!(
        names("?sortColumn=name&sortOrder=desc&limit=1&offset=1").await,
        ["beta"]
    );
    assert_eq!(s.get(&s.service, "/bucket?limit=-1").await.status, 400);
}

#[tokio::test]
async fn policies_decide_about_buckets_too() {
    let s = Storage::start().await;
    for client in [&s.anon, &s.user] {
        let created = s.post(client, "/bucket", json!({"name": "mine"})).await;
        assert_eq!(created.error(), (400, "403", "AccessDenied"));
        assert_eq!(s.get(client, "/bucket").await.ok().json, json!([]));
        let hidden = s.get(client, "/bucket/attachments").await;
        assert_eq!(hidden.error(), (400, "404", "NoSuchBucket"));
    }
    s.db.batch(
        "create policy make on storage.buckets for insert to authenticated with check (owner_id = auth.uid()::text);
         create policy see on storage.buckets for select to authenticated using (owner_id = auth.uid()::text)",
    )
    .await;
    s.post(&s.user, "/bucket", json!({"name": "mine"}))
        .await
        .ok();
    let mine = s.get(&s.user, "/bucket/mine").await.ok().json;
    assert_eq!(mine["owner"], super::USER);
    assert_eq!(s.get(&s.other, "/bucket/mine").await.status, 400);
}

#[tokio::test]
async fn credentials_are_checked_here_and_answered_in_this_shape() {
    let s = Storage::start().await;
    let bare = reqwest::Client::new();
    let none = s.get(&bare, "/bucket").await;
    assert_eq!(none.error(), (400, "400", "InvalidRequest"));
    for token in ["garbage", "a.b.c", "sb_secret_unknown"] {
        let bad = super::send(bare.get(s.url("/bucket")).bearer_auth(token)).await;
        assert_eq!(bad.error(), (400, "403", "AccessDenied"), "{token}");
    }
    let secret = crate::common::app::SECRET_KEY;
    for request in [
        bare.get(s.url("/bucket")).header("apikey", secret),
        bare.get(s.url("/bucket")).bearer_auth(secret),
        // A bad key beside a good token does not matter here.
        bare.get(s.url("/bucket"))
            .bearer_auth(secret)
            .header("apikey", "unknown"),
    ] {
        assert_eq!(super::send(request).await.ok().json[0]["id"], "attachments");
    }
    let unknown = s.get(&s.service, "/nothing").await;
    assert_eq!(unknown.error(), (404, "404", "NotFound"));
    for path in ["/status", "/version", "/health"] {
        assert_eq!(s.get(&bare, path).await.status, 200, "{path}");
    }
}
