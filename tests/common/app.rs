//! The application as a test drives it: on a free port, with a client per role.

use std::time::Duration;

use oppbase::config::{Config, Profile, load};
use oppbase::http::server::{self, Running};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::json;

use super::db::TestDb;

/// Signs the tokens of every test.
pub const JWT_SECRET: &str = "a-secret-of-the-tests-with-32-characters-or-more";
/// Opaque key of the role `anon`.
pub const PUBLISHABLE_KEY: &str = "sb_publishable_of_the_tests";
/// Opaque key of the role `service_role`.
pub const SECRET_KEY: &str = "sb_secret_of_the_tests";

/// A running application; it ends with the test's runtime.
#[derive(Debug)]
pub struct TestApp {
    /// `http://127.0.0.1:<port>`
    pub base_url: String,
    pub running: Running,
}

impl TestApp {
    /// A client with the publishable key alone.
    pub fn anon(&self) -> reqwest::Client {
        client(None)
    }

    /// A client of the role `authenticated` with this user id as `sub`.
    pub fn authenticated(&self, user_id: uuid::Uuid) -> reqwest::Client {
        client(Some(&token(json!({
            "role": "authenticated", "sub": user_id, "aud": "authenticated",
        }))))
    }

    /// A client of the role `service_role`.
    pub fn service(&self) -> reqwest::Client {
        client(Some(&token(json!({"role": "service_role"}))))
    }

    /// The address of a path that starts with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}

/// Configuration of a test's application, before the test's own changes.
pub fn config(db: &TestDb) -> Config {
    let mut config = load::defaults(Profile::Crm);
    config.server.port = 0;
    config.server.workers = Some(2);
    config.database.uri = db.authenticator.clone();
    config.database.admin_uri = Some(db.admin.clone());
    config.database.pool_size = 4;
    config.jwt.secret = Some(JWT_SECRET.into());
    config.crm.publishable_keys = vec![PUBLISHABLE_KEY.into()];
    config.crm.secret_keys = vec![SECRET_KEY.into()];
    config.crm.mailer_autoconfirm = true;
    config
}

/// Starts the application in front of the database and waits until it has read the schema.
pub async fn spawn_app(db: &TestDb, configure: impl FnOnce(&mut Config)) -> TestApp {
    const TRIES: u32 = 400;
    let app = spawn_app_unready(db, configure).await;
    let client = app.service();
    let prefixed = app.url("/rest/v1/");
    for _ in 0..TRIES {
        match client.get(&prefixed).send().await {
            Ok(answer) if answer.status() != 503 => return app,
            _ => tokio::time::sleep(Duration::from_millis(25)).await,
        }
    }
    panic!("the application did not become ready");
}

/// Starts the application and returns as soon as it listens.
pub async fn spawn_app_unready(db: &TestDb, configure: impl FnOnce(&mut Config)) -> TestApp {
    let mut config = config(db);
    configure(&mut config);
    install_crypto_provider();
    let running = server::start(config).await.expect("the application starts");
    TestApp {
        base_url: format!("http://{}", running.address),
        running,
    }
}

/// A token with these claims that expires in an hour.
pub fn token(mut claims: serde_json::Value) -> String {
    claims["exp"] = (chrono::Utc::now().timestamp() + 3600).into();
    token_with(claims)
}

/// A token with exactly these claims.
pub fn token_with(claims: serde_json::Value) -> String {
    jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &claims,
        &jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes()),
    )
    .expect("signing with a secret cannot fail")
}

fn client(token: Option<&str>) -> reqwest::Client {
    install_crypto_provider();
    let mut headers = HeaderMap::new();
    headers.insert("apikey", HeaderValue::from_static(PUBLISHABLE_KEY));
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is ASCII");
        headers.insert(AUTHORIZATION, value);
    }
    reqwest::Client::builder()
        .default_headers(headers)
        .build()
        .expect("a client")
}

/// As the program's `main` does; a later call changes nothing.
fn install_crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
