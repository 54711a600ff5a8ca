//! What may go wrong, in the words of storage's clients.
//!
//! In: a code of the table, or PostgreSQL's error. Out: [`StorageError`], whose body is
//! `{"statusCode": "404", "error": "not_found", "code": "NoSuchKey", "message": "…"}`. The HTTP status is
//! 400 for nearly every fault of the client: clients read `statusCode`.
//! Source: <https://supabase.com/docs/guides/storage/debugging/error-codes>.

use deadpool::managed::PoolError;
use serde_json::{Value, json};

/// A row of the table of errors.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// `code` of the body.
    pub code: &'static str,
    /// `statusCode` of the body.
    pub status_code: &'static str,
    /// `error` of the body.
    pub error: &'static str,
    /// Status of the answer.
    pub http_status: u16,
}

/// A result of this service.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.code)]
pub struct StorageError {
    pub code: &'static ErrorCode,
    pub message: String,
}

macro_rules! codes {
    ($($name:ident = $code:literal $status_code:literal $error:literal $http_status:literal;)*) => {
        /// The table.
        pub mod codes {
            use super::ErrorCode;
            $(pub static $name: ErrorCode = ErrorCode {
                code: $code, status_code: $status_code, error: $error, http_status: $http_status,
            };)*
            /// Every row.
            pub static ALL: &[&ErrorCode] = &[$(&$name),*];
        }
    };
}

codes! {
    NO_SUCH_BUCKET = "NoSuchBucket" "404" "Bucket not found" 400;
    NO_SUCH_KEY = "NoSuchKey" "404" "not_found" 400;
    NOT_FOUND = "NotFound" "404" "not_found" 404;
    KEY_ALREADY_EXISTS = "KeyAlreadyExists" "409" "Duplicate" 400;
    RESOURCE_ALREADY_EXISTS = "ResourceAlreadyExists" "409" "Duplicate" 400;
    BUCKET_ALREADY_EXISTS = "BucketAlreadyExists" "409" "Duplicate" 400;
    RESOURCE_LOCKED = "ResourceLocked" "423" "ResourceLocked" 400;
    RESOURCE_NOT_EMPTY = "ResourceNotEmpty" "409" "ResourceNotEmpty" 400;
    ACCESS_DENIED = "AccessDenied" "403" "Unauthorized" 400;
    INVALID_JWT = "InvalidJWT" "400" "InvalidJWT" 400;
    INVALID_SIGNATURE = "InvalidSignature" "400" "InvalidSignature" 400;
    EXPIRED_TOKEN = "ExpiredToken" "400" "ExpiredToken" 400;
    ENTITY_TOO_LARGE = "EntityTooLarge" "413" "Payload too large" 400;
    INVALID_MIME_TYPE = "InvalidMimeType" "415" "invalid_mime_type" 400;
    INVALID_KEY = "InvalidKey" "400" "InvalidKey" 400;
    INVALID_BUCKET_NAME = "InvalidBucketName" "400" "Invalid Input" 400;
    INVALID_PARAMETER = "InvalidParameter" "400" "InvalidParameter" 400;
    INVALID_REQUEST = "InvalidRequest" "400" "InvalidRequest" 400;
    INVALID_RANGE = "InvalidRange" "416" "invalid_range" 416;
    SLOW_DOWN = "SlowDown" "429" "too_many_connections" 429;
    DATABASE_TIMEOUT = "DatabaseTimeout" "544" "DatabaseTimeout" 544;
    DATABASE_READ_ONLY = "DatabaseReadOnly" "503" "DatabaseReadOnly" 503;
    DATABASE_UNAVAILABLE = "DatabaseError" "503" "DatabaseError" 503;
    INTERNAL = "InternalError" "500" "Internal Server Error" 500;
    NOT_SUPPORTED = "NotSupported" "409" "NotSupported" 400;
}

impl StorageError {
    /// An error of the table.
    pub fn new(code: &'static ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The bucket is unknown, or not for the caller to know.
    pub fn no_such_bucket() -> Self {
        Self::new(&codes::NO_SUCH_BUCKET, "Bucket not found")
    }

    /// The object is unknown, or not for the caller to know.
    pub fn no_such_key() -> Self {
        Self::new(&codes::NO_SUCH_KEY, "Object not found")
    }

    /// The request is not what its route expects.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(&codes::INVALID_REQUEST, message)
    }

    /// A key that cannot name an object.
    pub fn invalid_key(message: impl Into<String>) -> Self {
        Self::new(&codes::INVALID_KEY, message)
    }

    /// The file is larger than the bucket or the server allows.
    pub fn too_large(limit_bytes: u64) -> Self {
        Self::new(
            &codes::ENTITY_TOO_LARGE,
            format!("The object exceeded the maximum allowed size of {limit_bytes} bytes"),
        )
    }

    /// A fault of ours. `source` is logged, not sent.
    pub fn internal(doing: &str, source: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %source, "storage: {doing}");
        Self::new(&codes::INTERNAL, "Internal Server Error")
    }

    /// What PostgreSQL reported while `doing`.
    pub fn database(doing: &str, error: &tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            tracing::warn!(%error, "storage: {doing}: database connection lost");
            return Self::new(
                &codes::DATABASE_UNAVAILABLE,
                "The database is not available",
            );
        };
        let code = of_sqlstate(db.code().code());
        if *code == codes::INTERNAL {
            tracing::error!(
                sqlstate = db.code().code(),
                message = db.message(),
                "storage: {doing}"
            );
            return Self::new(code, "Internal Server Error");
        }
        tracing::debug!(
            sqlstate = db.code().code(),
            message = db.message(),
            "storage: {doing}"
        );
        let message = match db.code().code() {
            "23505" => "The resource already exists",
            "23503" => "The related resource does not exist",
            "57014" | "55P03" => "The connection to the database timed out",
            _ => db.message(),
        };
        Self::new(code, message)
    }

    /// Why there was no connection.
    pub fn pool(error: &PoolError<tokio_postgres::Error>) -> Self {
        tracing::warn!(%error, "storage: no database connection");
        match error {
            PoolError::Timeout(_) => Self::new(
                &codes::SLOW_DOWN,
                "Too many connections issued to the database",
            ),
            _ => Self::new(
                &codes::DATABASE_UNAVAILABLE,
                "The database is not available",
            ),
        }
    }

    /// The same fault with another code where it is the given one.
    #[must_use]
    pub fn recode(mut self, from: &ErrorCode, to: &'static ErrorCode, message: &str) -> Self {
        if self.code == from {
            self.code = to;
            self.message = message.to_owned();
        }
        self
    }

    /// Whether a transaction that failed with this may have been committed all the same.
    pub fn is_undecided(&self) -> bool {
        *self.code == codes::DATABASE_UNAVAILABLE
    }

    /// Whether the fault is in what was asked, as opposed to ours.
    pub fn is_refusal(&self) -> bool {
        !self.code.status_code.starts_with('5') && *self.code != codes::SLOW_DOWN
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({
            "statusCode": self.code.status_code,
            "error": self.code.error,
            "code": self.code.code,
            "message": self.message,
        })
    }
}

fn of_sqlstate(sqlstate: &str) -> &'static ErrorCode {
    match sqlstate {
        "42501" => &codes::ACCESS_DENIED,
        "23505" => &codes::RESOURCE_ALREADY_EXISTS,
        "23503" => &codes::NO_SUCH_BUCKET,
        "57014" | "55P03" => &codes::DATABASE_TIMEOUT,
        "25006" => &codes::DATABASE_READ_ONLY,
        "22P02" | "22021" | "22003" | "23514" | "23502" | "22P05" => &codes::INVALID_PARAMETER,
        // A trigger or a policy of the application said no.
        "P0001" => &codes::INVALID_REQUEST,
        "53300" => &codes::SLOW_DOWN,
        _ => &codes::INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_every_fault_of_the_client_is_http_400() {
        for code in codes::ALL {
            let status_code: u16 = code.status_code.parse().expect("a number as text");
            let expected: &[u16] = match code.code {
                "NotFound" => &[404],
                _ if status_code < 500 => &[400, status_code],
                _ => &[status_code],
            };
            assert!(expected.contains(&code.http_status), "{code:?}");
            assert!(
                code.http_status == 400 || code.http_status >= 404,
                "{code:?}"
            );
        }
        for (code, http) in [(&codes::INVALID_RANGE, 416), (&codes::SLOW_DOWN, 429)] {
            assert_eq!(code.http_status, http);
        }
    }

    #[test]
    fn the_body_is_all_strings() {
        let body = StorageError::no_such_key().body();
        assert_eq!(
            body,
            json!({"statusCode": "404", "error": "not_found", "code": "NoSuchKey",
                   "message": "Object not found"})
        );
    }

    #[test]
    fn postgres_refusals_have_codes() {
        for (sqlstate, code) in [
            ("42501", "AccessDenied"),
            ("23505", "ResourceAlreadyExists"),
            ("57014", "DatabaseTimeout"),
            ("25006", "DatabaseReadOnly"),
            ("22P02", "InvalidParameter"),
            ("XX000", "InternalError"),
        ] {
            assert_eq!(of_sqlstate(sqlstate).code, code);
        }
    }
}
