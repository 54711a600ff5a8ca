//! One command at a time: a session advisory lock on a connection of its own.
//!
//! In: a connection string and the command's name. Out: [`RunLock`], which holds the lock until it is
//! dropped or its connection ends. Every batch asks inside its own transaction whether the lock is still
//! held ([`RunLock::require`]): a lost connection is a lost lock, and the work must not go on.
//!
//! A program that was killed loses its lock at once, but what it had asked of PostgreSQL may still be under
//! way in its other session, a COMMIT even. So sessions at work share a second lock ([`RunLock::attach`]),
//! and the next command begins when that is free.

use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::error::{Fault, Outcome};
use super::session;
use crate::pg::migrations::LOCK_KEY as SCHEMA_LOCK_KEY;

/// Key of the lock: "migrate" in ASCII.
pub const LOCK_KEY: i64 = 0x6d_69_67_72_61_74_65;
/// Key that sessions at work share. Whoever takes the lock waits until nobody has it any more.
const WORK_KEY: i64 = LOCK_KEY + 1;
/// How long. A session whose program is gone notices within a second or two, see [`super::session`].
const PATIENCE: &str = "30s";

const HOLDER: &str = include_str!("sql/lock_holder.sql");
const IS_HELD: &str = include_str!("sql/lock_is_held.sql");
const WORKERS: &str = include_str!("sql/lock_workers.sql");

/// The lock, held.
#[derive(Debug)]
pub struct RunLock {
    client: Client,
    pid: i32,
}

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Holder {
    /// PostgreSQL's process of that session.
    pub pid: i32,
    /// Its application name, which has the run's id.
    pub application: String,
    /// Where it connects from; `local` for a socket.
    pub host: String,
    /// Since when, as PostgreSQL writes it.
    pub since: String,
}

impl RunLock {
    /// Takes the lock, and the one under which `migrations/` are applied.
    ///
    /// # Errors
    /// [`Outcome::Locked`] when another session has it.
    pub async fn take(url: &str, run: Option<Uuid>) -> Result<Self, Fault> {
        let client = session::connect(url, run).await?;
        // The session waits for the others most of the time.
        client
            .batch_execute("set idle_session_timeout = 0; set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10")
            .await?;
        for key in [LOCK_KEY, SCHEMA_LOCK_KEY] {
            let row = client
                .query_one("select pg_try_advisory_lock($1), pg_backend_pid()", &[&key])
                .await?;
            if !row.get::<_, bool>(0) {
                let by = holder(&client)
                    .await?
                    .map_or_else(String::new, |by| by.to_string());
                return Err(at_work(&by));
            }
        }
        wait_for_the_last(&client).await?;
        let pid = client
            .query_one("select pg_backend_pid()", &[])
            .await?
            .get(0);
        Ok(Self { client, pid })
    }

    /// The session does the work of this command from now on.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn attach(&self, client: &impl GenericClient) -> Result<(), Fault> {
        client
            .execute("select pg_advisory_lock_shared($1)", &[&WORK_KEY])
            .await?;
        Ok(())
    }

    /// PostgreSQL's process that holds the lock.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Puts the run's id into the session's name, for `status`.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn name_run(&self, run: Uuid) -> Result<(), Fault> {
        session::name_run(&self.client, run).await
    }

    /// Asks, inside the transaction of `client`, whether the lock is still ours.
    ///
    /// # Errors
    /// [`Outcome::Failed`] when it is not: the caller rolls back.
    pub async fn require(&self, client: &impl GenericClient) -> Result<(), Fault> {
        let held: bool = client
            .query_one(IS_HELD, &[&LOCK_KEY, &self.pid])
            .await?
            .get(0);
        if held && !self.client.is_closed() {
            return Ok(());
        }
        Err(Fault::failed("the connection that holds the lock was lost")
            .hint("continue with `oppbase migrate run --resume`"))
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            ": process {} from {} since {}",
            self.pid, self.host, self.since
        )
    }
}

fn at_work(by: &str) -> Fault {
    Fault::new(
        Outcome::Locked,
        format!("another migration command is at work{by}"),
    )
    .hint("wait for it; `oppbase migrate status` tells how far it is")
}

/// Waits until the sessions of the last command have ended.
async fn wait_for_the_last(client: &Client) -> Result<(), Fault> {
    client
        .batch_execute(&format!("set lock_timeout = '{PATIENCE}'"))
        .await?;
    let taken = client
        .execute("select pg_advisory_lock($1)", &[&WORK_KEY])
        .await;
    if let Err(error) = taken {
        let fault = Fault::from(error);
        if !fault.is_contention() {
            return Err(fault);
        }
        let pids: Vec<String> = client
            .query(WORKERS, &[&WORK_KEY])
            .await?
            .iter()
            .map(|row| row.get::<_, i32>(0).to_string())
            .collect();
        let pids = pids.join(", ");
        return Err(Fault::new(
            Outcome::Locked,
            format!("a session of an earlier attempt is still at work: process {pids}"),
        )
        .hint(format!(
            "wait for it, or end it with `select pg_terminate_backend({pids})`; then try again"
        )));
    }
    client
        .execute("select pg_advisory_unlock($1)", &[&WORK_KEY])
        .await?;
    client.batch_execute("set lock_timeout = '10s'").await?;
    Ok(())
}

/// Refuses while somebody holds the lock: what is looked at without it changes meanwhile.
///
/// # Errors
/// [`Outcome::Locked`].
pub async fn refuse_held(client: &impl GenericClient) -> Result<(), Fault> {
    match holder(client).await? {
        Some(by) => Err(at_work(&by.to_string())),
        None => Ok(()),
    }
}

/// Who holds the lock, if anybody does.
///
/// # Errors
/// When the server cannot be asked.
pub async fn holder(client: &impl GenericClient) -> Result<Option<Holder>, Fault> {
    let row = client.query_opt(HOLDER, &[&LOCK_KEY]).await?;
    Ok(row.map(|row| Holder {
        pid: row.get(0),
        application: row.get(1),
        host: row.get(2),
        since: row.get(3),
    }))
}
