//! Webhooks: what is told, to whom, in which order, and what happens when nobody listens.

#![allow(
    clippy::unwrap_used,
    reason = "a test says with a panic that it failed"
)]

mod delivery;
mod endpoints;
mod events;
mod failures;
mod overlap;
mod receiver;
mod soak;

use std::time::Duration;

use oppbase::config::Config;
use oppbase::outbound::Reach;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::common::{Template, TestApp, TestDb, spawn_app};
use receiver::Receiver;

/// A secret that a test knows: `whsec_` and base64 of 32 bytes.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A CRM with a receiver beside it. Retries come within milliseconds.
struct Hooks {
    app: TestApp,
    db: TestDb,
    receiver: Receiver,
}

impl Hooks {
    async fn new() -> Self {
        Self::with(Template::Fork, |_| {}).await
    }

    async fn with(template: Template, configure: impl FnOnce(&mut Config)) -> Self {
        let db = TestDb::new(template).await;
        db.batch(
            "insert into public.companies (id, name) values (1001, 'Acme'), (1002, 'Brook');
             insert into public.contacts (id, first_name, last_name, company_id)
               values (2001, 'Ann', 'Ash', 1001), (2002, 'Bo', 'Birch', 1001);",
        )
        .await;
        let app = spawn_app(&db, |config| {
            let webhooks = &mut config.crm.webhooks;
            webhooks.reach = Reach::Loopback;
            webhooks.timeout_ms = 1000;
            webhooks.first_delay_ms = 10;
            webhooks.longest_delay_s = 0;
            webhooks.max_attempts = 30;
            configure(config);
        })
        .await;
        Self {
            app,
            db,
            receiver: Receiver::start().await,
        }
    }

    /// A request with the service key; status and JSON.
    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.app.service().request(method, self.app.url(path));
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Subscribes a path of the receiver; the id.
    async fn subscribe(&self, path: &str, events: &[&str]) -> String {
        let body = json!({"url": self.receiver.url(path), "events": events, "secret": SECRET});
        let (status, made) = self.call(Method::POST, "/webhooks/subscribe", body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
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
        for _ in 0..400 {
            last = self.value(sql).await;
            if last == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{sql}: {last}, not {expected}");
    }

    /// Waits until nothing is open any more.
    async fn until_drained(&self) {
        let sql = "select count(*) from webhooks.delivery where state in ('queued', 'blocked', 'sending')";
        self.until(sql, json!(0)).await;
    }
}
