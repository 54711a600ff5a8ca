//! Copy, move, remove.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Storage, send};

fn from_to(from: &str, to: &str) -> Value {
    json!({"bucketId": "attachments", "sourceKey": from, "destinationKey": to})
}

#[tokio::test]
async fn a_copy_is_a_file_of_its_own() {
    let s = Storage::start().await;
    let upload = s
        .upload(&s.service, "attachments/a", "one")
        .header("x-metadata", "eyJrIjoxfQ==");
    send(upload).await.ok();
    let copied = s
        .post(&s.user, "/object/copy", from_to("a", "dir/b"))
        .await
        .ok()
        .json;
    assert_eq!(copied["Key"], "attachments/dir/b");
    assert_eq!(
        (&copied["Id"], &copied["owner_id"]),
        (&copied["id"], &json!(super::USER))
    );
    assert_eq!(copied["user_metadata"], json!({"k": 1}));
    assert_eq!(copied["metadata"]["size"], 3);
    s.put_text("attachments/a", "changed").await;
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/dir/b")
            .await
            .ok()
            .text,
        "one"
    );

    let again = s.post(&s.user, "/object/copy", from_to("a", "dir/b")).await;
    assert_eq!(again.error(), (400, "409", "KeyAlreadyExists"));
    let upsert = s
        .service
        .post(s.url("/object/copy"))
        .header("x-upsert", "true")
        .json(&from_to("a", "dir/b"));
    send(upsert).await.ok();
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/dir/b")
            .await
            .ok()
            .text,
        "changed"
    );
    let mut plain = from_to("a", "plain");
    plain["copyMetadata"] = json!(false);
    plain["metadata"] = json!({"mimetype": "text/css", "cacheControl": "max-age=1"});
    let plain = s.post(&s.service, "/object/copy", plain).await.ok().json;
    assert_eq!(
        (&plain["user_metadata"], &plain["metadata"]["mimetype"]),
        (&Value::Null, &json!("text/css"))
    );
    for (body, code) in [
        (from_to("none", "x"), "NoSuchKey"),
        (from_to("a", "../x"), "InvalidKey"),
        (
            json!({"bucketId": "attachments", "sourceKey": "a", "destinationKey": "x", "destinationBucket": "none"}),
            "NoSuchBucket",
        ),
        (json!({"bucketId": "attachments"}), "InvalidRequest"),
    ] {
        assert_eq!(
            s.post(&s.service, "/object/copy", body.clone())
                .await
                .error()
                .2,
            code,
            "{body}"
        );
    }
    s.assert_in_step().await;
}

#[tokio::test]
async fn a_move_keeps_the_row_and_takes_the_bytes_along() {
    let s = Storage::start().await;
    let id = s.put_text("attachments/a", "one").await.json["Id"].clone();
    s.put_text("attachments/taken", "two").await;
    let moved = s
        .post(&s.service, "/object/move", from_to("a", "b/c"))
        .await
        .ok()
        .json;
    assert_eq!(
        moved,
        json!({"message": "Successfully moved", "Id": id, "Key": "attachments/b/c"})
    );
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/b/c")
            .await
            .ok()
            .text,
        "one"
    );
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/a")
            .await
            .error()
            .2,
        "NoSuchKey"
    );
    let taken = s
        .post(&s.service, "/object/move", from_to("b/c", "taken"))
        .await;
    assert_eq!(taken.error(), (400, "409", "KeyAlreadyExists"));
    assert_eq!(
        s.post(&s.service, "/object/move", from_to("none", "x"))
            .await
            .error()
            .2,
        "NoSuchKey"
    );
    assert_eq!(
        s.post(&s.service, "/object/move", from_to("b/c", "/x"))
            .await
            .error()
            .2,
        "InvalidKey"
    );
    s.post(&s.service, "/object/move", from_to("b/c", "b/c"))
        .await
        .ok();

    s.bucket("texts", json!({"allowed_mime_types": ["text/css"]}))
        .await;
    let mut across = from_to("b/c", "c");
    across["destinationBucket"] = json!("texts");
    let refused = s.post(&s.service, "/object/move", across.clone()).await;
    assert_eq!(refused.error().2, "InvalidMimeType");
    s.bucket("all", json!({"public": true})).await;
    across["destinationBucket"] = json!("all");
    s.post(&s.service, "/object/move", across).await.ok();
    assert_eq!(
        s.get(&s.anon, "/object/public/all/c").await.ok().text,
        "one"
    );
    s.assert_in_step().await;
}

#[tokio::test]
async fn removal_says_what_was_removed() {
    let s = Storage::start().await;
    for name in ["a", "b/c", "d"] {
        s.put_text(&format!("attachments/{name}"), name).await;
    }
    let body = json!({"prefixes": ["a", "none", "b/c", "b"]});
    let removed = s
        .call(&s.user, Method::DELETE, "/object/attachments", body)
        .await
        .ok()
        .json;
    let mut names: Vec<_> = removed
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b/c"]);
    assert_eq!(removed[0]["bucket_id"], "attachments");
    let one = s
        .call(
            &s.user,
            Method::DELETE,
            "/object/attachments/d",
            Value::Null,
        )
        .await
        .ok();
    assert_eq!(one.json, json!({"message": "Successfully deleted"}));
    let gone = s
        .call(
            &s.user,
            Method::DELETE,
            "/object/attachments/d",
            Value::Null,
        )
        .await;
    assert_eq!(gone.error(), (400, "404", "NoSuchKey"));
    assert!(s.files().is_empty());
    for body in [
        json!({"prefixes": []}),
        json!({}),
        json!({"prefixes": vec!["x"; 1001]}),
    ] {
        let bad = s
            .call(&s.user, Method::DELETE, "/object/attachments", body)
            .await;
        assert_eq!(bad.error().2, "InvalidRequest");
    }
}
