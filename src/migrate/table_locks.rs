//! Locks on several tables at once, beside programs that use these tables in an order of their own.
//!
//! In: a transaction, tables with modes, and how long others may be kept waiting. Out: all of the locks, or
//! `55P03`. Who waits for a table while holding another makes everybody wait who wants either; and if somebody
//! took them the other way round, both wait until one gives up, at every attempt anew. So one table is waited
//! for with empty hands, and the rest is taken only if it is free; if not, everything is let go, and what was
//! not free is waited for next. Where some table always has a user, no such moment comes: after a few rounds
//! the tables are taken in the order given, waiting, within one limit.

use std::time::{Duration, Instant};

use tokio_postgres::Transaction;

use super::error::Fault;

/// How often all tables are asked for before they are taken in order.
const ROUNDS: usize = 8;

/// What a lock keeps out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Writers.
    ShareRowExclusive,
    /// Readers, too.
    AccessExclusive,
}

impl Mode {
    /// As in `lock table`.
    fn sql(self) -> &'static str {
        match self {
            Self::ShareRowExclusive => "share row exclusive",
            Self::AccessExclusive => "access exclusive",
        }
    }
}

/// A table, quoted where it must be, and the lock on it.
pub type TableLock<'a> = (&'a str, Mode);

/// Those whose table is there: a site may have removed what the CRM does not use.
///
/// # Errors
/// When PostgreSQL is gone.
pub(super) async fn existing<'a>(
    transaction: &Transaction<'_>,
    mut locks: Vec<TableLock<'a>>,
) -> Result<Vec<TableLock<'a>>, Fault> {
    let names: Vec<&str> = locks.iter().map(|(table, _)| *table).collect();
    let sql = "select array(select t is not null from unnest($1::text[]) with ordinality n(name, at), to_regclass(n.name) t order by n.at)";
    let are_there: Vec<bool> = transaction.query_one(sql, &[&names]).await?.get(0);
    let mut are_there = are_there.into_iter();
    locks.retain(|_| are_there.next().unwrap_or_default());
    Ok(locks)
}

/// Takes all of them. `wait` is how long it waits for one table, and for all together when it holds some
/// meanwhile; it is the transaction's `lock_timeout` afterwards.
///
/// # Errors
/// `55P03` when others are in the way for longer; what `lock table` fails with otherwise. Either way the
/// transaction is to be rolled back.
pub(super) async fn take(
    transaction: &Transaction<'_>,
    wanted: &[TableLock<'_>],
    wait: Duration,
) -> Result<(), Fault> {
    if !wanted.is_empty() && !take_politely(transaction, wanted, wait).await? {
        take_in_order(transaction, wanted, wait).await?;
    }
    transaction.batch_execute(&timeout(wait)).await?;
    Ok(())
}

/// Whether a moment was found in which all were free but the one that was waited for.
async fn take_politely(
    transaction: &Transaction<'_>,
    wanted: &[TableLock<'_>],
    wait: Duration,
) -> Result<bool, Fault> {
    let mut first = 0;
    for _ in 0..ROUNDS {
        let sql = format!("savepoint empty_handed; {}", timeout(wait));
        transaction.batch_execute(&sql).await?;
        let Some(taken) = round(transaction, wanted, first).await? else {
            transaction
                .batch_execute("release savepoint empty_handed")
                .await?;
            return Ok(true);
        };
        first = taken;
        transaction
            .batch_execute("rollback to savepoint empty_handed; release savepoint empty_handed")
            .await?;
    }
    Ok(false)
}

/// Waits for the first, then asks for the rest. The place of one that was not free.
async fn round(
    transaction: &Transaction<'_>,
    wanted: &[TableLock<'_>],
    first: usize,
) -> Result<Option<usize>, Fault> {
    let Some(lock) = wanted.get(first) else {
        return Ok(None);
    };
    transaction.batch_execute(&lock_table(lock, "")).await?;
    for (place, lock) in wanted.iter().enumerate() {
        if place == first {
            continue;
        }
        let outcome = transaction.batch_execute(&lock_table(lock, "nowait")).await;
        match outcome.map_err(Fault::from) {
            Ok(()) => {}
            Err(fault) if fault.is_contention() => return Ok(Some(place)),
            Err(fault) => return Err(fault),
        }
    }
    Ok(None)
}

/// Keeps what it has while it waits for the next.
async fn take_in_order(
    transaction: &Transaction<'_>,
    wanted: &[TableLock<'_>],
    wait: Duration,
) -> Result<(), Fault> {
    let until = Instant::now() + wait;
    for lock in wanted {
        let left = until.saturating_duration_since(Instant::now());
        let sql = format!("{}; {}", timeout(left), lock_table(lock, ""));
        transaction.batch_execute(&sql).await?;
    }
    Ok(())
}

fn lock_table((table, mode): &TableLock<'_>, how: &str) -> String {
    format!("lock table {table} in {} mode {how}", mode.sql())
}

/// Zero would be no limit at all.
fn timeout(wait: Duration) -> String {
    format!("set local lock_timeout = {}", wait.as_millis().max(1))
}
