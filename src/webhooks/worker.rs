//! The task that delivers: one per process, any number of processes.
//!
//! In: the queue and wake-ups. Out: requests to receivers, outcomes in the queue, metrics. One loop owns
//! everything: it reports what ended and claims as much as it has room for in one transaction, starts the
//! attempts, and waits for one of them to end, for a notification, or for a while. Memory is bounded by the
//! number of attempts under way; an outcome that cannot be stored is kept until it can, or until its lease
//! ends elsewhere and the delivery is made again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use uuid::Uuid;

use super::outbox::{self, Claim, Claimed, Finished, Next, Room};
use super::payload;
use super::retry::{Schedule, Verdict};
use super::send::Sender;
use super::wake;
use crate::config::WebhookConfig;
use crate::observe::Metrics;

/// Time between looks at the queue when nobody wakes the worker.
const PAUSE: Duration = Duration::from_millis(500);
/// Pause while there is no queue, or no database.
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// Rows that are looked at when many wait for others.
const CROWD: usize = 1000;
/// Outcomes and wake-ups that come within this time share a round.
const GATHER: Duration = Duration::from_millis(3);
/// What a lease has beyond the longest attempt.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// Time between two cleanings, and between two looks at the depth.
const CLEAN_PAUSE: Duration = Duration::from_secs(60);
const DEPTH_PAUSE: Duration = Duration::from_secs(15);

/// What the worker stands on.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Connections of the owner role.
    pub pool: deadpool_postgres::Pool,
    /// The same, for LISTEN.
    pub uri: String,
    pub config: WebhookConfig,
    pub metrics: Metrics,
}

/// The worker's tasks; they end with it.
#[derive(Debug)]
struct Helpers(Vec<JoinHandle<()>>);

impl Drop for Helpers {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// Starts the worker; it runs until the handle is aborted.
///
/// # Errors
/// When no HTTP client can be made.
pub fn spawn(worker: Worker) -> Result<JoinHandle<()>, reqwest::Error> {
    let sender = Sender::new(&worker.config)?;
    Ok(tokio::spawn(async move {
        if worker.config.concurrency == 0 {
            return;
        }
        worker.until_installed().await;
        let wake = Arc::new(Notify::new());
        let _helpers = Helpers(vec![
            wake::spawn(worker.uri.clone(), wake.clone()),
            tokio::spawn(worker.clone().keep_clean()),
            tokio::spawn(worker.clone().watch_depth()),
        ]);
        Delivering::new(worker, sender, wake).run().await;
    }))
}

/// The loop's state.
struct Delivering {
    worker: Worker,
    sender: Arc<Sender>,
    schedule: Arc<Schedule>,
    wake: Arc<Notify>,
    /// Marks this process's claims.
    name: Uuid,
    under_way: JoinSet<()>,
    /// Attempts under way, by subscription.
    busy: HashMap<Uuid, usize>,
    outcomes: (
        mpsc::UnboundedSender<Finished>,
        mpsc::UnboundedReceiver<Finished>,
    ),
    /// Ended, and not yet stored.
    ended: Vec<Finished>,
    /// The last look found rows that wait for others: there may be many.
    is_crowded: bool,
    /// When the claims of dead processes were freed last.
    expired: Instant,
}

impl Delivering {
    fn new(worker: Worker, sender: Sender, wake: Arc<Notify>) -> Self {
        Self {
            schedule: Arc::new(Schedule::from(&worker.config)),
            worker,
            sender: Arc::new(sender),
            wake,
            name: Uuid::new_v4(),
            under_way: JoinSet::new(),
            busy: HashMap::new(),
            outcomes: mpsc::unbounded_channel(),
            ended: Vec::new(),
            is_crowded: false,
            expired: Instant::now(),
        }
    }

    async fn run(mut self) {
        loop {
            let pause = match self.round().await {
                Ok(claim) => {
                    let soonest = self.soonest();
                    self.ended.clear();
                    self.is_crowded = claim.look_again;
                    for delivery in claim.deliveries {
                        self.start(delivery);
                    }
                    match self.is_crowded && self.free() > 0 {
                        true => Duration::ZERO,
                        false => soonest,
                    }
                }
                Err(error) => {
                    tracing::warn!(error, "webhooks: the queue cannot be used");
                    LONG_PAUSE
                }
            };
            self.wait(pause).await;
        }
    }

    /// Reports what ended and claims what there is room for.
    async fn round(&mut self) -> Result<Claim, String> {
        let text = |error: tokio_postgres::Error| describe(&error);
        let mut client = self.worker.pool.get().await.map_err(|e| e.to_string())?;
        let transaction = client.transaction().await.map_err(text)?;
        outbox::lock(&transaction).await.map_err(text)?;
        let hours = self.worker.config.disable_after_hours;
        let disabled = outbox::finish(&transaction, self.name, &self.ended, hours)
            .await
            .map_err(text)?;
        let concurrency = self.worker.config.concurrency;
        let expire = self.expired.elapsed() >= PAUSE;
        let room = Room {
            worker: self.name,
            lease_s: (self.sender.longest() + LEASE_MARGIN).as_secs_f64(),
            free: self.free(),
            // One slow receiver leaves room for the others.
            per_subscription: (concurrency / 2).max(1),
            scan: match self.is_crowded {
                true => CROWD,
                false => (2 * self.free()).max(32),
            },
            busy: &self.busy,
            expire,
        };
        let claim = match room.free {
            0 => Claim::nothing(),
            _ => outbox::claim(&transaction, room).await.map_err(text)?,
        };
        transaction.commit().await.map_err(text)?;
        if expire {
            self.expired = Instant::now();
        }
        for endpoint in disabled {
            tracing::warn!(subscription = %endpoint.subscription_id, reason = endpoint.reason,
                "webhooks: an endpoint was disabled");
        }
        Ok(claim)
    }

    fn free(&self) -> usize {
        let used = self.busy.values().sum::<usize>();
        self.worker.config.concurrency.saturating_sub(used)
    }

    /// When the next retry of this round is due, if that is before the next look.
    fn soonest(&self) -> Duration {
        let delays = self.ended.iter().filter_map(|done| match done.next {
            Next::Queued(seconds) => Some(Duration::from_secs_f64(seconds)),
            Next::Delivered | Next::Dead => None,
        });
        delays.min().map_or(PAUSE, |delay| delay.min(PAUSE))
    }

    fn start(&mut self, delivery: Claimed) {
        *self.busy.entry(delivery.subscription_id).or_default() += 1;
        let (sender, schedule) = (self.sender.clone(), self.schedule.clone());
        let (outcomes, metrics) = (self.outcomes.0.clone(), self.worker.metrics.clone());
        self.under_way.spawn(async move {
            let done = attempt(&sender, &schedule, delivery).await;
            let outcome = match done.next {
                Next::Delivered => "delivered",
                Next::Queued(_) => "failed",
                Next::Dead => "dead",
            };
            metrics
                .webhook_deliveries
                .with_label_values(&[outcome])
                .inc();
            // Fails only when the worker ends.
            let _ = outcomes.send(done);
        });
    }

    /// Until an attempt ends, somebody wakes us, or the time has passed.
    async fn wait(&mut self, pause: Duration) {
        tokio::select! {
            Some(done) = self.outcomes.1.recv() => {
                self.note(done);
                tokio::time::sleep(GATHER).await;
            }
            () = self.wake.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(pause) => {}
        }
        while let Ok(done) = self.outcomes.1.try_recv() {
            self.note(done);
        }
        while self.under_way.try_join_next().is_some() {}
    }

    fn note(&mut self, done: Finished) {
        if let Some(count) = self.busy.get_mut(&done.subscription_id) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(&done.subscription_id);
            }
        }
        self.ended.push(done);
    }
}

/// Makes one attempt and judges it.
async fn attempt(sender: &Sender, schedule: &Schedule, delivery: Claimed) -> Finished {
    let body = payload::body(delivery.message_id, &delivery.event, &delivery.change);
    let id = delivery.message_id.to_string();
    let headers = delivery.secrets.headers(&id, Utc::now().timestamp(), &body);
    let answer = sender.send(&delivery.url, &headers, body).await;
    let next = match schedule.judge(&answer, delivery.attempts) {
        Verdict::Delivered => Next::Delivered,
        Verdict::Again(delay) => Next::Queued(delay.as_secs_f64()),
        Verdict::Dead => Next::Dead,
    };
    let reason = answer.reason();
    match next {
        Next::Delivered => {}
        Next::Queued(_) => tracing::debug!(id, reason, "webhooks: will be tried again"),
        Next::Dead => tracing::warn!(id, reason, attempts = delivery.attempts + 1,
            subscription = %delivery.subscription_id, "webhooks: given up"),
    }
    Finished {
        id: delivery.id,
        subscription_id: delivery.subscription_id,
        next,
        status: answer.status,
        is_gone: answer.is_gone(),
        pause_s: answer.pause().unwrap_or_default().as_secs_f64(),
        reason,
    }
}

impl Worker {
    /// A database without our schema has no queue; it may get one later.
    async fn until_installed(&self) {
        loop {
            if let Ok(client) = self.pool.get().await
                && outbox::is_installed(&client).await.unwrap_or(false)
            {
                return;
            }
            tokio::time::sleep(LONG_PAUSE).await;
        }
    }

    async fn keep_clean(self) {
        loop {
            tokio::time::sleep(CLEAN_PAUSE).await;
            if let Err(error) = clean(&self.pool, &self.config).await {
                tracing::warn!(error, "webhooks: the queue was not cleaned");
            }
        }
    }

    async fn watch_depth(self) {
        loop {
            if let Ok(client) = self.pool.get().await
                && let Ok((depth, age_s)) = outbox::depth(&client).await
            {
                self.metrics.webhook_queue_depth.set(depth);
                self.metrics.webhook_queue_age.set(age_s);
            }
            tokio::time::sleep(DEPTH_PAUSE).await;
        }
    }
}

/// Removes what is older than configured, in short transactions; gives the number of deliveries removed.
///
/// # Errors
/// What the database said.
pub async fn clean(pool: &deadpool_postgres::Pool, config: &WebhookConfig) -> Result<i64, String> {
    let text = |error: tokio_postgres::Error| describe(&error);
    let mut removed = 0;
    loop {
        let mut client = pool.get().await.map_err(|e| e.to_string())?;
        let transaction = client.transaction().await.map_err(text)?;
        let step = outbox::clean(&transaction, config).await.map_err(text)?;
        transaction.commit().await.map_err(text)?;
        // Another process cleans.
        let Some(step) = step else {
            return Ok(removed);
        };
        removed += step.deliveries;
        if step.deliveries > 0 {
            tracing::debug!(
                deliveries = step.deliveries,
                changes = step.changes,
                "webhooks: cleaned"
            );
        }
        if !step.is_full {
            let transaction = client.transaction().await.map_err(text)?;
            outbox::heal(&transaction).await.map_err(text)?;
            transaction.commit().await.map_err(text)?;
            return Ok(removed);
        }
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => error.to_string(),
    }
}
