//! The migration engine: carries a CRM in use from deals to opportunities, proves it, and can go back.
//!
//! In: a connection of a role that owns the CRM's tables, and [`Options`]. Out: the schema that
//! `migrations/` makes, with every row carried over; state in schema `migration`; an [`Outcome`], which is
//! the exit code of `oppbase migrate`. The SQL of the change is that of `migrations/`, nothing else.
//!
//! A run ([`run`]) is a list of operations ([`operation`]). Everything it does is recorded in the
//! transaction that does it ([`state`]), so a run that was killed continues ([`resume`]).

pub mod backup;
pub mod catalogue;
pub mod cleanup;
pub mod decision;
pub mod dry_run;
pub mod error;
pub mod final_check;
pub mod lock;
pub mod log;
pub mod report;
pub mod rollback;
pub mod score;
pub mod session;
pub mod stage_map;
pub mod state;
pub mod validation;
pub mod verify;

use std::path::PathBuf;
use std::time::Duration;

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
