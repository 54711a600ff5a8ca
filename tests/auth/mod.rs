//! `/auth/v1` over HTTP, in front of a database of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a test says with a panic that it failed"
)]

mod admin_users;
mod email_change;
mod fork;
mod gateway;
mod limits;
mod links;
mod password;
mod pkce;
mod recovery;
mod refresh;
mod signing_keys;
mod smtp;
mod user;

use std::sync::Arc;

use actix_web::{App, HttpServer, web};
use oppbase::auth::{AuthSettings, AuthState, Authenticator, routes};
use oppbase::config::Config;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::common::{Template, TestDb, app};

const PUBLISHABLE: &str = "sb_publishable_of_the_tests";
const SECRET: &str = "sb_secret_of_the_tests";
const PASSWORD: &str = "correct horse";

/// The auth schema as a new database gets it, and the CRM's hook on new users.
const SCHEMA: &[&str] = &[
    include_str!("../../migrations/20261101000000_platform_roles.sql"),
    include_str!("../../migrations/20261101000100_platform_auth.sql"),
    include_str!("sales.sql"),
];

/// The auth routes on a free port.
struct Auth {
    db: TestDb,
    url: String,
    http: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    /// Mails end up here.
    mails: tempfile::TempDir,
}

/// A mail in the folder.
type Mail = oppbase::mail::folder::Stored;

/// Status, headers and JSON of an answer.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    json: Value,
}

impl Answer {
    /// `(status, error code)` of the newer shape.
    fn error(&self) -> (u16, &str) {
        (self.status, self.json["code"].as_str().unwrap_or_default())
    }

    fn text(&self, pointer: &str) -> &str {
        self.json
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.json))
    }
}

impl Auth {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// New users have to confirm their address; no pause between mails.
    async fn start_confirming() -> Self {
        Self::start_with(|settings| {
            settings.mailer_autoconfirm = false;
            settings.mail.interval_s = 0;
        })
        .await
    }

    async fn start_with(change: impl FnOnce(&mut AuthSettings)) -> Self {
        Self::start_configured(|_| {}, change).await
    }

    async fn start_configured(
        configure: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut AuthSettings),
    ) -> Self {
        let db = TestDb::new(Template::Empty).await;
        for sql in SCHEMA {
            db.batch(sql).await;
        }
        Self::start_in(db, configure, change).await
    }

    /// In front of a schema of the CRM.
    async fn start_on(template: Template) -> Self {
        Self::start_in(TestDb::new(template).await, |_| {}, |_| {}).await
    }

    async fn start_in(
        db: TestDb,
        configure: impl FnOnce(&mut Config),
        change: impl FnOnce(&mut AuthSettings),
    ) -> Self {
        let mut config = app::config(&db);
        config.crm.public_url = "https://crm.example".into();
        config.crm.publishable_keys = vec![PUBLISHABLE.into()];
        config.crm.secret_keys = vec![SECRET.into()];
        config.crm.mailer_autoconfirm = true;
        config.crm.site_url = "https://site.example".into();
        config.crm.redirect_urls = vec!["https://app.example/**".into()];
        let mails = tempfile::tempdir().unwrap();
        config.crm.mail.folder = Some(mails.path().into());
        configure(&mut config);
        let mut settings = AuthSettings::new(&config.crm);
        settings.bcrypt_cost = 4;
        change(&mut settings);

        let authenticator = Arc::new(Authenticator::from_config(&config).unwrap());
        let pg: tokio_postgres::Config = db.admin.parse().unwrap();
        let manager = deadpool_postgres::Manager::new(pg, tokio_postgres::NoTls);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(6)
            .build()
            .unwrap();
        let state = AuthState::with_settings(pool, settings, authenticator).unwrap();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(state.clone()))
                .configure(routes::configure)
        })
        .workers(2)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/auth/v1", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        // reqwest asks for a provider even when it speaks plain HTTP.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            db,
            url,
            http: reqwest::Client::new(),
            server: handle,
            mails,
        }
    }

    /// The mails to an address, oldest first, as soon as there are this many.
    async fn mails_to(&self, email: &str, count: usize) -> Vec<Mail> {
        for _ in 0..200 {
            let mut mails = oppbase::mail::folder::list(self.mails.path()).unwrap();
            mails.retain(|mail| mail.to == email);
            mails.reverse();
            assert!(mails.len() <= count, "more than {count} mails to {email}");
            if mails.len() == count {
                return mails;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("not {count} mails to {email}");
    }

    /// The newest of so many mails.
    async fn mail_to(&self, email: &str, count: usize) -> Mail {
        self.mails_to(email, count).await.pop().unwrap()
    }

    /// Opens a link of a mail and returns where it redirects to.
    async fn open(&self, link: &str) -> String {
        let path = link.strip_prefix("https://crm.example/auth/v1").unwrap();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let answer = client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303, "{link}");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    async fn verify_code(&self, email: &str, code: &str, verify_type: &str) -> Answer {
        let body = json!({"email": email, "token": code, "type": verify_type});
        self.post("/verify", body).await
    }

    /// A request with the publishable key and the newer error shape.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("apikey", PUBLISHABLE)
            .header("x-supabase-api-version", "2024-01-01")
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

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    /// A request with a user's access token.
    async fn as_user(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let request = self.request(method, path).bearer_auth(token);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        self.send(request).await
    }

    /// A request with the secret key.
    async fn admin(&self, method: Method, path: &str, body: Value) -> Answer {
        self.as_user(method, path, SECRET, body).await
    }

    async fn sign_up(&self, email: &str) -> Answer {
        let data = json!({"first_name": "Ann", "last_name": "Lee"});
        let body = json!({"email": email, "password": PASSWORD, "data": data});
        self.post("/signup", body).await
    }

    async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.post("/token?grant_type=password", body).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let body = json!({"refresh_token": token});
        self.post("/token?grant_type=refresh_token", body).await
    }

    async fn sql(&self) -> Client {
        self.db.admin_client().await
    }

    /// The only value of a query.
    async fn count(&self, sql: &str) -> i64 {
        self.sql().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Stops the server, so that its connections are gone before the database is.
    async fn stop(self) {
        self.server.stop(false).await;
    }
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&engine.decode(payload).unwrap()).unwrap()
}

/// The value of a name in the fragment or the query of an address.
fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, pairs) = url.split_once('#').or_else(|| url.split_once('?'))?;
    url::form_urlencoded::parse(pairs.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
