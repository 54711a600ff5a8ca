//! The migration engine: carries a CRM in use from deals to opportunities, proves it, and can go back.
//!
//! In: a connection of a role that owns the CRM's tables, and [`Options`]. Out: the schema that
//! `migrations/` makes, with every row carried over; state in schema `migration`; an [`Outcome`], which is
//! the exit code of `oppbase migrate`. The SQL of the change is that of `migrations/`, nothing else.
//!
//! A run ([`run`]) is a list of operations ([`operation`]). Everything it does is recorded in the
//! transaction that does it ([`state`]), so a run that was killed continues ([`resume`]).

pub mod backfill;
pub mod backup;
pub mod catalogue;
pub mod catch_up;
pub mod cleanup;
mod cutover;
pub mod decision;
pub mod dry_run;
pub mod engine;
pub mod error;
pub mod final_check;
pub mod fingerprint;
pub mod lock;
pub mod log;
pub mod maintenance;
pub mod operation;
mod pooler;
mod prepare;
mod proof;
pub mod report;
pub mod resume;
pub mod retire;
pub mod rollback;
pub mod run;
pub mod score;
mod scratch;
pub mod session;
pub mod stage_map;
pub mod state;
pub mod table_locks;
pub mod touched;
pub(crate) mod trace;
pub mod validation;
pub mod verify;

use std::path::PathBuf;
use std::time::Duration;

pub use engine::Stop;
pub use error::{Fault, Outcome};
pub use log::Log;

/// What every command is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connection string of the database. Holds a password: never logged.
    pub database_url: String,
    /// Ask nothing.
    pub assume_yes: bool,
    /// Rows per batch, at most.
    pub batch_size: u32,
    /// Rest between two batches.
    pub pause: Duration,
    /// Where the JSON lines go.
    pub log_file: PathBuf,
    /// Results as JSON on standard output.
    pub json: bool,
}

/// What a run is told, beside [`Options`].
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// How the data is judged before the first change, and what stage texts mean.
    pub judgement: validation::Options,
    /// Why a DELAY of the judgement does not stop the run; recorded. A BLOCK always does.
    pub accept_findings: Option<String>,
    /// The backup that is taken first; `run` and `folder` are the run's own.
    pub backup: backup::Request,
    /// The run ends without comparing everything; somebody else does.
    pub skip_verify: bool,
    /// Writers are kept out for the whole time.
    pub offline: bool,
    /// They stay out when the run does not reach its end.
    pub keep_maintenance: bool,
    /// When a run is expected; another time is worth a warning.
    pub hours: maintenance::Hours,
}
