//! Transactions of the service: the caller's identity, then the statements, then the end.
//!
//! In: an [`Identity`], the name of the operation, a list of [`Step`]s. Out: their rows, in order. All of
//! it is queued before any answer is awaited, so a transaction is one round trip. When a step fails the
//! ones behind it do nothing, and the commit rolls back.

use std::sync::Arc;

use futures_util::future::{join_all, join4};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use super::error::{Result, StorageError};
use super::identity::Identity;
use crate::config::Config;
use crate::pg::session::{SessionManager, SessionPool};

type PooledSession = deadpool::managed::Object<SessionManager>;

/// Sets every pair of names and values for the transaction, in order.
const SETTINGS: &str = include_str!("sql/settings.sql");

/// How the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Commit,
    /// For asking the policies without doing anything.
    Rollback,
}

/// One statement with its parameters.
pub struct Step {
    sql: &'static str,
    parameters: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.sql)
    }
}

/// Most steps of one transaction: `join_all` polls them in order up to here.
const MAX_STEPS: usize = 24;

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
    pub fn bind(mut self, value: impl ToSql + Sync + Send + 'static, r#type: Type) -> Self {
        self.parameters.push((Box::new(value), r#type));
        self
    }

    /// Binds a text or NULL.
    #[must_use]
    pub fn text(self, value: Option<&str>) -> Self {
        self.bind(value.map(str::to_owned), Type::TEXT)
    }

    async fn run(&self, client: &Client) -> Result<Vec<Row>, Error> {
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = self
            .parameters
            .iter()
            .map(|(value, r#type)| (&**value as &(dyn ToSql + Sync), r#type.clone()))
            .collect();
        client.query_typed(self.sql, &parameters).await
    }
}

/// The database, as the service uses it.
#[derive(Debug, Clone)]
pub struct Database {
    /// Sessions that may become the roles of the API.
    pub pool: SessionPool,
    pub config: Arc<Config>,
}

impl Database {
    /// Runs the steps as one transaction of the caller.
    ///
    /// # Errors
    /// The first failure, which the policies of the application may have caused; nothing is kept then.
    pub async fn transact(
        &self,
        identity: &Identity,
        operation: &str,
        end: End,
        steps: &[Step],
    ) -> Result<Vec<Vec<Row>>> {
        debug_assert!(steps.len() <= MAX_STEPS, "more steps than keep their order");
        let settings = identity.settings(operation, &self.config.rest);
        let (names, values): (Vec<_>, Vec<_>) = settings.into_iter().unzip();
        let settings = Step::new(SETTINGS)
            .bind(names, Type::TEXT_ARRAY)
            .bind(values, Type::TEXT_ARRAY);
        let session = self.pool.get().await.map_err(|e| StorageError::pool(&e))?;
        let guard = CloseOnDrop(Some(session));
        let client = guard.client()?;
        let (begun, set, rows, ended) = join4(
            client.batch_execute("begin"),
            settings.run(client),
            join_all(steps.iter().map(|step| step.run(client))),
            client.batch_execute(match end {
                End::Commit => "commit",
                End::Rollback => "rollback",
            }),
        )
        .await;
        let is_ended = ended.is_ok();
        let rows = begun
            .and(set)
            .and_then(|_| rows.into_iter().collect::<Result<Vec<_>, _>>())
            .and_then(|rows| ended.map(|()| rows))
            .map_err(|error| StorageError::database(operation, &error));
        if is_ended {
            guard.give_back();
        }
        rows
    }

    /// As [`Self::transact`], committing, with one step.
    ///
    /// # Errors
    /// As [`Self::transact`].
    pub async fn run(&self, identity: &Identity, operation: &str, step: Step) -> Result<Vec<Row>> {
        let rows = self
            .transact(identity, operation, End::Commit, &[step])
            .await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }
}

/// Closes the connection unless it was given back: a request that is dropped in the middle leaves a
/// transaction in an unknown state.
struct CloseOnDrop(Option<PooledSession>);

impl CloseOnDrop {
    fn client(&self) -> Result<&Client> {
        self.0
            .as_ref()
            .map(|session| session.client())
            .ok_or_else(|| StorageError::internal("a transaction", &"no connection"))
    }

    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            drop(PooledSession::take(session));
        }
    }
}
