//! Operation: from here on every change of a row that is carried over is noted, in the transaction that
//! makes it, so that the row is carried over once more. See [`crate::migrate::catch_up`].

use tokio_postgres::{Client, GenericClient};

use super::{Phase, statements};
use crate::migrate::engine::{Job, short};
use crate::migrate::error::Fault;
use crate::pg::migrations::Baseline;

/// How the names of all triggers begin that note what others write while a run is at work.
pub const TRIGGERS: &str = "migration_capture_";

const SETUP: &str = include_str!("../sql/capture.sql");

/// Kind of the row, and the table on each baseline.
const TABLES: [(&str, &str, &str); 6] = [
    ("companies", "public.companies", "public.companies"),
    ("contacts", "public.contacts", "public.contacts"),
    ("deals", "public.deals", "public.deals"),
    ("deal_notes", "public.\"dealNotes\"", "public.deal_notes"),
    (
        "contact_notes",
        "public.\"contactNotes\"",
        "public.contact_notes",
    ),
    ("tasks", "public.tasks", "public.tasks"),
];

/// The table of a kind of row.
pub fn table(kind: &str, baseline: Baseline) -> Option<&'static str> {
    let (_, fork, upstream) = TABLES.iter().find(|(name, ..)| *name == kind)?;
    Some(match baseline {
        Baseline::Fork => fork,
        Baseline::Upstream => upstream,
    })
}

pub(super) async fn start(client: &mut Client, job: &Job, phase: &Phase) -> Result<(), Fault> {
    short(client, job, async |transaction| {
        Ok(transaction.batch_execute(SETUP).await?)
    })
    .await?;
    // A transaction per table: a trigger needs a lock that keeps writers out, and none should wait while
    // we wait for another table.
    for (kind, ..) in TABLES {
        let table = table(kind, job.baseline).unwrap_or_default();
        short(client, job, async |transaction| {
            transaction.batch_execute(&triggers(kind, table)).await?;
            Ok(())
        })
        .await?;
    }
    short(client, job, async |transaction| {
        statements::finish(transaction, job, phase, "capture", None).await
    })
    .await
}

/// The triggers of one table. The engine's own writes are not noted; those of sessions whose
/// `session_replication_role` is `replica` (a subscription, an import) are.
fn triggers(kind: &str, table: &str) -> String {
    let quiet = "coalesce(current_setting('migration.backfill', true), '') <> 'on'";
    // Before the row goes, and what refers to it with it.
    format!(
        "create or replace trigger migration_capture_write after insert or update on {table} \
           for each row when ({quiet}) execute function migration.note_change('{kind}'); \
         create or replace trigger migration_capture_delete before delete on {table} \
           for each row when ({quiet}) execute function migration.note_change('{kind}'); \
         create or replace trigger migration_capture_truncate before truncate on {table} \
           for each statement when ({quiet}) execute function migration.note_change('{kind}'); \
         alter table {table} enable always trigger migration_capture_write, enable always trigger migration_capture_delete, \
           enable always trigger migration_capture_truncate"
    )
}

/// Refuses to go on when changes may not have been noted: a trigger is gone, off, or was off. Whoever
/// switches all triggers of a table off and on again (`enable trigger all`) leaves ours firing less than it did.
///
/// # Errors
/// Exit code 2, with the way back as the hint.
pub async fn require(client: &impl GenericClient) -> Result<(), Fault> {
    if is_there(client).await? {
        return Ok(());
    }
    Err(Fault::refused(
        "a trigger that notes changes while the run is at work was removed or switched off: rows may have changed unnoticed",
    )
    .hint("undo the run with `oppbase migrate rollback` and begin again; leave the triggers migration_capture_… alone meanwhile"))
}

/// Whether all triggers are there, and on for every session.
pub(super) async fn is_there(client: &impl GenericClient) -> Result<bool, Fault> {
    let sql = "select count(*) from pg_catalog.pg_trigger t \
                where t.tgname in ('migration_capture_write', 'migration_capture_delete', 'migration_capture_truncate') and t.tgenabled = 'A' and not t.tgisinternal";
    let count: i64 = client.query_one(sql, &[]).await?.get(0);
    Ok(count == 3 * TABLES.len() as i64)
}
