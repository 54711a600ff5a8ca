//! `oppbase migrate backup`: makes a backup and verifies it.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use super::ask::confirm;
use crate::cli::print;
use crate::migrate::backup::{self, Request};
use crate::migrate::lock::RunLock;
use crate::migrate::validation::space::bytes;
use crate::migrate::{Fault, Outcome, session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Restore the dump into a scratch database and compare every table.
    #[arg(long, conflicts_with = "no_dump")]
    deep: bool,
    /// Write the dump as SQL text, too.
    #[arg(long, conflicts_with = "no_dump")]
    plain: bool,
    /// Make the table copies only, and record why.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    no_dump: Option<String>,
    /// The program pg_dump, not older than the server.
    #[arg(long, value_name = "PATH")]
    pg_dump: Option<PathBuf>,
    /// Free bytes of the server's data volume, when they cannot be measured from here.
    #[arg(long, value_name = "BYTES")]
    free_bytes: Option<u64>,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say why".into());
    }
    Ok(text.to_owned())
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let Context { options, log, .. } = context;
    let mut session = session::open(&options.database_url, None).await?;
    confirm(
        &options,
        &["Copy the CRM's tables into schema crm_backup?"],
        "yes",
    )?;
    let lock = RunLock::take(&options.database_url, None).await?;
    lock.attach(&session.client).await?;
    let request = Request {
        run: None,
        folder: options.log_file.with_file_name("backups"),
        no_dump: arguments.no_dump,
        pg_dump: arguments.pg_dump,
        deep: arguments.deep,
        plain: arguments.plain,
        free_bytes: arguments.free_bytes,
    };
    let client = &mut session.client;
    let set = backup::take(client, &options.database_url, &request, &lock, &log).await?;
    if options.json {
        let json = serde_json::to_string_pretty(&set);
        print(&(json.map_err(|e| Fault::failed(format!("writing the result: {e}")))? + "\n"));
        return Ok(Outcome::Done);
    }
    let rows: i64 = set.tables.iter().map(|table| table.rows).sum();
    let dump = match &set.dump {
        Some(dump) => format!(
            "{} ({}, SHA-256 {})",
            dump.path.display(),
            bytes(dump.bytes),
            dump.sha256
        ),
        None => "none".into(),
    };
    print(&format!(
        "backup {} of run {}: verified\ntables: {} in crm_backup, {rows} rows\ndump: {dump}\nmanifest: {}\n",
        set.stamp,
        set.run,
        set.tables.len(),
        set.manifest.display()
    ));
    Ok(Outcome::Done)
}
