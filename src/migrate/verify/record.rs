//! What a verification leaves in schema `migration`, for the report, the status page and the cleanup.
//!
//! In: a [`Verification`]. Out: one row per category in `migration_validation_results` (check_type
//! `verify`), and the history row `verify` of the run, whose metadata holds everything but the samples. A
//! later verification of the same run takes the place of the earlier one.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{Status, Verdict, Verification};
use crate::migrate::Fault;
use crate::migrate::state::{self, Note, Place};

const CLEAR: &str = "delete from migration.migration_validation_results where run_id = $1 and check_type = 'verify'";
const INSERT: &str = include_str!("sql/record.sql");

/// The history row of a verification.
pub const PLACE: Place<'static> = Place {
    phase: "verify",
    name: "verification",
    step: None,
};

/// Records it under the run.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn record(client: &Client, run: Uuid, verification: &Verification) -> Result<(), Fault> {
    let mut facts = serde_json::to_value(verification).unwrap_or_default();
    if let Value::Object(facts) = &mut facts {
        facts.shift_remove("samples");
    }
    client.batch_execute("begin").await?;
    let written = write(client, run, verification, facts).await;
    let end = if written.is_ok() {
        "commit"
    } else {
        "rollback"
    };
    client.batch_execute(end).await?;
    written
}

async fn write(
    client: &Client,
    run: Uuid,
    verification: &Verification,
    facts: Value,
) -> Result<(), Fault> {
    client.execute(CLEAR, &[&run]).await?;
    for category in &verification.categories {
        let broken = category
            .checks
            .iter()
            .filter(|check| check.counts_against());
        let broken = i64::try_from(broken.count()).unwrap_or(i64::MAX);
        let is_critical = category.checks.iter().any(|check| {
            check.severity == super::Severity::Critical && check.status != Status::Passed
        });
        let status = match (broken, is_critical) {
            (0, _) => "PASS",
            (_, false) => "WARN",
            (_, true) => "FAIL",
        };
        let message = format!("{} of {} checks broken", broken, category.checks.len());
        client
            .execute(
                INSERT,
                &[
                    &run,
                    &category.id,
                    &broken,
                    &category.score,
                    &status,
                    &message,
                ],
            )
            .await?;
    }
    let status = if verification.verdict == Verdict::Failed {
        state::Status::Failed
    } else {
        state::Status::Completed
    };
    let metadata = json!({ "verification": facts });
    let note = Note {
        metadata: Some(&metadata),
        ..Note::default()
    };
    state::mark(client, run, PLACE, status, note).await
}

/// What was recorded of the run, as JSON of the shape of [`Verification`] without samples.
///
/// # Errors
/// When the server cannot be asked.
pub async fn recorded(client: &Client, run: Uuid) -> Result<Option<Value>, Fault> {
    let row = client
        .query_opt(
            "select metadata -> 'verification' from migration.migration_history \
              where run_id = $1 and phase_number = $2 and step is null",
            &[&run, &PLACE.phase],
        )
        .await?;
    Ok(row.and_then(|row| row.get(0)))
}
