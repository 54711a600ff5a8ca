//! The migration engine: the real program and the library against databases of both baselines.

mod backup;
mod cleanup;
mod final_check;
mod lock;
mod migrated;
mod online;
mod report;
mod resume;
mod rollback;
mod run;
mod validation;
mod verify;
