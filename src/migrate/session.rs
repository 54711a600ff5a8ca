//! The connection of a command, and what it refuses to work on.
//!
//! In: a connection string. Out: a session with the engine's own settings, and what the database holds
//! ([`Found`]). Refused with exit code 3: a server that is too old or read-only, a pooler that shares
//! sessions between clients, a role that does not own the tables or that row security would blind, a
//! catalogue that nobody here knows.

use tokio_postgres::Client;
use uuid::Uuid;

use super::error::{Fault, one_line};
use super::pooler;
use crate::pg::conn_string::ConnString;
use crate::pg::migrations::Baseline;
use crate::pg::{tls, version};

/// Settings of every session of the engine; none is ever set for others. The last one ends what PostgreSQL
/// still does for a program that is gone; not every platform has it.
const SETTINGS: &str = "\
    set lock_timeout = '10s'; set statement_timeout = '30min'; set work_mem = '256MB'; \
    set maintenance_work_mem = '1GB'; set idle_in_transaction_session_timeout = '10min'; \
    set client_min_messages = warning; set timezone = 'UTC'; set search_path = public, extensions; \
    set row_security = off; set jit = off; set default_transaction_isolation = 'read committed'; \
    set standard_conforming_strings = on; set quote_all_identifiers = off; \
    set plpgsql.extra_errors = ''; set plpgsql.extra_warnings = ''; \
    set default_transaction_deferrable = off; \
    do $$ begin perform set_config('client_connection_check_interval', '1s', false); \
      exception when others then null; end $$";

const FOUND: &str = include_str!("sql/found.sql");
const RIGHTS: &str = include_str!("sql/rights.sql");

/// What a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A CRM before the migration.
    Baseline(Baseline),
    /// A run has begun and not reached its cut-over: clients still see the old schema.
    Begun(Baseline),
    /// After the cut-over: opportunities is the table, deals a view.
    Migrated(Baseline),
}

impl Found {
    /// The product it started from.
    pub fn baseline(self) -> Baseline {
        match self {
            Self::Baseline(baseline) | Self::Begun(baseline) | Self::Migrated(baseline) => baseline,
        }
    }
}

/// A connection that passed the checks.
#[derive(Debug)]
pub struct Session {
    /// The connection.
    pub client: Client,
    /// What the database holds.
    pub found: Found,
    /// `server_version_num`.
    pub server_version: u32,
}

/// Connects with the engine's settings. `run` becomes part of the application name.
///
/// # Errors
/// Exit code 3 when the server cannot be reached or the connection string is wrong.
pub async fn connect(url: &str, run: Option<Uuid>) -> Result<Client, Fault> {
    let name = run.map_or_else(
        || "oppbase-migrate".into(),
        |run| format!("oppbase-migrate {run}"),
    );
    let conn = ConnString::parse(url, |name| std::env::var(name).ok())
        .map_err(|e| Fault::environment(e.to_string()))?
        .with_application_name(&name);
    let connector = tls::connector(&conn).map_err(|e| Fault::environment(e.to_string()))?;
    let unreachable = |error: tokio_postgres::Error| {
        let cause = Fault::from(error);
        Fault::environment(one_line(&format!("cannot connect to {conn}: {cause}")))
            .hint("check --database-url (DATABASE_URL), and that PostgreSQL runs there")
    };
    let (client, connection) = conn
        .config()
        .connect(connector)
        .await
        .map_err(unreachable)?;
    tokio::spawn(connection);
    client.batch_execute(SETTINGS).await.map_err(unreachable)?;
    Ok(client)
}

/// Puts the run's id into the session's application name.
///
/// # Errors
/// When the connection is lost.
pub async fn name_run(client: &Client, run: Uuid) -> Result<(), Fault> {
    let name = format!("oppbase-migrate {run}");
    client
        .execute("select set_config('application_name', $1, false)", &[&name])
        .await?;
    Ok(())
}

/// A new session in the place of one whose future was dropped, at a statement or in the middle of a
/// transaction: that one is ended by its process id. A request to cancel would not do, because nobody knows
/// when it arrives.
///
/// # Errors
/// When the server cannot be reached.
pub(super) async fn replace(url: &str, process_id: i32) -> Result<Client, Fault> {
    let client = connect(url, None).await?;
    let end = "select pg_terminate_backend($1, 10000)";
    client.query(end, &[&process_id]).await?;
    Ok(client)
}

/// Connects and checks everything that [`Session`] promises.
///
/// # Errors
/// Exit code 3, with a hint.
pub async fn open(url: &str, run: Option<Uuid>) -> Result<Session, Fault> {
    let client = connect(url, run).await?;
    pooler::refuse(&client, url).await?;
    let (server_version, _) = version::server_version(&client).await?;
    if server_version < version::MINIMUM {
        return Err(Fault::environment(format!(
            "the server is PostgreSQL {}, and 15 is the oldest that will do",
            server_version / 10_000
        ))
        .hint("upgrade PostgreSQL first"));
    }
    refuse_read_only(&client).await?;
    refuse_replica(&client).await?;
    let found = detect(&client).await?;
    refuse_rights(&client).await?;
    Ok(Session {
        client,
        found,
        server_version,
    })
}

/// As a replica the session's writes would pass by the triggers that keep both vocabularies one.
async fn refuse_replica(client: &Client) -> Result<(), Fault> {
    let sql = "select current_setting('session_replication_role')";
    let role: String = client.query_one(sql, &[]).await?.get(0);
    if role == "origin" {
        return Ok(());
    }
    Err(Fault::environment(format!(
        "session_replication_role is {role} for this role or database"
    ))
    .hint("set it to origin: triggers would not fire for the migration's own writes"))
}

async fn refuse_read_only(client: &Client) -> Result<(), Fault> {
    let row = client
        .query_one(
            "select current_setting('transaction_read_only') = 'on', pg_is_in_recovery()",
            &[],
        )
        .await?;
    if row.get::<_, bool>(1) {
        return Err(Fault::environment("the server is a standby").hint("connect to the primary"));
    }
    if row.get::<_, bool>(0) {
        return Err(Fault::environment("the database is read-only")
            .hint("set default_transaction_read_only off for this role and database"));
    }
    Ok(())
}

/// What the database holds.
///
/// # Errors
/// Exit code 3 when it is no CRM of a known product.
pub async fn detect(client: &Client) -> Result<Found, Fault> {
    let row = client.query_one(FOUND, &[]).await?;
    let baseline = if row.get("is_upstream") {
        Baseline::Upstream
    } else {
        Baseline::Fork
    };
    let missing: Vec<String> = row.get("missing");
    match (row.get::<_, &str>("state"), missing.is_empty()) {
        ("migrated", true) => Ok(Found::Migrated(baseline)),
        ("begun", true) => Ok(Found::Begun(baseline)),
        ("baseline", true) => Ok(Found::Baseline(baseline)),
        _ => Err(Fault::environment(format!(
            "the database holds no CRM that can be migrated; missing: {}",
            missing.join(", ")
        ))
        .hint("check that the URL names the CRM's database; `oppbase db init` makes a new one")),
    }
}

async fn refuse_rights(client: &Client) -> Result<(), Fault> {
    let row = client.query_one(RIGHTS, &[]).await?;
    let role: String = row.get("role");
    let foreign: Vec<String> = row.get("foreign_tables");
    if !foreign.is_empty() {
        return Err(
            Fault::environment(format!("role {role} does not own {}", foreign.join(", ")))
                .hint("connect as the owner of the CRM's tables (on Supabase: postgres)"),
        );
    }
    if !row.get::<_, bool>("sees_all") {
        return Err(Fault::environment(format!(
            "row level security would hide rows from role {role}"
        ))
        .hint("connect as a superuser or a role with BYPASSRLS, or as the tables' owner without FORCE ROW LEVEL SECURITY"));
    }
    if !row.get::<_, bool>("may_create") {
        return Err(Fault::environment(format!(
            "role {role} may not create objects in this database and its schema public"
        ))
        .hint("grant create on the database and on schema public to it"));
    }
    Ok(())
}
