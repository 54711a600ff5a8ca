//! `oppbase migrate dry-run`: measures a run and changes nothing.

use clap::Args;

use super::Context;
use crate::migrate::{Fault, Outcome};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) async fn run(_context: Context, _arguments: Arguments) -> Result<Outcome, Fault> {
    Err(Fault::environment("this command is not part of this build"))
}
