//! How long a run takes: measured on a sample of every backfill's query, and scaled.
//!
//! In: a transaction that only reads, and the counts. Out: one [`Step`] per step of the plan. What cannot be
//! measured by reading is the writing: it is counted in units of the time that this server needs to read
//! and hash a row of deals, which a sample measures too. The factors of writing are assumptions.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Transaction;

use crate::migrate::error::Fault;
use crate::migrate::operation::{self, Operation};
use crate::migrate::validation::{catalogue, with_names};
use crate::pg::migrations::Baseline;

/// Rows of a sample.
const SAMPLE: u64 = 10_000;
/// Writing a new row with its indexes, in units.
const INSERT_UNITS: u64 = 8;
/// Writing a changed row: the row, its log, its indexes.
const UPDATE_UNITS: u64 = 12;
/// One entry of an index, in sorted rows.
const INDEX_FACTOR: u64 = 2;
/// A short transaction that changes the catalogue.
const SHORT_MICROS: u64 = 20_000;
/// One file of the cut-over.
const CUTOVER_FILE_MICROS: u64 = 25_000;
/// What cannot be measured without writing, in words.
pub const ASSUMPTIONS: &str = "reading was measured on samples; a new row was assumed to cost 8 times, a changed one 12 times \
    the reading of a deal, an index entry twice its sorting; --rehearse measures all of it";
/// A unit is never less than this: a sample of nothing measures nothing.
const LEAST_UNIT_NANOS: u64 = 500;

/// One step with its times.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    pub phase: &'static str,
    pub step: String,
    /// As in the plan: `transaction`, `batches`, `concurrent`, …
    pub kind: &'static str,
    /// Rows that it reads or makes.
    pub rows: u64,
    pub batches: u64,
    /// What was measured, scaled: reading and computing alone.
    pub min_ms: u64,
    /// With writing, indexes and rests between batches.
    pub likely_ms: u64,
    /// Half as much again.
    pub with_buffer_ms: u64,
}

/// What a sample says of one backfill.
struct Sample {
    file: &'static str,
    sql: &'static str,
    /// Name of the count of the rows it goes through.
    source: &'static str,
    units: u64,
}

macro_rules! sample {
    ($file:literal, $name:literal, $source:literal, $units:expr) => {
        Sample {
            file: $file,
            sql: include_str!(concat!("sql/sample_", $name, ".sql")),
            source: $source,
            units: $units,
        }
    };
}

const SAMPLES: &[Sample] = &[
    sample!(
        "1_1_backfill_companies",
        "companies",
        "companies",
        UPDATE_UNITS
    ),
    sample!(
        "1_1_backfill_contacts",
        "contacts",
        "contacts",
        UPDATE_UNITS
    ),
    sample!("1_1_backfill_deals", "deals", "deals", UPDATE_UNITS),
    sample!(
        "1_2_backfill_contact_organizations",
        "contact_organizations",
        "contacts",
        INSERT_UNITS
    ),
    sample!(
        "1_3_backfill_participants",
        "participants",
        "deals",
        INSERT_UNITS
    ),
    sample!(
        "1_3_backfill_opportunity_contacts",
        "opportunity_contacts",
        "deals",
        2 * INSERT_UNITS
    ),
    sample!(
        "1_4_backfill_deal_notes",
        "deal_notes",
        "deal_notes",
        INSERT_UNITS
    ),
    sample!(
        "1_4_backfill_contact_notes",
        "contact_notes",
        "contact_notes",
        INSERT_UNITS
    ),
    sample!("1_4_backfill_tasks", "tasks", "tasks", INSERT_UNITS),
    sample!(
        "1_4_backfill_founding",
        "founding",
        "deal_notes",
        UPDATE_UNITS
    ),
];
const SORT: &str = include_str!("sql/sample_sort.sql");
const UNIT: &str = include_str!("sql/sample_unit.sql");

/// The pace of a run.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub batch_size: u32,
    pub pause: Duration,
}

/// Measures and scales.
///
/// # Errors
/// When a sample cannot be taken.
pub async fn steps(
    transaction: &Transaction<'_>,
    baseline: Baseline,
    records: &BTreeMap<&'static str, u64>,
    pace: Pace,
) -> Result<Vec<Step>, Fault> {
    let count = |name: &str| records.get(name).copied().unwrap_or_default();
    let deals = count("deals");
    let unit = per_row(measure(transaction, UNIT).await?, deals).max(LEAST_UNIT_NANOS);
    let sorted = per_row(measure(transaction, SORT).await?, deals).max(LEAST_UNIT_NANOS);
    let mut list = Vec::new();
    for phase in operation::phases(baseline) {
        for operation in &phase.operations {
            let mut step = Step {
                phase: phase.number,
                step: operation.name().to_owned(),
                kind: operation.kind(),
                rows: 0,
                batches: 0,
                min_ms: 0,
                likely_ms: 0,
                with_buffer_ms: 0,
            };
            let (min, likely) = match operation {
                Operation::Batches(file, _) => {
                    let sample = SAMPLES.iter().find(|sample| sample.file == file.name);
                    let sample = sample
                        .ok_or_else(|| Fault::failed(format!("no sample of {}", file.name)))?;
                    step.rows = count(sample.source);
                    step.batches = step.rows.div_ceil(u64::from(pace.batch_size.max(1)));
                    let sql = with_names(sample.sql, baseline);
                    let read = per_row(measure(transaction, &sql).await?, step.rows);
                    let rests =
                        step.batches * u64::try_from(pace.pause.as_nanos()).unwrap_or(u64::MAX);
                    let min = read.saturating_mul(step.rows);
                    (min, min + sample.units * unit * step.rows + rests)
                }
                Operation::Indexes(file) => {
                    step.rows = indexed(baseline, file.sql, records);
                    let min = sorted * step.rows;
                    (min, min * INDEX_FACTOR)
                }
                Operation::Cutover(files) => {
                    let time = files.len() as u64 * CUTOVER_FILE_MICROS * 1_000;
                    (time / 2, time)
                }
                Operation::Analyze => (unit * deals / 10, unit * deals / 5),
                _ => (SHORT_MICROS * 500, SHORT_MICROS * 1_000),
            };
            step.min_ms = min / 1_000_000;
            step.likely_ms = (likely / 1_000_000).max(step.min_ms);
            step.with_buffer_ms = step.likely_ms + step.likely_ms / 2;
            list.push(step);
        }
    }
    Ok(list)
}

/// Entries of the indexes that a file makes.
fn indexed(baseline: Baseline, sql: &str, records: &BTreeMap<&'static str, u64>) -> u64 {
    catalogue::created(baseline)
        .filter(|(kind, _, identity)| *kind == "index" && sql.contains(identity))
        .map(|(_, relation, _)| {
            let name = if relation == "opportunities" {
                "deals"
            } else {
                relation
            };
            records.get(name).copied().unwrap_or_default()
        })
        .sum()
}

/// Nanoseconds per row of a sample taken from `rows` rows.
fn per_row(nanos: u64, rows: u64) -> u64 {
    nanos / rows.clamp(1, SAMPLE)
}

/// Runs a query for its time alone; nanoseconds.
async fn measure(transaction: &Transaction<'_>, sql: &str) -> Result<u64, Fault> {
    let row = transaction
        .query_one(
            &format!("explain (analyze, timing off, format json) {sql}"),
            &[],
        )
        .await?;
    let plan: Value = row.get(0);
    let ms = plan[0]["Execution Time"].as_f64().unwrap_or_default();
    Ok((ms * 1e6) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::migrations;

    #[test]
    fn every_backfill_has_a_sample_and_every_sample_a_backfill() {
        for baseline in [Baseline::Fork, Baseline::Upstream] {
            let mut files: Vec<&str> = migrations::migrations(baseline)
                .iter()
                .map(|file| file.name)
                .filter(|name| name.contains("backfill"))
                .collect();
            let mut samples: Vec<&str> = SAMPLES.iter().map(|sample| sample.file).collect();
            files.sort_unstable();
            samples.sort_unstable();
            assert_eq!(files, samples);
        }
    }

    #[test]
    fn the_assumptions_say_the_factors() {
        assert!(ASSUMPTIONS.contains(&format!("new row was assumed to cost {INSERT_UNITS} times")));
        assert!(ASSUMPTIONS.contains(&format!("changed one {UPDATE_UNITS} times")));
    }

    #[test]
    fn a_sample_of_few_rows_is_not_scaled_down() {
        assert_eq!(per_row(1_000, 10), 100);
        assert_eq!(per_row(1_000_000, 1_000_000), 100);
        assert_eq!(per_row(1_000, 0), 1_000);
    }
}
