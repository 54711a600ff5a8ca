//! The migration engine: the real program and the library against databases of both baselines.

mod backup;
mod cleanup;
pub mod crm;
mod dry_run;
mod lock;
mod online;
mod report;
mod resume;
mod rollback;
mod run;
mod validation;
mod verify;
