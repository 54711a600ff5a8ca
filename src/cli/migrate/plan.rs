//! `oppbase migrate plan`: the phases and steps of a run, and what it needs of the server.

use clap::Args;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::Context;
use crate::migrate::operation::{self, Operation};
use crate::migrate::run::Selection;
use crate::migrate::session::{self, Found};
use crate::migrate::validation::space;
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

/// `{baseline, state, run, phases: [{phase, name, steps: [{step, kind, files?}]}], resources}`
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
        "resources": resources(&session.client).await?,
    }))
}

/// `{database_bytes, needed_bytes, free_bytes, memory_bytes, connections}`; what cannot be told is null. How long
/// and how much log is for `dry-run` to measure.
async fn resources(client: &Client) -> Result<Value, Fault> {
    let sql = "select pg_database_size(current_database()), \
                      (pg_size_bytes(current_setting('work_mem')) + pg_size_bytes(current_setting('maintenance_work_mem')))::bigint";
    let row = client.query_one(sql, &[]).await?;
    // A server elsewhere does not say what is free.
    let space = space::measure(client, None).await.ok();
    let database_bytes = row.get::<_, i64>(0).unsigned_abs();
    Ok(json!({
        "database_bytes": database_bytes,
        "needed_bytes": space.as_ref().map_or(database_bytes.saturating_mul(2), |space| space.needed_bytes),
        "free_bytes": space.map(|space| space.free_bytes),
        "memory_bytes": row.get::<_, i64>(1),
        "connections": 2,
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
    let bytes = |name: &str| plan["resources"][name].as_u64().map(space::bytes);
    let _ = writeln!(
        out,
        "needs {} on the data volume (the database has {}, free {}), {} of memory, 2 connections",
        bytes("needed_bytes").unwrap_or_default(),
        bytes("database_bytes").unwrap_or_default(),
        bytes("free_bytes").unwrap_or_else(|| "is not known".into()),
        bytes("memory_bytes").unwrap_or_default()
    );
    Ok(out)
}
