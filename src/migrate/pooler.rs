//! Tells a server session of one's own from a pooler that shares sessions between clients.
//!
//! Locks and settings of a session are worth nothing when the next statement may reach another one. In: a
//! connection, and where it leads. Out: nothing, or exit code 3. Behind a pooler in transaction mode a client
//! that rests gives its server session back, and the next one gets it: so a second connection opens a
//! transaction while the first rests, and either it sits in the first one's session, or the first one finds
//! itself in another as soon as there are two. Everything is sent as plain text, because prepared statements
//! are what such poolers break first.

use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};
use uuid::Uuid;

use super::error::{Fault, Outcome};
use super::session;

/// Poolers that hand out sessions in turn need some.
const ROUNDS: usize = 3;
/// A pooler with too few sessions makes the second connection wait.
const LONGEST: Duration = Duration::from_secs(15);

/// Refuses a pooler in transaction or statement mode.
///
/// # Errors
/// Exit code 3.
pub(super) async fn refuse(client: &Client, url: &str) -> Result<(), Fault> {
    let shared = tokio::time::timeout(LONGEST, is_shared(client, url))
        .await
        .map_err(|_| {
            Fault::environment("the server gives no second connection").hint(
                "a migration needs four at a time; free some, or connect to PostgreSQL directly",
            )
        })??;
    if shared {
        return Err(Fault::environment(
            "the connection goes through a pooler that shares sessions (transaction mode)",
        )
        .hint("connect to PostgreSQL directly, or to the pooler's session-mode port"));
    }
    Ok(())
}

async fn is_shared(client: &Client, url: &str) -> Result<bool, Fault> {
    let mark = Uuid::new_v4().to_string();
    client
        .batch_execute(&format!("set migration.session_mark = '{mark}'"))
        .await?;
    let own = Place::of(client).await?;
    let other = session::connect(url, None).await?;
    for _ in 0..ROUNDS {
        // Statement mode refuses transactions.
        if let Err(error) = other.batch_execute("begin").await {
            return match Fault::from(error) {
                fault if fault.outcome == Outcome::Failed && fault.sqlstate.is_some() => Ok(true),
                fault => Err(fault),
            };
        }
        let beside = Place::of(&other).await?;
        if beside.pid == own.pid || beside.mark == mark {
            return Ok(true);
        }
        if !Place::of(client).await?.is(&own, &mark) {
            return Ok(true);
        }
        other.batch_execute("commit").await?;
        if !Place::of(client).await?.is(&own, &mark) {
            return Ok(true);
        }
    }
    let beside = Place::of(&other).await?;
    drop(other);
    is_gone(client, &beside.pid).await?;
    Ok(false)
}

/// Waits a moment for the second session to end: it must not count as somebody who works here.
async fn is_gone(client: &Client, pid: &str) -> Result<(), Fault> {
    for _ in 0..50 {
        let sql =
            "select exists (select from pg_catalog.pg_stat_activity a where a.pid::text = $1)";
        if !client.query_one(sql, &[&pid]).await?.get::<_, bool>(0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Where a statement went.
struct Place {
    pid: String,
    mark: String,
    lock_timeout: String,
}

impl Place {
    async fn of(client: &Client) -> Result<Self, Fault> {
        let messages = client
            .simple_query(
                "select pg_backend_pid(), coalesce(current_setting('migration.session_mark', true), ''), \
                        current_setting('lock_timeout')",
            )
            .await?;
        messages
            .iter()
            .find_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(Self {
                    pid: row.get(0)?.to_owned(),
                    mark: row.get(1)?.to_owned(),
                    lock_timeout: row.get(2)?.to_owned(),
                }),
                _ => None,
            })
            .ok_or_else(|| Fault::environment("the server does not say which session this is"))
    }

    /// The same session with our own settings.
    fn is(&self, own: &Self, mark: &str) -> bool {
        self.pid == own.pid && self.mark == mark && self.lock_timeout == own.lock_timeout
    }
}
