//! `oppbase migrate plan`: the phases and steps of a run, and which of them are done.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use crate::migrate::operation::{self, Operation};
use crate::migrate::run::Selection;
use crate::migrate::session::{self, Found};
use crate::migrate::{Fault, Outcome, state};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) async fn run(context: Context, _arguments: Arguments) -> Result<Outcome, Fault> {
    if context.options.json {
        let value = steps(&context.options.database_url).await?;
        super::print(&format!("{value:#}\n"));
    } else {
        super::print(&text(&context.options.database_url, &Selection::All).await?);
    }
    Ok(Outcome::Done)
}

/// `{baseline, state, run, phases: [{phase, name, steps: [{step, kind, files?}]}]}`
async fn steps(url: &str) -> Result<Value, Fault> {
    let session = session::open(url, None).await?;
    let baseline = session.found.baseline();
    let run = state::latest_run(&session.client).await?;
    let phases: Vec<Value> = operation::phases(baseline)
        .iter()
        .map(|phase| {
            let steps: Vec<Value> = phase.operations.iter().map(step).collect();
            json!({"phase": phase.number, "name": phase.name, "steps": steps})
        })
        .collect();
    Ok(json!({
        "baseline": baseline.folder(),
        "state": match session.found {
            Found::Baseline(_) => "baseline",
            Found::Begun(_) => "begun",
            Found::Migrated(_) => "migrated",
        },
        "run": run,
        "phases": phases,
    }))
}

fn step(operation: &Operation) -> Value {
    match operation {
        Operation::Cutover(files) => {
            let files: Vec<&str> = files.iter().map(|file| file.name).collect();
            json!({"step": operation.name(), "kind": operation.kind(), "files": files})
        }
        _ => json!({"step": operation.name(), "kind": operation.kind()}),
    }
}

/// The plan for people.
pub(super) async fn text(url: &str, selection: &Selection) -> Result<String, Fault> {
    use std::fmt::Write;
    let plan = steps(url).await?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = format!(
        "plan: the {} baseline, {}\n",
        word(&plan["baseline"]),
        word(&plan["state"])
    );
    for phase in plan["phases"].as_array().into_iter().flatten() {
        let number = word(&phase["phase"]);
        let left_out =
            matches!(selection, Selection::Phases(numbers) if !numbers.contains(&number));
        let mark = if left_out { " (not now)" } else { "" };
        let _ = writeln!(out, "{number} {}{mark}", word(&phase["name"]));
        for step in phase["steps"].as_array().into_iter().flatten() {
            let _ = writeln!(out, "  {:<12} {}", word(&step["kind"]), word(&step["step"]));
        }
    }
    Ok(out)
}
