//! Why a function failed: a status and a sentence, in the shape that the frontends show.
//!
//! In: a fault of a handler, of auth, of the database. Out: `{"status", "message"}` with that status, and
//! `code` where auth gave one.

use std::borrow::Cow;

use serde_json::json;

use super::{Body, FunctionAnswer};
use crate::auth::error::AuthError;

/// One failure on its way to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    pub status: u16,
    pub message: Cow<'static, str>,
    /// A code of the auth routes.
    pub code: Option<&'static str>,
}

impl FunctionError {
    /// A failure without a code.
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            code: None,
        }
    }

    /// 401 for a caller who may not do this. It does not sign the user out: only `/rest/v1` does.
    pub fn not_authorized() -> Self {
        Self::new(401, "Not Authorized")
    }

    /// 401 for a caller who is nobody.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    /// 500 whose cause is in the log, not in the answer.
    pub fn internal(doing: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, doing, "functions: failed");
        Self::new(500, "Internal Server Error")
    }

    /// The answer.
    pub fn answer(&self) -> FunctionAnswer {
        let mut body = json!({"status": self.status, "message": self.message});
        if let Some(code) = self.code {
            body["code"] = code.into();
        }
        FunctionAnswer {
            status: self.status,
            body: Body::Json(body),
        }
    }
}

impl From<AuthError> for FunctionError {
    fn from(error: AuthError) -> Self {
        Self {
            status: error.status,
            code: Some(error.code),
            message: error.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::error::codes;

    #[test]
    fn the_shape_has_status_message_and_the_code_of_auth() {
        let plain = FunctionError::not_authorized().answer();
        assert_eq!(plain.status, 401);
        assert_eq!(
            plain.body,
            Body::Json(json!({"status": 401, "message": "Not Authorized"}))
        );
        let auth = AuthError::new(codes::EMAIL_EXISTS, "taken");
        assert_eq!(
            FunctionError::from(auth).answer().body,
            Body::Json(json!({"status": 422, "message": "taken", "code": "email_exists"}))
        );
    }
}
