//! Names that try to leave the folder.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Storage;

/// Paths as they are on the wire, after `/storage/v1/object/attachments/`.
const HOSTILE: &[&str] = &[
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "dir%2f..%2f..%2fx",
    "dir/./x",
    "dir//x",
    "..%5c..%5cx",
    "a%00b",
    "a%0ab",
    "a%0d%0aSet-Cookie:x",
    "x/",
    "%ff%fe",
    "..",
    "%2e",
];

/// An answer to a request whose path nobody tidied up.
async fn raw(s: &Storage, method: &str, path: &str) -> (u16, String) {
    let mut stream = tokio::net::TcpStream::connect(s.app.running.address.to_string())
        .await
        .unwrap();
    let body = if method == "GET" { "" } else { "x" };
    let request = format!(
        "{method} /storage/v1{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
        crate::common::app::SECRET_KEY,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[tokio::test]
async fn hostile_names_are_refused_everywhere_and_nothing_leaves_the_folder() {
    let s = Storage::start().await;
    let outside = s.dir.path().parent().unwrap().join("x");
    for name in HOSTILE {
        for (method, path) in [
            ("POST", format!("/object/attachments/{name}")),
            ("PUT", format!("/object/attachments/{name}")),
            ("GET", format!("/object/attachments/{name}")),
            ("GET", format!("/object/public/attachments/{name}")),
            ("GET", format!("/object/authenticated/attachments/{name}")),
            ("GET", format!("/object/info/attachments/{name}")),
            ("DELETE", format!("/object/attachments/{name}")),
            ("POST", format!("/object/upload/sign/attachments/{name}")),
        ] {
            let (status, text) = raw(&s, method, &path).await;
            assert!((400..500).contains(&status), "{method} {path}: {status}");
            assert!(!text.contains("root:"), "{method} {path}");
            assert!(
                !text.to_lowercase().contains("\r\nset-cookie"),
                "{method} {path}"
            );
        }
    }
    for bucket in ["..", "%2e%2e", "..%2fx", "a%00"] {
        for method in ["GET", "POST", "DELETE"] {
            let (status, _) = raw(&s, method, &format!("/object/{bucket}/x")).await;
            assert!((400..500).contains(&status), "{method} {bucket}: {status}");
        }
    }
    assert!(s.files().is_empty());
    assert!(!outside.exists());
}

#[tokio::test]
async fn hostile_names_in_bodies_are_refused_or_name_nothing() {
    let s = Storage::start().await;
    s.put_text("attachments/a", "a").await;
    for name in [
        "../x", "/x", "a/../b", "a\\b", "a\u{0}b", "", "x//y", "a\nb",
    ] {
        for path in ["/object/move", "/object/copy"] {
            let to = json!({"bucketId": "attachments", "sourceKey": "a", "destinationKey": name});
            assert_eq!(
                s.post(&s.service, path, to).await.error().2,
                "InvalidKey",
                "{name:?}"
            );
            let from =
                json!({"bucketId": "attachments", "sourceKey": name, "destinationKey": "ok"});
            assert_eq!(
                s.post(&s.service, path, from).await.error().2,
                "NoSuchKey",
                "{name:?}"
            );
        }
        let sign = json!({"expiresIn": 9, "paths": [name]});
        let sign = s
            .post(&s.service, "/object/sign/attachments", sign)
            .await
            .ok();
        assert!(sign.json[0]["signedURL"].is_null());
        let body = json!({"prefixes": [name]});
        let removed = s
            .call(&s.service, Method::DELETE, "/object/attachments", body)
            .await
            .ok();
        assert_eq!(removed.json, json!([]));
        let list = json!({"prefix": name, "search": name});
        s.post(&s.service, "/object/list/attachments", list)
            .await
            .ok();
    }
    s.assert_in_step().await;
}

/// Rows are made by whoever may write the table, and may say anything.
#[tokio::test]
async fn a_hostile_row_does_not_lead_out_of_the_folder() {
    let s = Storage::start().await;
    let secret = s
        .dir
        .path()
        .parent()
        .unwrap()
        .join("oppbase-secret-of-the-test");
    std::fs::write(&secret, "secret").unwrap();
    s.db.batch(
        "insert into storage.objects (bucket_id, name, version) values
           ('attachments', '../../oppbase-secret-of-the-test', null),
           ('attachments', 'x', '../../../oppbase-secret-of-the-test'),
           ('attachments', '../..', 'oppbase-secret-of-the-test')",
    )
    .await;
    for name in ["..%2f..%2foppbase-secret-of-the-test", "x", "..%2f.."] {
        let got = s
            .get(&s.service, &format!("/object/attachments/{name}"))
            .await;
        assert_eq!(got.error().2, "NoSuchKey", "{name}");
    }
    let names = ["../../oppbase-secret-of-the-test", "x", "../.."];
    let body = json!({"prefixes": names});
    s.call(&s.service, Method::DELETE, "/object/attachments", body)
        .await
        .ok();
    assert!(
        secret.exists(),
        "deleting the rows did not delete a file outside"
    );
    std::fs::remove_file(secret).unwrap();
}
