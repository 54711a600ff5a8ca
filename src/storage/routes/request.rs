//! What several routes read from a request: who calls, JSON, headers, the query.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use chrono::Utc;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::auth::keys;
use crate::storage::StorageState;
use crate::storage::error::{Result, StorageError, codes};
use crate::storage::identity::{Identity, RequestFacts};
use crate::storage::serve::Conditions;

/// Largest JSON body: a thousand names of full length.
const MAX_JSON_BYTES: usize = 2 * 1024 * 1024;
/// A JSON body that takes longer is given up.
const JSON_TIMEOUT: Duration = Duration::from_secs(30);

/// One request with what answers it.
pub struct Call<'a> {
    pub state: &'a StorageState,
    pub request: &'a HttpRequest,
    payload: Option<web::Payload>,
}

impl<'a> Call<'a> {
    /// A request whose body is unread.
    pub fn new(state: &'a StorageState, request: &'a HttpRequest, payload: web::Payload) -> Self {
        Self {
            state,
            request,
            payload: Some(payload),
        }
    }

    /// A header as text; `None` when absent or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let value = self.request.headers().get(name)?;
        value.to_str().ok()
    }

    /// Whether a header says `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.header(name)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// A parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.request.query_string().as_bytes())
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Who calls. The gateway's rules, but for a bad `apikey` beside a good token, which storage does
    /// not look at.
    ///
    /// # Errors
    /// InvalidRequest without any credentials, AccessDenied with bad ones.
    pub fn identity(&self) -> Result<Identity> {
        let authorization = self.header("authorization");
        let apikey = self.header("apikey").filter(|key| !key.is_empty());
        if authorization.is_none() && apikey.is_none() {
            let message = "headers must have required property 'authorization'";
            return Err(StorageError::invalid_request(message));
        }
        let now_s = Utc::now().timestamp();
        let authenticator = self.state.authenticator();
        let auth = match authorization {
            Some(_) => authenticator.authenticate(authorization, None, now_s),
            None => authenticator.authenticate(None, apikey, now_s),
        };
        let auth = auth.map_err(|error| {
            StorageError::new(&codes::ACCESS_DENIED, error.fault().message.clone())
        })?;
        let token = authorization
            .and_then(keys::bearer)
            .or(apikey)
            .filter(|token| !token.starts_with(keys::OPAQUE_PREFIX));
        Ok(Identity::new(auth, token, self.facts()))
    }

    /// The server, for this request.
    pub fn server(&self) -> Identity {
        Identity::server(self.facts())
    }

    fn facts(&self) -> RequestFacts {
        let mut headers = Map::new();
        for (name, value) in self.request.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            if !value.contains('\0') {
                headers.insert(name.as_str().to_owned(), Value::from(value));
            }
        }
        let path = self.request.path();
        RequestFacts {
            method: self.request.method().as_str().to_owned(),
            path: path.strip_prefix(super::PREFIX).unwrap_or(path).to_owned(),
            headers,
        }
    }

    /// The body, unread; once.
    pub fn payload(&mut self) -> Option<web::Payload> {
        self.payload.take()
    }

    /// The body as JSON; no body is an empty object.
    ///
    /// # Errors
    /// InvalidRequest, EntityTooLarge.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        let Some(payload) = self.payload() else {
            return Err(StorageError::internal("reading a body", &"it was read"));
        };
        let read = payload.to_bytes_limited(MAX_JSON_BYTES);
        let Ok(read) = tokio::time::timeout(JSON_TIMEOUT, read).await else {
            return Err(StorageError::invalid_request("The body took too long"));
        };
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => {
                return Err(StorageError::invalid_request("The body was cut short"));
            }
            Err(_) => return Err(StorageError::too_large(MAX_JSON_BYTES as u64)),
        };
        let bytes = if bytes.is_empty() {
            &b"{}"[..]
        } else {
            &bytes[..]
        };
        serde_json::from_slice(bytes)
            .map_err(|error| StorageError::invalid_request(format!("body: {error}")))
    }

    /// Conditions and range of a download.
    pub fn conditions(&self) -> Conditions {
        let text = |name| self.header(name).map(str::to_owned);
        Conditions {
            if_none_match: text("if-none-match"),
            if_modified_since: text("if-modified-since"),
            if_range: text("if-range"),
            range: text("range"),
            download: self.query("download"),
        }
    }
}
