//! The migration engine: the real program and the library against databases of both baselines.

mod back;
mod backup;
mod cleanup;
mod lock;
mod online;
mod report;
mod resume;
mod rollback;
mod run;
mod validation;
mod verify;
