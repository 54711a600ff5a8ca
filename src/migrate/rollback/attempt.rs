//! One rollback from start to end: lock, copies, the one transaction, the proof.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::json;
use tokio_postgres::Client;

use super::plan::{Plan, plan};
use super::proof::{self, Report};
use super::restore::{Wanted, remaining, restore};
use super::{
    Destination, Preview, Request, Sides, Work, archive, refuse_blocked, rights, settle, to_backup,
};
use crate::migrate::catalogue;
use crate::migrate::lock::RunLock;
use crate::migrate::state::{self, Note, Place, Status};
use crate::migrate::table_locks::{self, Mode, TableLock};
use crate::migrate::{Fault, Log, Options, Outcome, Stop, maintenance, session, trace};

/// How often the transaction is tried while others hold its tables, and how long it waits for them.
const ATTEMPTS: usize = 40;
const LOCK_TIMEOUT: Duration = Duration::from_millis(700);

/// What to do about a failure that does not say so itself.
const WHAT_NEXT: &str = "if it names something of this database, put that right; the same command goes on; until it says that the old schema is back, the tables are as they were";

/// Undoes the run of the preview. Safe to repeat after any interruption. `stop` ends it before the one
/// transaction; that one is finished.
///
/// # Errors
/// Exit code 4 when another command holds the lock; 2 when something came in the way meanwhile; 130 when it
/// was stopped; 1 when it failed, and then nothing was changed but copies in schema `crm_backup`.
pub async fn execute(
    options: &Options,
    request: &Request,
    preview: &Preview,
    log: &Log,
    stop: Stop,
) -> Result<Report, Fault> {
    let lock = RunLock::take(&options.database_url, Some(preview.run.id)).await?;
    let mut client = session::connect(&options.database_url, Some(preview.run.id)).await?;
    lock.attach(&client).await?;
    let run = state::run_by_id(&client, preview.run.id).await?;
    if run.status == Status::RolledBack {
        return Err(
            Fault::refused(format!("run {} was rolled back meanwhile", run.id))
                .hint("there is nothing left to do"),
        );
    }
    let number = number(&client, &run).await?;
    let work = Work {
        options,
        request,
        prefix: prefix(&run.id.simple().to_string(), number),
        moment: preview.moment.clone(),
        log: log.of_run(run.id),
        run,
        stop,
    };
    let step = number.to_string();
    let place = Place {
        phase: "rollback",
        name: "Rollback",
        step: Some(&step),
    };
    begin(&client, &work, preview, place).await?;
    let outcome = go(&mut client, &lock, &work, place).await;
    if let Err(fault) = &outcome {
        work.log.error(&fault.message);
        let note = Note {
            error: Some(&fault.message),
            ..Note::default()
        };
        // The connection may be gone; the fault is what matters.
        let _ = state::mark(&client, work.run.id, place, Status::Failed, note).await;
    }
    outcome.map_err(|fault| match fault.hint {
        Some(_) => fault,
        None => fault.hint(WHAT_NEXT),
    })
}

/// Fails once somebody asked to stop.
fn check(stop: &Stop) -> Result<(), Fault> {
    stop.check().map_err(|_| {
        Fault::new(
            Outcome::Stopped,
            "interrupted; nothing was changed but copies in schema crm_backup",
        )
        .hint("the same `oppbase migrate rollback` goes on")
    })
}

/// A run can be continued after some of its phases were undone, and undone again.
async fn number(client: &Client, run: &state::Run) -> Result<i64, Fault> {
    let sql = "select count(*) + 1 from migration.migration_history \
                where run_id = $1 and phase_number = 'rollback' and status = 'completed'";
    Ok(client.query_one(sql, &[&run.id]).await?.get(0))
}

fn prefix(run: &str, number: i64) -> String {
    let short: String = run.chars().take(8).collect();
    match number {
        1 => format!("rollback_{short}"),
        _ => format!("rollback_{short}_{number}"),
    }
}

async fn begin(
    client: &Client,
    work: &Work<'_>,
    preview: &Preview,
    place: Place<'_>,
) -> Result<(), Fault> {
    let facts = json!({
        "to": work.request.to,
        "phase": work.request.phase,
        "force_expired": work.request.force_expired,
        "window": preview.window,
        "archive": work.prefix,
    });
    let note = Note {
        metadata: Some(&facts),
        ..Note::default()
    };
    state::mark(client, work.run.id, place, Status::InProgress, note).await?;
    work.log.info_with("rolling back", &facts);
    archive::ensure_schema(client).await
}

async fn go(
    client: &mut Client,
    lock: &RunLock,
    work: &Work<'_>,
    place: Place<'_>,
) -> Result<Report, Fault> {
    let sides = Sides::load(client, work.run.id, &work.moment).await?;
    let plan = plan(&sides.target, &sides.current, &sides.ours);
    refuse_blocked(&plan)?;
    copy_columns(client, lock, work, &plan).await?;
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(ATTEMPTS)
        .with_jitter()
        .build();
    let done = loop {
        match change(client, lock, work, place).await {
            Ok(done) => break done,
            Err(fault) if fault.is_contention() => {
                let Some(pause) = pauses.next() else {
                    return Err(fault
                        .at("the tables stayed in use")
                        .hint("end long transactions and try again; nothing was changed"));
                };
                work.log.info("the tables are in use; trying again");
                work.stop.sleep(pause).await;
                check(&work.stop)?;
            }
            Err(fault) => return Err(fault),
        }
    };
    work.log.info("the old schema is back");
    if maintenance::end(client).await? {
        work.log.info("maintenance is off");
    }
    proof::report(client, work, &done).await
}

/// Copies the run's columns, batch by batch, beside whoever works with the tables.
async fn copy_columns(
    client: &Client,
    lock: &RunLock,
    work: &Work<'_>,
    plan: &Plan,
) -> Result<(), Fault> {
    for added in plan.added_columns.iter().filter(|added| added.has_id) {
        let limit = i64::from(work.options.batch_size);
        archive::make_copy(client, &work.prefix, added).await?;
        loop {
            lock.require(client).await?;
            let copied = archive::copy_batch(client, &work.prefix, added, limit).await?;
            check(&work.stop)?;
            if copied < limit {
                break;
            }
            work.stop.sleep(work.options.pause).await;
        }
        work.log
            .info(&format!("new columns of {} are copied", added.name));
    }
    Ok(())
}

/// What the transaction did.
#[derive(Debug)]
pub(super) struct Changed {
    pub sides: Sides,
    pub plan: Plan,
    pub later: Vec<super::Later>,
}

/// The tables that the transaction needs for itself, as far as can be told before it.
async fn tables(client: &Client, work: &Work<'_>) -> Result<Vec<String>, Fault> {
    let known = Sides::load(client, work.run.id, &work.moment).await?;
    let mut tables = plan(&known.target, &known.current, &known.ours).locks;
    if work.request.to == Destination::Backup {
        tables.extend(to_backup::tables_now(client, &work.run, &known).await?);
        tables.sort();
        tables.dedup();
    }
    Ok(tables)
}

/// The one transaction.
async fn change(
    client: &mut Client,
    lock: &RunLock,
    work: &Work<'_>,
    place: Place<'_>,
) -> Result<Changed, Fault> {
    // Before the transaction: whoever reads the definition of a view holds its tables until the end.
    let tables = tables(client, work).await?;
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("set local statement_timeout = 0")
        .await?;
    lock.require(&transaction).await?;
    let locks: Vec<TableLock<'_>> = tables
        .iter()
        .map(|table| (table.as_str(), Mode::AccessExclusive))
        .collect();
    table_locks::take(&transaction, &locks, LOCK_TIMEOUT).await?;
    // Again under the locks: what came meanwhile is seen, and from now on nothing comes.
    let sides = Sides::load(&transaction, work.run.id, &work.moment).await?;
    let plan = plan(&sides.target, &sides.current, &sides.ours);
    refuse_blocked(&plan)?;
    let moment = format!("rollback {}", place.step.unwrap_or_default());
    catalogue::record(&transaction, work.run.id, &moment, &sides.current).await?;
    for added in &plan.added_columns {
        archive::catch_up(&transaction, &work.prefix, added).await?;
    }
    settle::references(&transaction, &plan, &sides).await?;
    archive::run_steps(&transaction, &work.prefix, &plan, &sides.current).await?;
    settle::configuration(&transaction, work, &sides).await?;
    settle::capture(&transaction, &sides).await?;
    // A run whose first phases stay may go on, and is compared with its backup in the end.
    if work.request.phase.is_none() {
        trace::remove_within(&transaction).await?;
    }
    let wanted = Wanted {
        target: &sides.target,
        current: &sides.current,
        plan: &plan,
        ours: &sides.ours,
    };
    let now = restore(&transaction, wanted).await?;
    let left = remaining(wanted, &now);
    if !left.is_empty() {
        return Err(Fault::failed(format!(
            "the catalogue is not the recorded one: {}",
            left.join("; ")
        ))
        .hint("nothing was changed"));
    }
    let undone = rights::undone(&sides.rights, &sides.ours, &sides.current, &now);
    if !undone.is_empty() {
        return Err(Fault::refused(format!(
            "somebody has changed these since the migration, and they would be as before: {}",
            undone.join("; ")
        ))
        .hint("nothing was changed; give back what was taken away there, roll back, and take it away again"));
    }
    let later = match work.request.to {
        Destination::Structural => vec![],
        Destination::Backup => to_backup::replace(&transaction, work).await?,
    };
    let leave: i64 = later.iter().map(super::Later::total).sum();
    if leave > work.request.agreed_rows {
        return Err(Fault::refused(format!(
            "{leave} rows written since the backup would leave the tables, and {} were agreed to",
            work.request.agreed_rows
        ))
        .hint("nothing was changed; try again, with --remove-later-rows (they are kept in schema crm_backup) or without --to backup"));
    }
    settle::history(&transaction, &sides).await?;
    settle::state(&transaction, work).await?;
    // The exact names, for whoever cleans up in the end.
    let facts = json!({"archived": proof::archived(&transaction, &work.prefix).await?});
    let note = Note {
        metadata: Some(&facts),
        ..Note::default()
    };
    state::mark(&transaction, work.run.id, place, Status::Completed, note).await?;
    lock.require(&transaction).await?;
    transaction
        .batch_execute("notify pgrst, 'reload schema'; notify pgrst, 'reload config'")
        .await?;
    transaction.commit().await?;
    Ok(Changed { sides, plan, later })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rollback_of_a_run_has_names_of_its_own() {
        let run = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        assert_eq!(prefix(run, 1), "rollback_0a1b2c3d");
        assert_eq!(prefix(run, 2), "rollback_0a1b2c3d_2");
    }
}
