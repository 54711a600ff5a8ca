//! `oppbase migrate run`: migrates, or continues a run that stopped.
//!
//! Shows the plan and asks four questions on a terminal. Exit codes: 0 done or nothing to do, 1 failed and
//! may be resumed, 2 refused, 3 the environment will not do, 4 another run is at work, 130 interrupted.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use super::{Context, ask, interrupt, plan};
use crate::mapping;
use crate::migrate::run::{self, Request, Selection};
use crate::migrate::{Fault, Outcome, RunSettings, Unmapped};

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
    /// What an old stage text means, such as 'legal review=negotiation'; repeatable, wins over the table.
    #[arg(long, value_name = "TEXT=STAGE", value_parser = stage_pair)]
    stage_map: Vec<(String, String)>,
    /// What to do with deals whose stage is in no map.
    #[arg(long, value_enum, default_value_t)]
    unmapped_stage: UnmappedArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum UnmappedArgument {
    /// Refuse to begin.
    Fail,
    /// They become leads.
    Lead,
    /// They become leads, and each text is reported.
    #[default]
    Warn,
}

impl Choices {
    pub(super) fn settings(self) -> RunSettings {
        RunSettings {
            stage_map: self.stage_map.into_iter().collect::<BTreeMap<_, _>>(),
            unmapped: match self.unmapped_stage {
                UnmappedArgument::Fail => Unmapped::Fail,
                UnmappedArgument::Lead => Unmapped::Lead,
                UnmappedArgument::Warn => Unmapped::Warn,
            },
            offline: false,
        }
    }
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let request = Request {
        settings: arguments.choices.settings(),
        resume: arguments.resume,
        selection: Selection::All,
    };
    start(context, request).await
}

/// Asks, runs, and says how it ended.
pub(super) async fn start(context: Context, request: Request) -> Result<Outcome, Fault> {
    let Context { options, log } = context;
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

/// `text=stage`; the text may have further `=` in it.
fn stage_pair(text: &str) -> Result<(String, String), String> {
    let (word, stage) = text
        .rsplit_once('=')
        .ok_or("not of the form 'old text=stage'")?;
    if mapping::stage(stage).is_none() {
        return Err(format!("{stage:?} is no stage"));
    }
    Ok((word.to_owned(), stage.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_pair_ends_with_a_stage() {
        assert_eq!(
            stage_pair("a = b=lead"),
            Ok(("a = b".into(), "lead".into()))
        );
        assert!(stage_pair("lead").is_err());
        assert!(stage_pair("x=won").is_err());
    }
}
