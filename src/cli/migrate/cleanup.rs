//! `oppbase migrate cleanup`: lists what is no longer needed, asks, and removes it.
//!
//! Out: the list on standard error, what was removed on standard output (`--json`: the whole report). Exit
//! codes: 0 done or nothing to do, 1 failed, 2 too early or not confirmed, 4 another command is at work.

use std::fmt::Write;

use clap::Args;
use tokio_postgres::Client;

use super::Context;
use super::ask::confirm;
use crate::cli::{note, print};
use crate::config::load;
use crate::migrate::cleanup::{self, Preview, Report};
use crate::migrate::retire::{self, Grace};
use crate::migrate::{Fault, Outcome, session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Also remove what serves the old names, once their grace period is over: the views `deals` and so on, the
    /// old stage texts, the columns with values from before the migration.
    #[arg(long)]
    retire_legacy: bool,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let client = session::open(&context.options.database_url, None)
        .await?
        .client;
    let grace = if arguments.retire_legacy {
        Some(grace(&context, &client).await?)
    } else {
        None
    };
    let preview = cleanup::preview(&client, grace).await?;
    note(&list(&preview));
    if preview.is_empty() {
        print("nothing to clean up\n");
        return Ok(Outcome::Done);
    }
    let mut warnings = vec!["This removes the backups above."];
    if preview.retirement.is_some() {
        warnings.push("The old names go for good: the migration cannot be undone afterwards.");
    }
    confirm(&context.options, &warnings, "yes")?;
    let report = cleanup::execute(&context.options, grace, &context.log).await?;
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

/// How long the old names are served: what the servers go by.
async fn grace(context: &Context, client: &Client) -> Result<Grace, Fault> {
    let fault = |error: load::ConfigError| Fault::environment(error.to_string());
    let file = context.config.as_deref();
    let mut config = load::load(file, load::process_environment()).map_err(fault)?;
    load::apply_in_db(&mut config, &retire::settings(client).await?).map_err(fault)?;
    Ok(Grace(config.legacy))
}

fn list(preview: &Preview) -> String {
    let mut out = String::from("backups:");
    if preview.sets.is_empty() {
        out.push_str(" none");
    }
    for set in &preview.sets {
        let fate = set.kept_because.as_deref().unwrap_or("goes");
        let _ = write!(out, "\n  {} ({}): {fate}", set.name, size(set.bytes()));
        if set.kept_because.is_none() {
            for item in &set.items {
                let _ = write!(out, "\n    {} ({})", item.name, size(item.bytes));
            }
        }
    }
    if let Some(at) = preview.retired_at {
        let _ = write!(out, "\nold names: removed on {}", at.format("%Y-%m-%d"));
    }
    if let Some(work) = &preview.retirement {
        old_names(&mut out, work);
    }
    out
}

fn old_names(out: &mut String, work: &retire::Preview) {
    let end = work.grace_ended_at.format("%Y-%m-%d");
    let _ = write!(out, "\nold names, served until {end}:");
    for item in &work.items {
        let _ = write!(out, "\n  {}", item.name);
        if item.bytes > 0 {
            let _ = write!(out, " ({})", size(item.bytes));
        }
    }
    let _ = write!(out, "\nmade anew without them:");
    for name in &work.changed {
        let _ = write!(out, "\n  {name}");
    }
    if work.rows_with_own_text > 0 {
        let _ = write!(
            out,
            "\n{} opportunities have an old stage text that does not follow from their stage ({}); only backups keep it",
            work.rows_with_own_text,
            work.texts.join(", ")
        );
    }
    for name in &work.mentions {
        let _ = write!(out, "\nwarning: {name} names something old and will fail");
    }
}

fn result(report: &Report) -> String {
    let mut out = format!(
        "removed {} sets, kept {}; {} freed\n",
        report.removed.len(),
        report.kept.len(),
        size(report.bytes_freed)
    );
    if let Some(retired) = &report.retirement {
        let _ = writeln!(
            out,
            "removed {} objects of the old names; {} more are free as rows are written",
            retired.preview.items.len(),
            size(retired.bytes_reusable)
        );
    }
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
