//! Downloads: headers, conditions, ranges, and who may read.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Storage, send};

#[tokio::test]
async fn a_public_file_has_the_headers_of_a_good_server() {
    let s = Storage::start().await;
    s.put_text("attachments/a.txt", "hello a2").await;
    let path = "/object/public/attachments/a.txt";
    let got = s.get(&reqwest::Client::new(), path).await.ok();
    assert_eq!(got.text, "hello a2");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-length", "8"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "none"),
        ("etag", "\"db5b0b97ff8d4b8be40c3a6c20da3aee\""),
    ] {
        if name == "etag" {
            assert_eq!(got.header(name).len(), value.len());
        } else {
            assert_eq!(got.header(name), value, "{name}");
        }
    }
    let url = s.url(path);
    let with = |name: &'static str, value: &str| s.anon.get(&url).header(name, value.to_owned());
    let same = send(with("if-none-match", got.header("etag"))).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    assert_eq!(same.header("etag"), got.header("etag"));
    assert_eq!(
        send(with("if-modified-since", got.header("last-modified")))
            .await
            .status,
        304
    );
    assert_eq!(send(with("if-none-match", "\"other\"")).await.status, 200);
    let part = send(with("range", "bytes=6-7")).await;
    assert_eq!((part.status, part.text.as_str()), (206, "a2"));
    assert_eq!(
        (part.header("content-range"), part.header("content-length")),
        ("bytes 6-7/8", "2")
    );
    assert_eq!(send(with("range", "bytes=-2")).await.text, "a2");
    assert_eq!(send(with("range", "bytes=6-")).await.text, "a2");
    let beyond = send(with("range", "bytes=8-")).await;
    assert_eq!(beyond.error(), (416, "416", "InvalidRange"));
    assert_eq!(beyond.header("content-range"), "bytes */8");
    let head = send(s.anon.head(&url)).await.ok();
    assert_eq!(
        (head.header("content-length"), head.text.as_str()),
        ("8", "")
    );
    let head = send(s.anon.head(&url).header("range", "bytes=0-1")).await;
    assert_eq!((head.status, head.header("content-length")), (206, "2"));
    let download = s
        .get(&s.anon, &format!("{path}?download=n%C3%A4me.txt"))
        .await
        .ok();
    assert_eq!(
        download.header("content-disposition"),
        "attachment; filename=n%C3%A4me.txt; filename*=UTF-8''n%C3%A4me.txt;"
    );
    let picture = s
        .get(&s.anon, "/render/image/public/attachments/a.txt?width=10")
        .await
        .ok();
    assert_eq!(picture.text, "hello a2");
}

#[tokio::test]
async fn large_files_stream_whole_and_in_parts() {
    let s = Storage::start().await;
    let text: String = (0..90_000).map(|n| format!("{n:010}\n")).collect();
    s.put_text("attachments/large", &text).await;
    let path = "/object/public/attachments/large";
    assert_eq!(s.get(&s.anon, path).await.ok().text, text);
    let part = send(
        s.anon
            .get(s.url(path))
            .header("range", "bytes=131000-900000"),
    )
    .await;
    assert_eq!(
        (part.status, part.text.as_str()),
        (206, &text[131_000..900_001])
    );
}

#[tokio::test]
async fn nothing_that_runs_is_served_from_here() {
    let s = Storage::start().await;
    for (kind, served) in [
        ("text/html", "text/plain"),
        ("text/html;charset=utf-8", "text/plain"),
        ("image/svg+xml", "image/svg+xml"),
        ("application/xhtml+xml", "application/xhtml+xml"),
        ("text/javascript", "text/javascript"),
    ] {
        let upload = s
            .service
            .put(s.url("/object/attachments/x"))
            .header("content-type", kind)
            .body("<script>1</script>");
        send(upload).await.ok();
        let got = s.get(&s.anon, "/object/public/attachments/x").await.ok();
        assert_eq!(got.header("content-type"), served);
        assert!(
            got.header("content-security-policy").starts_with("sandbox"),
            "{kind}"
        );
        assert_eq!(got.header("x-content-type-options"), "nosniff");
    }
    let error = s.get(&s.anon, "/object/public/attachments/none").await;
    assert_eq!(error.error(), (400, "404", "NoSuchKey"));
    assert_eq!(error.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_private_bucket_is_closed_and_its_files_are_not_for_caches() {
    let s = Storage::start().await;
    s.bucket("private", json!({})).await;
    s.put_text("private/a.txt", "secret").await;
    let bare = reqwest::Client::new();
    for (client, path, expected) in [
        (&s.anon, "/object/public/private/a.txt", "NoSuchBucket"),
        (&s.service, "/object/public/private/a.txt", "NoSuchBucket"),
        (&bare, "/object/private/a.txt", "NoSuchBucket"),
        (&s.anon, "/object/private/a.txt", "NoSuchKey"),
        (&s.user, "/object/private/a.txt", "NoSuchKey"),
        (&s.user, "/object/authenticated/private/a.txt", "NoSuchKey"),
        (
            &bare,
            "/object/authenticated/private/a.txt",
            "InvalidRequest",
        ),
        (&s.user, "/object/info/private/a.txt", "NoSuchKey"),
        (&s.user, "/object/info/public/private/a.txt", "NoSuchBucket"),
        (&bare, "/render/image/public/private/a.txt", "NoSuchBucket"),
        (
            &s.user,
            "/render/image/authenticated/private/a.txt",
            "NoSuchKey",
        ),
        (&s.user, "/object/nowhere/a.txt", "NoSuchBucket"),
    ] {
        assert_eq!(s.get(client, path).await.error().2, expected, "{path}");
        let head = send(client.head(s.url(path))).await;
        assert_eq!((head.status, head.text.as_str()), (400, ""), "HEAD {path}");
    }
    for path in [
        "/object/private/a.txt",
        "/object/authenticated/private/a.txt",
    ] {
        let got = s.get(&s.service, path).await.ok();
        assert_eq!(
            (got.text.as_str(), got.header("cache-control")),
            ("secret", "private, no-cache")
        );
    }
    let info = s
        .get(&s.service, "/object/info/authenticated/private/a.txt")
        .await
        .ok()
        .json;
    let mut info = info;
    for volatile in ["id", "version", "etag", "last_modified", "created_at"] {
        assert!(info[volatile].take().is_string(), "{volatile}");
    }
    assert_eq!(
        info,
        json!({"id": null, "name": "a.txt", "version": null, "bucket_id": "private", "size": 6,
               "content_type": "text/plain", "cache_control": "no-cache", "etag": null,
               "metadata": null, "last_modified": null, "created_at": null})
    );
}

#[tokio::test]
async fn without_a_store_the_service_says_so() {
    use crate::common::{Template, TestDb, spawn_app};
    let db = TestDb::new(Template::Fork).await;
    let app = spawn_app(&db, |_| {}).await;
    let answer = send(
        app.service()
            .request(Method::GET, app.url("/storage/v1/bucket")),
    )
    .await;
    assert_eq!(answer.status, 501);
    assert_eq!(answer.json["statusCode"], "501");
    assert_ne!(answer.json["message"], Value::Null);
}
