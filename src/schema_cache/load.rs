//! Loads the schema cache: the catalogue queries of `sql/`, in one transaction and one round trip.
//!
//! Comes in: a connection as the `authenticator` role, which needs no privilege on any relation. Goes
//! out: a [`SchemaCache`]. Called at start and at every reload.
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::relate::{self, Parts};
use super::{SchemaCache, decode, low_priority, view_keys};
use crate::config::RestConfig;
use crate::error::{Error, codes};
use crate::pg::ident::{quote_ident, quote_literal};

/// Functions of schemas. Parameters: quoted schema names `text[]`, names of settings to keep `text[]`,
/// only those that the current role may execute `boolean`. Rows are read by [`decode::routine`].
pub const ROUTINES_SQL: &str = include_str!("sql/routines.sql");

/// [`ROUTINES_SQL`] without parameters, for the functions of one schema that the current role may
/// execute. Run as that role with its search path, by which type names are then qualified or not.
pub fn accessible_routines_sql(schema: &str) -> String {
    let schema = quote_literal(&quote_ident(schema));
    ROUTINES_SQL
        .replace(
            "$1::regnamespace[]",
            &format!("ARRAY[{schema}]::regnamespace[]"),
        )
        .replace("$2::text[]", "'{}'::text[]")
        .replace("$3::boolean", "true")
}

/// One snapshot for all queries; without a search path PostgreSQL prints names with their schema.
/// Compiling these queries takes longer than it saves.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL search_path TO ''; SET LOCAL jit TO off";

/// What part of the catalogue to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// Exposed schemas; each must exist.
    pub schemas: Vec<String>,
    /// Schemas whose views are looked through for the keys that exposed views show.
    pub extra_search_path: Vec<String>,
    /// Settings of functions that are applied to the transaction.
    pub hoisted_tx_settings: Vec<String>,
}

impl LoadOptions {
    /// The options that the configuration asks for.
    pub fn from_config(config: &RestConfig) -> Self {
        Self {
            schemas: config.schemas.clone(),
            extra_search_path: config.extra_search_path.clone(),
            hoisted_tx_settings: config.hoisted_tx_settings.clone(),
        }
    }
}

/// Time that each query took, in order of execution.
pub type Timings = Vec<(&'static str, Duration)>;

/// Loads the schema cache and logs how long each query took (level debug).
///
/// Everything up to `COMMIT` is sent before any answer is read, so the connection leaves the
/// transaction even when the future is dropped or a query fails.
///
/// # Errors
/// PGRST001 when the connection is lost, otherwise PostgreSQL's code (3F000 for a schema that does not
/// exist), with the name of the query in the message.
pub async fn load(client: &Client, options: &LoadOptions) -> Result<SchemaCache, Error> {
    let (cache, timings) = load_timed(client, options).await?;
    for (query, time) in timings {
        tracing::debug!(
            query,
            time_ms = time.as_secs_f64() * 1000.0,
            "catalogue query"
        );
    }
    Ok(cache)
}

/// [`load`], with the time of each query.
///
/// # Errors
/// As [`load`].
pub async fn load_timed(
    client: &Client,
    options: &LoadOptions,
) -> Result<(SchemaCache, Timings), Error> {
    let schemas: Vec<String> = options.schemas.iter().map(|s| quote_ident(s)).collect();
    let schemas = (&schemas as &(dyn ToSql + Sync), Type::TEXT_ARRAY);
    let path = (&options.extra_search_path as _, Type::TEXT_ARRAY);
    let settings = (&options.hoisted_tx_settings as _, Type::TEXT_ARRAY);
    let by_schema = [schemas.clone()];
    let by_path = [schemas.clone(), path];
    let for_routines = [schemas, settings, (&false as _, Type::BOOL)];
    let run = Run::start(client);

    let (
        _,
        tables,
        columns,
        foreign_keys,
        primary_keys,
        views,
        routines,
        computed,
        casts,
        media,
        _,
    ) = futures_util::try_join!(
        run.batch(BEGIN),
        run.query("tables", include_str!("sql/tables.sql"), &by_schema),
        run.query("columns", include_str!("sql/columns.sql"), &by_schema),
        run.query("foreign keys", include_str!("sql/foreign_keys.sql"), &[]),
        run.query("primary keys", include_str!("sql/primary_keys.sql"), &[]),
        run.query("views", include_str!("sql/views.sql"), &by_path),
        run.query("routines", ROUTINES_SQL, &for_routines),
        run.query(
            "computed relationships",
            include_str!("sql/computed_relationships.sql"),
            &[]
        ),
        run.query(
            "representations",
            include_str!("sql/representations.sql"),
            &[]
        ),
        run.query(
            "media handlers",
            include_str!("sql/media_handlers.sql"),
            &by_schema
        ),
        run.batch("COMMIT"),
    )?;

    let timings = run.timings();
    let exposed = options.schemas.clone();
    let cache = low_priority::run(move || {
        let loaded = decode::Loaded {
            tables: decode::tables(&tables, &columns)?,
            foreign_keys: decode::all(&foreign_keys, decode::foreign_key)?,
            primary_keys: decode::all(&primary_keys, decode::primary_key)?,
            views: decode::all(&views, decode::view)?,
            routines: decode::routines(&routines)?,
            computed: decode::all(&computed, decode::computed_relationship)?,
            representations: decode::representations(&casts)?,
            media_handlers: decode::media_handlers(&media)?,
        };
        Ok::<_, Error>(assemble(loaded, &exposed))
    });
    let interrupted = |e| Error::new(&codes::PGRST002, format!("schema cache: {e}"));
    Ok((cache.await.map_err(interrupted)??, timings))
}

fn assemble(loaded: decode::Loaded, schemas: &[String]) -> SchemaCache {
    let mut tables = loaded.tables;
    let views = view_keys::trace(&loaded.views);
    relate::add_view_primary_keys(&mut tables, &loaded.primary_keys, &views);
    let relationships = relate::relationships(Parts {
        schemas,
        tables: &tables,
        primary_keys: &loaded.primary_keys,
        foreign_keys: &loaded.foreign_keys,
        views: &views,
        computed: &loaded.computed,
    });
    SchemaCache {
        tables,
        relationships,
        routines: loaded.routines,
        representations: loaded.representations,
        media_handlers: loaded.media_handlers,
        ..SchemaCache::default()
    }
}

/// Sends the queries and notes when each answer was complete: the server works in order, so the
/// time between two answers is the second query's.
struct Run<'a> {
    client: &'a Client,
    started: Instant,
    finished: Mutex<Vec<(&'static str, Instant)>>,
}

impl<'a> Run<'a> {
    fn start(client: &'a Client) -> Self {
        Self {
            client,
            started: Instant::now(),
            finished: Mutex::default(),
        }
    }

    async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|e| load_error("the transaction", &e))
    }

    async fn query(
        &self,
        label: &'static str,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        let rows = self
            .client
            .query_typed(sql, params)
            .await
            .map_err(|e| load_error(label, &e))?;
        if let Ok(mut finished) = self.finished.lock() {
            finished.push((label, Instant::now()));
        }
        Ok(rows)
    }

    fn timings(self) -> Timings {
        let finished = self.finished.into_inner().unwrap_or_default();
        let starts = std::iter::once(self.started).chain(finished.iter().map(|(_, at)| *at));
        std::iter::zip(starts, &finished)
            .map(|(start, (label, end))| (*label, end.duration_since(start)))
            .collect()
    }
}

/// A failure of PostgreSQL or of the connection, with what was being loaded.
pub(super) fn load_error(doing: &str, error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(db) => {
            let message = format!("{} (schema cache: {doing})", db.message());
            let error = Error::from_database(db.code().code(), codes::PGRST002.status, message)
                .maybe_hint(db.hint().map(str::to_owned));
            match db.detail() {
                Some(detail) => error.details(detail),
                None => error,
            }
        }
        None => Error::new(&codes::PGRST001, format!("schema cache: {doing}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessible_routines_need_no_parameters() {
        let sql = accessible_routines_sql("it's");
        assert!(sql.contains(r#"ARRAY['"it''s"']::regnamespace[]"#));
        assert!(sql.contains("NOT true OR has_function_privilege"));
        // The comment at the top may name them.
        let statement = sql
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        assert!(statement.into_iter().all(|line| !line.contains('$')));
    }
}
