//! `oppbase migrate transform`: the steps that fill rows, of a run whose tables are there.

use clap::Args;

use super::Context;
use super::run::{Choices, start};
use crate::migrate::run::{Request, Selection};
use crate::migrate::{Fault, Outcome};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    choices: Choices,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let request = Request {
        settings: arguments.choices.settings()?,
        resume: true,
        selection: Selection::Backfills,
    };
    start(context, request).await
}
