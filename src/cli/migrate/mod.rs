//! `oppbase migrate <command>`: the migration engine's commands, one file each.
//!
//! In: the command and the options that all of them share. Out: results on standard output, everything else
//! on standard error and in the log file, and an exit code of [`Outcome`], not of the other commands'
//! table: the numbers are those of the written procedures.

mod ask;
mod backup;
mod cleanup;
mod dry_run;
mod execute;
mod final_check;
mod interrupt;
mod plan;
mod report;
mod rollback;
mod run;
mod status;
mod transform;
mod validate;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{note, print};
use crate::config::load;
use crate::migrate::{Fault, Log, Options, Outcome};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// What every command is told.
#[derive(Debug, Args)]
struct Shared {
    /// Connection string of the database; else the configuration's administrator connection.
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,
    /// Configuration file; the environment wins.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask nothing: every question is answered with yes.
    #[arg(long, global = true)]
    yes: bool,
    /// Rows per batch, at most.
    #[arg(long, global = true, value_name = "ROWS", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch_size: u32,
    /// Rest between two batches, such as 100ms or 1s.
    #[arg(long, global = true, value_name = "TIME", default_value = "100ms", value_parser = pause)]
    pause: Duration,
    /// Where the log's JSON lines go.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "logs/migration.log"
    )]
    log_file: PathBuf,
    /// Results as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what a run would do.
    Plan(plan::Arguments),
    /// Measure a run without changing anything: counts, findings, time, space, GO or NO-GO.
    DryRun(dry_run::Arguments),
    /// Check the data against the rules of the migration.
    Validate(validate::Arguments),
    /// Make a backup and verify it.
    Backup(backup::Arguments),
    /// Migrate, or continue a run that stopped.
    Run(run::Arguments),
    /// Run some phases only.
    Execute(execute::Arguments),
    /// Run the steps that fill rows only.
    Transform(transform::Arguments),
    /// Say how far the latest run is.
    Status(status::Arguments),
    /// Compare every row with the backup, and everything else with the plan.
    Verify(verify::Arguments),
    /// Write the report of a run.
    Report(report::Arguments),
    /// Undo a run within its window.
    Rollback(rollback::Arguments),
    /// Remove old backups and what is no longer needed.
    Cleanup(cleanup::Arguments),
    /// The last sweep before the application is opened.
    FinalCheck(final_check::Arguments),
}

/// What a command gets beside its own arguments.
#[derive(Debug)]
struct Context {
    options: Options,
    log: Log,
    /// The configuration file that was named.
    config: Option<PathBuf>,
}

/// Runs the command to its exit code.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    let outcome = prepare(&arguments.shared).and_then(|context| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| Fault::environment(format!("starting the runtime: {e}")))?
            .block_on(dispatch(context, arguments.command))
    });
    match outcome {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(fault) => {
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "error: {fault}");
            if let Some(hint) = &fault.hint {
                let _ = writeln!(stderr, "hint: {hint}");
            }
            ExitCode::from(fault.outcome.code())
        }
    }
}

fn prepare(shared: &Shared) -> Result<Context, Fault> {
    let database_url = match &shared.database_url {
        Some(url) => url.clone(),
        None => configured_url(shared)?,
    };
    let options = Options {
        database_url,
        assume_yes: shared.yes,
        batch_size: shared.batch_size,
        pause: shared.pause,
        log_file: shared.log_file.clone(),
        json: shared.json,
    };
    let log = Log::open(&options.log_file, options.json)?;
    Ok(Context {
        options,
        log,
        config: shared.config.clone(),
    })
}

fn configured_url(shared: &Shared) -> Result<String, Fault> {
    let hint = "name the database with --database-url, DATABASE_URL or OPPBASE_DB_ADMIN_URI";
    let config = load::load(shared.config.as_deref(), load::process_environment())
        .map_err(|e| Fault::environment(e.to_string()).hint(hint))?;
    config
        .database
        .admin_uri
        .ok_or_else(|| Fault::environment("no database is named").hint(hint))
}

async fn dispatch(context: Context, command: Command) -> Result<Outcome, Fault> {
    match command {
        Command::Plan(arguments) => plan::run(context, arguments).await,
        Command::DryRun(arguments) => dry_run::run(context, arguments).await,
        Command::Validate(arguments) => validate::run(context, arguments).await,
        Command::Backup(arguments) => backup::run(context, arguments).await,
        Command::Run(arguments) => run::run(context, arguments).await,
        Command::Execute(arguments) => execute::run(context, arguments).await,
        Command::Transform(arguments) => transform::run(context, arguments).await,
        Command::Status(arguments) => status::run(context, arguments).await,
        Command::Verify(arguments) => verify::run(context, arguments).await,
        Command::Report(arguments) => report::run(context, arguments).await,
        Command::Rollback(arguments) => rollback::run(context, arguments).await,
        Command::Cleanup(arguments) => cleanup::run(context, arguments).await,
        Command::FinalCheck(arguments) => final_check::run(context, arguments).await,
    }
}

/// `250ms`, `2s`, or a number of milliseconds.
fn pause(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "ms"),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "not a time such as 100ms".to_owned())?;
    match unit {
        "ms" if number <= 60_000 => Ok(Duration::from_millis(number)),
        "s" if number <= 60 => Ok(Duration::from_secs(number)),
        "ms" | "s" => Err("longer than a minute".into()),
        _ => Err("not a time such as 100ms or 1s".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_has_a_unit_and_a_limit() {
        assert_eq!(pause("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(pause("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(pause("0"), Ok(Duration::ZERO));
        for bad in ["", "s", "1h", "61s", "-1ms"] {
            assert!(pause(bad).is_err(), "{bad}");
        }
    }
}
