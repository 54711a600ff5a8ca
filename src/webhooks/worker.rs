//! The task that delivers: one per process, any number of processes.
//!
//! In: the queue and wake-ups. Out: requests to receivers, outcomes in the queue, metrics. One loop owns
//! everything: it reports what ended and claims as much as it has room for in one transaction, starts the
//! attempts, and waits for one of them to end, for a notification, or for a while; under load it waits for
//! more of them, so that a round carries many. Memory is bounded by the number of attempts under way; an
//! outcome that cannot be stored is kept until it can, or until its lease ends elsewhere and the delivery is
//! made again. An attempt starts only while its lease outlasts it: a process that slept makes none that
//! another may have taken over.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::attempts::Attempts;
use super::outbox::{self, Claim, Claimed, Finished, Next, Room};
use super::overlap::{self, Overlap};
use super::retry::Schedule;
use super::send::Sender;
use super::{attempts, housekeeping, payload, wake};
use crate::config::WebhookConfig;
use crate::state::AppState;

/// Time between looks at the queue when nobody wakes the worker.
const PAUSE: Duration = Duration::from_millis(500);
/// Pause while there is no queue, or no database.
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// Rows that are looked at when many wait for others.
const CROWD: usize = 1000;
/// Outcomes and wake-ups that come within this time share a round. Where rounds take longer it is twice as
/// long as the last one: each carries more the more there is to do.
const GATHER: Duration = Duration::from_millis(3);
const LONGEST_GATHER: Duration = Duration::from_millis(60);
/// What a lease has beyond the longest attempt, at least; three times the last round where that is more. An
/// attempt that could not be started within it is left to whoever claims it next.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// The part of it that is for clocks.
const CLOCKS: Duration = Duration::from_secs(1);
/// Time between two cleanings, and between two looks at the depth.
const CLEAN_PAUSE: Duration = Duration::from_secs(60);
const DEPTH_PAUSE: Duration = Duration::from_secs(15);

/// What the worker stands on.
#[derive(Clone)]
pub struct Worker {
    /// Connections of the owner role.
    pub pool: deadpool_postgres::Pool,
    /// The same, for LISTEN.
    pub uri: String,
    pub config: WebhookConfig,
    /// Metrics, and until when the old words are told.
    pub state: Arc<AppState>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
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
    under_way: Attempts,
    /// Ended, and not yet stored.
    ended: Vec<Finished>,
    /// The last look found rows that wait for others: there may be many.
    is_crowded: bool,
    /// When the claims of dead processes were freed last.
    expired: Instant,
    /// How long the last round took.
    took: Duration,
}

impl Delivering {
    fn new(worker: Worker, sender: Sender, wake: Arc<Notify>) -> Self {
        Self {
            schedule: Arc::new(Schedule::from(&worker.config)),
            worker,
            sender: Arc::new(sender),
            wake,
            under_way: Attempts::new(),
            ended: Vec::new(),
            is_crowded: false,
            expired: Instant::now(),
            took: Duration::ZERO,
        }
    }

    async fn run(mut self) {
        loop {
            let began = Instant::now();
            let margin = LEASE_MARGIN.max(3 * self.took);
            let pause = match self.round(margin).await {
                Ok(claim) => {
                    let soonest = self.soonest();
                    self.ended.clear();
                    self.took = began.elapsed();
                    self.is_crowded = claim.look_again;
                    let reports = !claim.unreadable.is_empty();
                    self.give_up(claim.unreadable);
                    let overlap = Arc::new(overlap::of(&self.worker.state));
                    for delivery in claim.deliveries {
                        self.start(delivery, began + margin - CLOCKS, overlap.clone());
                    }
                    match reports || self.is_crowded && self.free() > 0 {
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
    async fn round(&mut self, margin: Duration) -> Result<Claim, String> {
        let client = self.worker.pool.get().await.map_err(|e| e.to_string())?;
        let free = self.free();
        let room = Room {
            lease_s: (self.sender.longest() + margin).as_secs_f64(),
            free,
            scan: match self.is_crowded {
                true => CROWD,
                false => free.max(32),
            },
            busy: self.under_way.busy(),
            expire: self.expired.elapsed() >= PAUSE,
        };
        let hours = self.worker.config.disable_after_hours;
        let claim = outbox::round(&client, &self.ended, hours, room).await;
        let claim = claim.map_err(|error| describe(&error))?;
        if room.expire {
            self.expired = Instant::now();
        }
        for endpoint in &claim.disabled {
            tracing::warn!(subscription = %endpoint.subscription_id, reason = endpoint.reason,
                "webhooks: an endpoint was disabled");
        }
        Ok(claim)
    }

    /// Notes the end of deliveries that are not made, for the next round.
    fn give_up(&mut self, unreadable: Vec<Finished>) {
        for done in &unreadable {
            tracing::warn!(id = done.id, reason = done.reason,
                subscription = %done.subscription_id, "webhooks: given up");
            let deliveries = &self.worker.state.metrics.webhook_deliveries;
            deliveries.with_label_values(&["dead"]).inc();
        }
        self.ended.extend(unreadable);
    }

    fn free(&self) -> usize {
        let used = self.under_way.count();
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

    fn start(&mut self, delivery: Claimed, latest: Instant, overlap: Arc<Overlap>) {
        let fault = attempts::fault(&self.schedule, &delivery);
        let (sender, schedule) = (self.sender.clone(), self.schedule.clone());
        self.under_way.begin(fault, async move {
            match Instant::now() < latest {
                true => Some(attempt(&sender, &schedule, &overlap, delivery).await),
                false => None,
            }
        });
    }

    /// Until attempts end, somebody wakes us, or the time has passed.
    async fn wait(&mut self, pause: Duration) {
        let gather = (2 * self.took).clamp(GATHER, LONGEST_GATHER);
        tokio::select! {
            finished = self.under_way.next() => {
                self.note(finished);
                tokio::time::sleep(gather).await;
            }
            () = self.wake.notified() => tokio::time::sleep(gather).await,
            () = tokio::time::sleep(pause) => {}
        }
        let ended = self.under_way.ended();
        self.note(ended);
    }

    fn note(&mut self, ended: impl IntoIterator<Item = Finished>) {
        for done in ended {
            let outcome = match done.next {
                Next::Delivered => "delivered",
                Next::Queued(_) => "failed",
                Next::Dead => "dead",
            };
            let deliveries = &self.worker.state.metrics.webhook_deliveries;
            deliveries.with_label_values(&[outcome]).inc();
            self.ended.push(done);
        }
    }
}

/// Makes one attempt and judges it. An old word's event of after the overlap is given up unsent.
async fn attempt(
    sender: &Sender,
    schedule: &Schedule,
    overlap: &Overlap,
    delivery: Claimed,
) -> Finished {
    let id = delivery.message_id.to_string();
    if let Some(reason) = overlap.refuses(&delivery.event, delivery.change.occurred_at) {
        tracing::debug!(id, reason, "webhooks: not sent");
        return Finished {
            id: delivery.id,
            claim: delivery.claim,
            subscription_id: delivery.subscription_id,
            next: Next::Dead,
            status: None,
            reason: Some(reason),
            was_made: false,
            is_gone: false,
            pause_s: 0.0,
        };
    }
    let body = payload::body(delivery.message_id, &delivery.event, &delivery.change);
    let mut headers = delivery.secrets.headers(&id, Utc::now().timestamp(), &body);
    headers.extend(overlap.headers(&delivery.event));
    let answer = sender.send(&delivery.url, &headers, body).await;
    let next = attempts::next(schedule.judge(&answer, delivery.attempts));
    let reason = answer.reason();
    match next {
        Next::Delivered => {}
        Next::Queued(_) => tracing::debug!(id, reason, "webhooks: will be tried again"),
        Next::Dead => tracing::warn!(id, reason, attempts = delivery.attempts + 1,
            subscription = %delivery.subscription_id, "webhooks: given up"),
    }
    Finished {
        id: delivery.id,
        claim: delivery.claim,
        subscription_id: delivery.subscription_id,
        next,
        status: answer.status,
        was_made: true,
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
                && housekeeping::is_installed(&client).await.unwrap_or(false)
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
            if let Err(error) = end_version_1(&self.pool, &self.state).await {
                tracing::warn!(
                    error,
                    "webhooks: subscriptions to old events were not ended"
                );
            }
        }
    }

    async fn watch_depth(self) {
        loop {
            let began = Instant::now();
            if let Ok(client) = self.pool.get().await
                && let Ok((depth, age_s)) = housekeeping::depth(&client).await
            {
                self.state.metrics.webhook_queue_depth.set(depth);
                self.state.metrics.webhook_queue_age.set(age_s);
            }
            // Counting takes longer the more there is.
            tokio::time::sleep(DEPTH_PAUSE.max(50 * began.elapsed())).await;
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
        let step = housekeeping::clean(&transaction, config)
            .await
            .map_err(text)?;
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
            housekeeping::heal(&mut client).await.map_err(text)?;
            return Ok(removed);
        }
    }
}

/// After the end of version 1, disables the subscriptions to its events alone; each says why.
///
/// # Errors
/// What the database said.
pub async fn end_version_1(pool: &deadpool_postgres::Pool, state: &AppState) -> Result<(), String> {
    let Some(reason) = overlap::of(state).ended(Utc::now()) else {
        return Ok(());
    };
    let client = pool.get().await.map_err(|e| e.to_string())?;
    let ended = housekeeping::end_version_1(&client, &reason).await;
    for subscription in ended.map_err(|error| describe(&error))? {
        tracing::warn!(%subscription, reason, "webhooks: a subscription has ended");
    }
    Ok(())
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => error.to_string(),
    }
}
