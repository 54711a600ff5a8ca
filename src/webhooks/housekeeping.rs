//! Beside the deliveries: removing what is old, freeing what waits for nobody, ending subscriptions to the
//! old words, and how long the queue is.
//!
//! In: a connection of the owner role. Out: counts. Every step is a short transaction.

use deadpool_postgres::{Client, Transaction};
use tokio_postgres::Error;
use uuid::Uuid;

use super::outbox::{ROUND_LOCK, run};
use super::payload::version_1_events;
use crate::config::WebhookConfig;

/// Key of the lock that the cleaning holds.
const CLEAN_LOCK: i64 = ROUND_LOCK + 1;
/// Rows that one step of the cleaning removes.
const CLEAN_BATCH: i64 = 5000;

/// What the cleaning removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cleaned {
    pub deliveries: i64,
    pub changes: i64,
    /// There may be more to remove.
    pub is_full: bool,
}

/// One step of the cleaning; `None` while another process cleans.
pub(super) async fn clean(
    transaction: &Transaction<'_>,
    config: &WebhookConfig,
) -> Result<Option<Cleaned>, Error> {
    let sql = "select pg_try_advisory_xact_lock($1)";
    if !transaction
        .query_one(sql, &[&CLEAN_LOCK])
        .await?
        .try_get::<_, bool>(0)?
    {
        return Ok(None);
    }
    transaction
        .batch_execute("set local enable_seqscan = off")
        .await?;
    let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX).min(36_500);
    let rows = run(
        transaction,
        include_str!("sql/clean.sql"),
        &[
            &days(config.retention_days),
            &days(config.dead_letter_days),
            &CLEAN_BATCH,
        ],
    )
    .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let deliveries: i64 = row.try_get("gone")?;
    Ok(Some(Cleaned {
        deliveries,
        changes: row.try_get("untold")?,
        is_full: deliveries >= CLEAN_BATCH,
    }))
}

/// Lets those take their turn that wait for nobody. They are looked for without the lock of the rounds: in
/// a long queue that takes a while.
pub(super) async fn heal(client: &mut Client) -> Result<(), Error> {
    let found = client
        .query(include_str!("sql/waiting_for_nobody.sql"), &[])
        .await?;
    let ids: Vec<i64> = found
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    let lock = format!("select pg_advisory_xact_lock({ROUND_LOCK})");
    transaction.batch_execute(&lock).await?;
    run(&transaction, include_str!("sql/heal.sql"), &[&ids]).await?;
    transaction.commit().await
}

/// Disables subscriptions that want old words only and have nothing left to be told from before their end.
pub(super) async fn end_version_1(client: &Client, reason: &str) -> Result<Vec<Uuid>, Error> {
    let events: Vec<&str> = version_1_events().collect();
    let rows = client
        .query(include_str!("sql/end_version_1.sql"), &[&events, &reason])
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Whether the tables are there: a database of another schema has none.
pub(super) async fn is_installed(client: &Client) -> Result<bool, Error> {
    let sql = "select to_regclass('webhooks.delivery') is not null";
    client.query_one(sql, &[]).await?.try_get(0)
}

/// Open deliveries, and the age of the oldest in seconds.
pub(super) async fn depth(client: &Client) -> Result<(i64, i64), Error> {
    let row = client.query_one(include_str!("sql/depth.sql"), &[]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}
