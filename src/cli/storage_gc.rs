//! `oppbase storage gc`: finds files that no row names and rows without their file, and with `--delete`
//! removes the former. Safe beside a running server: young files are left alone.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use clap::Args;

use super::connect::connect;
use super::failure::{Exit, Failure};
use super::state;
use crate::config::{Config, load};
use crate::pg::embedded;
use crate::storage::backend::Backend;
use crate::storage::gc::{self, Options, Report};

/// Between the look at the rows and the deletion.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file; the environment wins.
    #[arg(value_name = "FILE", conflicts_with = "data_dir")]
    config: Option<PathBuf>,
    /// Folder of a running `oppbase dev`, instead of a configuration.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Leave files alone that are younger than this many minutes: their upload may be under way.
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    older_than: u32,
    /// Delete what was found. Without it, only report.
    #[arg(long)]
    delete: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = config(&arguments)?;
    let backend = Backend::new(&config.storage)
        .map_err(|e| Failure::new(Exit::Configuration, e.to_string()))?
        .ok_or_else(|| {
            Failure::new(Exit::Configuration, "no store is configured").hint(
                "set storage-dir or storage-s3-bucket, or name the folder of `dev` with --data-dir",
            )
        })?;
    let uri = config
        .database
        .admin_uri
        .as_ref()
        .unwrap_or(&config.database.uri);
    let client = connect(uri).await?;
    // Rows hidden by row security would make their files look like leftovers: fail instead.
    client.batch_execute("set row_security = off").await?;
    let options = Options {
        older_than: Utc::now() - chrono::Duration::minutes(i64::from(arguments.older_than)),
        delete: arguments.delete,
        grace: GRACE,
    };
    let report = gc::run(&backend, &client, options)
        .await
        .map_err(|e| Failure::new(Exit::Other, e.to_string()))?;
    super::print(&text(&report, arguments.delete));
    Ok(())
}

fn config(arguments: &Arguments) -> Result<Config, Failure> {
    let Some(dir) = &arguments.data_dir else {
        let environment = load::process_environment();
        return Ok(load::load(arguments.config.as_deref(), environment)?);
    };
    let values = state::read(dir)
        .filter(|_| embedded::is_locked(dir))
        .ok_or_else(|| {
            Failure::new(
                Exit::NotRunning,
                format!("nothing is running in {}", dir.display()),
            )
        })?;
    let mut config = Config::default();
    config.database.admin_uri = values.get("DB_URL").cloned();
    config.storage.dir = Some(dir.join("storage"));
    Ok(config)
}

fn text(report: &Report, deleted: bool) -> String {
    let mut lines = Vec::new();
    lines.extend(report.leftovers.iter().map(|key| format!("no row: {key}")));
    let half = report.half_written.iter();
    lines.extend(half.map(|path| format!("half-written: {path}")));
    let missing = report.missing.iter();
    lines.extend(missing.map(|name| format!("no file: {name}")));
    lines.push(format!(
        "{} files with a row, {} without ({} bytes), {} too young to judge, {} half-written, {} rows without a file",
        report.files,
        report.leftovers.len(),
        report.leftover_bytes,
        report.young,
        report.half_written.len(),
        report.missing.len(),
    ));
    if deleted {
        lines.push(format!("{} files deleted", report.deleted));
    } else if !report.leftovers.is_empty() || !report.half_written.is_empty() {
        lines.push("nothing was deleted; --delete does it".into());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_was_and_was_not_done() {
        let report = Report {
            files: 3,
            leftovers: vec!["b/x/v".into()],
            leftover_bytes: 7,
            missing: vec!["b/y".into()],
            ..Report::default()
        };
        let dry = text(&report, false);
        assert!(
            dry.starts_with("no row: b/x/v\nno file: b/y\n3 files with a row, 1 without (7 bytes)")
        );
        assert!(dry.ends_with("--delete does it\n"), "{dry}");
        assert!(text(&report, true).ends_with("0 files deleted\n"));
    }
}
