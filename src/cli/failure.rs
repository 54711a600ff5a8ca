//! How the program ends: the table of exit codes, and the failure that carries one.

use std::fmt;
use std::process::ExitCode;

use crate::config::load::ConfigError;
use crate::pg::embedded::EmbeddedError;

/// Exit codes. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    Other = 1,
    Usage = 2,
    Configuration = 3,
    NoPostgres = 4,
    PortInUse = 5,
    DataFolder = 6,
    Database = 7,
    NotRunning = 8,
    WellKnownKeys = 9,
    SchemaMissing = 10,
}

impl Exit {
    /// Every code with its meaning, for the reference page.
    pub const TABLE: &[(Exit, &str)] = &[
        (Exit::Ok, "Success."),
        (Exit::Other, "Anything that has no code of its own."),
        (Exit::Usage, "The command line was not understood."),
        (
            Exit::Configuration,
            "An option is missing or has an impossible value.",
        ),
        (
            Exit::NoPostgres,
            "No PostgreSQL programs of a usable version, or they failed.",
        ),
        (Exit::PortInUse, "A port is taken."),
        (
            Exit::DataFolder,
            "The data folder is in use, belongs to somebody else, or holds something else.",
        ),
        (
            Exit::Database,
            "The database cannot be reached or refused a statement.",
        ),
        (
            Exit::NotRunning,
            "Nothing is running, or it is not ready (`status`, `ready`).",
        ),
        (
            Exit::WellKnownKeys,
            "The well-known local keys on an address that others can reach.",
        ),
        (
            Exit::SchemaMissing,
            "The database has no schema yet (`oppbase db init`).",
        ),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A failed command: one line, perhaps a hint, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// What scripts see.
    pub exit: Exit,
    /// In front of the message.
    prefix: &'static str,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            prefix: "error: ",
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Replaces `error: ` in front of the message.
    #[must_use]
    pub fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// A failure of the server: a taken port is told apart.
    pub fn from_server(error: &anyhow::Error) -> Self {
        let taken = error.chain().any(|cause| {
            cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|io| io.kind() == std::io::ErrorKind::AddrInUse)
        });
        let message = one_line(&format!("{error:#}"));
        if taken {
            return Self::new(Exit::PortInUse, message)
                .hint("stop what listens there, or choose another port");
        }
        Self::new(Exit::Other, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Configuration, error.to_string())
    }
}

impl From<EmbeddedError> for Failure {
    fn from(error: EmbeddedError) -> Self {
        let exit = match &error {
            EmbeddedError::NoBinaries { .. }
            | EmbeddedError::OtherVersion { .. }
            | EmbeddedError::NoUser
            | EmbeddedError::InitDb { .. }
            | EmbeddedError::NotStarted { .. } => Exit::NoPostgres,
            EmbeddedError::PortInUse { .. } => Exit::PortInUse,
            EmbeddedError::Locked { .. }
            | EmbeddedError::NotOurs { .. }
            | EmbeddedError::Foreign { .. }
            | EmbeddedError::Damaged { .. }
            | EmbeddedError::Unreachable { .. }
            | EmbeddedError::Orphan { .. }
            | EmbeddedError::Io { .. } => Exit::DataFolder,
        };
        let failure = Self::new(exit, one_line(&error.to_string()));
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let cause = std::error::Error::source(&error);
            let text = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            return Self::new(Exit::Database, one_line(&text));
        };
        let text = format!("{} ({})", db.message(), db.code().code());
        let failure = Self::new(Exit::Database, one_line(&text));
        match db.hint() {
            Some(hint) => failure.hint(one_line(hint)),
            None => failure,
        }
    }
}

/// Messages of others may have line breaks; ours have none.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_in_order() {
        for (position, (exit, meaning)) in Exit::TABLE.iter().enumerate() {
            assert_eq!(*exit as usize, position);
            assert!(meaning.ends_with('.'));
        }
    }

    #[test]
    fn a_failure_is_one_line_and_a_hint() {
        let failure = Failure::new(Exit::Usage, "no such thing").hint("ask for another");
        assert_eq!(
            failure.to_string(),
            "error: no such thing\nhint: ask for another"
        );
        let embedded = Failure::from(EmbeddedError::PortInUse { port: 1 });
        assert_eq!(embedded.exit, Exit::PortInUse);
    }

    #[test]
    fn a_taken_port_is_found_in_a_chain() {
        let io = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        let error = anyhow::Error::from(io).context("cannot listen on 127.0.0.1:1");
        let failure = Failure::from_server(&error);
        assert_eq!(failure.exit, Exit::PortInUse);
        assert!(failure.to_string().contains("cannot listen on 127.0.0.1:1"));
    }
}
