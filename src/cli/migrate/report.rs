//! `oppbase migrate report`: writes the report of a run as HTML and JSON and prints their paths.

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use super::Context;
use crate::cli;
use crate::migrate::{Fault, Outcome, report, session, state};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The run; the latest one by default.
    #[arg(long, value_name = "ID")]
    run: Option<Uuid>,
    /// Folder for the two files.
    #[arg(long, value_name = "FOLDER", default_value = "logs/reports")]
    output: PathBuf,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    // A report changes nothing, so a role that may only read will do.
    let client = session::connect(&context.options.database_url, arguments.run).await?;
    if !state::exists(&client).await? {
        return Err(Fault::failed("there has been no run")
            .hint("`oppbase migrate run` makes one; check --database-url"));
    }
    let report = report::collect(&client, arguments.run).await?;
    let (html, json) = report::write(&report, &arguments.output)?;
    context
        .log
        .of_run(report.run.id)
        .info(&format!("report written to {}", html.display()));
    let text = if context.options.json {
        serde_json::to_string_pretty(&report)
            .map_err(|e| Fault::failed(format!("writing JSON: {e}")))?
    } else {
        format!("{}\n{}", html.display(), json.display())
    };
    cli::print(&format!("{text}\n"));
    Ok(Outcome::Done)
}
