//! `oppbase migrate dry-run`: measures a run and changes nothing.

use clap::Args;

use super::Context;
use super::validate::{Judgement, outcome};
use crate::cli::print;
use crate::migrate::dry_run::{self, estimate::Pace, rehearse::rehearse};
use crate::migrate::validation::store;
use crate::migrate::{Fault, Outcome, session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    judgement: Judgement,
    /// Migrate a copy of the database as well, and report its times.
    #[arg(long)]
    rehearse: bool,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let Context { options, log, .. } = context;
    let judged = arguments.judgement.options(None)?;
    let mut session = session::open(&options.database_url, None).await?;
    let pace = Pace {
        batch_size: options.batch_size,
        pause: options.pause,
    };
    let mut result = dry_run::dry_run(&mut session.client, &judged, pace).await?;
    if arguments.rehearse {
        result.rehearsal = Some(rehearse(session.client, &options, judged, &log).await?);
    }
    let name = format!("dry-run-{}.json", result.validation.run);
    let path = store::write_json(&options.log_file, &name, &result)?;
    log.info(&format!("dry run: {}", path.display()));
    print(&if options.json {
        let json = serde_json::to_string_pretty(&result);
        json.map_err(|e| Fault::failed(format!("writing the result: {e}")))? + "\n"
    } else {
        dry_run::text(&result)
    });
    if let Some(error) = result
        .rehearsal
        .as_ref()
        .and_then(|rehearsal| rehearsal.error.as_ref())
    {
        return Err(Fault::refused(format!("the rehearsal failed: {error}"))
            .hint("nothing was changed; put right what it says and rehearse again"));
    }
    Ok(outcome(result.validation.verdict.decision))
}
