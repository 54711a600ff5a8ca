//! Subscriptions and the delivery log in the database, for the endpoints.
//!
//! In: a connection of the owner role and checked values. Out: rows as the endpoints show them; a secret is
//! never read back.

use chrono::{DateTime, Utc};
use deadpool_postgres::Client;
use serde::{Deserialize, Serialize};
use tokio_postgres::{Error, Row};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sign::{Secret, Secrets};

/// Who is told of which events.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    pub id: Uuid,
    /// Where events are sent.
    #[schema(example = "https://hooks.example.com/crm")]
    pub url: String,
    /// `opportunity.*` in the new words, `deal.*` in the old ones.
    #[schema(example = json!(["opportunity.won", "opportunity.lost"]))]
    pub events: Vec<String>,
    pub description: Option<String>,
    /// A disabled one is told nothing; what was queued before waits.
    pub enabled: bool,
    /// Why the server disabled it.
    pub disabled_reason: Option<String>,
    /// First failure since the last success.
    pub failing_since: Option<DateTime<Utc>>,
    /// From then on nothing is told of its `deal.*` and `dealNote.*` events; `null`: it has none, or no end
    /// is set.
    #[serde(default)]
    pub version_1_ends_at: Option<DateTime<Utc>>,
    /// Until then requests are signed with the previous secret as well.
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// One event for one subscription.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    pub id: i64,
    /// The header `webhook-id` and the body's `id`: the same at every attempt.
    pub message_id: Uuid,
    pub subscription_id: Uuid,
    #[schema(example = "opportunity.won")]
    pub event: String,
    /// Id of the opportunity.
    pub opportunity_id: i64,
    /// `queued`, `blocked` (an earlier event of this opportunity is still open), `sending`, `delivered`,
    /// `dead` (given up).
    #[schema(example = "delivered")]
    pub state: String,
    pub attempts: i16,
    /// HTTP status of the last answer.
    pub last_status: Option<i16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// Only for `queued`.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// A subscription that is about to be made, all values checked.
#[derive(Debug)]
pub(super) struct NewSubscription {
    pub url: String,
    pub events: Vec<String>,
    pub description: Option<String>,
    pub secret: Secret,
    pub created_by: Option<Uuid>,
}

/// What an update changes; `None` keeps what is there.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    /// `Some(None)` removes it.
    pub description: Option<Option<String>>,
    pub enabled: Option<bool>,
}

/// A part of the delivery log.
#[derive(Debug)]
pub(super) struct Page {
    pub state: Option<String>,
    pub before: Option<i64>,
    pub limit: i64,
}

/// Outcome of a replay.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replayed {
    Queued,
    /// It has not ended yet.
    StillOpen,
    Unknown,
}

pub(super) async fn insert(client: &Client, new: &NewSubscription) -> Result<Subscription, Error> {
    let row = client
        .query_one(
            include_str!("sql/subscription_insert.sql"),
            &[
                &new.url,
                &new.events,
                &new.description,
                &new.secret.reveal(),
                &new.created_by,
            ],
        )
        .await?;
    let sql = concat!(include_str!("sql/subscription.sql"), "where s.id = $1");
    let id: Uuid = row.try_get(0)?;
    subscription(&client.query_one(sql, &[&id]).await?)
}

pub(super) async fn list(client: &Client) -> Result<Vec<Subscription>, Error> {
    let sql = concat!(
        include_str!("sql/subscription.sql"),
        "order by s.created_at, s.id"
    );
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(subscription).collect()
}

pub(super) async fn find(client: &Client, id: Uuid) -> Result<Option<Subscription>, Error> {
    let sql = concat!(include_str!("sql/subscription.sql"), "where s.id = $1");
    let row = client.query_opt(sql, &[&id]).await?;
    row.as_ref().map(subscription).transpose()
}

/// Gives the changed row; `None` when there is none of that id.
pub(super) async fn update(
    client: &Client,
    id: Uuid,
    change: &Change,
) -> Result<Option<Subscription>, Error> {
    let sets_description = change.description.is_some();
    let description = change.description.clone().flatten();
    client
        .execute(
            include_str!("sql/subscription_update.sql"),
            &[
                &id,
                &change.url,
                &change.events,
                &sets_description,
                &description,
                &change.enabled,
            ],
        )
        .await?;
    find(client, id).await
}

/// Whether there was one. Its deliveries are removed by the cleaning.
pub(super) async fn delete(client: &Client, id: Uuid) -> Result<bool, Error> {
    let sql = "delete from webhooks.subscription where id = $1";
    Ok(client.execute(sql, &[&id]).await? > 0)
}

/// Replaces the secret; gives until when the old one signs too. `None`: no such subscription.
pub(super) async fn rotate(
    client: &Client,
    id: Uuid,
    secret: &Secret,
    overlap_s: f64,
) -> Result<Option<Option<DateTime<Utc>>>, Error> {
    let sql = include_str!("sql/secret_rotate.sql");
    let row = client
        .query_opt(sql, &[&id, &secret.reveal(), &overlap_s])
        .await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Address and secrets, for a test delivery.
pub(super) async fn target(client: &Client, id: Uuid) -> Result<Option<(String, Secrets)>, Error> {
    let sql = "select url, secret, case when previous_until > now() then previous_secret end \
               from webhooks.subscription where id = $1";
    let Some(row) = client.query_opt(sql, &[&id]).await? else {
        return Ok(None);
    };
    let secrets = Secrets {
        current: Secret::stored(row.try_get(1)?),
        previous: row.try_get::<_, Option<String>>(2)?.map(Secret::stored),
    };
    Ok(Some((row.try_get(0)?, secrets)))
}

pub(super) async fn deliveries(
    client: &Client,
    subscription: Uuid,
    page: &Page,
) -> Result<Vec<Delivery>, Error> {
    let rows = client
        .query(
            include_str!("sql/deliveries.sql"),
            &[&subscription, &page.state, &page.before, &page.limit],
        )
        .await?;
    rows.iter().map(delivery).collect()
}

pub(super) async fn replay(client: &Client, id: i64) -> Result<Replayed, Error> {
    let sql = "update webhooks.delivery set state = 'queued', attempts = 0, finished_at = null, \
               next_attempt_at = now() where id = $1 and state in ('dead', 'delivered')";
    if client.execute(sql, &[&id]).await? > 0 {
        announce(client).await?;
        return Ok(Replayed::Queued);
    }
    let sql = "select from webhooks.delivery where id = $1";
    Ok(match client.query_opt(sql, &[&id]).await? {
        Some(_) => Replayed::StillOpen,
        None => Replayed::Unknown,
    })
}

/// Queues all dead deliveries of a subscription again; how many there were.
pub(super) async fn replay_dead(client: &Client, subscription: Uuid) -> Result<u64, Error> {
    let sql = "update webhooks.delivery set state = 'queued', attempts = 0, finished_at = null, \
               next_attempt_at = now() where subscription_id = $1 and state = 'dead'";
    let replayed = client.execute(sql, &[&subscription]).await?;
    announce(client).await?;
    Ok(replayed)
}

async fn announce(client: &Client) -> Result<(), Error> {
    let sql = "select pg_notify($1, '')";
    client.execute(sql, &[&super::CHANNEL]).await.map(drop)
}

fn subscription(row: &Row) -> Result<Subscription, Error> {
    Ok(Subscription {
        id: row.try_get("id")?,
        url: row.try_get("url")?,
        events: row.try_get("events")?,
        description: row.try_get("description")?,
        enabled: row.try_get("enabled")?,
        disabled_reason: row.try_get("disabled_reason")?,
        failing_since: row.try_get("failing_since")?,
        version_1_ends_at: None,
        previous_secret_until: row.try_get("previous_secret_until")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn delivery(row: &Row) -> Result<Delivery, Error> {
    Ok(Delivery {
        id: row.try_get("id")?,
        message_id: row.try_get("message_id")?,
        subscription_id: row.try_get("subscription_id")?,
        event: row.try_get("event")?,
        opportunity_id: row.try_get("record_id")?,
        state: row.try_get("state")?,
        attempts: row.try_get("attempts")?,
        last_status: row.try_get("last_status")?,
        last_error: row.try_get("last_error")?,
        created_at: row.try_get("created_at")?,
        finished_at: row.try_get("finished_at")?,
        next_attempt_at: row.try_get("next_attempt_at")?,
    })
}
