//! The browser's side of a replay: sends a recorded request as ours, and learns ids and tokens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, Recorded};
use crate::common::TestApp;
use crate::common::app::{PUBLISHABLE_KEY, SECRET_KEY};

/// A picture of one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89";

/// Shortest recorded text that is taken for an id or a token.
const SHORTEST: usize = 12;

pub struct Session<'a> {
    app: &'a TestApp,
    mails: PathBuf,
    http: reqwest::Client,
    token: Option<String>,
    /// Recorded text -> ours.
    known: BTreeMap<String, String>,
}

impl<'a> Session<'a> {
    pub fn new(app: &'a TestApp, mails: PathBuf) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            app,
            mails,
            http: http.build().unwrap(),
            token: None,
            known: BTreeMap::new(),
        }
    }

    pub async fn send(&mut self, recorded: &Recorded) -> Answer {
        let needs_user = recorded
            .headers
            .get("authorization")
            .is_some_and(|v| v.contains("{user}"));
        if needs_user && self.token.is_none() {
            self.follow_last_mail().await;
        }
        let answer = self.once(recorded).await;
        // The recorded stand-in was given some passwords by hand.
        if recorded.path == "/auth/v1/token" && answer.status != recorded.status {
            self.set_password(recorded).await;
            return self.once(recorded).await;
        }
        answer
    }

    async fn once(&self, recorded: &Recorded) -> Answer {
        let url = format!(
            "{}{}",
            self.substituted(&recorded.path),
            self.substituted(&recorded.query)
        );
        let method = Method::from_bytes(recorded.method.as_bytes()).unwrap();
        let mut request = self.http.request(method, self.app.url(&url));
        let is_upload = recorded
            .headers
            .get("content-type")
            .is_some_and(|v| v.starts_with("multipart"));
        for (name, value) in &recorded.headers {
            if !(is_upload && name == "content-type") {
                request = request.header(name, self.substituted(value));
            }
        }
        request = match &recorded.body {
            Some(body) => request.body(self.substituted(body)),
            None if is_upload => request.multipart(upload(&recorded.path)),
            None => request,
        };
        answer(request).await
    }

    /// Replaces `{key}`, `{user}` and what was learnt.
    fn substituted(&self, text: &str) -> String {
        let mut text = text.replace("{key}", PUBLISHABLE_KEY);
        if let Some(token) = &self.token {
            text = text.replace("{user}", token).replace("{token}", token);
        }
        for (theirs, ours) in &self.known {
            if text.contains(theirs.as_str()) {
                text = text.replace(theirs.as_str(), ours);
            }
        }
        text
    }

    /// Tokens of the session, and every text that came back other than recorded under the same key.
    pub fn learn(&mut self, recorded: &Recorded, answer: &Answer) {
        if recorded.path == "/auth/v1/logout" {
            self.token = None;
        }
        let Some(ours) = answer.json() else { return };
        if let Some(token) = ours["access_token"].as_str() {
            self.token = Some(token.to_owned());
        }
        for key in ["refresh_token", "user_id", "id"] {
            let theirs = texts(&recorded.response.body, key);
            let mut found = Vec::new();
            all(&ours, key, &mut found);
            for (theirs, ours) in theirs.into_iter().zip(found) {
                if theirs.len() >= SHORTEST {
                    self.known.insert(theirs, ours);
                }
            }
        }
    }

    /// Opens the link of the newest mail, as the recorded user did.
    async fn follow_last_mail(&mut self) {
        let mut mails: Vec<_> = std::fs::read_dir(&self.mails)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        mails.sort();
        let Some(newest) = mails.last() else { return };
        let mail: Value = serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap();
        let link = url::Url::parse(mail["link"].as_str().unwrap()).unwrap();
        let here = format!("{}?{}", link.path(), link.query().unwrap_or_default());
        let answer = self.http.get(self.app.url(&here)).send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        let fragment = location
            .split_once('#')
            .map(|(_, after)| after)
            .unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(fragment.as_bytes());
        let token = pairs.find(|(name, _)| name == "access_token");
        self.token = token.map(|(_, token)| token.into_owned());
        assert!(
            self.token.is_some(),
            "no session behind the mail: {location}"
        );
    }

    async fn set_password(&self, recorded: &Recorded) {
        let Some(body) = &recorded.body else { return };
        let body: Value = serde_json::from_str(body).unwrap();
        let (Some(email), Some(password)) = (body["email"].as_str(), body["password"].as_str())
        else {
            return;
        };
        let admin = |method: Method, path: &str| {
            self.http
                .request(method, self.app.url(path))
                .header("apikey", SECRET_KEY)
                .bearer_auth(SECRET_KEY)
        };
        let found = answer(admin(
            Method::GET,
            &format!("/auth/v1/admin/users?filter={email}"),
        ))
        .await;
        let found = found.json().unwrap();
        let Some(id) = found["users"][0]["id"].as_str() else {
            return;
        };
        let change = json!({"password": password, "email_confirm": true});
        let path = format!("/auth/v1/admin/users/{id}");
        let changed = answer(admin(Method::PUT, &path).json(&change)).await;
        assert_eq!(changed.status, 200, "{:?}", changed.json());
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Answer {
        status: response.status().as_u16(),
        content_type: header("content-type"),
        content_range: header("content-range"),
        body: response.bytes().await.unwrap().to_vec(),
    }
}

/// As storage-js uploads a blob: the file's part has an empty name.
fn upload(path: &str) -> Form {
    let (bytes, media_type) = if path.ends_with(".png") {
        (PNG, "image/png")
    } else {
        (b"hello attachment".as_slice(), "text/plain")
    };
    let file = Part::bytes(bytes)
        .file_name("blob")
        .mime_str(media_type)
        .unwrap();
    Form::new().text("cacheControl", "3600").part("", file)
}

/// Every text under the key, in order, also in JSON that was cut.
fn texts(json: &str, key: &str) -> Vec<String> {
    let opening = format!("\"{key}\":\"");
    json.match_indices(&opening)
        .filter_map(|(at, _)| {
            let rest = &json[at + opening.len()..];
            rest.split_once('"').map(|(text, _)| text.to_owned())
        })
        .collect()
}

fn all(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == key => found.push(text.clone()),
                    value => all(value, key, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}
