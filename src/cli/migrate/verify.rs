//! `oppbase migrate verify`: compares every row with the backup, and everything else with the plan. Exit
//! code 0 for SUCCESS with or without warnings, 1 for FAILED, 5 for PARTIAL_SUCCESS.

use std::fmt::Write;

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::Context;
use crate::cli;
use crate::migrate::session::{self, Found};
use crate::migrate::verify::{self, Check, Status, Verdict, Verification, Writes};
use crate::migrate::{Fault, Outcome, retire, state};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The run to verify; the latest one by default.
    #[arg(long, value_name = "ID")]
    run: Option<Uuid>,
    /// Verify without the backup: what the rows hold is then not verified.
    #[arg(long)]
    no_backup_comparison: bool,
    /// What users may have done since the backup. While a run is at work their writes are traced.
    #[arg(long, value_enum, default_value_t)]
    writes: WritesArgument,
    /// Leave the measurements out.
    #[arg(long)]
    no_performance: bool,
    /// Rows of each kind that the report shows in full.
    #[arg(long, value_name = "ROWS", default_value_t = 100)]
    samples: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum WritesArgument {
    /// Every difference is a fault.
    None,
    /// As traced while writes are traced, as any once the run is complete.
    #[default]
    AsKnown,
    /// New rows, traced writes and edits with a later updated_at are none.
    Traced,
    /// Edits and deletions without a trace are not critical.
    Any,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let session = session::open(&context.options.database_url, arguments.run).await?;
    let Found::Migrated(baseline) = session.found else {
        return Err(Fault::failed("the database has not been migrated")
            .hint("`oppbase migrate status` says how far a run is"));
    };
    let run = match arguments.run {
        Some(id) => Some(state::run_by_id(&session.client, id).await?),
        None => state::latest_run(&session.client).await?,
    };
    if let Some(run) = &run {
        let what = "both faces can no longer be compared";
        retire::refuse_retired(&session.client, run, what).await?;
    }
    let run = run.map(|run| run.id);
    let options = verify::Options {
        backup_comparison: !arguments.no_backup_comparison,
        writes: match arguments.writes {
            WritesArgument::None => Writes::None,
            WritesArgument::AsKnown => Writes::AsKnown,
            WritesArgument::Traced => Writes::Traced,
            WritesArgument::Any => Writes::Any,
        },
        performance: !arguments.no_performance,
        samples: arguments.samples,
        ..verify::Options::new(baseline)
    };
    let verification = verify::verify(&session.client, run, &options).await?;
    if let Some(run) = run {
        verify::record(&session.client, run, &verification).await?;
    }
    let line = format!(
        "verification: {}, score {:.1}",
        verification.verdict.name(),
        verification.score
    );
    let log = run.map_or_else(|| context.log.clone(), |run| context.log.of_run(run));
    match outcome(&verification) {
        Outcome::Done => log.info(&line),
        _ => log.error(&line),
    }
    if context.options.json {
        let json = serde_json::to_string_pretty(&verification)
            .map_err(|e| Fault::failed(format!("writing JSON: {e}")))?;
        cli::print(&format!("{json}\n"));
    } else {
        cli::print(&text(&verification));
    }
    Ok(outcome(&verification))
}

fn outcome(verification: &Verification) -> Outcome {
    match verification.verdict {
        Verdict::Success | Verdict::SuccessWithWarnings => Outcome::Done,
        Verdict::PartialSuccess => Outcome::Partial,
        Verdict::Failed => Outcome::Failed,
    }
}

fn text(verification: &Verification) -> String {
    let mut out = String::new();
    for category in &verification.categories {
        let passed = category
            .checks
            .iter()
            .filter(|c| c.status == Status::Passed);
        let _ = writeln!(
            out,
            "{:<26} {:>5.1}  {} of {} checks passed",
            category.title,
            category.score,
            passed.count(),
            category.checks.len()
        );
    }
    for check in verification.findings() {
        let _ = writeln!(out, "{}", finding(check));
    }
    let _ = writeln!(
        out,
        "{} (score {:.1}, {:.1} s)",
        verification.verdict.name(),
        verification.score,
        f64::from(u32::try_from(verification.duration_ms).unwrap_or(u32::MAX)) / 1000.0
    );
    out
}

fn finding(check: &Check) -> String {
    let mut line = format!("{} {}: {}", check.severity.name(), check.id, check.title);
    let _ = match check.status {
        Status::NotEvaluated => write!(line, " -- not evaluated"),
        _ => write!(
            line,
            " -- expected {}, found {}",
            check.expected, check.found
        ),
    };
    if !check.samples.is_empty() {
        let _ = write!(line, " ({})", check.samples.join("; "));
    }
    if let Some(detail) = &check.detail {
        let _ = write!(line, " [{detail}]");
    }
    line
}
