//! The cut-over: one short transaction in which everything changes that other programs see.
//!
//! In: tables that are filled, and the files from the rename on. Out: opportunities is the table, deals a
//! view over it; triggers, functions, views, policies and grants are the final ones, and a site's own roles
//! read through the views what they read before. Before it, the rows that changed are caught up beside the
//! writers; in it, under locks that keep writers out, the last few. It is tried again and again with growing
//! pauses, since a lock that is waited for makes everybody wait.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, Transaction};

use super::catalogue;
use super::catch_up;
use super::engine::{Job, backoff};
use super::error::Fault;
use super::fingerprint;
use super::operation::cutover::locks;
use super::operation::{Phase, capture};
use super::state::{self, Note, Place, Status};
use super::table_locks;
use crate::pg::migrations::{self, Migration};

/// Entries that may be left when the locks are asked for, and that may have come when they are held.
const FEW: i64 = 20;
const MANY: i64 = 500;
/// The phase before the cut-over, and the moment that is recorded at its end.
const LAST_PHASE: &str = "1.4";
/// How long all locks together may take, at first and at most. Below deadlock_timeout, see [`super::engine`].
const FIRST_WAIT: Duration = Duration::from_millis(150);
const LONGEST_WAIT: Duration = Duration::from_millis(700);

/// Does it.
///
/// # Errors
/// After the last attempt: what was in the way. The schema is as it was then, and the run may be resumed.
pub(super) async fn run(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    files: &[Migration],
) -> Result<(), Fault> {
    let log = job.log.of_step(phase.number, "cutover");
    let mut pauses = backoff();
    let mut wait = FIRST_WAIT;
    loop {
        catch_up::drain(client, job, FEW).await?;
        job.stop.check()?;
        let started = Instant::now();
        let failed = match attempt(client, job, phase, files, wait).await {
            Ok(held) => {
                log.info_with(
                    &format!("cut over in {} ms", held.as_millis()),
                    &json!({"locked_ms": held.as_millis() as u64}),
                );
                return Ok(());
            }
            Err(fault) => fault,
        };
        if !failed.is_contention() {
            return Err(failed);
        }
        let Some(pause) = pauses.next() else {
            return Err(failed.at("cut-over").hint(
                "other sessions hold locks on the CRM's tables; end them, then `oppbase migrate run --resume`",
            ));
        };
        log.trace(
            "others are in the way; trying again",
            &json!({"error": failed.message, "waited_ms": started.elapsed().as_millis() as u64}),
        );
        job.stop.sleep(pause).await;
        wait = (wait * 13 / 10).min(LONGEST_WAIT);
    }
}

/// The catalogue as it is just before the cut-over, in place of that of the phase before: days may have passed, and
/// what others changed in them is not the cut-over's.
async fn record_before(client: &mut Client, job: &Job, wait: Duration) -> Result<(), Fault> {
    let transaction = client.transaction().await?;
    job.lock.require(&transaction).await?;
    let limit = format!("set local lock_timeout = {}", wait.as_millis());
    transaction.batch_execute(&limit).await?;
    catalogue::capture(&transaction, job.run.id, LAST_PHASE, false).await?;
    transaction.commit().await?;
    Ok(())
}

/// One attempt; how long the locks were held, or waited for.
async fn attempt(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    files: &[Migration],
    wait: Duration,
) -> Result<Duration, Fault> {
    record_before(client, job, wait).await?;
    let transaction = client.transaction().await?;
    job.lock.require(&transaction).await?;
    let started = Instant::now();
    let locks = table_locks::existing(&transaction, locks(job.baseline)).await?;
    table_locks::take(&transaction, &locks, wait).await?;
    transaction
        .batch_execute("set local statement_timeout = '30s'")
        .await?;
    if catch_up::left(&transaction).await? > MANY {
        transaction.rollback().await?;
        return Err(Fault {
            sqlstate: Some("55P03".into()),
            ..Fault::failed("many rows changed while the locks were waited for")
        });
    }
    while catch_up::take(&transaction, job, MANY).await? > 0 {}
    change(&transaction, job, phase, files).await?;
    transaction.commit().await?;
    Ok(started.elapsed())
}

async fn change(
    transaction: &Transaction<'_>,
    job: &Job,
    phase: &Phase,
    files: &[Migration],
) -> Result<(), Fault> {
    // Asked where nobody can switch them off any more.
    capture::require(transaction).await?;
    fingerprint::require_same_access(transaction, job.run.id, job.baseline).await?;
    transaction.batch_execute(END_OF_CAPTURE).await?;
    let granted: Value = transaction.query_one(GRANTS_BEFORE, &[]).await?.get(0);
    let said: Value = transaction.query_one(COMMENTS_BEFORE, &[]).await?.get(0);
    let recorded = migrations::recorded(transaction).await?;
    for file in files {
        if recorded.contains(file.version) {
            continue;
        }
        transaction.batch_execute(file.sql).await.map_err(|error| {
            Fault::from(error).at(format!("migrations/{}_{}.sql", file.version, file.name))
        })?;
        migrations::record(transaction, file, &[file.sql]).await?;
    }
    for (file, sql) in migrations::policies() {
        transaction
            .batch_execute(sql)
            .await
            .map_err(|error| Fault::from(error).at(format!("rls/{file}")))?;
    }
    for (sql, noted) in [(GRANTS_AFTER, &granted), (COMMENTS_AFTER, &said)] {
        for row in transaction.query(sql, &[noted]).await? {
            let statement: String = row.get(0);
            let outcome = transaction.batch_execute(&statement).await;
            outcome.map_err(|error| Fault::from(error).at(&statement))?;
        }
    }
    let metadata = serde_json::json!({"savepoint": super::run::savepoint(phase)});
    for (step, metadata) in [(Some("cutover"), None), (None, Some(&metadata))] {
        let place = Place {
            phase: phase.number,
            name: phase.name,
            step,
        };
        let note = Note {
            metadata,
            ..Note::default()
        };
        state::mark(transaction, job.run.id, place, Status::Completed, note).await?;
    }
    fingerprint::keep_catalogue(transaction, job.run.id).await?;
    // What differs from this later is somebody else's.
    catalogue::capture(transaction, job.run.id, catalogue::AFTER, false).await?;
    transaction
        .batch_execute("notify pgrst, 'reload schema'")
        .await?;
    Ok(())
}

/// Nobody writes any more, and nothing is left: the triggers and the list of changes go.
const END_OF_CAPTURE: &str = include_str!("sql/end_of_capture.sql");
/// A site's own roles keep reading under the names they know.
const GRANTS_BEFORE: &str = include_str!("sql/grants_before.sql");
const GRANTS_AFTER: &str = include_str!("sql/grants_after.sql");
/// What a site says of its own objects and of the product's is said of those that are made anew.
const COMMENTS_BEFORE: &str = include_str!("sql/comments_before.sql");
const COMMENTS_AFTER: &str = include_str!("sql/comments_after.sql");
