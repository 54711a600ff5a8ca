//! What the database keeps about the old names: when the migration was completed, and who still calls.
//!
//! In: a connection of the owner role. Out: rows. Both tables belong to the schema `migration`; where it
//! is missing, nothing was migrated and nothing is kept.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Client;

use super::usage::{Caller, Calls, OTHERS};

const COMPLETED: &str = include_str!("completed.sql");
const FLUSH: &str = include_str!("flush.sql");
const BOUND: &str = include_str!("bound.sql");
const REPORT: &str = include_str!("report.sql");

/// Callers that the table keeps apart; of the others, the sums per endpoint.
pub const MOST_ROWS: i64 = 5000;

/// One row of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub consumer: String,
    pub user_agent: String,
    pub endpoint: String,
    pub calls: i64,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
}

/// When the last completed migration was completed, in seconds since 1970.
///
/// # Errors
/// PostgreSQL's.
pub async fn completed(client: &Client) -> Result<Option<i64>, tokio_postgres::Error> {
    if !exists(client, "migration.migration_history").await? {
        return Ok(None);
    }
    let row = client.query_one(COMPLETED, &[]).await?;
    let moment: Option<DateTime<Utc>> = row.get(0);
    Ok(moment.map(|moment| moment.timestamp()))
}

/// Adds calls to the table.
///
/// # Errors
/// PostgreSQL's; nothing is written then.
pub async fn flush(
    client: &Client,
    calls: &[(Caller, Calls)],
) -> Result<(), tokio_postgres::Error> {
    let column = |of: fn(&Caller) -> &String| -> Vec<&str> {
        calls
            .iter()
            .map(|(caller, _)| of(caller).as_str())
            .collect()
    };
    let moments = |of: fn(&Calls) -> i64| -> Vec<DateTime<Utc>> {
        calls
            .iter()
            .map(|(_, calls)| DateTime::from_timestamp(of(calls), 0).unwrap_or_default())
            .collect()
    };
    let consumers = column(|caller| &caller.consumer);
    let agents = column(|caller| &caller.user_agent);
    let endpoints = column(|caller| &caller.endpoint);
    let counts: Vec<i64> = calls.iter().map(|(_, calls)| calls.count).collect();
    let first = moments(|calls| calls.first_s);
    let last = moments(|calls| calls.last_s);
    client
        .execute(
            FLUSH,
            &[&consumers, &agents, &endpoints, &counts, &first, &last],
        )
        .await?;
    Ok(())
}

/// Keeps the callers seen last apart, [`MOST_ROWS`] of them, and sums up the others.
///
/// # Errors
/// PostgreSQL's; nothing is changed then.
pub async fn bound(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.execute(BOUND, &[&MOST_ROWS, &OTHERS]).await?;
    Ok(())
}

/// Who called, the latest first.
///
/// # Errors
/// PostgreSQL's.
pub async fn report(client: &Client) -> Result<Vec<Row>, tokio_postgres::Error> {
    let rows = client.query(REPORT, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| Row {
            consumer: row.get(0),
            user_agent: row.get(1),
            endpoint: row.get(2),
            calls: row.get(3),
            first_seen: row.get(4),
            last_seen: row.get(5),
        })
        .collect())
}

/// Whether the table is there that usage is written to.
///
/// # Errors
/// PostgreSQL's.
pub async fn has_usage(client: &Client) -> Result<bool, tokio_postgres::Error> {
    exists(client, "migration.legacy_usage").await
}

async fn exists(client: &Client, table: &str) -> Result<bool, tokio_postgres::Error> {
    let row = client
        .query_one("select to_regclass($1) is not null", &[&table])
        .await?;
    Ok(row.get(0))
}
