//! Maintenance: writers are kept out of the CRM for the whole of an offline run.
//!
//! In: a run. Out: a row that every server of ours reads when it is notified; it answers writes with 503 and
//! `Retry-After` then. Beside it, as advice to other clients of the server's login role: its new connections
//! are read-only by default, and its connections that have been idle for minutes are closed. Never touched:
//! other applications, replication, poolers, superusers, ourselves.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::error::Fault;
use super::log::Log;
use super::state;
use crate::pg::migrations;

/// The role that servers log in as.
const LOGIN_ROLE: &str = "authenticator";
/// The file of `rls/` that lets servers ask.
const POLICY: &str = "maintenance.sql";
/// Until servers have heard of it, and writes that were under way have ended.
const SETTLE: Duration = Duration::from_secs(1);
/// What clients are told to wait.
const RETRY_AFTER_S: i32 = 30;

/// The hours of the day in which a migration is expected: from the first up to the second, which may be of
/// the next day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Minutes since midnight.
    pub from: u32,
    /// Minutes since midnight.
    pub until: u32,
    /// A time zone as PostgreSQL knows it.
    pub zone: String,
}

impl Default for Hours {
    /// 02:00 to 04:59, UTC.
    fn default() -> Self {
        Self {
            from: 2 * 60,
            until: 5 * 60,
            zone: "UTC".into(),
        }
    }
}

impl Hours {
    /// `02:00-05:00`, in a time zone.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str, zone: &str) -> Result<Self, String> {
        let minutes = |text: &str| {
            let time = chrono::NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()?;
            Some(chrono::Timelike::num_seconds_from_midnight(&time) / 60)
        };
        let parts = text.split_once('-');
        parts
            .and_then(|(from, until)| Some((minutes(from)?, minutes(until)?)))
            .map(|(from, until)| Self {
                from,
                until,
                zone: zone.to_owned(),
            })
            .ok_or_else(|| "not hours such as 02:00-05:00".into())
    }

    fn contains(&self, minute: u32) -> bool {
        if self.from <= self.until {
            return (self.from..self.until).contains(&minute);
        }
        minute >= self.from || minute < self.until
    }
}

/// A warning when it is another time of the day; no veto. The database's clock counts.
///
/// # Errors
/// Exit code 2 when PostgreSQL does not know the time zone.
pub async fn warn_outside(client: &Client, hours: &Hours, log: &Log) -> Result<(), Fault> {
    let sql = "select (extract(hour from t.now) * 60 + extract(minute from t.now))::int, to_char(t.now, 'HH24:MI') \
                 from (select now() at time zone $1::text as now) t";
    let row = client
        .query_one(sql, &[&hours.zone])
        .await
        .map_err(|error| {
            let fault = Fault::from(error);
            match fault.sqlstate.as_deref() {
                Some("22023") => {
                    Fault::refused(fault.message).hint("name one of pg_timezone_names")
                }
                _ => fault,
            }
        })?;
    let minute = row.get::<_, i32>(0).unsigned_abs();
    if !hours.contains(minute) {
        let of = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        log.warn(&format!(
            "it is {} ({}): outside the maintenance window, {} to {}",
            row.get::<_, String>(1),
            hours.zone,
            of(hours.from),
            of(hours.until)
        ));
    }
    Ok(())
}

/// Keeps writers out from now on, and gives servers and what is under way a moment. Safe to repeat.
///
/// # Errors
/// When PostgreSQL refuses to record it; what is only advice may fail and is logged.
pub async fn begin(client: &Client, run: Option<Uuid>, log: &Log) -> Result<(), Fault> {
    state::ensure(client).await?;
    let role = "select exists (select from pg_catalog.pg_roles where rolname = $1)";
    if client.query_one(role, &[&LOGIN_ROLE]).await?.get(0) {
        // The cut-over runs it with the others; servers must be able to ask before.
        for (_, sql) in migrations::policies()
            .iter()
            .filter(|(file, _)| *file == POLICY)
        {
            client.batch_execute(sql).await?;
        }
    }
    client
        .execute(
            "insert into migration.maintenance as m (is_on, retry_after_s, run_id, since) values (true, $1, $2, now()) \
             on conflict (only_row) do update set is_on = true, retry_after_s = excluded.retry_after_s, \
                    run_id = coalesce(excluded.run_id, m.run_id), since = coalesce(m.since, excluded.since)",
            &[&RETRY_AFTER_S, &run],
        )
        .await?;
    notify(client).await?;
    if let Err(error) = client.batch_execute(&advice(true)).await {
        log.warn(&format!(
            "the login role stays as it is: {}",
            Fault::from(error)
        ));
    }
    tokio::time::sleep(SETTLE).await;
    let closed = client.query(CLOSE_IDLE, &[&LOGIN_ROLE]).await?.len();
    log.info(&format!(
        "maintenance is on; {closed} idle connections were closed"
    ));
    Ok(())
}

/// Lets writers in again. Safe to repeat, and where it never was on.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn end(client: &Client) -> Result<bool, Fault> {
    if !is_on(client).await? {
        return Ok(false);
    }
    // Advice may be refused; the gate is the row.
    let _ = client.batch_execute(&advice(false)).await;
    client
        .execute(
            "update migration.maintenance set is_on = false, since = null",
            &[],
        )
        .await?;
    notify(client).await?;
    Ok(true)
}

/// Whether writers are kept out.
///
/// # Errors
/// When the server cannot be asked.
pub async fn is_on(client: &impl GenericClient) -> Result<bool, Fault> {
    let there = "select to_regclass('migration.maintenance') is not null";
    if !client.query_one(there, &[]).await?.get::<_, bool>(0) {
        return Ok(false);
    }
    let on = "select exists (select from migration.maintenance where is_on)";
    Ok(client.query_one(on, &[]).await?.get(0))
}

/// Since when writers are kept out; none when they are not.
///
/// # Errors
/// When the server cannot be asked.
pub async fn since(client: &impl GenericClient) -> Result<Option<DateTime<Utc>>, Fault> {
    if !is_on(client).await? {
        return Ok(None);
    }
    let sql = "select coalesce(since, now()) from migration.maintenance where is_on";
    Ok(client.query_opt(sql, &[]).await?.map(|row| row.get(0)))
}

/// Servers read the configuration of the database when they are told so, and this with it.
async fn notify(client: &Client) -> Result<(), Fault> {
    client
        .batch_execute("notify pgrst, 'reload config'")
        .await?;
    Ok(())
}

/// The setting of the login role in this database.
fn advice(on: bool) -> String {
    let change = if on {
        "set default_transaction_read_only = on"
    } else {
        "reset default_transaction_read_only"
    };
    format!(
        "do $$ begin if exists (select from pg_catalog.pg_roles where rolname = '{LOGIN_ROLE}') then \
           execute format('alter role {LOGIN_ROLE} in database %I {change}', current_database()); end if; end $$"
    )
}

const CLOSE_IDLE: &str = "\
    select pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a \
      join pg_catalog.pg_roles r on r.rolname = a.usename \
     where a.usename = $1 and not r.rolsuper and a.datname = current_database() and a.backend_type = 'client backend' \
       and a.state = 'idle' and a.state_change < now() - interval '5 minutes' and a.pid <> pg_backend_pid()";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_pass_midnight() {
        let usual = Hours::default();
        let of = |text| Hours::parse(text, "UTC").expect("hours");
        assert_eq!(of("02:00-05:00"), usual);
        assert!(usual.contains(120) && usual.contains(299));
        assert!(!usual.contains(119) && !usual.contains(300));
        let night = of("22:30 - 01:00");
        assert!(night.contains(23 * 60) && night.contains(0));
        assert!(!night.contains(60) && !night.contains(12 * 60));
        for bad in ["", "2-5", "25:00-26:00", "02:00"] {
            assert!(Hours::parse(bad, "UTC").is_err(), "{bad}");
        }
    }
}
