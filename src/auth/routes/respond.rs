//! How errors look on the wire: GoTrue's two shapes, OAuth's, and the gateway's.
//!
//! In: an [`AuthError`] or a gateway [`crate::error::Error`], and the version header. Out: a response.
//! `X-Supabase-Api-Version: 2024-01-01` or later selects the newer shape, which also carries the older
//! one's text fields. Source: <https://supabase.com/docs/guides/auth/debugging/error-codes>.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::error::AuthError;

const VERSION_HEADER: &str = "x-supabase-api-version";
const NEW_SHAPE: &str = "2024-01-01";

/// Which shape the client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `code` is the HTTP status, the text is `msg`.
    Old,
    /// `code` is the error code, the text is `message`.
    Dated,
}

impl ApiVersion {
    /// The version that the request asks for; absent and malformed mean the old one.
    pub fn of(headers: &HeaderMap) -> Self {
        let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let asked = headers
            .get(VERSION_HEADER)
            .and_then(|value| value.to_str().ok())
            .and_then(date);
        if asked.is_some() && asked >= date(NEW_SHAPE) {
            Self::Dated
        } else {
            Self::Old
        }
    }
}

/// An error with the shape it gets.
#[derive(Debug)]
pub struct Shaped {
    pub error: AuthError,
    pub version: ApiVersion,
}

impl Shaped {
    /// The response.
    pub fn response(&self) -> HttpResponse {
        let error = &self.error;
        let status =
            StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.insert_header(("x-sb-error-code", error.code));
        if self.version == ApiVersion::Dated {
            response.insert_header((VERSION_HEADER, NEW_SHAPE));
        }
        if matches!(error.status, 429 | 503) {
            let seconds = error.retry_after_s.unwrap_or(1).max(1);
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        response.json(self.body())
    }

    fn body(&self) -> Value {
        let error = &self.error;
        if error.oauth {
            return json!({"error": error.code, "error_description": error.message});
        }
        let mut body = match self.version {
            ApiVersion::Dated => json!({
                "code": error.code,
                "message": error.message,
                "error_code": error.code,
                "msg": error.message,
            }),
            ApiVersion::Old => json!({
                "code": error.status,
                "error_code": error.code,
                "msg": error.message,
            }),
        };
        if self.version == ApiVersion::Old && error.status >= 500 {
            body["error_id"] = Value::from(Uuid::new_v4().to_string());
        }
        if !error.weak_password.is_empty() {
            body["weak_password"] = json!({"reasons": error.weak_password});
        }
        body
    }
}

impl std::fmt::Display for Shaped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Shaped {
    fn status_code(&self) -> StatusCode {
        self.response().status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

/// Handlers do not know the shape; the layer around the routes replaces this response.
impl ResponseError for AuthError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let shaped = Shaped {
            error: self.clone(),
            version: ApiVersion::Old,
        };
        shaped.response()
    }
}

/// A refusal by the gateway: `{"message": …, "hint": …, "code": …}`.
#[derive(Debug)]
pub struct GatewayError(pub crate::error::Error);

impl std::fmt::Display for GatewayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for GatewayError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::UNAUTHORIZED)
    }

    fn error_response(&self) -> HttpResponse {
        let fault = self.0.fault();
        HttpResponse::build(self.status_code()).json(json!({
            "message": fault.message,
            "hint": fault.hint,
            "code": fault.code,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::error::codes;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn version(text: Option<&'static str>) -> ApiVersion {
        let mut headers = HeaderMap::new();
        if let Some(text) = text {
            headers.insert(
                HeaderName::from_static(VERSION_HEADER),
                HeaderValue::from_static(text),
            );
        }
        ApiVersion::of(&headers)
    }

    #[test]
    fn the_header_selects_the_shape() {
        for (header, expected) in [
            (None, ApiVersion::Old),
            (Some(""), ApiVersion::Old),
            (Some("latest"), ApiVersion::Old),
            (Some("2023-12-31"), ApiVersion::Old),
            (Some("2024-01-01"), ApiVersion::Dated),
            (Some("2030-05-05"), ApiVersion::Dated),
        ] {
            assert_eq!(version(header), expected, "{header:?}");
        }
    }

    #[test]
    fn both_shapes() {
        let error = AuthError::invalid_credentials();
        let old = Shaped {
            error: error.clone(),
            version: ApiVersion::Old,
        };
        assert_eq!(
            old.body(),
            json!({"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"})
        );
        assert!(!old.response().headers().contains_key(VERSION_HEADER));

        let dated = Shaped {
            error,
            version: ApiVersion::Dated,
        };
        assert_eq!(dated.body()["code"], "invalid_credentials");
        assert_eq!(dated.body()["message"], "Invalid login credentials");
        let response = dated.response();
        assert_eq!(response.headers().get(VERSION_HEADER).unwrap(), NEW_SHAPE);
        assert_eq!(
            response.headers().get("x-sb-error-code").unwrap(),
            "invalid_credentials"
        );
    }

    #[test]
    fn server_errors_of_the_old_shape_have_an_id_and_oauth_has_its_own_shape() {
        let old = Shaped {
            error: AuthError::unexpected("x"),
            version: ApiVersion::Old,
        };
        assert!(old.body()["error_id"].is_string());
        let mut error = AuthError::new(codes::INVALID_REQUEST, "refresh_token required");
        error.oauth = true;
        let oauth = Shaped {
            error,
            version: ApiVersion::Dated,
        };
        assert_eq!(
            oauth.body(),
            json!({"error": "invalid_request", "error_description": "refresh_token required"})
        );
    }
}
