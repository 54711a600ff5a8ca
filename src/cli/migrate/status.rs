//! `oppbase migrate status`: how far the latest run is. Exit codes: 0 none or completed, 10 running, 11
//! interrupted, 12 failed, 13 rolled back.

use clap::Args;
use serde_json::{Value, json};

use super::Context;
use crate::migrate::lock::{self, Holder};
use crate::migrate::state::{self, Run, Status};
use crate::migrate::{Fault, Outcome, maintenance, retire, session, trace};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) async fn run(context: Context, _arguments: Arguments) -> Result<Outcome, Fault> {
    let client = session::connect(&context.options.database_url, None).await?;
    let run = state::latest_run(&client).await?;
    let holder = lock::holder(&client).await?;
    let kept_out = maintenance::since(&client).await?;
    let (word, outcome) = judge(run.as_ref(), holder.is_some(), kept_out.is_some());
    let is_traced = trace::is_on(&client).await?;
    let mut steps = vec![];
    let mut retired_at = None;
    if let Some(run) = &run {
        retired_at = retire::retired_at(&client, run).await?;
        for row in client.query(STEPS, &[&run.id]).await? {
            steps.push(row.get::<_, Value>(0));
        }
    }
    if context.options.json {
        let value = json!({"status": word, "run": run, "lock": holder, "steps": steps, "retired_at": retired_at,
            "maintenance": kept_out.is_some(), "writers_kept_out_since": kept_out, "traced": is_traced});
        super::print(&format!("{value:#}\n"));
    } else {
        let mut out = text(word, run.as_ref(), holder.as_ref(), &steps);
        if let Some(since) = kept_out {
            out.push_str(&format!("writers are kept out since {since}\n"));
        }
        if let Some(at) = retired_at {
            out.push_str(&format!(
                "old names: removed on {}\n",
                at.format("%Y-%m-%d")
            ));
        }
        if is_traced {
            out.push_str("writes: traced\n");
        }
        if holder.is_none() && (kept_out.is_some() || is_traced) {
            out.push_str("hint: nobody is at work; `oppbase migrate run --resume` goes on with a run that has begun, `oppbase migrate rollback` ends this without one\n");
        }
        super::print(&out);
    }
    Ok(outcome)
}

const STEPS: &str = "\
    select jsonb_strip_nulls(jsonb_build_object('phase', p.phase, 'step', p.step, 'status', p.status, \
             'rows', p.rows_processed, 'total', p.total_rows, 'batch', p.batch_number, 'batches', p.total_batches, \
             'estimated_completion', p.estimated_completion)) \
      from migration.migration_progress p where p.run_id = $1 order by p.id";

/// The word and the exit code. A run that nobody works on was interrupted; so was one that is not recorded, or
/// over, and keeps writers out.
fn judge(run: Option<&Run>, held: bool, kept_out: bool) -> (&'static str, Outcome) {
    match run.map(|run| run.status) {
        None | Some(Status::Skipped | Status::Completed | Status::RolledBack) if kept_out => {
            match held {
                true => ("running", Outcome::Running),
                false => ("interrupted", Outcome::Interrupted),
            }
        }
        None | Some(Status::Skipped) => ("none", Outcome::Done),
        Some(Status::Completed) => ("completed", Outcome::Done),
        Some(Status::InProgress | Status::Pending) if held => ("running", Outcome::Running),
        Some(Status::InProgress | Status::Pending) => ("interrupted", Outcome::Interrupted),
        Some(Status::Failed) => ("failed", Outcome::LastFailed),
        Some(Status::RolledBack) => ("rolled back", Outcome::RolledBack),
    }
}

fn text(word: &str, run: Option<&Run>, holder: Option<&Holder>, steps: &[Value]) -> String {
    use std::fmt::Write;
    let mut out = format!("status: {word}\n");
    if let Some(run) = run {
        let _ = writeln!(out, "run: {}\nstarted: {}", run.id, run.started_at);
        if let Some(completed) = run.completed_at {
            let _ = writeln!(out, "ended: {completed}");
        }
        if let Some(error) = &run.error {
            let _ = writeln!(out, "error: {error}");
        }
    }
    if let Some(holder) = holder {
        let _ = writeln!(
            out,
            "lock: process {} from {} since {} ({})",
            holder.pid, holder.host, holder.since, holder.application
        );
    }
    for step in steps {
        let _ = writeln!(
            out,
            "  {} {}: {}, {} of {} rows",
            step["phase"].as_str().unwrap_or_default(),
            step["step"].as_str().unwrap_or_default(),
            step["status"].as_str().unwrap_or_default(),
            step["rows"],
            step["total"]
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_nobody_works_on_was_interrupted() {
        let run = |status| Run {
            id: uuid::Uuid::nil(),
            status,
            started_at: chrono::Utc::now(),
            completed_at: None,
            error: None,
            metadata: Value::Null,
        };
        assert_eq!(judge(None, false, false).1, Outcome::Done);
        assert_eq!(
            judge(Some(&run(Status::InProgress)), true, false).1,
            Outcome::Running
        );
        assert_eq!(
            judge(Some(&run(Status::InProgress)), false, false).1,
            Outcome::Interrupted
        );
        assert_eq!(
            judge(Some(&run(Status::Failed)), false, false).1,
            Outcome::LastFailed
        );
        assert_eq!(
            judge(Some(&run(Status::RolledBack)), false, false).1,
            Outcome::RolledBack
        );
        assert_eq!(
            judge(Some(&run(Status::Completed)), false, false).1,
            Outcome::Done
        );
        assert_eq!(judge(None, false, true).1, Outcome::Interrupted);
        assert_eq!(judge(None, true, true).1, Outcome::Running);
        let over = run(Status::RolledBack);
        assert_eq!(judge(Some(&over), false, true).1, Outcome::Interrupted);
    }
}
