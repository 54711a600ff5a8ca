//! Verification: proves what a migration did, by content for every row, as the real roles, in both
//! vocabularies.
//!
//! In: a connection of the tables' owner to a migrated database, the run, [`Options`]. Out: a
//! [`Verification`]: categories of [`Check`]s, a score for each, the overall [`Verdict`], the samples that
//! people compare by eye. Nothing is changed: what has to be tried out is tried in transactions that are
//! rolled back, and with ids of its own, so that no sequence moves.
//!
//! The mean of the scores never hides a loss: one broken check of severity critical is a failure whatever
//! the mean. What could not be evaluated counts as broken.

mod access;
mod access_table;
mod audit;
pub(in crate::migrate) mod backup_set;
mod business_rules;
pub(in crate::migrate) mod catalogue;
mod compatibility;
mod content;
mod counts;
mod derived;
mod execution;
pub mod expected;
mod foreign_keys;
pub mod outcome;
mod own;
mod own_rules;
pub(in crate::migrate) mod performance;
mod policies;
mod record;
pub(in crate::migrate) mod rule;
mod samples;
pub(in crate::migrate) mod trial;

use std::time::Instant;

use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

pub use access_table::{AccessRow, access_table};
pub use backup_set::{BackupSet, Copy};
pub use content::TableFacts;
pub use outcome::{Category, Check, Severity, Status, Verdict};
pub use performance::Measure;
pub use policies::{PolicyFacts, expected_policies};
pub use record::{PLACE, record, recorded};
pub use samples::Sample;

use super::Fault;
use crate::migrate::trace::Known;
use crate::pg::migrations::Baseline;

/// Whether the run is complete, or was before some of its phases were undone: nothing is traced after that.
const WAS_COMPLETE: &str = "\
    select coalesce(bool_or(h.status = 'completed' or h.metadata ->> 'was_complete' = 'true'), false) \
      from migration.migration_history h \
     where h.phase_number = 'run' and h.step is null and ($1::uuid is null or h.run_id = $1)";

/// What users may have done to the rows between the backup and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// Nothing: the CRM was closed. Every difference is a fault.
    None,
    /// They worked on: as [`Writes::Traced`] while their writes are traced, as [`Writes::Any`] once that is over.
    #[default]
    AsKnown,
    /// They worked on. New rows, and edits that left a later `updated_at`, are listed and are no fault.
    Traced,
    /// They worked on for long. Edits and deletions that left no trace are of severity high, not critical.
    Any,
}

/// How to verify.
#[derive(Debug, Clone)]
pub struct Options {
    /// The product that the database came from.
    pub baseline: Baseline,
    /// Compare with the backup set. Without one the comparison is critical unless this is off.
    pub backup_comparison: bool,
    /// What may have happened to the rows meanwhile.
    pub writes: Writes,
    /// Measure the queries; off where the figures would mean nothing.
    pub performance: bool,
    /// Rows shown in full per kind; chosen by a fixed seed.
    pub samples: u32,
}

impl Options {
    /// Everything, 100 samples of each kind.
    pub fn new(baseline: Baseline) -> Self {
        Self {
            baseline,
            backup_comparison: true,
            writes: Writes::default(),
            performance: true,
            samples: 100,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    /// The run that was verified, when there is one.
    pub run_id: Option<Uuid>,
    /// `fork` or `upstream`.
    pub baseline: &'static str,
    /// Stamp of the backup set that the rows were compared with.
    pub backup_stamp: Option<String>,
    /// RFC 3339, UTC, by the database's clock.
    pub started_at: String,
    /// Milliseconds.
    pub duration_ms: u64,
    /// The word that scripts read.
    pub verdict: Verdict,
    /// Mean of the categories' scores, 0..=100.
    pub score: f64,
    /// In the order of the written plan.
    pub categories: Vec<Category>,
    /// Rows before and after, per table.
    pub tables: Vec<TableFacts>,
    /// Times of the queries.
    pub performance: Vec<Measure>,
    /// Rows before and after, side by side.
    pub samples: Vec<Sample>,
}

impl Verification {
    /// Every check of every category.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.categories.iter().flat_map(|category| &category.checks)
    }

    /// The checks that are broken or could not be evaluated, worst first.
    pub fn findings(&self) -> Vec<&Check> {
        let mut found: Vec<_> = self
            .checks()
            .filter(|check| check.counts_against())
            .collect();
        found.sort_by_key(|check| check.severity);
        found
    }
}

/// Verifies. `run_id` is the run whose history and backup set are meant; without one, the latest.
///
/// # Errors
/// Only when the connection is lost or our own bookkeeping cannot be read; what is wrong with the
/// migration is in the [`Verification`].
pub async fn verify(
    client: &Client,
    run_id: Option<Uuid>,
    options: &Options,
) -> Result<Verification, Fault> {
    let began = Instant::now();
    let started_at = now(client).await?;
    let set = if options.backup_comparison {
        backup_set::find(client, run_id).await?
    } else {
        None
    };
    let cut_over = backup_set::cut_over(client, run_id).await?;
    let run = run_id.or_else(|| set.as_ref().map(|set| set.run_id));
    // With a set there is a history; a database that was made new may have none.
    let was_complete = match &set {
        Some(_) => client.query_one(WAS_COMPLETE, &[&run]).await?.get(0),
        None => false,
    };
    let options = &Options {
        writes: match (options.writes, set.as_ref().map(|set| set.known)) {
            (Writes::AsKnown, Some(Known::Some)) if was_complete => Writes::Any,
            (Writes::AsKnown, _) => Writes::Traced,
            (asked, _) => asked,
        },
        ..options.clone()
    };

    let own = own::Own::read(client, options.baseline, run).await?;

    // One snapshot for everything that only reads.
    rule::begin(client, "isolation level repeatable read").await?;
    // Whole tables are compared with whole tables: a nested loop over one of them for each row of the other is
    // what the planner takes when it believes that `is distinct from` leaves one row, and it does not end.
    client
        .batch_execute("set local enable_nestloop = off")
        .await?;
    let tables = match &set {
        Some(set) => content::compare(client, set, cut_over).await?,
        None => vec![],
    };
    let derived = derived::check(client, set.as_ref(), cut_over, options).await?;
    let mut categories = vec![
        counts::check(client, set.as_ref(), &tables, options).await?,
        content::check(set.as_ref(), &tables, derived, options),
        foreign_keys::check(client, options.baseline, &own).await?,
        business_rules::check(client).await?,
        catalogue::check(client, options.baseline, &own).await?,
        audit::check(client, run_id, set.as_ref(), &tables, &own, options).await?,
    ];
    let samples = samples::choose(client, set.as_ref(), options.samples).await?;
    rule::rollback(client).await?;

    categories.push(access::check(client, options.baseline, &own).await?);
    categories.push(compatibility::check(client, options.samples, &own).await?);
    categories.push(execution::check(client, &own).await?);
    let mut measures = vec![];
    if options.performance {
        measures = performance::measure(client, run_id).await?;
        categories.push(performance::check(&measures));
    }
    let (score, verdict) = outcome::overall(&categories);
    Ok(Verification {
        run_id: run,
        baseline: options.baseline.folder(),
        backup_stamp: set.map(|set| set.stamp),
        started_at,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        verdict,
        score,
        categories,
        tables,
        performance: measures,
        samples,
    })
}

/// The samples alone, for a report of a run that was verified before.
///
/// # Errors
/// When the server cannot be asked.
pub async fn samples_of(
    client: &Client,
    run_id: Option<Uuid>,
    count: u32,
) -> Result<Vec<Sample>, Fault> {
    let set = backup_set::find(client, run_id).await?;
    rule::begin(client, "isolation level repeatable read read only").await?;
    let samples = samples::choose(client, set.as_ref(), count).await?;
    rule::rollback(client).await?;
    Ok(samples)
}

async fn now(client: &Client) -> Result<String, Fault> {
    let row = client
        .query_one(
            "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
            &[],
        )
        .await?;
    Ok(row.get(0))
}
