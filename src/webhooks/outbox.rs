//! The queue in the database: a worker's round reports what became of deliveries and claims the next ones.
//!
//! In: a connection of the owner role. Out: claimed deliveries. A round is one short transaction under an
//! advisory lock, so that two processes never judge a record's order by half of the truth. All its statements
//! are sent at once: the lock is never held while the process thinks, and what one round reports is one
//! statement, however much it is. Sources:
//! <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>,
//! <https://www.postgresql.org/docs/current/libpq-pipeline-mode.html>.

use std::collections::HashMap;
use std::future::Future;

use deadpool_postgres::{Client, GenericClient};
use tokio_postgres::types::{Json, ToSql};
use tokio_postgres::{Error, Row, Statement};
use uuid::Uuid;

use super::payload::{Change, Image};
use super::sign::{Secret, Secrets};

/// Key of the lock that a round holds: "oppbhook" in ASCII.
pub(super) const ROUND_LOCK: i64 = 0x6f70_7062_686f_6f6b;

/// A delivery that this process is to make.
#[derive(Debug)]
pub(super) struct Claimed {
    pub id: i64,
    /// Of the round that claimed it.
    pub claim: Uuid,
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
    /// Of the round that claimed it: whoever was too late reports nothing.
    pub claim: Uuid,
    pub subscription_id: Uuid,
    pub next: Next,
    pub status: Option<u16>,
    pub reason: Option<String>,
    /// A request was sent: it says something of the endpoint.
    pub was_made: bool,
    /// The receiver is gone for good.
    pub is_gone: bool,
    /// Seconds that the receiver asked to be left alone; 0 when it did not.
    pub pause_s: f64,
}

/// What a worker may claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'a> {
    pub lease_s: f64,
    /// Attempts that may be started; 0: nothing is claimed.
    pub free: usize,
    /// Due rows to look at, per subscription.
    pub scan: usize,
    /// Whether to free the claims of dead processes first.
    pub expire: bool,
    /// Attempts under way, by subscription.
    pub busy: &'a HashMap<Uuid, usize>,
}

/// What a round found.
#[derive(Debug)]
pub(super) struct Claim {
    pub deliveries: Vec<Claimed>,
    /// Claimed, but not to be made: they cannot be read. To be reported by the next round.
    pub unreadable: Vec<Finished>,
    /// Some were set aside, so there may be more that can be made now.
    pub look_again: bool,
    /// Endpoints that were disabled.
    pub disabled: Vec<Disabled>,
}

/// An endpoint that a round disabled.
#[derive(Debug)]
pub(super) struct Disabled {
    pub subscription_id: Uuid,
    pub reason: String,
}

/// The statements of a round; prepared once per connection.
struct Statements {
    finish: Statement,
    release: Statement,
    health: Statement,
    expire: Statement,
    claim: Statement,
}

impl Statements {
    async fn of(client: &Client) -> Result<Self, Error> {
        Ok(Self {
            finish: client
                .prepare_cached(include_str!("sql/finish.sql"))
                .await?,
            release: client
                .prepare_cached(include_str!("sql/release.sql"))
                .await?,
            health: client
                .prepare_cached(include_str!("sql/health.sql"))
                .await?,
            expire: client
                .prepare_cached(include_str!("sql/expire.sql"))
                .await?,
            claim: client.prepare_cached(include_str!("sql/claim.sql")).await?,
        })
    }
}

/// Stores outcomes, lets the next of each record follow, notes how endpoints do, and claims what may be made
/// now. After an error nothing of it is done.
pub(super) async fn round(
    client: &Client,
    finished: &[Finished],
    disable_after_hours: u32,
    room: Room<'_>,
) -> Result<Claim, Error> {
    let statements = Statements::of(client).await?;
    let claim = Uuid::new_v4();
    let report = Report::of(finished);
    let hours = i32::try_from(disable_after_hours).unwrap_or(i32::MAX);
    let health = Health::of(finished);
    let wanted = Wanted::of(room);
    let begin = begin();
    let reports = !finished.is_empty();
    let claims = room.free > 0;
    let (finish, release) = (report.parameters(), [&report.ids as &(dyn ToSql + Sync)]);
    let health: [&(dyn ToSql + Sync); 5] = [
        &health.ids,
        &health.succeeded,
        &health.gone,
        &health.pauses_s,
        &hours,
    ];
    let claimed = wanted.parameters(&claim, &room.lease_s);
    // Polled in this order, each sends before it waits: one flight to the database and back.
    let (begun, finish, release, health, expire, claimed, committed) = tokio::join!(
        biased;
        client.batch_execute(&begin),
        when(reports, client.query(&statements.finish, &finish)),
        when(reports, client.query(&statements.release, &release)),
        when(reports, client.query(&statements.health, &health)),
        when(room.expire, client.query(&statements.expire, &[])),
        when(claims, client.query(&statements.claim, &claimed)),
        client.batch_execute("commit"),
    );
    begun?;
    finish?;
    release?;
    let health = health?;
    expire?;
    let claimed = claimed?;
    committed?;
    let disabled = health.iter().filter_map(|row| disabled(row).transpose());
    let disabled = disabled.collect::<Result<_, _>>()?;
    let (mut deliveries, mut unreadable) = (Vec::new(), Vec::new());
    let mut behind = 0;
    for row in &claimed {
        if row.try_get("is_behind")? {
            behind += 1;
            continue;
        }
        // The claim is committed: one that cannot be read must not take the others with it.
        match self::claimed(row, claim) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => unreadable.push(self::unreadable(row, claim, &error)?),
        }
    }
    Ok(Claim {
        look_again: behind > 0,
        deliveries,
        unreadable,
        disabled,
    })
}

/// Takes the lock; others wait until this transaction ends. The queue is small or large and the planner's
/// statistics may be of the other time: single rows by index are right in both cases, and plain scans of them,
/// which unlike bitmaps pass over rows known to be dead.
fn begin() -> String {
    format!(
        "begin; set local enable_seqscan = off; set local enable_bitmapscan = off; \
         set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off; \
         set local idle_in_transaction_session_timeout = '10s'; \
         select pg_advisory_xact_lock({ROUND_LOCK})"
    )
}

/// The rows of a statement that is not always needed.
async fn when(
    is_needed: bool,
    query: impl Future<Output = Result<Vec<Row>, Error>>,
) -> Result<Vec<Row>, Error> {
    match is_needed {
        true => query.await,
        false => Ok(Vec::new()),
    }
}

/// Outcomes as columns.
#[derive(Debug)]
struct Report<'a> {
    ids: Vec<i64>,
    claims: Vec<Uuid>,
    states: Vec<&'static str>,
    statuses: Vec<Option<i16>>,
    reasons: Vec<Option<&'a str>>,
    delays_s: Vec<f64>,
}

impl<'a> Report<'a> {
    fn of(finished: &'a [Finished]) -> Self {
        let status = |done: &Finished| done.status.and_then(|status| i16::try_from(status).ok());
        Self {
            ids: finished.iter().map(|done| done.id).collect(),
            claims: finished.iter().map(|done| done.claim).collect(),
            states: finished.iter().map(|done| done.next.state()).collect(),
            statuses: finished.iter().map(status).collect(),
            reasons: finished.iter().map(|done| done.reason.as_deref()).collect(),
            delays_s: finished.iter().map(|done| done.next.delay_s()).collect(),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 6] {
        [
            &self.ids,
            &self.claims,
            &self.states,
            &self.statuses,
            &self.reasons,
            &self.delays_s,
        ]
    }
}

/// [`Room`] as the statement takes it.
#[derive(Debug)]
struct Wanted {
    free: i64,
    busy_ids: Vec<Uuid>,
    busy_counts: Vec<i32>,
    scan: i64,
}

impl Wanted {
    fn of(room: Room<'_>) -> Self {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let counts = room.busy.values();
        Self {
            free: whole(room.free),
            busy_ids: room.busy.keys().copied().collect(),
            busy_counts: counts
                .map(|count| i32::try_from(*count).unwrap_or(i32::MAX))
                .collect(),
            scan: whole(room.scan),
        }
    }

    fn parameters<'a>(&'a self, claim: &'a Uuid, lease_s: &'a f64) -> [&'a (dyn ToSql + Sync); 6] {
        [
            claim,
            lease_s,
            &self.free,
            &self.busy_ids,
            &self.busy_counts,
            &self.scan,
        ]
    }
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
        for done in finished.iter().filter(|done| done.was_made) {
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

/// The end of a delivery that no further attempt could read either.
fn unreadable(row: &Row, claim: Uuid, error: &Error) -> Result<Finished, Error> {
    let reason = match row.try_get("is_gone")? {
        true => "its change is gone from the queue".to_owned(),
        false => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            format!(
                "its change cannot be read: {error}{}",
                cause.unwrap_or_default()
            )
        }
    };
    Ok(Finished {
        id: row.try_get("id")?,
        claim,
        subscription_id: row.try_get("subscription_id")?,
        next: Next::Dead,
        status: None,
        reason: Some(reason),
        was_made: false,
        is_gone: false,
        pause_s: 0.0,
    })
}

fn claimed(row: &Row, claim: Uuid) -> Result<Claimed, Error> {
    let attempts: i16 = row.try_get("attempts")?;
    let Json(image) = row.try_get::<_, Json<Image>>("image")?;
    let text = |column: &str| row.try_get::<_, Option<String>>(column);
    Ok(Claimed {
        id: row.try_get("id")?,
        claim,
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

/// Runs a statement that is prepared once per connection.
pub(super) async fn run(
    client: &impl GenericClient,
    sql: &'static str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, parameters).await
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
