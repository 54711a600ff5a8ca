//! `oppbase migrate final-check`: the last sweep before the application is opened. Exit code 0 when
//! everything is ready, else 1.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::cli;
use crate::migrate::final_check::{self, Item, Options, Readiness, Sweep};
use crate::migrate::{Fault, Outcome, retire, session, state};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address of the running server, which is asked for its redirects.
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// JSON file of signatures: [{task, implemented_by, reviewed_by, signed_at}].
    #[arg(long, value_name = "FILE")]
    sign_offs: Option<PathBuf>,
    /// Leave the server out.
    #[arg(long, conflicts_with = "api_url")]
    without_api: bool,
    /// Leave the signatures out.
    #[arg(long, conflicts_with = "sign_offs")]
    without_sign_offs: bool,
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let sign_offs =
        match &arguments.sign_offs {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|e| {
                Fault::environment(format!("{} cannot be read: {e}", path.display()))
            })?),
            None => None,
        };
    let session = session::open(&context.options.database_url, None).await?;
    if let Some(run) = state::latest_run(&session.client).await? {
        let what = "the last sweep looks at both faces";
        retire::refuse_retired(&session.client, &run, what).await?;
    }
    let options = Options {
        api_url: arguments.api_url,
        sign_offs,
        without_api: arguments.without_api,
        without_sign_offs: arguments.without_sign_offs,
    };
    let sweep = final_check::sweep(&session.client, &options).await?;
    if context.options.json {
        let json = serde_json::to_string_pretty(&sweep)
            .map_err(|e| Fault::failed(format!("writing JSON: {e}")))?;
        cli::print(&format!("{json}\n"));
    } else {
        cli::print(&text(&sweep));
    }
    Ok(if sweep.is_ready {
        Outcome::Done
    } else {
        Outcome::Failed
    })
}

fn text(sweep: &Sweep) -> String {
    let mut out = String::from("Sweep\n");
    sweep.sweep.iter().for_each(|item| line(&mut out, item));
    if !sweep.signatures.is_empty() {
        out.push_str("Signatures\n");
    }
    for s in &sweep.signatures {
        let at = s.signed_at.format("%Y-%m-%d %H:%M UTC");
        let _ = writeln!(
            out,
            "  {}: implemented by {}, reviewed by {}, {at}",
            s.task, s.implemented_by, s.reviewed_by
        );
    }
    out.push_str("Twelve points\n");
    sweep.points.iter().for_each(|item| line(&mut out, item));
    out.push_str(if sweep.is_ready {
        "READY\n"
    } else {
        "NOT READY\n"
    });
    out
}

fn line(out: &mut String, item: &Item) {
    let mark = match item.result {
        Readiness::Ready => "[x]",
        Readiness::NotReady => "[ ]",
        Readiness::LeftOut => "[-]",
    };
    let _ = writeln!(
        out,
        "  {mark} {} {}: {} ({})",
        item.id.replace('_', " "),
        item.title,
        item.proof,
        item.asked_at.format("%H:%M:%S")
    );
}
