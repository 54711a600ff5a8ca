//! Sends a documented request and compares the answer with the documented schemas.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use oppbase::openapi;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::common::app::{PUBLISHABLE_KEY, SECRET_KEY, token};
use crate::common::{Template, TestApp, TestDb, spawn_app};

/// The first account of the demo data, an administrator.
const ADMINISTRATOR: &str = "00000000-0000-4000-8000-000000000001";
/// Answers that were requests have this shape.
const JSON: &str = "application/json";

/// A server with the demo data, a folder for files and one for mails.
pub struct Server {
    pub app: TestApp,
    admin_url: String,
    client: Client,
    user_token: Mutex<String>,
    _db: TestDb,
    _folder: tempfile::TempDir,
}

/// One request that the document shows.
#[derive(Debug, Clone, Default)]
pub struct Example {
    pub verb: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<(String, Value)>,
}

/// A parameter with its reference resolved.
pub fn resolved(parameter: &Value) -> &Value {
    match parameter["$ref"].as_str() {
        Some(target) => openapi::document().pointer(&target[1..]).unwrap(),
        None => parameter,
    }
}

/// A value as a path or query writes it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn address(base: &str, example: &Example) -> url::Url {
    let path = format!("{base}{}", example.path);
    match example.query.is_empty() {
        true => url::Url::parse(&path).unwrap(),
        false => url::Url::parse_with_params(&path, &example.query).unwrap(),
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Server {
    pub async fn start() -> Self {
        let db = TestDb::new(Template::Fork).await;
        let mut client = db.admin_client().await;
        let fork = oppbase::pg::migrations::Baseline::Fork;
        oppbase::pg::migrations::apply(&mut client, fork, true)
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let admin_port = free_port();
        let app = spawn_app(&db, |config| {
            config.server.admin_host = Some("127.0.0.1".into());
            config.server.admin_port = Some(admin_port);
            config.crm.mail.folder = Some(folder.path().join("mail"));
            config.crm.mail.interval_s = 0;
            config.storage.dir = Some(folder.path().join("storage"));
            config.rest.tx_end.allow_override = true;
        })
        .await;
        let server = Self {
            app,
            admin_url: format!("http://127.0.0.1:{admin_port}"),
            client: Client::new(),
            user_token: Mutex::default(),
            _db: db,
            _folder: folder,
        };
        server.sign_in().await;
        server
    }

    /// A session of the administrator: the auth routes want one that exists.
    async fn sign_in(&self) {
        let session: Value = self
            .client
            .post(self.app.url("/auth/v1/token?grant_type=password"))
            .header("apikey", PUBLISHABLE_KEY)
            .json(&json!({"email": "admin@example.com", "password": "Passw0rd!"}))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(session["user"]["id"], ADMINISTRATOR);
        let token = session["access_token"].as_str().unwrap();
        *self.user_token.lock().unwrap() = token.to_owned();
    }

    /// The request with what the operation's security asks for.
    fn request(&self, operation: &Value, example: &Example) -> RequestBuilder {
        let is_admin_server = operation["tags"][0] == "admin server";
        let base = match is_admin_server {
            true => &self.admin_url,
            false => &self.app.base_url,
        };
        let method = Method::from_bytes(example.verb.to_uppercase().as_bytes()).unwrap();
        let mut request = self.client.request(method, address(base, example));
        let service = token(json!({"role": "service_role"}));
        let schemes = operation["security"].to_string();
        request = match operation["x-role"] == "service_role" {
            true => request.header("apikey", SECRET_KEY).bearer_auth(&service),
            false if schemes.contains("bearer") => request
                .header("apikey", PUBLISHABLE_KEY)
                .bearer_auth(self.user_token.lock().unwrap()),
            false if schemes.contains("api_key") => request.header("apikey", PUBLISHABLE_KEY),
            false => request,
        };
        for (name, value) in &example.headers {
            request = request.header(name, value);
        }
        match &example.body {
            Some((content, Value::String(text))) if content != JSON => {
                request.header("content-type", content).body(text.clone())
            }
            Some((content, value)) => request
                .header("content-type", content)
                .body(value.to_string()),
            None => request,
        }
    }

    /// Sends the example; what is wrong with the answer, if anything.
    pub async fn fault(&self, operation: &Value, example: &Example) -> Option<String> {
        let answer = self.request(operation, example).send().await.unwrap();
        let rows = &openapi::document()["paths"][&example.path]["get"]["responses"]["200"];
        let fault = check(operation, rows, answer).await;
        if example.path.ends_with("/logout") {
            self.sign_in().await;
        }
        let fault = fault?;
        Some(format!(
            "{} {} {:?} {:?} {:?}: {fault}",
            example.verb, example.path, example.query, example.headers, example.body
        ))
    }
}

/// `rows`: what the path answers to GET; a write that was asked for its rows answers the same.
async fn check(operation: &Value, rows: &Value, answer: Response) -> Option<String> {
    let status = answer.status();
    let content_type = answer
        .headers()
        .get("content-type")
        .map_or(String::new(), |v| v.to_str().unwrap().to_owned());
    let text = answer.text().await.unwrap();
    if !status.is_success() {
        return Some(format!("{status} {text}"));
    }
    let documented = &operation["responses"][status.as_str()];
    if documented.is_null() {
        return Some(format!("{status} is not documented"));
    }
    let says = documented["description"].as_str().unwrap_or_default();
    let documented = match says.contains("return=representation") && !text.is_empty() {
        true => rows,
        false => documented,
    };
    let Some(content) = documented["content"].as_object() else {
        return (!text.is_empty()).then(|| format!("no body is documented: {text}"));
    };
    if text.is_empty() {
        return None;
    }
    let found = content
        .iter()
        .find(|(name, _)| *name == "*/*" || content_type.starts_with(name.as_str()));
    let Some((name, media)) = found else {
        return Some(format!("{content_type} is not documented"));
    };
    if name != JSON {
        return None;
    }
    let body: Value = serde_json::from_str(&text).unwrap();
    against(&media["schema"], &body)
}

/// What of the value does not fit the schema.
pub fn against(schema: &Value, body: &Value) -> Option<String> {
    static BUILT: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let key = schema.to_string();
    let known = BUILT.lock().unwrap().get(&key).cloned();
    let validator = known.unwrap_or_else(|| {
        let built = Arc::new(validator(schema));
        BUILT.lock().unwrap().insert(key, Arc::clone(&built));
        built
    });
    let faults: Vec<_> = validator
        .iter_errors(body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// References lead into the document's components.
fn validator(schema: &Value) -> Validator {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        let components = openapi::document()["components"].clone();
        map.insert("components".into(), components);
    }
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}
