//! Pooled sessions: a PostgreSQL connection with its bounded cache of prepared statements.
//!
//! A session is held exclusively for one transaction. deadpool manages the pool; connections that are
//! closed, too old or idle for too long are replaced when they are next handed out.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Pool, PoolError, QueueMode, RecycleError, RecycleResult,
};
use lru::LruCache;
use tokio_postgres::{CancelToken, Client, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conn_string::ConnString;
use super::tls::{self, TlsError};
use crate::config::DatabaseConfig;
use crate::error::{Error, codes};

/// Prepared statements kept per connection.
const MAX_STATEMENTS: usize = 256;

/// A pool of sessions of one login role.
pub type SessionPool = Pool<SessionManager>;

/// What is known of a statement text on one connection.
#[derive(Clone)]
enum Known {
    /// Ran once, unnamed; worth preparing when it comes again.
    SeenOnce,
    Prepared(Statement),
}

/// What to do with a statement text.
#[derive(Debug, Clone)]
pub enum StatementUse {
    /// Run it unnamed.
    Unnamed,
    /// Run it unnamed, and prepare it for the next time.
    PrepareForNext,
    Prepared(Statement),
}

/// One connection.
pub struct Session {
    client: Client,
    statements: LruCache<Arc<str>, Known>,
    /// Schema cache generation that the statements were prepared under.
    generation: u64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("statements", &self.statements.len())
            .finish()
    }
}

impl Session {
    fn new(client: Client) -> Self {
        let capacity = NonZeroUsize::new(MAX_STATEMENTS).expect("a constant above zero");
        Self {
            client,
            statements: LruCache::new(capacity),
            generation: 0,
        }
    }

    /// The connection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Cancels whatever the connection is running.
    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// Notes that `sql` is about to run and says how.
    pub fn statement_use(&mut self, sql: &str) -> StatementUse {
        match self.statements.get(sql) {
            Some(Known::Prepared(statement)) => StatementUse::Prepared(statement.clone()),
            Some(Known::SeenOnce) => StatementUse::PrepareForNext,
            None => {
                self.statements.put(Arc::from(sql), Known::SeenOnce);
                StatementUse::Unnamed
            }
        }
    }

    /// Keeps a prepared statement.
    pub fn keep(&mut self, sql: &str, statement: Statement) {
        self.statements
            .put(Arc::from(sql), Known::Prepared(statement));
    }

    /// Forgets all prepared statements when the schema cache was reloaded since they were made:
    /// PostgreSQL keeps the parameter types it once inferred, and a column may have changed its type.
    pub fn enter_generation(&mut self, generation: u64) {
        if self.generation != generation {
            self.statements.clear();
            self.generation = generation;
        }
    }
}

/// Opens sessions for a pool.
#[derive(Clone)]
pub struct SessionManager {
    conn: ConnString,
    tls: MakeRustlsConnect,
    max_lifetime: Duration,
    max_idletime: Duration,
    acquisition_timeout: Duration,
    lost: Arc<AtomicU64>,
}

impl fmt::Debug for SessionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager")
            .field("conn", &self.conn)
            .finish_non_exhaustive()
    }
}

impl SessionManager {
    /// The TLS connector, for cancel requests.
    pub fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    /// How many connections have ended otherwise than by us.
    pub fn lost_connections(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The connection string, for connections outside the pool (listener).
    pub fn conn(&self) -> &ConnString {
        &self.conn
    }
}

impl Manager for SessionManager {
    type Type = Session;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Session, Self::Error> {
        let (client, connection) = self.conn.config().connect(self.tls.clone()).await?;
        let lost = Arc::clone(&self.lost);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                lost.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%error, "database connection ended");
            }
        });
        Ok(Session::new(client))
    }

    async fn recycle(
        &self,
        session: &mut Session,
        metrics: &Metrics,
    ) -> RecycleResult<Self::Error> {
        if session.client.is_closed() {
            return Err(RecycleError::message("closed"));
        }
        if metrics.age() > self.max_lifetime || metrics.last_used() > self.max_idletime {
            return Err(RecycleError::message("expired"));
        }
        Ok(())
    }
}

impl SessionManager {
    /// Prepares to open sessions; opens none yet.
    ///
    /// # Errors
    /// [`TlsError`] when the certificates that `sslmode` needs cannot be read.
    pub fn new(conn: ConnString, config: &DatabaseConfig) -> Result<Self, TlsError> {
        let tls = tls::connector(&conn)?;
        Ok(Self {
            conn,
            tls,
            max_lifetime: Duration::from_secs(config.pool_max_lifetime_s),
            max_idletime: Duration::from_secs(config.pool_max_idletime_s),
            acquisition_timeout: Duration::from_secs(config.pool_acquisition_timeout_s),
            lost: Arc::default(),
        })
    }

    /// A pool of at most `size` sessions. Its connections are driven by the runtime of whoever asks for
    /// them first: a pool that only one worker uses never wakes another thread.
    pub fn pool(&self, size: usize) -> SessionPool {
        Pool::builder(self.clone())
            .max_size(size.max(1))
            .wait_timeout(Some(self.acquisition_timeout))
            .create_timeout(Some(self.acquisition_timeout))
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .expect("a runtime is named, the only thing that timeouts need")
    }
}

/// A pool failure as the client sees it.
pub fn pool_error(error: &PoolError<tokio_postgres::Error>) -> Error {
    match error {
        PoolError::Timeout(deadpool::managed::TimeoutType::Wait) => Error::new(
            &codes::PGRST003,
            "Timed out acquiring connection from connection pool.",
        ),
        _ => Error::new(
            &codes::PGRST000,
            "Database connection error. Retrying the connection.",
        ),
    }
}
