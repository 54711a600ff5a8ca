//! Stage 4: runs the statements of a request as one pipelined transaction and decodes the result.
//!
//! What must roll back is decided inside the statements (see the guards in
//! [`crate::rest::query`]), because `COMMIT` is sent before their results are known.
//! Source: <https://docs.postgrest.org/en/stable/references/transactions.html>.

mod decode;
mod pipeline;

use bytes::Bytes;
use tokio_postgres::error::SqlState;

use crate::config::{OpenApiMode, RestConfig};
use crate::error::{Error, Result, sqlstate};
use crate::pg::ident::QualifiedIdentifier;
use crate::pg::session::{SessionPool, pool_error};
use crate::rest::api_request::ApiRequest;
use crate::rest::api_request::preferences::Transaction;
use crate::rest::plan::{AccessMode, ActionPlan, CrudKind};
use crate::rest::query::snippet::Snippet;
use crate::rest::query::{self, MainQuery};
use crate::schema_cache::load::accessible_routines_sql;
use crate::schema_cache::routine::{IsolationLevel, Routine};
use pipeline::Frame;

/// The one row of the main statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultSet {
    /// Rows of the whole result, when counted.
    pub table_total: Option<i64>,
    /// Rows in this answer.
    pub query_total: i64,
    /// `key=eq.value` parts of the Location header.
    pub location: Vec<String>,
    /// The body as PostgreSQL made it.
    pub body: Bytes,
    /// Setting `response.headers`.
    pub guc_headers: Option<String>,
    /// Setting `response.status`.
    pub guc_status: Option<String>,
    /// Rows inserted by an upsert.
    pub inserted: Option<i64>,
}

/// What the transaction stage found.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A read, write or call.
    Rows(ResultSet),
    /// `EXPLAIN` output, ready to be sent.
    Explain(Bytes),
    /// The root document: relations and routines that the role may use, and the schema's comment.
    Inspect(Accessible),
    /// Nothing was asked of the database (OPTIONS).
    NotRun,
}

/// What a role may see of a schema. Under `openapi-mode=ignore-privileges` only the comment is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Accessible {
    /// Relations on which the role has any privilege.
    pub tables: Vec<QualifiedIdentifier>,
    /// Routines that the role may execute.
    pub routines: Vec<Routine>,
    /// Comment of the schema.
    pub schema_description: Option<String>,
}

/// What the transaction needs beside its statements.
#[derive(Debug)]
pub struct Context<'a> {
    pub pool: &'a SessionPool,
    pub config: &'a RestConfig,
    /// Role of the request: decides its default isolation level and the meaning of 42501.
    pub role: &'a str,
    pub prepared_statements: bool,
    /// Number of the schema cache load that the plan was made with.
    pub generation: u64,
}

/// Runs the request's transaction.
///
/// # Errors
/// PGRST003 when no connection is free in time, PGRST000/001 when the database cannot be reached, and
/// whatever PostgreSQL reports, with the status that PostgREST gives it.
pub async fn run(
    context: &Context<'_>,
    plan: &ActionPlan,
    request: &ApiRequest,
    query: MainQuery,
) -> Result<Outcome> {
    if matches!(
        plan,
        ActionPlan::RelationInfo(_) | ActionPlan::RoutineInfo(_) | ActionPlan::SchemaInfo
    ) {
        return Ok(Outcome::NotRun);
    }
    let frame = frame(context, plan, request);
    let has_pre_request = query.pre_request.is_some();
    let mut statements = vec![query.tx_settings];
    statements.extend(query.pre_request);
    statements.extend(query.main);
    statements.extend(query.explain_count);
    if let ActionPlan::Inspect { schema, .. } = plan {
        statements.push(query::schema_description(schema));
        if context.config.openapi_mode == OpenApiMode::FollowPrivileges {
            statements.push(query::accessible_tables(schema));
            statements.push(Snippet::raw(accessible_routines_sql(schema)));
        }
    }
    let rows = run_with_retry(context, frame, statements, is_idempotent(plan)).await?;
    let results = rows
        .into_iter()
        .skip(1 + usize::from(has_pre_request))
        .collect();
    decode::outcome(plan, request, context.config, results)
}

/// Runs the pipeline; a read whose connection turns out to be lost is tried once more on another.
async fn run_with_retry(
    context: &Context<'_>,
    frame: Frame,
    statements: Vec<Snippet>,
    is_idempotent: bool,
) -> Result<Vec<Vec<tokio_postgres::Row>>> {
    let again = is_idempotent.then(|| statements.clone());
    match run_once(context, frame, statements).await {
        Err(error) if error.is_closed() => {
            // What took this connection away has probably taken the idle ones too.
            context.pool.retain(|_, _| false);
            match again {
                Some(statements) => run_once(context, frame, statements).await,
                None => Err(error),
            }
        }
        result => result,
    }
    .map_err(|error| error.into_error(context))
}

/// A failed attempt.
enum Failure {
    Pool(deadpool::managed::PoolError<tokio_postgres::Error>),
    Database(tokio_postgres::Error),
}

impl Failure {
    /// The connection was lost, as opposed to a statement that failed.
    fn is_closed(&self) -> bool {
        match self {
            Self::Database(error) => match error.code() {
                Some(code) => [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                ]
                .contains(code),
                None => true,
            },
            Self::Pool(_) => false,
        }
    }

    fn into_error(self, context: &Context<'_>) -> Error {
        match self {
            Self::Pool(error) => {
                tracing::warn!(%error, "no database connection");
                pool_error(&error)
            }
            Self::Database(error) => {
                let is_anonymous = context.config.anon_role.as_deref() == Some(context.role);
                database_error(&error, !is_anonymous)
            }
        }
    }
}

async fn run_once(
    context: &Context<'_>,
    frame: Frame,
    statements: Vec<Snippet>,
) -> Result<Vec<Vec<tokio_postgres::Row>>, Failure> {
    let session = context.pool.get().await.map_err(Failure::Pool)?;
    let mut guard = CancelOnDrop::new(session);
    let session = guard.session();
    session.enter_generation(context.generation);
    let result = pipeline::run(session, frame, statements).await;
    guard.disarm();
    result.map_err(Failure::Database)
}

/// Converts the driver's error.
pub fn database_error(error: &tokio_postgres::Error, is_authenticated: bool) -> Error {
    match error.as_db_error() {
        Some(db) => sqlstate::from_db_error(
            &sqlstate::DbErrorFields {
                code: db.code().code().to_owned(),
                message: db.message().to_owned(),
                detail: db.detail().map(str::to_owned),
                hint: db.hint().map(str::to_owned),
                is_raised: db.routine() == Some("exec_stmt_raise"),
            },
            is_authenticated,
        ),
        None => {
            tracing::warn!(%error, "database connection lost");
            Error::new(
                &crate::error::codes::PGRST001,
                "Database client error. Retrying the connection.",
            )
        }
    }
}

fn is_idempotent(plan: &ActionPlan) -> bool {
    match plan {
        ActionPlan::Crud(crud) => matches!(crud.kind, CrudKind::Read { .. }),
        _ => true,
    }
}

fn frame(context: &Context<'_>, plan: &ActionPlan, request: &ApiRequest) -> Frame {
    let (mode, isolation) = match plan {
        ActionPlan::Crud(crud) => {
            let routine_level = match &crud.kind {
                CrudKind::Call { routine, .. } => routine.isolation_level,
                _ => None,
            };
            (crud.access_mode, routine_level)
        }
        _ => (AccessMode::Read, None),
    };
    let isolation = isolation
        .or_else(|| context.config.role_isolation.get(context.role).copied())
        .unwrap_or(IsolationLevel::ReadCommitted);
    let tx_end = context.config.tx_end;
    let rollback = match request.preferences.transaction {
        Some(Transaction::Rollback) => true,
        Some(Transaction::Commit) => false,
        None => tx_end.rollback,
    };
    Frame {
        begin: begin(mode, isolation),
        rollback,
        prepared_statements: context.prepared_statements,
    }
}

fn begin(mode: AccessMode, isolation: IsolationLevel) -> &'static str {
    use {AccessMode as M, IsolationLevel as I};
    match (isolation, mode) {
        (I::ReadCommitted, M::Read) => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        (I::ReadCommitted, M::Write) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        (I::RepeatableRead, M::Read) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        (I::RepeatableRead, M::Write) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
        (I::Serializable, M::Read) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
        (I::Serializable, M::Write) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
    }
}

type PooledSession = deadpool::managed::Object<crate::pg::session::SessionManager>;

/// Holds a session while its transaction runs. When the request is dropped in the middle (the client
/// went away), the query is cancelled and the connection thrown away rather than handed on busy.
struct CancelOnDrop {
    session: Option<PooledSession>,
}

impl CancelOnDrop {
    fn new(session: PooledSession) -> Self {
        Self {
            session: Some(session),
        }
    }

    fn session(&mut self) -> &mut crate::pg::session::Session {
        self.session.as_mut().expect("present until disarmed")
    }

    fn disarm(mut self) {
        self.session = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let tls = deadpool::managed::Object::pool(&session).map(|pool| pool.manager().tls());
        let session = deadpool::managed::Object::take(session);
        if let (Some(tls), Ok(runtime)) = (tls, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Err(error) = session.cancel_token().cancel_query(tls).await {
                    tracing::debug!(%error, "could not cancel a dropped request's query");
                }
            });
        }
    }
}
