//! The old names on the wire: what they serve, how they end, and that both faces stay one truth.

mod columns;
mod embeds;
mod environment;
mod lens;
mod messages;
mod nested;
mod plans;
mod retirement;
mod surface;
mod words;

use oppbase::config::Config;
use oppbase::pg::migrations::Baseline;
use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::common::{TestApp, TestDb, spawn_app};
use crate::schema;

/// The user of `rows.sql` who is sales 1.
pub const USER: uuid::Uuid = uuid::Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);

/// A migrated CRM with the rows of `rows.sql`, the application in front of it, and a user's client.
pub struct Crm {
    pub db: TestDb,
    pub app: TestApp,
    pub user: Client,
}

impl Crm {
    /// Migrated by the schema's own files: no completion is recorded.
    pub async fn after(baseline: Baseline) -> Self {
        let (db, _client) = schema::after(baseline).await;
        Self::serve(db, |_| {}).await
    }

    /// An application with its own configuration in front of `db`.
    pub async fn serve(db: TestDb, configure: impl FnOnce(&mut Config)) -> Self {
        let app = spawn_app(&db, configure).await;
        let user = app.authenticated(USER);
        Self { db, app, user }
    }

    /// Sends a request as the user; `path` starts with `/`.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Response {
        let mut request = self.user.request(method, self.app.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.expect("an answer")
    }

    /// A read that must succeed, as JSON.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, &[], None).await;
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("GET {path}: {e}: {text}"))
    }

    /// A write that answers with the rows.
    pub async fn write(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        self.write_as(method, path, "return=representation", body)
            .await
    }

    /// The same with other preferences.
    pub async fn write_as(
        &self,
        method: Method,
        path: &str,
        prefer: &str,
        body: &Value,
    ) -> (u16, Value) {
        let answer = self
            .send(method, path, &[("prefer", prefer)], Some(body))
            .await;
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, json)
    }
}

/// A CRM that was not migrated, with the grants that Supabase gives to every new table.
pub async fn unmigrated(baseline: Baseline) -> TestDb {
    let (db, client) = schema::before(baseline).await;
    let grants = "grant all on all tables in schema public to anon, authenticated, service_role; \
                  grant all on all sequences in schema public to anon, authenticated, service_role";
    schema::batch(&client, grants).await;
    db
}

/// A header's value as text.
pub fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("text"))
}
