//! `/functions/v1`: the CRM's edge functions as native handlers, by the names each frontend calls.
//!
//! In: a [`FunctionRequest`] from the HTTP layer or from the delivery queue. Out: a [`FunctionAnswer`].
//! Nothing here knows actix but [`routes`].
//!
//! ```text
//! routes, delivery -> call -> caller -> accounts | as_caller | objects | postmark
//! ```
//!
//! A handler runs SQL as the caller where row security should decide ([`as_caller`]), and as the owner
//! only where the original used the service key: users, inbound mail.
//! Source: <https://supabase.com/docs/guides/functions>, and the CRM's own calls.

pub mod accounts;
pub mod as_caller;
pub mod caller;
pub mod delivery;
pub mod error;
mod merge_contacts;
mod note_attachments;
pub mod objects;
pub mod postmark;
pub mod routes;
mod update_password;
mod users;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::auth::AuthState;
use crate::pg::session::SessionPool;
use crate::state::AppState;
use crate::storage::StorageState;
use error::FunctionError;

/// A call that takes longer is answered 504, as Supabase's gateway does.
const DEADLINE: Duration = Duration::from_secs(150);

/// What the handlers share.
#[derive(Clone)]
pub struct Functions {
    pub app: Arc<AppState>,
    /// Sessions of the `authenticator` role.
    pub sessions: SessionPool,
    pub auth: AuthState,
    /// `None`: no store for files is configured.
    pub storage: Option<StorageState>,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions").finish_non_exhaustive()
    }
}

/// One call, whoever makes it.
#[derive(Debug, Clone, Default)]
pub struct FunctionRequest {
    /// Upper-case verb.
    pub method: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// The answer of a handler.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionAnswer {
    pub status: u16,
    pub body: Body,
}

/// What an answer carries. Clients read JSON only when it says it is JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Json(Value),
    Text(&'static str),
    Empty,
}

impl FunctionAnswer {
    /// 200 with JSON.
    pub fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body: Body::Json(body),
        }
    }
}

impl FunctionRequest {
    /// A header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        Some(value)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 400 "Invalid JSON body".
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, FunctionError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| FunctionError::new(400, format!("Invalid JSON body: {error}")))
    }

    fn require_method(&self, allowed: &[&str]) -> Result<(), FunctionError> {
        if allowed.contains(&self.method.as_str()) {
            Ok(())
        } else {
            Err(FunctionError::new(405, "Method Not Allowed"))
        }
    }
}

/// Runs the function of that name. Never fails: errors become answers.
pub async fn call(functions: &Functions, name: &str, request: &FunctionRequest) -> FunctionAnswer {
    if request.method == "OPTIONS" {
        return FunctionAnswer {
            status: 204,
            body: Body::Empty,
        };
    }
    match tokio::time::timeout(DEADLINE, dispatch(functions, name, request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => error.answer(),
        Err(_) => FunctionError::new(504, "The function took too long").answer(),
    }
}

async fn dispatch(
    functions: &Functions,
    name: &str,
    request: &FunctionRequest,
) -> Result<FunctionAnswer, FunctionError> {
    match name {
        "users" => users::run(functions, request).await,
        // The older frontends' name and the newer one's.
        "updatePassword" | "update_password" => update_password::run(functions, request).await,
        "merge_contacts" => merge_contacts::run(functions, request).await,
        "delete_note_attachments" => note_attachments::run(functions, request).await,
        "postmark" => postmark::run(functions, request).await,
        _ => Ok(unknown(name)),
    }
}

/// The answer of Supabase's gateway for a function that was never deployed.
pub fn unknown(name: &str) -> FunctionAnswer {
    FunctionAnswer {
        status: 404,
        body: Body::Json(json!({
            "code": "NOT_FOUND",
            "message": format!("There is no function \"{name}\" on this server"),
        })),
    }
}
