//! Whether a run begins, goes on, or is not needed.
//!
//! In: what the database holds, the latest run, and whether the operator asked to resume. Out: a
//! [`Decision`], or a refusal that says what to do. An unfinished run is never begun anew behind the
//! operator's back, and a resume never begins one.

use serde_json::Value;

use super::error::Fault;
use super::session::Found;
use super::state::{Run, Status};

/// What to do.
#[derive(Debug, Clone)]
pub enum Decision {
    /// The database is migrated already.
    NothingToDo,
    /// A new run.
    Begin,
    /// This one goes on.
    GoOn(Run),
}

/// Decides.
///
/// # Errors
/// Exit code 2, with a hint.
pub fn decide(found: Found, latest: Option<Run>, resume: bool) -> Result<Decision, Fault> {
    let unfinished = latest
        .as_ref()
        .filter(|run| {
            matches!(
                run.status,
                Status::InProgress | Status::Failed | Status::Pending
            )
        })
        .cloned();
    match (found, unfinished) {
        (_, Some(run)) if resume => Ok(Decision::GoOn(run)),
        (_, Some(run)) => Err(Fault::refused(format!(
            "run {} has begun and is not complete",
            run.id
        ))
        .hint("continue with `oppbase migrate run --resume`, or undo it with `oppbase migrate rollback`")),
        (Found::Migrated(_), None) => Ok(Decision::NothingToDo),
        (Found::Baseline(_), None) if resume => {
            Err(Fault::refused("there is no run to resume").hint("begin one with `oppbase migrate run`"))
        }
        (Found::Baseline(_), None) => Ok(Decision::Begin),
        (Found::Begun(_), None) => Err(Fault::environment(
            "the tables have columns of a migration, and no run says where it stopped",
        )
        .hint("restore schema migration, or the database, from the backup")),
    }
}

/// Whether the run stopped because somebody asked it to.
pub fn was_interrupted(run: &Run) -> bool {
    run.metadata.get("interrupted").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::error::Outcome;
    use crate::pg::migrations::Baseline::Fork;

    fn run(status: Status) -> Run {
        Run {
            id: uuid::Uuid::nil(),
            status,
            started_at: chrono::Utc::now(),
            completed_at: None,
            error: None,
            metadata: Value::Null,
        }
    }

    fn outcome(
        found: Found,
        latest: Option<Status>,
        resume: bool,
    ) -> Result<&'static str, Outcome> {
        match decide(found, latest.map(run), resume) {
            Ok(Decision::NothingToDo) => Ok("nothing"),
            Ok(Decision::Begin) => Ok("begin"),
            Ok(Decision::GoOn(_)) => Ok("go on"),
            Err(fault) => Err(fault.outcome),
        }
    }

    #[test]
    fn every_case_is_decided() {
        let (old, half, new) = (
            Found::Baseline(Fork),
            Found::Begun(Fork),
            Found::Migrated(Fork),
        );
        assert_eq!(outcome(old, None, false), Ok("begin"));
        assert_eq!(outcome(old, None, true), Err(Outcome::Refused));
        assert_eq!(outcome(old, Some(Status::RolledBack), false), Ok("begin"));
        assert_eq!(outcome(old, Some(Status::Failed), true), Ok("go on"));
        assert_eq!(
            outcome(half, Some(Status::InProgress), false),
            Err(Outcome::Refused)
        );
        assert_eq!(outcome(half, Some(Status::InProgress), true), Ok("go on"));
        assert_eq!(outcome(half, None, true), Err(Outcome::Environment));
        // The cut-over is done, what comes after it is not.
        assert_eq!(outcome(new, Some(Status::Failed), true), Ok("go on"));
        assert_eq!(outcome(new, Some(Status::Completed), true), Ok("nothing"));
        assert_eq!(outcome(new, Some(Status::Completed), false), Ok("nothing"));
        assert_eq!(outcome(new, None, false), Ok("nothing"));
    }
}
