//! `oppbase migrate cleanup`: lists what is no longer needed, asks, and removes it.
//!
//! Out: the list on standard error, what was removed on standard output (`--json`: the whole report). Exit
//! codes: 0 done or nothing to do, 1 failed, 2 too early or not confirmed, 4 another command is at work.

use std::fmt::Write;

use clap::Args;

use super::Context;
use super::ask::confirm;
use crate::cli::{note, print};
use crate::migrate::cleanup::{self, Preview, Report};
use crate::migrate::{Fault, Outcome, session};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) async fn run(context: Context, _arguments: Arguments) -> Result<Outcome, Fault> {
    let client = session::open(&context.options.database_url, None)
        .await?
        .client;
    let preview = cleanup::preview(&client).await?;
    note(&list(&preview));
    if preview.going().next().is_none() {
        print("nothing to clean up\n");
        return Ok(Outcome::Done);
    }
    confirm(
        &context.options,
        &["This removes the backups above."],
        "yes",
    )?;
    let report = cleanup::execute(&context.options, &context.log).await?;
    if context.options.json {
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Fault::failed(format!("the report: {error}")))?;
        print(&format!("{text}\n"));
    } else {
        print(&result(&report));
    }
    if report.failed.is_empty() {
        return Ok(Outcome::Done);
    }
    Err(Fault::failed(format!(
        "these files are still there: {}",
        report.failed.join("; ")
    ))
    .hint("remove them by hand"))
}

fn list(preview: &Preview) -> String {
    let mut out = String::from("backups:");
    for set in &preview.sets {
        let fate = set.kept_because.as_deref().unwrap_or("goes");
        let _ = write!(out, "\n  {} ({}): {fate}", set.name, size(set.bytes()));
        if set.kept_because.is_none() {
            for item in &set.items {
                let _ = write!(out, "\n    {} ({})", item.name, size(item.bytes));
            }
        }
    }
    out
}

fn result(report: &Report) -> String {
    let mut out = format!(
        "removed {} sets, kept {}; {} freed\n",
        report.removed.len(),
        report.kept.len(),
        size(report.bytes_freed)
    );
    if let Some(file) = &report.file {
        let _ = writeln!(out, "report: {}", file.display());
    }
    out
}

/// Bytes for people.
fn size(bytes: i64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" {
        return format!("{bytes} B");
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 kB");
        assert_eq!(size(3 << 30), "3.0 GB");
    }
}
