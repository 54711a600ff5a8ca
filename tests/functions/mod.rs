//! `/functions/v1` over HTTP, in front of a database of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a test says with a panic that it failed"
)]

mod attachments;
mod delivery;
mod merge;
mod postmark;
mod users;

use oppbase::config::Config;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::common::app::PUBLISHABLE_KEY;
use crate::common::{Template, TestApp, TestDb, spawn_app};

const PASSWORD: &str = "correct-horse-1";

struct Crm {
    app: TestApp,
    db: TestDb,
    http: reqwest::Client,
    /// Mails and files.
    folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Crm {
    async fn new(template: Template) -> Self {
        Self::with(template, |_| {}).await
    }

    async fn with(template: Template, configure: impl FnOnce(&mut Config)) -> Self {
        let db = TestDb::new(template).await;
        let folder = tempfile::tempdir().unwrap();
        let app = spawn_app(&db, |config| {
            config.crm.mail.folder = Some(folder.path().join("mail"));
            config.crm.mail.interval_s = 0;
            config.storage.dir = Some(folder.path().join("storage"));
            configure(config);
        })
        .await;
        Self {
            app,
            db,
            http: reqwest::Client::new(),
            folder,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.app.url(path))
            .header("apikey", PUBLISHABLE_KEY)
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// A call with a user's token.
    async fn call(&self, method: Method, function: &str, token: &str, body: Value) -> Answer {
        let request = self
            .request(method, &format!("/functions/v1/{function}"))
            .bearer_auth(token)
            .json(&body);
        self.send(request).await
    }

    /// Signs up and gives the access token; the first one becomes administrator.
    async fn sign_up(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD,
            "data": {"first_name": "Ann", "last_name": "Lee"}});
        let request = self.request(Method::POST, "/auth/v1/signup").json(&body);
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer.json["access_token"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, email: &str) -> Answer {
        let body = json!({"email": email, "password": PASSWORD});
        let path = "/auth/v1/token?grant_type=password";
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    /// All mails so far: kind, recipient, link, code.
    fn mails(&self) -> Vec<Value> {
        let folder = std::fs::read_dir(self.folder.path().join("mail"));
        let files = folder
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
            .collect()
    }

    async fn sql(&self) -> Client {
        self.db.admin_client().await
    }

    /// The only value of a query, as JSON.
    async fn value(&self, sql: &str) -> Value {
        let sql = format!("select coalesce(to_jsonb(q), 'null') from ({sql}) r (q)");
        let rows = self.sql().await.query(&sql, &[]).await.unwrap();
        rows.first().map_or(Value::Null, |row| row.get(0))
    }

    /// Waits until the query gives this value.
    async fn until(&self, sql: &str, expected: Value) {
        let mut last = Value::Null;
        for _ in 0..200 {
            last = self.value(sql).await;
            if last == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{sql}: {last}, not {expected}");
    }
}

#[tokio::test]
async fn unknown_functions_are_404_with_one_cors_header_and_preflights_need_no_key() {
    let crm = Crm::new(Template::Fork).await;
    for path in [
        "/functions/v1/nothing",
        "/functions/v1/nothing/below",
        "/functions/v1/",
    ] {
        let request = crm
            .request(Method::POST, path)
            .header("Origin", "http://x.example");
        let answer = crm.send(request).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (404, &json!("NOT_FOUND")),
            "{path}"
        );
        assert!(answer.json["message"].is_string());
        let origins = answer.headers.get_all("access-control-allow-origin");
        assert_eq!(origins.iter().count(), 1, "{path}");
    }
    let preflight = crm
        .http
        .request(Method::OPTIONS, crm.app.url("/functions/v1/users"))
        .header("Origin", "http://x.example")
        .header("Access-Control-Request-Method", "PATCH")
        .header("Access-Control-Request-Headers", "apikey, authorization");
    assert!(preflight.send().await.unwrap().status().is_success());
    let plain = crm.request(Method::OPTIONS, "/functions/v1/users");
    assert_eq!(crm.send(plain).await.status, 204);
}
