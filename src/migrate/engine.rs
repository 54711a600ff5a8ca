//! What every operation of a run works with: the job, a way to stop it, and short transactions that are
//! tried again when others are in the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::Notify;
use tokio_postgres::{Client, Transaction};

use super::error::{Fault, Outcome};
use super::lock::RunLock;
use super::log::Log;
use super::state::Run;
use super::table_locks::{self, TableLock};
use super::{Options, RunSettings};
use crate::pg::migrations::Baseline;

/// A statement waits this long for a lock at first. While it waits, everybody else waits behind it, so it
/// stays below PostgreSQL's deadlock_timeout of a second: in a deadlock we are the ones who give up.
const FIRST_LOCK_TIMEOUT: Duration = Duration::from_millis(150);
const LONGEST_LOCK_TIMEOUT: Duration = Duration::from_millis(700);
/// Attempts of one transaction: some minutes in all, mostly pauses.
const ATTEMPTS: usize = 40;

/// One run at work.
#[derive(Debug)]
pub struct Job {
    /// What the command was told.
    pub options: Options,
    /// What the run was told; the same in every attempt.
    pub settings: RunSettings,
    /// The lock, held.
    pub lock: RunLock,
    /// The run.
    pub run: Run,
    /// The product it started from.
    pub baseline: Baseline,
    /// The run's log.
    pub log: Log,
    /// Whether somebody asked to stop.
    pub stop: Stop,
}

/// A request to stop after the work in hand.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<StopInner>);

#[derive(Debug, Default)]
struct StopInner {
    asked: AtomicBool,
    wake: Notify,
}

impl Stop {
    /// Asks for it.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::SeqCst);
        self.0.wake.notify_waiters();
    }

    /// Fails with [`Outcome::Stopped`] once somebody asked.
    ///
    /// # Errors
    /// See above.
    pub fn check(&self) -> Result<(), Fault> {
        if self.0.asked.load(Ordering::SeqCst) {
            return Err(Fault::new(Outcome::Stopped, "interrupted")
                .hint("continue with `oppbase migrate run --resume`"));
        }
        Ok(())
    }

    /// Completes once somebody asked.
    pub async fn wait(&self) {
        loop {
            let woken = self.0.wake.notified();
            if self.0.asked.load(Ordering::SeqCst) {
                return;
            }
            woken.await;
        }
    }

    /// Sleeps, or less when somebody asks to stop.
    pub async fn sleep(&self, time: Duration) {
        let woken = self.0.wake.notified();
        if self.0.asked.load(Ordering::SeqCst) {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = woken => {}
        }
    }
}

/// What a change needs beside a session: the lock that must still be ours, whether somebody asked to stop, the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    /// The lock, held.
    pub lock: &'a RunLock,
    /// Whether somebody asked to stop.
    pub stop: &'a Stop,
    /// Where it is told.
    pub log: &'a Log,
}

impl Job {
    /// The way of the run.
    pub(super) fn way(&self) -> Way<'_> {
        Way {
            lock: &self.lock,
            stop: &self.stop,
            log: &self.log,
        }
    }
}

/// Pauses between the attempts of something that others are in the way of.
pub(super) fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(5))
        .with_factor(1.6)
        .with_max_times(ATTEMPTS - 1)
        .with_jitter()
        .build()
}

/// Runs `work` in a transaction that holds the run's lock, with a short and growing lock_timeout, up to
/// [`ATTEMPTS`] times while others are in the way.
///
/// # Errors
/// What `work` or the commit fails with; [`Outcome::Stopped`] between two attempts.
pub(super) async fn short<T>(
    client: &mut Client,
    job: &Job,
    work: impl AsyncFnMut(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    patient(client, job.way(), &[], work).await
}

/// [`short`], where there is no run yet. `work` begins with the locks in its hands; what it locks besides is
/// waited for while it holds them, so all tables that others use belong in the list.
///
/// # Errors
/// As there.
pub(super) async fn patient<T>(
    client: &mut Client,
    way: Way<'_>,
    locks: &[TableLock<'_>],
    mut work: impl AsyncFnMut(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut pauses = backoff();
    let mut timeout = FIRST_LOCK_TIMEOUT;
    loop {
        let failed = match attempt(client, way.lock, locks, timeout, &mut work).await {
            Ok(value) => return Ok(value),
            Err(fault) if fault.is_contention() => fault,
            Err(fault) => return Err(fault),
        };
        let Some(pause) = pauses.next() else {
            return Err(failed.hint(
                "other sessions hold locks for long; look for them in pg_stat_activity, then resume",
            ));
        };
        way.log.trace(
            "others are in the way; trying again",
            &serde_json::json!({"error": failed.message, "pause_ms": pause.as_millis() as u64}),
        );
        way.stop.sleep(pause).await;
        way.stop.check()?;
        timeout = (timeout * 13 / 10).min(LONGEST_LOCK_TIMEOUT);
    }
}

async fn attempt<T>(
    client: &mut Client,
    lock: &RunLock,
    locks: &[TableLock<'_>],
    timeout: Duration,
    work: &mut impl AsyncFnMut(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = client.transaction().await?;
    lock.require(&transaction).await?;
    let outcome = match table_locks::take(&transaction, locks, timeout).await {
        Ok(()) => work(&transaction).await,
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok(value) => {
            transaction.commit().await?;
            Ok(value)
        }
        Err(fault) => {
            // The connection may be gone; then there is nothing to roll back.
            let _ = transaction.rollback().await;
            Err(fault)
        }
    }
}
