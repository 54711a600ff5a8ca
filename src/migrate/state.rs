//! What is known of runs, in schema `migration`: the run, its phases and steps, progress, errors, objects.
//!
//! A run is the row of `migration_history` with phase_number `run` and phase_name `migration`; its phases
//! are rows `1.1` to `1.4` and `cutover` with no step, their steps rows with one. A run is complete when
//! its row says `completed`; its `completed_at` is the database's clock, and what is counted from it
//! (rollback, retirement of the old names) is counted from there. Everything is written in the transaction
//! of the work that it tells of.

use serde_json::Value;
use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::error::{Fault, Outcome};
use crate::pg::migrations;

/// `phase_number` of a run's own row.
pub const RUN: &str = "run";
/// `phase_name` of a run's own row.
pub const RUN_NAME: &str = "migration";

/// Status of a run, a phase or a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun.
    Pending,
    /// Begun. Whether somebody works on it is for the lock to say.
    InProgress,
    /// Done.
    Completed,
    /// Stopped by an error, or interrupted on request.
    Failed,
    /// Undone.
    RolledBack,
    /// Not needed.
    Skipped,
}

impl Status {
    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Skipped => "skipped",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "in_progress" => Self::InProgress,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "rolled_back" => Self::RolledBack,
            "skipped" => Self::Skipped,
            _ => Self::Pending,
        }
    }
}

/// One run.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// How far it is.
    pub status: Status,
    /// Stored once; later attempts use it where a moment is needed.
    pub started_at: chrono::DateTime<chrono::Utc>,
    /// Database clock; retirement and rollback windows begin here.
    pub completed_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Why it stopped.
    pub error: Option<String>,
    /// Fingerprint, options, and what later steps noted.
    pub metadata: Value,
}

const RUN_COLUMNS: &str =
    "run_id, status, started_at, completed_at, error_message, coalesce(metadata, '{}')";

/// Makes schema `migration` and its tables: the file of `migrations/` that the schema itself has.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn ensure(client: &Client) -> Result<(), Fault> {
    for migration in migrations::migrations(migrations::Baseline::default()) {
        if migration.name == "migration_state" {
            // Several statements in one message are one transaction, which no error leaves open.
            client
                .batch_execute(migration.sql)
                .await
                .map_err(|error| Fault::from(error).at(migration.name))?;
        }
    }
    Ok(())
}

/// Whether [`ensure`] ever ran here.
///
/// # Errors
/// When the server cannot be asked.
pub async fn exists(client: &impl GenericClient) -> Result<bool, Fault> {
    let sql = "select to_regclass('migration.migration_history') is not null";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// The latest run, if there ever was one.
///
/// # Errors
/// When the server cannot be asked.
pub async fn latest_run(client: &impl GenericClient) -> Result<Option<Run>, Fault> {
    if !exists(client).await? {
        return Ok(None);
    }
    let sql = format!(
        "select {RUN_COLUMNS} from migration.migration_history \
          where phase_number = $1 and step is null order by id desc limit 1"
    );
    Ok(client
        .query_opt(&sql, &[&RUN])
        .await?
        .map(|row| run_of(&row)))
}

/// The run with this id.
///
/// # Errors
/// Exit code 1 when there is none.
pub async fn run_by_id(client: &impl GenericClient, id: Uuid) -> Result<Run, Fault> {
    let sql = format!(
        "select {RUN_COLUMNS} from migration.migration_history \
          where phase_number = $1 and step is null and run_id = $2"
    );
    let row = client.query_opt(&sql, &[&RUN, &id]).await?;
    row.map(|row| run_of(&row))
        .ok_or_else(|| Fault::new(Outcome::Failed, format!("there is no run {id}")))
}

fn run_of(row: &tokio_postgres::Row) -> Run {
    Run {
        id: row.get(0),
        status: Status::parse(row.get(1)),
        started_at: row.get(2),
        completed_at: row.get(3),
        error: row.get(4),
        metadata: row.get(5),
    }
}

/// Records a new run and returns its id.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn begin_run(client: &impl GenericClient, metadata: &Value) -> Result<Uuid, Fault> {
    let id = Uuid::new_v4();
    begin_run_as(client, id, metadata).await?;
    Ok(id)
}

/// Records a new run under this id.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn begin_run_as(
    client: &impl GenericClient,
    id: Uuid,
    metadata: &Value,
) -> Result<(), Fault> {
    client
        .execute(
            "insert into migration.migration_history (run_id, phase_number, phase_name, status, started_at, metadata) \
             values ($1, $2, $3, 'in_progress', now(), $4)",
            &[&id, &RUN, &RUN_NAME, metadata],
        )
        .await?;
    Ok(())
}

/// Sets the status of a run, a phase (`step` none) or a step, and makes the row when it is missing.
/// `completed_at` is set by the database's clock when the status is an end.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn mark(
    client: &impl GenericClient,
    run: Uuid,
    place: Place<'_>,
    status: Status,
    note: Note<'_>,
) -> Result<(), Fault> {
    client
        .execute(
            MARK,
            &[
                &run,
                &place.phase,
                &place.name,
                &place.step,
                &status.as_str(),
                &note.error,
                &note.rows,
                &note.metadata,
            ],
        )
        .await?;
    Ok(())
}

const MARK: &str = include_str!("sql/mark.sql");

/// Which row of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// `run`, `1.1` to `1.4`, `cutover`, `rollback`, …
    pub phase: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// None for the phase itself.
    pub step: Option<&'a str>,
}

impl Place<'static> {
    /// The run's own row.
    pub const RUN: Self = Self {
        phase: RUN,
        name: RUN_NAME,
        step: None,
    };
}

/// What else the row says. What is none stays as it was; metadata is merged key by key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Note<'a> {
    /// Why it stopped.
    pub error: Option<&'a str>,
    /// Rows it wrote.
    pub rows: Option<i64>,
    /// Facts of its own.
    pub metadata: Option<&'a Value>,
}

/// Status of one row of the history; none when there is no such row.
///
/// # Errors
/// When the server cannot be asked.
pub async fn status_of(
    client: &impl GenericClient,
    run: Uuid,
    place: Place<'_>,
) -> Result<Option<Status>, Fault> {
    let row = client
        .query_opt(
            "select status from migration.migration_history \
              where run_id = $1 and phase_number = $2 and step is not distinct from $3",
            &[&run, &place.phase, &place.step],
        )
        .await?;
    Ok(row.map(|row| Status::parse(row.get(0))))
}

/// A row that could not be carried over, or a finding of a check.
#[derive(Debug, Clone, Copy)]
pub struct Incident<'a> {
    /// Phase, if it belongs to one.
    pub phase: Option<&'a str>,
    /// Step, if it belongs to one.
    pub step: Option<&'a str>,
    /// Table.
    pub entity: Option<&'a str>,
    /// Key of the row.
    pub entity_id: Option<&'a str>,
    /// `critical`, `high`, `medium`, `low`.
    pub severity: &'a str,
    /// One line, without the row's own texts.
    pub message: &'a str,
    /// Facts of its own.
    pub details: Option<&'a Value>,
}

/// Records an incident.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn record_error(
    client: &impl GenericClient,
    run: Uuid,
    incident: Incident<'_>,
) -> Result<(), Fault> {
    client
        .execute(
            "insert into migration.migration_errors (run_id, phase, step, entity, entity_id, severity, message, details) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &run,
                &incident.phase,
                &incident.step,
                &incident.entity,
                &incident.entity_id,
                &incident.severity,
                &incident.message,
                &incident.details,
            ],
        )
        .await?;
    Ok(())
}

/// Records that the run creates, alters or drops an object, once. `action` is `created`, `altered` or
/// `dropped`; `before` its definition, if it had one.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn record_object(
    client: &impl GenericClient,
    run: Uuid,
    kind: &str,
    identity: &str,
    action: &str,
    before: Option<&str>,
) -> Result<(), Fault> {
    client
        .execute(
            "insert into migration.migration_objects (run_id, kind, identity, action, definition_before) \
             values ($1, $2, $3, $4, $5) on conflict (run_id, kind, identity, action) do nothing",
            &[&run, &kind, &identity, &action, &before],
        )
        .await?;
    Ok(())
}
