//! Uploads: raw and as a form, what is stored of them, what is refused.

use base64::Engine as _;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Storage, send};

/// `(name, file name, type, bytes)`
type Part<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a [u8]);

/// A form as clients write it.
fn form(request: RequestBuilder, parts: &[Part<'_>]) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, file, kind, bytes) in parts {
        body.extend_from_slice(b"--XXboundaryXX\r\n");
        body.extend_from_slice(
            format!("Content-Disposition: form-data; name=\"{name}\"").as_bytes(),
        );
        if let Some(file) = file {
            body.extend_from_slice(format!("; filename=\"{file}\"").as_bytes());
        }
        if let Some(kind) = kind {
            body.extend_from_slice(format!("\r\nContent-Type: {kind}").as_bytes());
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XXboundaryXX--\r\n");
    request
        .header("content-type", "multipart/form-data; boundary=XXboundaryXX")
        .body(body)
}

#[tokio::test]
async fn a_form_with_an_unnamed_file_is_what_browsers_send() {
    let s = Storage::start().await;
    let request = s
        .user
        .post(s.url("/object/attachments/dir/a.txt"))
        .header("x-upsert", "false");
    let answer = send(form(
        request,
        &[
            ("cacheControl", None, None, b"3600"),
            ("metadata", None, None, br#"{"who":"me"}"#),
            ("", Some("blob"), Some("text/plain"), b"hello"),
        ],
    ))
    .await
    .ok();
    assert_eq!(answer.json["Key"], "attachments/dir/a.txt");
    let id = answer.json["Id"].as_str().unwrap();
    let row = s.sql("select to_jsonb(o) from storage.objects o").await;
    let row: Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row["id"], id);
    assert_eq!(
        (&row["owner"], &row["owner_id"]),
        (&json!(super::USER), &json!(super::USER))
    );
    assert_eq!(row["path_tokens"], json!(["dir", "a.txt"]));
    assert_eq!(row["user_metadata"], json!({"who": "me"}));
    let mut metadata = row["metadata"].clone();
    assert!(
        metadata["lastModified"]
            .take()
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert_eq!(
        metadata,
        json!({"eTag": "\"5d41402abc4b2a76b9719d911017c592\"", "size": 5, "contentLength": 5,
               "mimetype": "text/plain", "cacheControl": "max-age=3600", "httpStatusCode": 200,
               "lastModified": null})
    );
    s.assert_in_step().await;
}

#[tokio::test]
async fn fields_may_follow_the_file() {
    let s = Storage::start().await;
    let request = s.service.post(s.url("/object/attachments/a"));
    send(form(
        request,
        &[
            ("file", Some("x.bin"), None, &[0, 159, 146, 150]),
            ("cacheControl", None, None, b"60"),
            ("unknown", None, None, b"x"),
        ],
    ))
    .await
    .ok();
    let got = s.get(&s.anon, "/object/public/attachments/a").await.ok();
    assert_eq!(got.header("cache-control"), "max-age=60");
    assert_eq!(got.header("content-type"), "application/octet-stream");
    assert_eq!(got.header("content-length"), "4");
}

#[tokio::test]
async fn forms_without_one_file_are_refused_and_leave_nothing() {
    let s = Storage::start().await;
    let url = s.url("/object/attachments/a");
    let post = || s.service.post(&url);
    let fields: Vec<Part<'_>> = vec![("a", None, None, b"x"); 12];
    let huge = vec![b'x'; 1024 * 1024 + 1];
    for (what, request, code) in [
        (
            "no file",
            form(post(), &[("a", None, None, b"x")]),
            "InvalidRequest",
        ),
        (
            "two files",
            form(
                post(),
                &[("", Some("a"), None, b"x"), ("", Some("b"), None, b"y")],
            ),
            "InvalidRequest",
        ),
        ("many fields", form(post(), &fields), "InvalidRequest"),
        (
            "a large field",
            form(post(), &[("metadata", None, None, &huge)]),
            "EntityTooLarge",
        ),
        (
            "no form",
            post()
                .header("content-type", "multipart/form-data; boundary=a")
                .body("nonsense"),
            "InvalidRequest",
        ),
        (
            "no boundary",
            post()
                .header("content-type", "multipart/form-data")
                .body("x"),
            "InvalidRequest",
        ),
    ] {
        let answer = send(request).await;
        assert_eq!((answer.status, answer.error().2), (400, code), "{what}");
    }
    assert_eq!(s.sql("select count(*) from storage.objects").await, "0");
    s.assert_in_step().await;
}

#[tokio::test]
async fn raw_bodies_are_bytes_of_any_type() {
    let s = Storage::start().await;
    let metadata = base64::engine::general_purpose::STANDARD.encode(r#"{"k":"ü"}"#);
    let request = s
        .service
        .post(s.url("/object/attachments/x.json"))
        .header("content-type", "application/json")
        .header("cache-control", "max-age=77")
        .header("x-metadata", metadata)
        .header("x-robots-tag", "noindex")
        .body(r#"{"x":1}"#);
    send(request).await.ok();
    let got = s
        .get(&s.anon, "/object/public/attachments/x.json")
        .await
        .ok();
    assert_eq!(got.text, r#"{"x":1}"#);
    assert_eq!(got.header("content-type"), "application/json");
    assert_eq!(got.header("cache-control"), "max-age=77");
    assert_eq!(got.header("x-robots-tag"), "noindex");
    let info = s
        .get(&s.service, "/object/info/attachments/x.json")
        .await
        .ok()
        .json;
    assert_eq!(info["metadata"], json!({"k": "ü"}));

    let untyped = s
        .service
        .post(s.url("/object/attachments/y"))
        .body(Vec::new());
    send(untyped).await.ok();
    let got = s.get(&s.anon, "/object/public/attachments/y").await.ok();
    assert_eq!(
        (got.text.as_str(), got.header("cache-control")),
        ("", "no-cache")
    );
    for (name, value) in [("content-type", "nonsense"), ("x-robots-tag", "hello")] {
        let bad = send(
            s.service
                .post(s.url("/object/attachments/z"))
                .header(name, value)
                .body("x"),
        )
        .await;
        assert_eq!(bad.status, 400, "{name}");
    }
}

#[tokio::test]
async fn names_in_use_need_upsert() {
    let s = Storage::start().await;
    s.put_text("attachments/a.txt", "1").await;
    let again = send(s.upload(&s.service, "attachments/a.txt", "2")).await;
    assert_eq!(again.error(), (400, "409", "KeyAlreadyExists"));
    assert_eq!(again.json["error"], "Duplicate");
    let before = s.sql("select id || version from storage.objects").await;
    s.put_text("attachments/a.txt", "22").await;
    let replaced = s
        .service
        .put(s.url("/object/attachments/a.txt"))
        .header("content-type", "text/css")
        .body("333");
    let replaced = send(replaced).await.ok();
    assert_ne!(
        s.sql("select id || version from storage.objects").await,
        before
    );
    assert_eq!(
        s.sql("select id from storage.objects").await,
        replaced.json["Id"].as_str().unwrap()
    );
    let got = s
        .get(&s.anon, "/object/public/attachments/a.txt")
        .await
        .ok();
    assert_eq!(
        (got.text.as_str(), got.header("content-type")),
        ("333", "text/css")
    );
    s.assert_in_step().await;
}

#[tokio::test]
async fn limits_of_the_bucket_and_of_the_server_hold() {
    let s = Storage::start().await;
    s.bucket(
        "small",
        json!({"file_size_limit": 10, "allowed_mime_types": ["text/plain", "image/*"]}),
    )
    .await;
    let ten = "x".repeat(10);
    send(s.upload(&s.service, "small/ten", &ten)).await.ok();
    let declared = send(s.upload(&s.service, "small/eleven", &"x".repeat(11))).await;
    assert_eq!(declared.error(), (400, "413", "EntityTooLarge"));
    let counted = s.service.post(s.url("/object/small/eleven"));
    let part: Part<'_> = ("", Some("b"), Some("text/plain"), b"12345678901");
    assert_eq!(
        send(form(counted, &[part])).await.error(),
        (400, "413", "EntityTooLarge")
    );
    let global = s.upload(&s.service, "attachments/large", &"x".repeat(1_000_001));
    assert_eq!(send(global).await.error(), (400, "413", "EntityTooLarge"));
    let typed = |kind: &str, name: &str| {
        s.service
            .post(s.url(&format!("/object/small/{name}")))
            .header("content-type", kind.to_owned())
            .body("x")
    };
    assert_eq!(
        send(typed("application/pdf", "p")).await.error(),
        (400, "415", "InvalidMimeType")
    );
    send(typed("image/png", "i")).await.ok();
    send(typed("text/plain;charset=UTF-8", "t")).await.ok();
    send(typed(
        "application/octet-stream",
        "folder/.emptyFolderPlaceholder",
    ))
    .await
    .ok();
    let nowhere = send(s.upload(&s.service, "nowhere/x", "x")).await;
    assert_eq!(nowhere.error(), (400, "404", "NoSuchBucket"));
    s.assert_in_step().await;
}

#[tokio::test]
async fn a_body_that_is_cut_short_leaves_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let s = Storage::start().await;
    let mut stream = tokio::net::TcpStream::connect(s.app.running.address.to_string())
        .await
        .unwrap();
    let head = format!(
        "POST /storage/v1/object/attachments/cut HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nonly this",
        crate::common::app::SECRET_KEY
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200"));
    s.assert_in_step().await;
    assert_eq!(s.sql("select count(*) from storage.objects").await, "0");
}

#[tokio::test]
async fn names_of_all_languages_are_one_name_in_every_normal_form() {
    let s = Storage::start().await;
    for name in [
        "日本語 ファイル.txt",
        "Ünïcödé (1)+&,;=.txt",
        "🎉/x.txt",
        "100%25.txt",
        "a#b?.txt",
    ] {
        let encoded =
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        s.put_text(&format!("attachments/{encoded}"), name).await;
        let got = s
            .get(&s.anon, &format!("/object/public/attachments/{encoded}"))
            .await
            .ok();
        assert_eq!(got.text, name);
    }
    s.put_text("attachments/U%CC%88.txt", "decomposed").await;
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/%C3%9C.txt")
            .await
            .ok()
            .text,
        "decomposed"
    );
    let removed = s
        .call(
            &s.service,
            Method::DELETE,
            "/object/attachments",
            json!({"prefixes": ["U\u{308}.txt", "日本語 ファイル.txt"]}),
        )
        .await
        .ok();
    assert_eq!(removed.json.as_array().unwrap().len(), 2);
}
