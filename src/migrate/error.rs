//! How a command ends: the exit codes of `oppbase migrate`, and the failure that carries one.
//!
//! The numbers are a promise to scripts. One number may have two meanings in two commands, as the written
//! procedures have it (2 is a refusal in `run` and a NO-GO in `dry-run`).

use std::fmt;

/// Exit code of a command of `oppbase migrate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// Done; GO; nothing to do.
    Done = 0,
    /// Failed, and may be resumed; DELAY of a validation; not ready.
    Failed = 1,
    /// Refused by a gate; BLOCK; the window is over.
    Refused = 2,
    /// The environment will not do, or something could not be evaluated.
    Environment = 3,
    /// Another run holds the lock.
    Locked = 4,
    /// Verified in part.
    Partial = 5,
    /// `status`: a run is at work.
    Running = 10,
    /// `status`: a run was interrupted.
    Interrupted = 11,
    /// `status`: the last run failed.
    LastFailed = 12,
    /// `status`: the last run was rolled back.
    RolledBack = 13,
    /// Stopped by SIGINT or SIGTERM after the batch in hand.
    Stopped = 130,
}

impl Outcome {
    /// The number that scripts see.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Why a command did not do what it was asked: one line, perhaps a hint, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Exit code.
    pub outcome: Outcome,
    /// One line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// SQLSTATE, when PostgreSQL said it.
    pub sqlstate: Option<String>,
}

impl Fault {
    /// A failure without a hint.
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
            hint: None,
            sqlstate: None,
        }
    }

    /// The environment will not do: exit code 3.
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Outcome::Environment, message)
    }

    /// The work failed: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, message)
    }

    /// A gate said no: exit code 2.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Outcome::Refused, message)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts the place in front of the message: `place: message`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// PostgreSQL refused because of a lock or a conflict with another session: trying again may help.
    /// `55P03` lock not available, `40P01` deadlock, `40001` serialisation.
    pub fn is_contention(&self) -> bool {
        matches!(self.sqlstate.as_deref(), Some("55P03" | "40P01" | "40001"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// What to do when the connection is lost in the middle.
const LOST: &str = "the connection to PostgreSQL was lost; what is recorded is not: when PostgreSQL is there again, \
                    the same command goes on (a run that has begun, with --resume)";

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let cause = std::error::Error::source(&error);
            let text = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            let fault = Self::failed(one_line(&text));
            let is_lost =
                error.is_closed() || cause.is_some_and(|cause| cause.is::<std::io::Error>());
            return if is_lost { fault.hint(LOST) } else { fault };
        };
        let code = db.code().code().to_owned();
        let mut fault = Self::failed(one_line(&format!("{} ({code})", db.message())));
        // The administrator ended the session, or the server.
        let is_ended = matches!(code.as_str(), "57P01" | "57P02" | "57P03");
        fault.hint = db
            .hint()
            .map(one_line)
            .or(is_ended.then(|| LOST.to_owned()));
        fault.sqlstate = Some(code);
        fault
    }
}

/// Messages of others may have line breaks; ours have none.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_written_procedures() {
        let all = [
            (Outcome::Done, 0),
            (Outcome::Failed, 1),
            (Outcome::Refused, 2),
            (Outcome::Environment, 3),
            (Outcome::Locked, 4),
            (Outcome::Partial, 5),
            (Outcome::Running, 10),
            (Outcome::Interrupted, 11),
            (Outcome::LastFailed, 12),
            (Outcome::RolledBack, 13),
            (Outcome::Stopped, 130),
        ];
        for (outcome, code) in all {
            assert_eq!(outcome.code(), code);
        }
    }

    #[test]
    fn a_fault_keeps_its_hint_behind_a_place() {
        let fault = Fault::refused("no").hint("ask").at("gate");
        assert_eq!(fault.to_string(), "gate: no");
        assert_eq!(fault.hint.as_deref(), Some("ask"));
    }
}
