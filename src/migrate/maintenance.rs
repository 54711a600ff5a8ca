//! Maintenance: writers are kept out of the CRM for the whole of an offline run.
//!
//! In: a run. Out: a row that every server of ours reads when it is notified; it answers writes with 503 and
//! `Retry-After` then. Beside it, as advice to other clients of the server's login role: its new connections
//! are read-only by default, and its connections that have been idle for minutes are closed. Never touched:
//! other applications, replication, poolers, superusers, ourselves.

use std::time::Duration;

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
            client
                .batch_execute(&format!("begin; {sql}; commit"))
                .await?;
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
