//! `oppbase migrate run`: migrates, or continues a run that stopped.
//!
//! Shows the plan and asks four questions on a terminal. Exit codes: 0 done or nothing to do, 1 failed and
//! may be resumed, 2 refused, 3 the environment will not do, 4 another run is at work, 130 interrupted.

use std::path::PathBuf;

use clap::Args;

use super::validate::Judgement;
use super::{Context, ask, interrupt, plan};
use crate::migrate::run::{self, Request, Selection};
use crate::migrate::{Fault, Outcome, RunSettings, backup, maintenance};

/// What is asked before the first change.
const QUESTIONS: [&str; 4] = [
    "Is there a backup that has been restored once?",
    "Has the dry run been reviewed?",
    "Have the users been told?",
    "Is this the scheduled window?",
];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Continue the run that stopped.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    choices: Choices,
}

/// What a run is told.
#[derive(Debug, Args)]
pub(super) struct Choices {
    #[command(flatten)]
    judgement: Judgement,
    /// Begin although the validation says DELAY, and record why.
    #[arg(long, value_name = "REASON")]
    accept_findings: Option<String>,
    /// Make table copies only, no dump, and record why.
    #[arg(long, value_name = "REASON")]
    no_dump: Option<String>,
    /// The program pg_dump, not older than the server.
    #[arg(long, value_name = "PATH")]
    pg_dump: Option<PathBuf>,
    /// Restore the dump into a scratch database and compare before the first change.
    #[arg(long, conflicts_with = "no_dump")]
    deep: bool,
    /// Do not compare everything at the end; `migrate verify` does it later.
    #[arg(long)]
    skip_verify: bool,
    /// Beside live traffic, which is the default: only the cut-over keeps writers out.
    #[arg(long, conflicts_with = "offline")]
    online: bool,
    /// With the CRM to itself: servers answer writes with 503 until the run ends.
    #[arg(long)]
    offline: bool,
    /// After an offline run that failed or was interrupted, writers stay out.
    #[arg(long, requires = "offline")]
    keep_maintenance: bool,
    /// Hours in which a run is expected; at another time there is a warning.
    #[arg(long, value_name = "HH:MM-HH:MM", default_value = "02:00-05:00")]
    window: String,
    /// Time zone of the window.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
}

impl Choices {
    pub(super) fn settings(self) -> Result<RunSettings, Fault> {
        let judgement = self.judgement.options(None)?;
        let hours = maintenance::Hours::parse(&self.window, &self.time_zone);
        Ok(RunSettings {
            backup: backup::Request {
                no_dump: self.no_dump,
                pg_dump: self.pg_dump,
                deep: self.deep,
                free_bytes: judgement.free_bytes,
                ..backup::Request::default()
            },
            judgement,
            accept_findings: self.accept_findings,
            skip_verify: self.skip_verify,
            offline: self.offline && !self.online,
            keep_maintenance: self.keep_maintenance,
            hours: hours.map_err(|why| Fault::refused(format!("--window: {why}")))?,
        })
    }
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let request = Request {
        settings: arguments.choices.settings()?,
        resume: arguments.resume,
        selection: Selection::All,
    };
    start(context, request).await
}

/// Asks, runs, and says how it ended.
pub(super) async fn start(context: Context, request: Request) -> Result<Outcome, Fault> {
    let Context { options, log, .. } = context;
    if !options.assume_yes {
        super::note(&plan::text(&options.database_url, &request.selection).await?);
    }
    ask::confirm(&options, &QUESTIONS, "yes")?;
    let json = options.json;
    let stop = interrupt::on_signal()?;
    let summary = run::run(options, request, &log, stop).await?;
    if json {
        let value = serde_json::json!({"run": summary.run, "complete": summary.complete});
        super::print(&format!("{value}\n"));
    } else if summary.run.is_none() {
        super::print("nothing to do: the database is migrated\n");
    } else if summary.complete {
        super::print("migrated\n");
    } else {
        super::print("done; continue with `oppbase migrate run --resume`\n");
    }
    Ok(Outcome::Done)
}
