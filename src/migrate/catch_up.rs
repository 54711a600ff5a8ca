//! Rows that changed after they were carried over are carried over once more.
//!
//! In: `migration.changed`, which the triggers of [`super::operation::capture`] fill. Out: rows as if they
//! had been written before the migration. A transaction takes some of the entries away and carries their
//! rows over; it sees at least what the writers of these entries committed. Under the cut-over's locks
//! nothing is left and nothing can come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Transaction};

use super::backfill::{Keys, carry_over, is_about_a_row};
use super::engine::{Job, short};
use super::error::Fault;
use super::operation::batches::FILES;
use super::state::{self, Incident};
use crate::pg::migrations;

/// Entries per transaction, at least and at most, and how long it should take.
const FEWEST: i64 = 100;
const TAKEN: i64 = 2000;
const LONGEST: Duration = Duration::from_millis(300);

/// Works until few entries are left; writers go on meanwhile. Returns how many were left at the end.
///
/// # Errors
/// What PostgreSQL refuses.
pub async fn drain(client: &mut Client, job: &Job, few: i64) -> Result<i64, Fault> {
    let mut limit = FEWEST;
    loop {
        job.stop.check()?;
        let left = left(client).await?;
        if left <= few {
            return Ok(left);
        }
        let begun = Instant::now();
        let taken = short(client, job, async |transaction| {
            take(transaction, job, limit).await
        })
        .await?;
        // It holds the rows that it writes, as a batch does.
        limit = match begun.elapsed() {
            took if took > LONGEST => (limit / 2).max(FEWEST),
            took if took * 3 < LONGEST => (limit * 2).min(TAKEN),
            _ => limit,
        };
        job.log.trace(
            "caught up",
            &serde_json::json!({"entries": taken, "left": left - taken}),
        );
    }
}

/// How many entries there are.
pub(super) async fn left(client: &impl tokio_postgres::GenericClient) -> Result<i64, Fault> {
    let sql = "select count(*) from (select from migration.changed limit 100000) x";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// Takes up to `limit` entries and carries their rows over. Returns the number of entries.
pub(super) async fn take(
    transaction: &Transaction<'_>,
    job: &Job,
    limit: i64,
) -> Result<i64, Fault> {
    let rows = transaction
        .query(
            "delete from migration.changed c \
              where c.seq in (select x.seq from migration.changed x order by x.seq limit $1) \
             returning c.relation, c.id",
            &[&limit],
        )
        .await?;
    let mut keys: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in &rows {
        keys.entry(row.get(0)).or_default().push(row.get(1));
    }
    for list in keys.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    let recorded = migrations::recorded(transaction).await?;
    if let Some(contacts) = keys.get("contacts") {
        let named = deals_that_name(transaction, contacts).await?;
        let deals = keys.entry("deals".into()).or_default();
        deals.extend(named);
        deals.sort_unstable();
        deals.dedup();
    }
    for (name, kind) in FILES {
        let Some(list) = keys.get(kind) else { continue };
        let file = migrations::migrations(job.baseline)
            .into_iter()
            .find(|file| file.name == name)
            .ok_or_else(|| Fault::failed(format!("{name} is missing")))?;
        // What has not been filled once will be, with the row as it is by then.
        if !recorded.contains(file.version) {
            continue;
        }
        carry_list(transaction, job, name, kind, file.sql, list).await?;
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Deals keep the id of a contact that is gone. When one comes (again) under that id, they get their row.
async fn deals_that_name(
    transaction: &Transaction<'_>,
    contacts: &[i64],
) -> Result<Vec<i64>, Fault> {
    let table = "select to_regclass('public.opportunity_contacts') is not null";
    if !transaction.query_one(table, &[]).await?.get::<_, bool>(0) {
        return Ok(vec![]);
    }
    let sql = "select d.id from public.deals d \
                where d.contact_ids && $1 and exists ( \
                  select from unnest(d.contact_ids) u (contact) \
                   where u.contact = any ($1) and not exists ( \
                     select from public.opportunity_contacts r \
                      where r.opportunity_id = d.id and r.contact_id = u.contact))";
    let rows = transaction.query(sql, &[&contacts]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Carries these rows over, by halves where one of them is refused.
async fn carry_list(
    transaction: &Transaction<'_>,
    job: &Job,
    step: &str,
    kind: &str,
    sql: &str,
    keys: &[i64],
) -> Result<(), Fault> {
    let mut parts = vec![keys];
    while let Some(part) = parts.pop() {
        if try_list(transaction, job, sql, part).await? {
            continue;
        }
        match part {
            // What it names may have been on its way out: the next look finds neither.
            [_] if try_list(transaction, job, sql, part).await? => {}
            [key] => leave_out(transaction, job, step, kind, *key).await?,
            _ => {
                let (left, right) = part.split_at(part.len() / 2);
                parts.extend([right, left]);
            }
        }
    }
    Ok(())
}

/// False when a row was refused; the transaction is as before then.
async fn try_list(
    transaction: &Transaction<'_>,
    job: &Job,
    sql: &str,
    keys: &[i64],
) -> Result<bool, Fault> {
    transaction.batch_execute("savepoint catch_up").await?;
    match carry_over(transaction, job, sql, Keys::List(keys)).await {
        Ok(_) => {
            transaction
                .batch_execute("release savepoint catch_up")
                .await?;
            Ok(true)
        }
        Err(fault) if is_about_a_row(&fault) => {
            transaction
                .batch_execute("rollback to savepoint catch_up; release savepoint catch_up")
                .await?;
            Ok(false)
        }
        Err(fault) => Err(fault),
    }
}

async fn leave_out(
    transaction: &Transaction<'_>,
    job: &Job,
    step: &str,
    kind: &str,
    key: i64,
) -> Result<(), Fault> {
    job.log
        .warn(&format!("{kind} {key} changed and cannot be carried over"));
    let incident = Incident {
        phase: Some("cutover"),
        step: Some(step),
        entity: Some(kind),
        entity_id: Some(&key.to_string()),
        severity: "high",
        message: "the row changed meanwhile and cannot be carried over",
        details: None,
    };
    state::record_error(transaction, job.run.id, incident).await
}
