//! The queue in the database: claiming deliveries, reporting what became of them, cleaning up.
//!
//! In: a connection of the owner role. Out: claimed deliveries. A round of a worker (report, then claim) is
//! one short transaction under an advisory lock, so that two processes never judge a record's order by half
//! of the truth. Source: <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>.

use std::collections::HashMap;

use deadpool_postgres::{Client, Transaction};
use serde_json::{Map, Value};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::payload::Change;
use super::sign::{Secret, Secrets};
use crate::config::WebhookConfig;

/// Key of the lock that a round holds: "oppbhook" in ASCII.
const ROUND_LOCK: i64 = 0x6f70_7062_686f_6f6b;
/// Key of the lock that the cleaning holds.
const CLEAN_LOCK: i64 = ROUND_LOCK + 1;
/// Rows that one step of the cleaning removes.
const CLEAN_BATCH: i64 = 5000;

/// A delivery that this process is to make.
#[derive(Debug)]
pub(super) struct Claimed {
    pub id: i64,
    /// `webhook-id`.
    pub message_id: Uuid,
    pub subscription_id: Uuid,
    pub event: String,
    /// Attempts before this one.
    pub attempts: u16,
    pub url: String,
    pub secrets: Secrets,
    pub change: Change,
}

/// Where a delivery goes after an attempt, in the words of the column `state`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Next {
    Delivered,
    /// Queued again, after so many seconds.
    Queued(f64),
    Dead,
}

/// The outcome of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    pub id: i64,
    pub subscription_id: Uuid,
    pub next: Next,
    pub status: Option<u16>,
    pub reason: Option<String>,
    /// The receiver is gone for good.
    pub is_gone: bool,
    /// Seconds that the receiver asked to be left alone; 0 when it did not.
    pub pause_s: f64,
}

/// What a worker may claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'a> {
    /// Who claims.
    pub worker: Uuid,
    pub lease_s: f64,
    pub free: usize,
    pub per_subscription: usize,
    /// Due rows to look at, per subscription.
    pub scan: usize,
    /// Whether to free the claims of dead processes first.
    pub expire: bool,
    /// Attempts under way, by subscription.
    pub busy: &'a HashMap<Uuid, usize>,
}

/// What a claim found.
#[derive(Debug)]
pub(super) struct Claim {
    pub deliveries: Vec<Claimed>,
    /// Some were set aside, so there may be more that can be made now.
    pub look_again: bool,
}

impl Claim {
    /// There was no room for any.
    pub(super) fn nothing() -> Self {
        Self {
            deliveries: Vec::new(),
            look_again: false,
        }
    }
}

/// An endpoint that a round disabled.
#[derive(Debug)]
pub(super) struct Disabled {
    pub subscription_id: Uuid,
    pub reason: String,
}

/// Takes the lock; others wait until this transaction ends. The queue is small or large and the planner's
/// statistics may be of the other time: indexes are right in both cases, and plain scans of them, which
/// unlike bitmaps pass over rows known to be dead.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<(), Error> {
    let sql = format!(
        "set local enable_seqscan = off; set local enable_bitmapscan = off; set local jit = off; \
         set local idle_in_transaction_session_timeout = '10s'; \
         select pg_advisory_xact_lock({ROUND_LOCK})"
    );
    transaction.batch_execute(&sql).await
}

/// Stores outcomes, lets the next of each record follow, notes how endpoints do.
pub(super) async fn finish(
    transaction: &Transaction<'_>,
    worker: Uuid,
    finished: &[Finished],
    disable_after_hours: u32,
) -> Result<Vec<Disabled>, Error> {
    if finished.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = finished.iter().map(|done| done.id).collect();
    let states: Vec<&str> = finished.iter().map(|done| done.next.state()).collect();
    let status = |done: &Finished| done.status.and_then(|status| i16::try_from(status).ok());
    let statuses: Vec<Option<i16>> = finished.iter().map(status).collect();
    let reasons: Vec<Option<&str>> = finished.iter().map(|done| done.reason.as_deref()).collect();
    let delays: Vec<f64> = finished.iter().map(|done| done.next.delay_s()).collect();
    run(
        transaction,
        include_str!("sql/finish.sql"),
        &[&worker, &ids, &states, &statuses, &reasons, &delays],
    )
    .await?;
    run(transaction, include_str!("sql/release.sql"), &[&ids]).await?;
    let hours = i32::try_from(disable_after_hours).unwrap_or(i32::MAX);
    let health = Health::of(finished);
    let rows = run(
        transaction,
        include_str!("sql/health.sql"),
        &[
            &health.ids,
            &health.succeeded,
            &health.gone,
            &health.pauses_s,
            &hours,
        ],
    )
    .await?;
    rows.iter()
        .filter_map(|row| disabled(row).transpose())
        .collect()
}

fn disabled(row: &Row) -> Result<Option<Disabled>, Error> {
    let reason: Option<String> = row.try_get("disabled_reason")?;
    let is_enabled: bool = row.try_get("enabled")?;
    let subscription_id = row.try_get("id")?;
    Ok(reason.filter(|_| !is_enabled).map(|reason| Disabled {
        subscription_id,
        reason,
    }))
}

/// How each endpoint did in one round, as columns.
#[derive(Debug, Default)]
struct Health {
    ids: Vec<Uuid>,
    succeeded: Vec<bool>,
    gone: Vec<bool>,
    pauses_s: Vec<f64>,
}

impl Health {
    fn of(finished: &[Finished]) -> Self {
        let mut health = Self::default();
        for done in finished {
            let known = health.ids.iter().position(|id| *id == done.subscription_id);
            let at = known.unwrap_or_else(|| {
                health.ids.push(done.subscription_id);
                health.succeeded.push(false);
                health.gone.push(false);
                health.pauses_s.push(0.0);
                health.ids.len() - 1
            });
            health.succeeded[at] |= done.next == Next::Delivered;
            health.gone[at] |= done.is_gone;
            health.pauses_s[at] = health.pauses_s[at].max(done.pause_s);
        }
        health
    }
}

/// Claims what may be made now.
pub(super) async fn claim(transaction: &Transaction<'_>, room: Room<'_>) -> Result<Claim, Error> {
    if room.expire {
        run(transaction, include_str!("sql/expire.sql"), &[]).await?;
    }
    let whole = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let busy_ids: Vec<Uuid> = room.busy.keys().copied().collect();
    let busy_counts: Vec<i32> = room.busy.values().map(|count| whole(*count)).collect();
    let free = i64::try_from(room.free).unwrap_or(i64::MAX);
    let rows = run(
        transaction,
        include_str!("sql/claim.sql"),
        &[
            &room.worker,
            &room.lease_s,
            &free,
            &whole(room.per_subscription),
            &busy_ids,
            &busy_counts,
            &i64::try_from(room.scan).unwrap_or(i64::MAX),
        ],
    )
    .await?;
    let mut ids: Vec<i64> = Vec::new();
    for row in &rows {
        if !row.try_get::<_, bool>("is_behind")? {
            ids.push(row.try_get("id")?);
        }
    }
    let look_again = ids.len() < rows.len();
    let deliveries = match ids.is_empty() {
        true => Vec::new(),
        false => run(transaction, include_str!("sql/claimed.sql"), &[&ids])
            .await?
            .iter()
            .map(claimed)
            .collect::<Result<_, _>>()?,
    };
    Ok(Claim {
        deliveries,
        look_again,
    })
}

fn claimed(row: &Row) -> Result<Claimed, Error> {
    let attempts: i16 = row.try_get("attempts")?;
    let image: Value = row.try_get("image")?;
    let image = match image {
        Value::Object(image) => image,
        _ => Map::new(),
    };
    let text = |column: &str| row.try_get::<_, Option<String>>(column);
    Ok(Claimed {
        id: row.try_get("id")?,
        message_id: row.try_get("message_id")?,
        subscription_id: row.try_get("subscription_id")?,
        event: row.try_get("event")?,
        attempts: u16::try_from(attempts).unwrap_or_default(),
        url: row.try_get("url")?,
        secrets: Secrets {
            current: Secret::stored(row.try_get("secret")?),
            previous: text("previous_secret")?.map(Secret::stored),
        },
        change: Change {
            image,
            participants: row.try_get("participants")?,
            contacts: row.try_get("contacts")?,
            previous_stage: text("previous_stage")?,
            previous_legacy_stage: text("previous_legacy_stage")?,
            user_id: text("user_id")?,
            occurred_at: row.try_get("occurred_at")?,
        },
    })
}

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

/// Lets those take their turn that wait for nobody.
pub(super) async fn heal(transaction: &Transaction<'_>) -> Result<(), Error> {
    lock(transaction).await?;
    run(transaction, include_str!("sql/heal.sql"), &[])
        .await
        .map(drop)
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

async fn run(
    transaction: &Transaction<'_>,
    sql: &'static str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let statement = transaction.prepare_cached(sql).await?;
    transaction.query(&statement, parameters).await
}

impl Next {
    fn state(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Queued(_) => "queued",
            Self::Dead => "dead",
        }
    }

    fn delay_s(self) -> f64 {
        match self {
            Self::Queued(seconds) => seconds,
            Self::Delivered | Self::Dead => 0.0,
        }
    }
}
