//! The application as a test drives it: on a free port, with a client per role.

use oppbase::config::{Config, Profile};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::db::TestDb;

/// Signs the tokens of every test.
pub const JWT_SECRET: &str = "a-secret-of-the-tests-with-32-characters-or-more";

/// A running application.
#[derive(Debug)]
pub struct TestApp {
    /// `http://127.0.0.1:<port>`
    pub base_url: String,
}

impl TestApp {
    /// A client that sends no token.
    pub fn anon(&self) -> reqwest::Client {
        client(None)
    }

    /// A client of the role `authenticated` with this user id as `sub`.
    pub fn authenticated(&self, user_id: uuid::Uuid) -> reqwest::Client {
        client(Some(&token(serde_json::json!({
            "role": "authenticated", "sub": user_id, "aud": "authenticated",
        }))))
    }

    /// A client of the role `service_role`.
    pub fn service(&self) -> reqwest::Client {
        client(Some(&token(serde_json::json!({"role": "service_role"}))))
    }

    /// The address of a path that starts with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}

/// Configuration of a test's application, before the test's own changes.
pub fn config(db: &TestDb) -> Config {
    let mut config = Config {
        profile: Profile::Crm,
        ..Config::default()
    };
    config.server.port = 0;
    config.database.uri = db.authenticator.clone();
    config.database.admin_uri = Some(db.admin.clone());
    config.database.pool_size = 4;
    config.rest.anon_role = Some("anon".into());
    config.jwt.secret = Some(JWT_SECRET.into());
    config
}

/// Starts the application in front of the database.
pub async fn spawn_app(db: &TestDb, configure: impl FnOnce(&mut Config)) -> TestApp {
    let mut config = config(db);
    configure(&mut config);
    unimplemented!("the server is not wired yet: {config:?}")
}

/// A token with these claims that expires in an hour.
pub fn token(mut claims: serde_json::Value) -> String {
    let now = chrono::Utc::now().timestamp();
    claims["exp"] = (now + 3600).into();
    jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &claims,
        &jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes()),
    )
    .expect("signing with a secret cannot fail")
}

fn client(token: Option<&str>) -> reqwest::Client {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a token is ASCII");
        headers.insert(AUTHORIZATION, value);
    }
    reqwest::Client::builder()
        .default_headers(headers)
        .build()
        .expect("a client")
}
