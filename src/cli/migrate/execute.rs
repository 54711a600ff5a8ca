//! `oppbase migrate execute --phase 1.1,1.2`: runs some phases only. The cut-over is a phase of its own.

use clap::Args;

use super::Context;
use super::run::{Choices, start};
use crate::migrate::run::{Request, Selection};
use crate::migrate::{Fault, Outcome};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Phases: 1.1 to 1.4, cutover; each needs those before it.
    #[arg(long = "phase", required = true, value_delimiter = ',', value_name = "PHASE",
          value_parser = ["1.1", "1.2", "1.3", "1.4", "cutover"])]
    phases: Vec<String>,
    /// Continue the run that stopped, or that has other phases done.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    choices: Choices,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let request = Request {
        settings: arguments.choices.settings()?,
        resume: arguments.resume,
        selection: Selection::Phases(arguments.phases),
    };
    start(context, request).await
}
