//! The operations of a run, one file per kind, and the list of them: phases 1.1 to 1.4, then the cut-over.
//!
//! In: the files of `migrations/`, by name. Out: what to do with each. A file named `backfill` is carried
//! out in batches, `indexes` one index at a time and concurrently; the files from `1_1_opportunities` on
//! are the cut-over, one transaction together with the policies; every other file is a transaction.
//! Each kind has `is_done`, `start` and `verify`; undoing is [`super::rollback`]'s, from what was recorded.

pub mod analyze;
pub mod batches;
pub mod capture;
pub mod cutover;
pub mod indexes;
pub mod stage_map;
pub mod statements;

use tokio_postgres::Client;

use super::engine::Job;
use super::error::Fault;
use crate::pg::migrations::{self, Baseline, Migration};

/// One operation.
#[derive(Debug, Clone)]
pub enum Operation {
    /// A file in one transaction.
    Statements(Migration),
    /// A baseline's file: the CRM has it; only recorded.
    Adopt(Migration),
    /// Changes of the rows are noted from now on.
    Capture,
    /// The operator's stage map.
    StageMap,
    /// A file, key range by key range.
    Batches(Migration, batches::Table),
    /// A file of indexes.
    Indexes(Migration),
    /// The planner's statistics.
    Analyze,
    /// Everything that clients see.
    Cutover(Vec<Migration>),
}

/// A phase with its operations.
#[derive(Debug, Clone)]
pub struct Phase {
    /// `1.1` to `1.4`, `cutover`.
    pub number: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// In order.
    pub operations: Vec<Operation>,
}

/// First file of the cut-over.
const CUTOVER_BEGINS: &str = "1_1_opportunities";
/// The state's own file, which ran before everything else.
const STATE: &str = "migration_state";

impl Operation {
    /// Name of the step, as in the history.
    pub fn name(&self) -> &str {
        match self {
            Self::Statements(file)
            | Self::Adopt(file)
            | Self::Batches(file, _)
            | Self::Indexes(file) => file.name,
            Self::Capture => "capture",
            Self::StageMap => "stage_map",
            Self::Analyze => "analyze",
            Self::Cutover(_) => "cutover",
        }
    }

    /// One word for the plan.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Statements(_) | Self::Capture | Self::StageMap => "transaction",
            Self::Adopt(_) => "record",
            Self::Batches(..) => "batches",
            Self::Indexes(_) => "concurrent",
            Self::Analyze => "statistics",
            Self::Cutover(_) => "cut-over",
        }
    }

    /// Whether an earlier attempt did it.
    pub(super) async fn is_done(&self, client: &Client, job: &Job) -> Result<bool, Fault> {
        match self {
            Self::Statements(file)
            | Self::Adopt(file)
            | Self::Batches(file, _)
            | Self::Indexes(file) => statements::is_recorded(client, file).await,
            Self::Cutover(files) => statements::are_recorded(client, files).await,
            Self::Capture | Self::StageMap | Self::Analyze => {
                statements::is_marked(client, job, self.name()).await
            }
        }
    }

    /// Does it.
    pub(super) async fn start(
        &self,
        client: &mut Client,
        job: &Job,
        phase: &Phase,
    ) -> Result<(), Fault> {
        match self {
            Self::Statements(file) => statements::start(client, job, phase, file, true).await,
            Self::Adopt(file) => statements::start(client, job, phase, file, false).await,
            Self::Capture => capture::start(client, job, phase).await,
            Self::StageMap => stage_map::start(client, job, phase).await,
            Self::Batches(file, table) => batches::start(client, job, phase, file, table).await,
            Self::Indexes(file) => indexes::start(client, job, phase, file).await,
            Self::Analyze => analyze::start(client, job, phase).await,
            Self::Cutover(files) => cutover::start(client, job, phase, files).await,
        }
    }

    /// Whether what was done is there.
    pub(super) async fn verify(&self, client: &Client, job: &Job) -> Result<(), Fault> {
        let is_there = match self {
            Self::Capture => capture::is_there(client).await?,
            Self::Indexes(file) => indexes::are_valid(client, file).await?,
            _ => self.is_done(client, job).await?,
        };
        if is_there {
            return Ok(());
        }
        Err(
            Fault::failed(format!("{} was done and is not there", self.name()))
                .hint("somebody changed the schema meanwhile; undo that, or roll back"),
        )
    }
}

/// The phases of a run for a baseline.
pub fn phases(baseline: Baseline) -> Vec<Phase> {
    let mut phases = vec![
        Phase {
            number: "1.1",
            name: "foundation",
            operations: vec![],
        },
        Phase {
            number: "1.2",
            name: "contact organizations",
            operations: vec![],
        },
        Phase {
            number: "1.3",
            name: "opportunity participants",
            operations: vec![],
        },
        Phase {
            number: "1.4",
            name: "activities",
            operations: vec![],
        },
        Phase {
            number: "cutover",
            name: "cut-over",
            operations: vec![],
        },
    ];
    let mut cutover = vec![];
    let mut later = false;
    for file in migrations::migrations(baseline) {
        later |= file.name == CUTOVER_BEGINS;
        if later && file.name != STATE {
            cutover.push(file);
            continue;
        }
        let at = match file.name.get(..3) {
            Some("1_2") => 1,
            Some("1_3") => 2,
            Some("1_4") => 3,
            _ => 0,
        };
        let is_lens = file.name == "1_1_lens_functions";
        let table = batches::table_of(file.name);
        let operations = &mut phases[at].operations;
        if file.is_baseline || file.name == STATE {
            operations.push(Operation::Adopt(file));
        } else if let Some(table) = table {
            operations.push(Operation::Batches(file, table));
        } else if file.name.ends_with("indexes") {
            operations.push(Operation::Indexes(file));
        } else {
            operations.push(Operation::Statements(file));
        }
        if is_lens {
            operations.push(Operation::StageMap);
        }
    }
    // Before the first row is filled, and after everything it needs is there: from then on no change of a
    // row is missed. The tables of later phases are filled after it as well.
    let at = phases[0]
        .operations
        .iter()
        .position(|operation| matches!(operation, Operation::Batches(..)))
        .unwrap_or_default();
    phases[0].operations.insert(at, Operation::Capture);
    phases[3].operations.push(Operation::Analyze);
    phases[4].operations.push(Operation::Cutover(cutover));
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_exactly_one_place() {
        for baseline in [Baseline::Fork, Baseline::Upstream] {
            let phases = phases(baseline);
            let mut placed: Vec<&str> = phases
                .iter()
                .flat_map(|phase| &phase.operations)
                .flat_map(|operation| match operation {
                    Operation::Cutover(files) => files.iter().map(|file| file.name).collect(),
                    Operation::Capture | Operation::StageMap | Operation::Analyze => vec![],
                    other => vec![other.name()],
                })
                .collect();
            let mut files: Vec<&str> = migrations::migrations(baseline)
                .iter()
                .map(|file| file.name)
                .collect();
            placed.sort_unstable();
            files.sort_unstable();
            assert_eq!(placed, files);
            let last = phases.last().expect("the cut-over");
            assert!(
                matches!(last.operations.as_slice(), [Operation::Cutover(files)] if files.len() > 10)
            );
        }
    }

    #[test]
    fn every_backfill_knows_its_table() {
        for file in migrations::migrations(Baseline::Fork) {
            let is_backfill = file.name.contains("backfill");
            assert_eq!(
                batches::table_of(file.name).is_some(),
                is_backfill,
                "{}",
                file.name
            );
            // And says by key which rows it is about, so that a list of keys can take the range's place.
            if is_backfill {
                let ranges = file.sql.matches(crate::migrate::backfill::RANGE).count();
                assert!(ranges > 0, "{}", file.name);
                assert_eq!(
                    file.sql.matches("batch_low").count(),
                    ranges,
                    "{}",
                    file.name
                );
                assert_eq!(
                    file.sql.matches("batch_high").count(),
                    ranges,
                    "{}",
                    file.name
                );
            }
        }
    }

    #[test]
    fn changes_are_noted_before_the_first_row_is_filled() {
        let phases = phases(Baseline::Upstream);
        let names: Vec<&str> = phases[0].operations.iter().map(Operation::name).collect();
        let at = |name: &str| names.iter().position(|n| *n == name).expect("a step");
        assert!(at("capture") < at("1_1_backfill_companies"));
        assert!(at("1_1_lens_functions") < at("stage_map"));
        assert!(at("stage_map") < at("1_1_backfill_deals"));
    }
}
