//! The report of a run: one HTML file that needs no network and prints well, and the same facts as JSON.
//!
//! In: the state that the run left in schema `migration`, and the tables as they are. Out: [`Report`], and
//! `logs/reports/migration-report-<stamp>.html` and `.json`. Failed runs and runs that were rolled back
//! have reports as well. Every value is escaped; the plots are SVG inside the page.

mod advice;
mod facts;
mod html;
mod plots;

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use super::verify::{self, Sample};
use super::{Fault, state};

pub use advice::advice;
pub use facts::{BackupCopy, Environment, Finding, Incident, Step, TableCount};
pub use html::render;
pub use plots::{Bar, bars};

/// Time in which a run may be undone, from its completion.
pub const ROLLBACK_HOURS: i64 = 48;
/// Time for which the copies are kept, from completion.
pub const ARCHIVE_DAYS: i64 = 90;

/// Everything that the report says.
///
/// Shape: the JSON file; see `docs/reference/migration-verification.md`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When it was written, by the database's clock, RFC 3339.
    pub generated_at: DateTime<Utc>,
    /// `SUCCESS`, …, of the verification; else the status of the run: `FAILED`, `ROLLED_BACK`, …
    pub status: String,
    /// The run.
    pub run: state::Run,
    /// Seconds from beginning to completion.
    pub duration_s: Option<f64>,
    /// Server, database, role.
    pub environment: Environment,
    /// Phases and steps in order.
    pub steps: Vec<Step>,
    /// Rows before and after.
    pub counts: Vec<TableCount>,
    /// Deals per old stage, before.
    pub stages_before: Vec<(String, i64)>,
    /// Opportunities per stage, after.
    pub stages_after: Vec<(String, i64)>,
    /// Findings of the validation before the run.
    pub validation: Vec<Finding>,
    /// The verification without its samples, when there was one.
    pub verification: Option<Value>,
    /// Rows that were skipped, and other incidents; at most 200.
    pub incidents: Vec<Incident>,
    /// All of them.
    pub incident_count: i64,
    /// The backup set.
    pub backups: Vec<BackupCopy>,
    /// Until when the run may be undone.
    pub rollback_deadline: Option<DateTime<Utc>>,
    /// Until when the copies are kept.
    pub archive_until: Option<DateTime<Utc>>,
    /// What to do next, the most urgent first.
    pub recommendations: Vec<String>,
    /// Rows before and after, side by side.
    pub samples: Vec<Sample>,
}

/// Collects the report of a run; of the latest one when none is named.
///
/// # Errors
/// Exit code 1 when there is no such run; otherwise when the server cannot be asked.
pub async fn collect(client: &Client, run_id: Option<Uuid>) -> Result<Report, Fault> {
    let run = match run_id {
        Some(id) => state::run_by_id(client, id).await?,
        None => state::latest_run(client).await?.ok_or_else(|| {
            Fault::failed("there has been no run").hint("`oppbase migrate run` makes one")
        })?,
    };
    let verification = verify::recorded(client, run.id).await?;
    let environment = facts::environment(client).await?;
    let backups = facts::backups(client, run.id).await?;
    let (incidents, incident_count) = facts::incidents(client, run.id).await?;
    let samples = if environment.is_migrated {
        verify::samples_of(client, Some(run.id), 100).await?
    } else {
        vec![]
    };
    let deadline = |delta: TimeDelta| run.completed_at.and_then(|at| at.checked_add_signed(delta));
    let mut report = Report {
        generated_at: environment.now,
        status: status(&run, verification.as_ref()),
        duration_s: run.completed_at.map(|end| seconds(run.started_at, end)),
        steps: facts::steps(client, run.id).await?,
        counts: facts::counts(client, &backups).await?,
        stages_before: facts::stages_before(client, &backups).await?,
        stages_after: facts::stages_after(client, environment.is_migrated).await?,
        validation: facts::validation(client, run.id).await?,
        rollback_deadline: deadline(TimeDelta::hours(ROLLBACK_HOURS)),
        archive_until: deadline(TimeDelta::days(ARCHIVE_DAYS)),
        recommendations: vec![],
        run,
        environment,
        verification,
        incidents,
        incident_count,
        backups,
        samples,
    };
    report.recommendations = advice(&report);
    Ok(report)
}

/// The word at the top.
fn status(run: &state::Run, verification: Option<&Value>) -> String {
    match run.status {
        state::Status::Completed | state::Status::InProgress => {
            let verdict = verification.and_then(|v| v["verdict"].as_str());
            let unverified = if run.status == state::Status::Completed {
                "COMPLETED, NOT VERIFIED"
            } else {
                "IN PROGRESS"
            };
            verdict.unwrap_or(unverified).to_owned()
        }
        other => other.as_str().to_uppercase(),
    }
}

fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64()
}

/// Writes both files into the folder, which is made when it is missing. Returns their paths: HTML, JSON.
///
/// # Errors
/// Exit code 3 when a file cannot be written.
pub fn write(report: &Report, folder: &Path) -> Result<(PathBuf, PathBuf), Fault> {
    let refuse = |path: &Path, error: &dyn std::fmt::Display| {
        Fault::environment(format!(
            "the report {} cannot be written: {error}",
            path.display()
        ))
        .hint("choose another folder with --output")
    };
    let stamp = report.generated_at.format("%Y%m%d_%H%M%S");
    let html = folder.join(format!("migration-report-{stamp}.html"));
    let json = folder.join(format!("migration-report-{stamp}.json"));
    std::fs::create_dir_all(folder).map_err(|e| refuse(folder, &e))?;
    let page = render(report)?;
    std::fs::write(&html, page).map_err(|e| refuse(&html, &e))?;
    let text = serde_json::to_string_pretty(report).map_err(|e| refuse(&json, &e))?;
    std::fs::write(&json, text).map_err(|e| refuse(&json, &e))?;
    Ok((html, json))
}
