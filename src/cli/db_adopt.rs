//! `oppbase db adopt`: takes over an existing Supabase database. Says what is there, what it adds (roles,
//! schemas, tables, functions that are missing), and adds only that; safe to repeat. `--dry-run` says and
//! does not.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::connect::connect;
use super::failure::{Exit, Failure, one_line};
use super::schema;
use crate::config::load;
use crate::pg::adopt::{AdoptError, Report, adopt};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file; the environment wins.
    #[arg(value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say what would be added and change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = load::load(arguments.config.as_deref(), load::process_environment())?;
    let uri = config
        .database
        .admin_uri
        .as_ref()
        .unwrap_or(&config.database.uri);
    let mut client = connect(uri).await?;
    let report = adopt(&mut client, arguments.dry_run)
        .await
        .map_err(failure)?;
    super::print(&text(&report, arguments.dry_run));
    if !report.missing_columns.is_empty() {
        return Err(
            Failure::new(Exit::SchemaMissing, "the database is too old to be adopted")
                .hint("upgrade the Supabase services that own these columns, then adopt"),
        );
    }
    // A role of somebody else keeps its password.
    let is_new = report
        .added
        .iter()
        .any(|object| object == "role authenticator");
    if is_new && !arguments.dry_run && config.database.admin_uri.is_some() {
        schema::set_authenticator_password(&client, &config.database.uri).await?;
    }
    Ok(())
}

fn text(report: &Report, dry_run: bool) -> String {
    let mut out = String::new();
    for (name, value) in &report.facts {
        let _ = writeln!(out, "{name}: {value}");
    }
    for column in &report.missing_columns {
        let _ = writeln!(out, "missing: {column}");
    }
    if !report.missing_columns.is_empty() {
        return out;
    }
    if report.added.is_empty() {
        out.push_str("nothing to add\n");
    }
    let verb = if dry_run { "would add" } else { "added" };
    for object in &report.added {
        let _ = writeln!(out, "{verb}: {object}");
    }
    out
}

fn failure(error: AdoptError) -> Failure {
    match error {
        AdoptError::Database(error) => error.into(),
        AdoptError::Platform(error) => {
            let failure = Failure::new(Exit::Database, one_line(&error.to_string()));
            match error.hint() {
                Some(hint) => failure.hint(one_line(hint)),
                None => failure,
            }
        }
    }
}
