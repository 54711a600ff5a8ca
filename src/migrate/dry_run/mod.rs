//! The dry run: what a migration would do, how long it would take, what it needs; and changes nothing.
//!
//! In: a session of the engine. Out: a [`DryRun`], as text and JSON, with GO or NO-GO. Everything is read in
//! one REPEATABLE READ READ ONLY transaction that is rolled back, so PostgreSQL itself sees to it that
//! nothing is written. The judgement is [`validation`]'s, the steps are [`super::operation`]'s.

pub mod estimate;
pub mod rehearse;
mod text;

use serde::Serialize;
use tokio_postgres::{Client, Transaction};

use super::error::Fault;
use super::stage_map::Source;
use super::validation::space::Space;
use super::validation::{self, Report, catalogue, evaluate, with_names};
use crate::mapping;
use crate::pg::migrations::Baseline;
use estimate::{Pace, Step};

pub use text::text;

const ROWS: &str = include_str!("sql/rows.sql");
const SIZES: &str = include_str!("sql/sizes.sql");
const STAGES: &str = include_str!("../validation/sql/stages.sql");

/// What a migration would do.
#[derive(Debug, Clone, Serialize)]
pub struct DryRun {
    /// Findings, rates, score, decision.
    pub validation: Report,
    pub rows: Vec<NewRows>,
    /// Every distinct stage text, the commonest first.
    pub stages: Vec<StageText>,
    /// Stages whose old word the site's board does not show, and what it shows instead.
    pub boards: Vec<String>,
    pub objects: Vec<Change>,
    pub steps: Vec<Step>,
    pub duration: Duration,
    pub resources: Resources,
    pub locks: &'static [LockTaken],
    /// What a rehearsal in a copy said, if there was one.
    pub rehearsal: Option<rehearse::Rehearsal>,
}

/// Rows of a new table.
#[derive(Debug, Clone, Serialize)]
pub struct NewRows {
    pub table: String,
    pub made_from: String,
    pub rows: u64,
    /// Records that give no row.
    pub left_out: u64,
    pub why: String,
}

/// A stage text and what becomes of it.
#[derive(Debug, Clone, Serialize)]
pub struct StageText {
    pub text: String,
    pub deals: u64,
    pub stage: &'static str,
    pub known_by: Source,
}

/// A change of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change {
    /// `create`, `alter`, `drop`, `rename`.
    pub action: &'static str,
    /// `table`, `view`, `column`, `index`, …
    pub kind: &'static str,
    /// Its table; of a renamed table the old name.
    pub relation: &'static str,
    /// Its name; of a renamed table the new one.
    pub identity: &'static str,
}

/// The whole run, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Duration {
    pub min_ms: u64,
    pub likely_ms: u64,
    /// Half as much again.
    pub with_buffer_ms: u64,
}

/// What a run needs of the server.
#[derive(Debug, Clone, Serialize)]
pub struct Resources {
    pub space: Option<Space>,
    /// Memory of the session at its peak: work_mem and maintenance_work_mem.
    pub memory_bytes: u64,
    /// Files of sorts, removed by their statement.
    pub temp_bytes: u64,
    /// Write-ahead log, for the archive and the replicas.
    pub wal_bytes: u64,
}

/// A lock that others notice.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LockTaken {
    pub on: &'static str,
    pub mode: &'static str,
    pub how_long: &'static str,
}

/// The locks of a run, in their order.
const LOCKS: &[LockTaken] = &[
    LockTaken {
        on: "companies, contacts, deals",
        mode: "ACCESS EXCLUSIVE",
        how_long: "milliseconds each: new columns with constant defaults, new triggers; waits 150 to 700 ms, then gives way and tries again",
    },
    LockTaken {
        on: "companies, contacts, deals, sales",
        mode: "SHARE ROW EXCLUSIVE",
        how_long: "milliseconds each: new tables refer to them; writers wait, readers go on",
    },
    LockTaken {
        on: "rows of a batch",
        mode: "ROW EXCLUSIVE",
        how_long: "the time of one batch",
    },
    LockTaken {
        on: "companies, contacts, deals",
        mode: "SHARE UPDATE EXCLUSIVE",
        how_long: "while an index is made concurrently; reads and writes go on",
    },
    LockTaken {
        on: "all tables of the CRM, and their views",
        mode: "ACCESS EXCLUSIVE",
        how_long: "the cut-over: one transaction, below a second",
    },
];

/// Looks at everything and changes nothing.
///
/// # Errors
/// Exit code 3 when there is no CRM before its migration or something could not be evaluated.
pub async fn dry_run(
    client: &mut Client,
    options: &validation::Options,
    pace: Pace,
) -> Result<DryRun, Fault> {
    let baseline = validation::before_migration(client).await?;
    let transaction = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let result = within(&transaction, baseline, options, pace).await?;
    transaction.rollback().await?;
    Ok(result)
}

async fn within(
    transaction: &Transaction<'_>,
    baseline: Baseline,
    options: &validation::Options,
    pace: Pace,
) -> Result<DryRun, Fault> {
    let report = evaluate(transaction, baseline, options).await?;
    let rows = new_rows(transaction, baseline).await?;
    let configured = validation::configured(transaction).await?;
    let stages = transaction.query(STAGES, &[]).await?;
    let stages = stages
        .iter()
        .map(|row| {
            let text: String = row.get(0);
            let (stage, known_by) = options.stage_map.meaning(&text, &configured.won);
            StageText {
                text,
                deals: row.get::<_, i64>(1).unsigned_abs(),
                stage,
                known_by,
            }
        })
        .collect();
    let steps = estimate::steps(transaction, baseline, &report.records, pace).await?;
    let resources = resources(transaction, &report, &rows).await?;
    Ok(DryRun {
        boards: boards(&configured.stages, options, &configured.won),
        objects: changes(baseline),
        duration: duration(&steps),
        rows,
        stages,
        steps,
        resources,
        locks: LOCKS,
        rehearsal: None,
        validation: report,
    })
}

/// Every change of the catalogue.
fn changes(baseline: Baseline) -> Vec<Change> {
    catalogue::changes(baseline)
        .map(|(action, kind, relation, identity)| Change {
            action,
            kind,
            relation,
            identity,
        })
        .collect()
}

async fn new_rows(
    transaction: &Transaction<'_>,
    baseline: Baseline,
) -> Result<Vec<NewRows>, Fault> {
    let rows = transaction.query(&with_names(ROWS, baseline), &[]).await?;
    Ok(rows
        .iter()
        .map(|row| NewRows {
            table: row.get(0),
            made_from: row.get(1),
            rows: row.get::<_, i64>(2).unsigned_abs(),
            left_out: row.get::<_, i64>(3).unsigned_abs(),
            why: row.get(4),
        })
        .collect())
}

fn duration(steps: &[Step]) -> Duration {
    let sum = |of: fn(&Step) -> u64| steps.iter().map(of).sum();
    Duration {
        min_ms: sum(|step| step.min_ms),
        likely_ms: sum(|step| step.likely_ms),
        with_buffer_ms: sum(|step| step.with_buffer_ms),
    }
}

/// A board cannot show a text it does not know: what it shows for a stage whose usual word is not configured.
fn boards(configured: &[String], options: &validation::Options, won: &[String]) -> Vec<String> {
    mapping::table::STAGES
        .iter()
        .filter(|map| !configured.iter().any(|word| word == map.legacy))
        .filter_map(|map| {
            let means = |word: &&String| options.stage_map.meaning(word, won).0 == map.stage;
            let shown = configured.iter().find(means).or(configured.first())?;
            Some(format!(
                "{} shows as \"{shown}\": the board has no \"{}\"",
                map.stage, map.legacy
            ))
        })
        .collect()
}

async fn resources(
    transaction: &Transaction<'_>,
    report: &Report,
    rows: &[NewRows],
) -> Result<Resources, Fault> {
    /// An index entry, and a row of a new table with its own indexes.
    const ENTRY_BYTES: u64 = 40;
    const ROW_BYTES: u64 = 400;
    let sizes = transaction.query_one(SIZES, &[]).await?;
    let size = |at: usize| sizes.get::<_, i64>(at).unsigned_abs();
    let records = |name: &str| report.records.get(name).copied().unwrap_or_default();
    let new: u64 = rows
        .iter()
        .filter(|r| r.table != "opportunities")
        .map(|r| r.rows)
        .sum();
    let entries = 12 * records("deals") + 3 * records("contacts") + 4 * records("companies");
    // Each changed row is written anew with its search vector; pages are logged whole after a checkpoint.
    let changed = 2 * (size(0) + size(1) + size(2));
    let wal = (changed + new * ROW_BYTES + entries * ENTRY_BYTES) * 3 / 2;
    Ok(Resources {
        space: report.space.clone(),
        memory_bytes: size(3) + size(4),
        temp_bytes: records("deals").max(records("contacts")) * ENTRY_BYTES,
        wal_bytes: wal,
    })
}
