//! Rows that changed after they were carried over are carried over once more.
//!
//! In: `migration.changed`, which the triggers of [`super::operation::capture`] fill. Out: rows as if they
//! had been written before the migration. A transaction takes some of the entries away and carries their
//! rows over; it sees at least what the writers of these entries committed. Under the cut-over's locks
//! nothing is left and nothing can come.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Transaction};

use super::backfill::carry_over;
use super::engine::{Job, short};
use super::error::Fault;
use super::operation::batches::FILES;
use super::state::{self, Incident};
use crate::pg::migrations;

/// Entries per transaction.
const TAKEN: i64 = 500;
/// Keys this near to each other are one range: the rows between are as they should be already.
const GAP: i64 = 16;

/// Works until few entries are left; writers go on meanwhile. Returns how many were left at the end.
///
/// # Errors
/// What PostgreSQL refuses.
pub async fn drain(client: &mut Client, job: &Job, few: i64) -> Result<i64, Fault> {
    loop {
        job.stop.check()?;
        let left = left(client).await?;
        if left <= few {
            return Ok(left);
        }
        let taken = short(client, job, async |transaction| {
            take(transaction, job, TAKEN).await
        })
        .await?;
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
        for (low, high) in ranges(list) {
            if !try_range(transaction, job, file.sql, low, high).await? {
                for key in list.iter().filter(|key| (low..=high).contains(*key)) {
                    if !try_range(transaction, job, file.sql, *key, *key).await? {
                        leave_out(transaction, job, name, kind, *key).await?;
                    }
                }
            }
        }
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// False when a row of the range was refused; the transaction is as before then.
async fn try_range(
    transaction: &Transaction<'_>,
    job: &Job,
    sql: &str,
    low: i64,
    high: i64,
) -> Result<bool, Fault> {
    transaction.batch_execute("savepoint catch_up").await?;
    match carry_over(transaction, job, sql, low, high).await {
        Ok(_) => {
            transaction
                .batch_execute("release savepoint catch_up")
                .await?;
            Ok(true)
        }
        Err(fault) if super::backfill::is_about_a_row(&fault) => {
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

/// Sorted keys as ranges.
fn ranges(keys: &[i64]) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = vec![];
    for key in keys {
        match ranges.last_mut() {
            Some((_, high)) if key.saturating_sub(*high) <= GAP => *high = *key,
            _ => ranges.push((*key, *key)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_keys_are_one_range() {
        assert_eq!(ranges(&[]), vec![]);
        assert_eq!(ranges(&[1, 2, 17, 50]), vec![(1, 17), (50, 50)]);
        assert_eq!(
            ranges(&[i64::MIN, i64::MAX]),
            vec![(i64::MIN, i64::MIN), (i64::MAX, i64::MAX)]
        );
    }
}
