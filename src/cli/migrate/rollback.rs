//! `oppbase migrate rollback`: shows what going back means, asks, and goes back.
//!
//! In: where to and how far. Out: the plan on standard error, the result on standard output (`--json`: the
//! whole report). Exit codes: 0 done or nothing to undo, 1 failed, 2 the window is over, something is in the
//! way or nobody confirmed, 3 the environment, 4 another command is at work, 130 interrupted.

use std::fmt::Write;

use clap::{Args, ValueEnum};

use super::Context;
use super::ask::confirm;
use super::interrupt;
use crate::cli::{note, print};
use crate::migrate::rollback::{self, Destination, HOURS, Later, Preview, Report, Request, Undo};
use crate::migrate::{Fault, Outcome, lock, session};

/// What must be typed.
const WORD: &str = "EMERGENCY_ROLLBACK";

/// What is said of it.
const PLATFORM: &str = "made for the platform where it was missing, and stays: roles, schemas auth, storage, extensions and net with what is in them";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to go back to.
    #[arg(long, value_name = "WHERE", default_value = "structural")]
    to: To,
    /// Undo this phase and those after it only: 1.1, 1.2, 1.3 or 1.4.
    #[arg(long, value_name = "PHASE", conflicts_with = "to")]
    phase: Option<String>,
    /// Go back although the 48 hours are over; the reason is recorded.
    #[arg(long, value_name = "REASON")]
    force_expired: Option<String>,
    /// Without a terminal: agree that rows written since the backup leave the tables (they are kept aside).
    #[arg(long)]
    remove_later_rows: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    /// The old schema with today's rows.
    Structural,
    /// The old schema with exactly the rows of the backup; later rows are kept aside.
    Backup,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let mut request = Request {
        to: match arguments.to {
            To::Structural => Destination::Structural,
            To::Backup => Destination::Backup,
        },
        phase: arguments.phase,
        force_expired: arguments.force_expired,
        agreed_rows: 0,
    };
    let client = session::open(&context.options.database_url, None)
        .await?
        .client;
    lock::refuse_held(&client).await?;
    let preview = match rollback::preview(&client, &request).await? {
        Undo::Nothing(why) => {
            print(&format!("nothing to undo: {why}\n"));
            for line in rollback::settle_leftover(&context.options, &context.log).await? {
                print(&format!("{line}\n"));
            }
            return Ok(Outcome::Done);
        }
        Undo::Work(preview) => *preview,
    };
    note(&plan_text(&preview, &request));
    confirm(&context.options, &["This takes the migration back."], WORD)?;
    let later: i64 = preview.later.iter().map(Later::total).sum();
    if later > 0 && !arguments.remove_later_rows {
        if context.options.assume_yes {
            return Err(Fault::refused(format!(
                "{later} rows were written since the backup and would leave the tables"
            ))
            .hint("add --remove-later-rows (they are kept in schema crm_backup), or leave --to backup away"));
        }
        let question = format!("{later} rows written since the backup leave the tables.");
        confirm(&context.options, &[&question], WORD)?;
    }
    // Nobody agreed to those that come between the question and the locks.
    request.agreed_rows = match arguments.remove_later_rows {
        true => i64::MAX,
        false => later,
    };
    let stop = interrupt::on_signal()?;
    let report =
        rollback::execute(&context.options, &request, &preview, &context.log, stop).await?;
    if context.options.json {
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Fault::failed(format!("the report: {error}")))?;
        print(&format!("{text}\n"));
    } else {
        print(&report_text(&report));
    }
    Ok(Outcome::Done)
}

fn plan_text(preview: &Preview, request: &Request) -> String {
    let plan = &preview.plan;
    let mut out = format!("run {} goes back to: {}", preview.run.id, preview.moment);
    match &preview.window.ends_at {
        Some(end) if preview.window.is_over => {
            let reason = request.force_expired.as_deref().unwrap_or_default();
            let _ = write!(
                out,
                "\nthe {HOURS} hours ended at {}; reason: {reason}",
                end.format("%Y-%m-%d %H:%M UTC")
            );
        }
        Some(end) => {
            let _ = write!(out, "\npossible until {}", end.format("%Y-%m-%d %H:%M UTC"));
        }
        None => out.push_str("\nthe run is not complete; it may be undone at any time"),
    }
    let moved: Vec<_> = plan
        .moved_tables
        .iter()
        .map(|table| table.relation.as_str())
        .collect();
    let copied: Vec<_> = plan
        .added_columns
        .iter()
        .map(|added| format!("{} ({} columns)", added.name, added.columns.len()))
        .collect();
    for (what, list) in [
        ("tables kept aside in crm_backup", moved.join(", ")),
        ("new columns kept aside", copied.join(", ")),
        ("others' objects that stay", plan.kept.join(", ")),
        (
            "changed by others since, and as before afterwards",
            plan.turned_back.join(", "),
        ),
        (
            "with the caller's rights afterwards, no longer their owner's, because rights changed since",
            preview.narrowed.join(", "),
        ),
    ] {
        if !list.is_empty() {
            let _ = write!(out, "\n{what}: {list}");
        }
    }
    if preview.platform_stays {
        let _ = write!(out, "\n{PLATFORM}");
    }
    let _ = write!(
        out,
        "\nobjects removed or moved: {}; names given back: {}",
        plan.steps.len(),
        plan.renames.len()
    );
    for later in &preview.later {
        let _ = write!(out, "\n{}", later_text(later));
    }
    out
}

fn later_text(later: &Later) -> String {
    format!(
        "{}: {} rows new since the backup, {} changed, {} gone",
        later.table, later.created, later.edited, later.deleted
    )
}

fn report_text(report: &Report) -> String {
    let mut out = format!("run {} is rolled back\n", report.run);
    let identical = report.rows.iter().filter(|rows| rows.identical).count();
    let _ = writeln!(
        out,
        "catalogue: as recorded before\nrows: {identical} of {} tables as before",
        report.rows.len()
    );
    for rows in report.rows.iter().filter(|rows| !rows.identical) {
        let _ = writeln!(
            out,
            "  {}: {} rows then, {} now",
            rows.table, rows.before, rows.now
        );
    }
    for later in &report.later {
        let _ = writeln!(out, "  {}", later_text(later));
    }
    for (what, list) in [
        ("kept aside in crm_backup", &report.archived),
        ("others' objects that stayed", &report.kept),
        (
            "changed by others since, left as they are",
            &report.changed_by_others,
        ),
        (
            "changed by others since, and as before now",
            &report.turned_back,
        ),
        (
            "with the caller's rights now, no longer their owner's, because rights changed since",
            &report.narrowed,
        ),
    ] {
        if !list.is_empty() {
            let _ = writeln!(out, "{what}: {}", list.join(", "));
        }
    }
    if report.platform_stays {
        let _ = writeln!(out, "{PLATFORM}");
    }
    if let Some(file) = &report.file {
        let _ = writeln!(out, "report: {}", file.display());
    }
    out
}
