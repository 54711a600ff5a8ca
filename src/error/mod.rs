//! Errors as the person who reads them sees them: a code, an HTTP status, a message, details, a hint.
//!
//! [`codes`] is the table of codes with their statuses; [`sqlstate`] maps PostgreSQL's own codes to a
//! status by the table in [`states`]; [`body`] renders an error in the shape of each protocol (PostgREST, GoTrue, storage).
//! The stage that fails builds the error, its details and its hint; this module looks nothing up.
//! Source: <https://docs.postgrest.org/en/stable/references/errors.html>.

pub mod body;
pub mod codes;
pub mod sqlstate;
pub mod states;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

pub use codes::ErrorCode;

/// Result of every stage.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One error on its way to a client. Boxed, so that `Result` stays small.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Fault>);

/// What an [`Error`] holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// `PGRST…` code, a SQLSTATE, or a code that a database function chose.
    pub code: Cow<'static, str>,
    /// HTTP status.
    pub status: u16,
    /// Reason phrase, when a database function chose one (`RAISE … SQLSTATE 'PGRST'`).
    pub status_text: Option<String>,
    /// One sentence for a person.
    pub message: String,
    /// More facts: a string or JSON, `null` when absent.
    pub details: Option<Value>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Headers that go with the answer (`WWW-Authenticate`, `Retry-After`, `Content-Range`…).
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// True when PostgreSQL reported it (affects what `client-error-verbosity` hides, and logging).
    pub from_database: bool,
    /// A database function put its words.
    pub is_raised: bool,
}

impl Error {
    /// An error of the table with its message.
    pub fn new(code: &'static ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Fault {
            code: Cow::Borrowed(code.code),
            status: code.status,
            status_text: None,
            message: message.into(),
            details: None,
            hint: None,
            headers: Vec::new(),
            from_database: false,
            is_raised: false,
        }))
    }

    /// An error with a code of PostgreSQL or of a database function.
    pub fn from_database(code: impl Into<String>, status: u16, message: impl Into<String>) -> Self {
        Self(Box::new(Fault {
            code: Cow::Owned(code.into()),
            status,
            status_text: None,
            message: message.into(),
            details: None,
            hint: None,
            headers: Vec::new(),
            from_database: true,
            is_raised: false,
        }))
    }

    /// Adds details.
    #[must_use]
    pub fn details(mut self, details: impl Into<Value>) -> Self {
        self.0.details = Some(details.into());
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a hint when there is one.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint;
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((Cow::Borrowed(name), value.into()));
        self
    }

    /// The fields.
    pub fn fault(&self) -> &Fault {
        &self.0
    }

    /// The fields, to change.
    pub fn fault_mut(&mut self) -> &mut Fault {
        &mut self.0
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.0.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl std::error::Error for Error {}
