//! `/storage/v1` over HTTP: one file per feature, in front of a database and a folder of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a test says with a panic that it failed"
)]

mod buckets;
mod crash;
mod download;
mod existing;
mod list;
mod policies;
mod race;
mod s3;
mod sign;
mod transfer;
mod traversal;
mod upload;

use std::path::PathBuf;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::common::{Template, TestApp, TestDb, spawn_app};

const USER: &str = "00000000-0000-4000-8000-000000000001";
const OTHER_USER: &str = "00000000-0000-4000-8000-000000000002";

/// The application with a folder for files.
struct Storage {
    app: TestApp,
    db: TestDb,
    dir: tempfile::TempDir,
    service: Client,
    anon: Client,
    user: Client,
    other: Client,
}

/// Status, headers and body of an answer.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
    json: Value,
}

impl Answer {
    /// `(HTTP status, statusCode, code)` of an error.
    fn error(&self) -> (u16, &str, &str) {
        let text = |name: &str| self.json[name].as_str().unwrap_or_default();
        (self.status, text("statusCode"), text("code"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text);
        self
    }
}

async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
    Answer {
        status,
        headers,
        json: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    }
}

impl Storage {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = TestDb::new(Template::Fork).await;
        let path = dir.path().to_owned();
        let app = spawn_app(&db, |config| {
            config.storage.dir = Some(path);
            config.storage.file_size_limit_bytes = 1_000_000;
        })
        .await;
        Self {
            service: app.service(),
            anon: app.anon(),
            user: app.authenticated(USER.parse().unwrap()),
            other: app.authenticated(OTHER_USER.parse().unwrap()),
            app,
            db,
            dir,
        }
    }

    fn url(&self, path: &str) -> String {
        self.app.url(&format!("/storage/v1{path}"))
    }

    async fn call(&self, client: &Client, method: Method, path: &str, body: Value) -> Answer {
        let request = client.request(method, self.url(path));
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        send(request).await
    }

    async fn get(&self, client: &Client, path: &str) -> Answer {
        self.call(client, Method::GET, path, Value::Null).await
    }

    async fn post(&self, client: &Client, path: &str, body: Value) -> Answer {
        self.call(client, Method::POST, path, body).await
    }

    async fn bucket(&self, name: &str, settings: Value) {
        let mut body = json!({"name": name, "id": name});
        body.as_object_mut()
            .unwrap()
            .extend(settings.as_object().cloned().unwrap_or_default());
        self.post(&self.service, "/bucket", body).await.ok();
    }

    /// A raw upload of text.
    fn upload(&self, client: &Client, at: &str, text: &str) -> RequestBuilder {
        client
            .post(self.url(&format!("/object/{at}")))
            .header("content-type", "text/plain")
            .body(text.to_owned())
    }

    async fn put_text(&self, at: &str, text: &str) -> Answer {
        let request = self
            .upload(&self.service, at, text)
            .header("x-upsert", "true");
        send(request).await.ok()
    }

    /// The only value of a query, as text.
    async fn sql(&self, sql: &str) -> String {
        let client = self.db.admin_client().await;
        let row = client
            .query_one(&format!("select ({sql})::text"), &[])
            .await
            .unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// Paths of all files below the store, relative to it, sorted.
    fn files(&self) -> Vec<PathBuf> {
        fn collect(dir: &std::path::Path, into: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(&path, into)
                } else {
                    into.push(path)
                }
            }
        }
        let mut files = Vec::new();
        collect(self.dir.path(), &mut files);
        let root = self.dir.path().to_owned();
        let mut files: Vec<_> = files
            .into_iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_owned())
            .collect();
        files.sort();
        files
    }

    /// Every row has its file, and every file its row.
    async fn assert_in_step(&self) {
        let client = self.db.admin_client().await;
        let rows = client
            .query(
                "select bucket_id || '/' || name || '/' || version from storage.objects",
                &[],
            )
            .await
            .unwrap();
        let mut rows: Vec<PathBuf> = rows
            .iter()
            .map(|row| row.get::<_, String>(0).into())
            .collect();
        rows.sort();
        // A replaced version is deleted after the answer's row, and a given-up file off the request.
        for _ in 0..100 {
            if self.files() == rows {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(self.files(), rows);
    }
}
