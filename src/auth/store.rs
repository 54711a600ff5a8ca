//! Statements of the auth schema, many in one round trip.
//!
//! In: a list of [`Step`]s (SQL text and parameters). Out: their rows, in order. Every text is prepared
//! once per connection; the steps are queued before any answer is awaited, so that a whole sign-up is one
//! round trip. The connection is the owner's, never a client's role.

use deadpool_postgres::{Client, Object, Pool, PoolError};
use futures_util::future::{join_all, try_join_all};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

use super::error::{AuthError, Result};

/// One statement with its parameters. Few enough per list that `join_all` polls them in order.
pub struct Step {
    sql: &'static str,
    parameters: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl std::fmt::Debug for Step {
    /// The text only: parameters hold addresses and hashes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.sql)
    }
}

/// Most steps that one round trip takes: `join_all` keeps the order up to here.
const MAX_STEPS: usize = 28;

impl Step {
    /// A statement without parameters yet.
    pub fn new(sql: &'static str) -> Self {
        Self {
            sql,
            parameters: Vec::new(),
        }
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl ToSql + Sync + Send + 'static) -> Self {
        self.parameters.push(Box::new(value));
        self
    }

    async fn run(&self, client: &Client, statement: &Statement) -> Result<Vec<Row>, Error> {
        let parameters: Vec<&(dyn ToSql + Sync)> = self
            .parameters
            .iter()
            .map(|p| &**p as &(dyn ToSql + Sync))
            .collect();
        client.query(statement, &parameters).await
    }
}

/// A connection of the owner role.
///
/// # Errors
/// 503 when there is none in time.
pub async fn connection(pool: &Pool) -> Result<Client> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => AuthError::database("Connecting", &error),
        other => {
            tracing::error!(error = %other, "auth: no connection");
            AuthError::unexpected("Database is not available").status(503)
        }
    })
}

/// Runs reading steps, each on its own.
///
/// # Errors
/// The first failure, described by `doing`.
pub async fn read(client: &Client, doing: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>> {
    let statements = prepare(client, doing, steps).await?;
    let rows = join_all(run_all(client, steps, &statements)).await;
    first_failure(rows).map_err(|error| AuthError::database(doing, &error))
}

/// Runs the steps as one transaction: all of them or none.
///
/// # Errors
/// The first failure, described by `doing`; nothing is kept then.
pub async fn transact(client: &Client, doing: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>> {
    let statements = prepare(client, doing, steps).await?;
    let all = futures_util::future::join3(
        client.batch_execute("begin"),
        join_all(run_all(client, steps, &statements)),
        client.batch_execute("commit"),
    );
    let (begun, rows, committed) = all.await;
    begun
        .and(first_failure(rows))
        .and_then(|rows| committed.map(|()| rows))
        .map_err(|error| AuthError::database(doing, &error))
}

/// A transaction whose later steps depend on the rows of the earlier ones.
///
/// Dropped before [`Self::commit`] (the client hung up, an error), it closes its connection instead of
/// giving it back with locks held.
pub struct OpenTransaction {
    client: Option<Client>,
}

impl std::fmt::Debug for OpenTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenTransaction")
    }
}

impl OpenTransaction {
    /// Begins and runs the first steps, in one round trip. `settings` is SQL text of ours that is run
    /// after `begin`, such as `set local …`.
    ///
    /// # Errors
    /// The first failure, described by `doing`.
    pub async fn begin(
        client: Client,
        doing: &str,
        settings: &'static str,
        steps: &[Step],
    ) -> Result<(Self, Vec<Vec<Row>>)> {
        let statements = prepare(&client, doing, steps).await?;
        let open = Self {
            client: Some(client),
        };
        let Some(client) = &open.client else {
            return Err(AuthError::unexpected("No connection"));
        };
        let (begun, set, rows) = futures_util::future::join3(
            client.batch_execute("begin"),
            client.batch_execute(settings),
            join_all(run_all(client, steps, &statements)),
        )
        .await;
        let rows = begun
            .and(set)
            .and_then(|()| first_failure(rows))
            .map_err(|error| AuthError::database(doing, &error))?;
        Ok((open, rows))
    }

    /// Runs further steps, in one round trip.
    ///
    /// # Errors
    /// The first failure, described by `doing`; only a rollback makes sense then.
    pub async fn run(&self, doing: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>> {
        let Some(client) = &self.client else {
            return Err(AuthError::unexpected("No connection"));
        };
        let statements = prepare(client, doing, steps).await?;
        let rows = join_all(run_all(client, steps, &statements)).await;
        first_failure(rows).map_err(|error| AuthError::database(doing, &error))
    }

    /// Gives up because of `reason`, which is returned; the connection stays usable.
    pub async fn rollback(mut self, reason: AuthError) -> AuthError {
        if let Some(client) = &self.client
            && client.batch_execute("rollback").await.is_ok()
        {
            drop(self.client.take());
        }
        reason
    }

    /// Runs the last steps and commits, in one round trip.
    ///
    /// # Errors
    /// The first failure, described by `doing`; nothing is kept then.
    pub async fn commit(mut self, doing: &str, steps: &[Step]) -> Result<Vec<Vec<Row>>> {
        let Some(client) = &self.client else {
            return Err(AuthError::unexpected("No connection"));
        };
        let statements = prepare(client, doing, steps).await?;
        let (rows, committed) = futures_util::future::join(
            join_all(run_all(client, steps, &statements)),
            client.batch_execute("commit"),
        )
        .await;
        let rows = first_failure(rows)
            .and_then(|rows| committed.map(|()| rows))
            .map_err(|error| AuthError::database(doing, &error))?;
        // Ended well: the connection goes back to the pool.
        drop(self.client.take());
        Ok(rows)
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

async fn prepare(client: &Client, doing: &str, steps: &[Step]) -> Result<Vec<Statement>> {
    debug_assert!(steps.len() <= MAX_STEPS, "more steps than keep their order");
    try_join_all(steps.iter().map(|step| client.prepare_cached(step.sql)))
        .await
        .map_err(|error| AuthError::database(doing, &error))
}

fn run_all<'a>(
    client: &'a Client,
    steps: &'a [Step],
    statements: &'a [Statement],
) -> impl Iterator<Item = impl Future<Output = Result<Vec<Row>, Error>>> {
    steps
        .iter()
        .zip(statements)
        .map(move |(step, statement)| step.run(client, statement))
}

/// All rows, or the first error. After it PostgreSQL answers every step with 25P02, which says nothing.
fn first_failure(rows: Vec<Result<Vec<Row>, Error>>) -> Result<Vec<Vec<Row>>, Error> {
    rows.into_iter().collect()
}
