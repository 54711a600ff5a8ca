//! Loads the schema cache: the catalogue queries of `sql/`, in one transaction. First the OIDs of what is
//! there, then slices of it, each a few index look-ups; see [`super::pace`] for why.
//!
//! Comes in: a connection as the `authenticator` role, which needs no privilege on any relation. Goes
//! out: a [`SchemaCache`]. Called at start and at every reload.
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

use std::collections::HashMap;
use std::time::Instant;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::gather::{Gathered, Relation};
use super::media_handler::MediaHandlers;
use super::pace::{Pace, Pacer};
use super::relate::{self, Parts};
use super::relationship::Relationship;
use super::representation::Representations;
use super::routine::Routine;
use super::view_keys::View;
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

/// [`ROUTINES_SQL`] for functions given by OID (`oid[]`) instead of by schema.
fn routines_by_oid_sql() -> String {
    ROUTINES_SQL.replace(
        "p.pronamespace = ANY ($1::regnamespace[])",
        "p.oid = ANY ($1::oid[])",
    )
}

/// One snapshot for all queries; without a search path PostgreSQL prints names with their schema.
/// Compiling these queries takes longer than it saves.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL search_path TO ''; SET LOCAL jit TO off";

/// Slices ask for a few rows by OID. Without statistics PostgreSQL may prefer to read whole catalogues.
const BY_INDEX: &str = "SET LOCAL enable_seqscan TO off";

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

/// Loads the schema cache as fast as possible.
///
/// # Errors
/// As [`load_at`].
pub async fn load(client: &Client, options: &LoadOptions) -> Result<SchemaCache, Error> {
    load_at(client, options, Pace::Full).await
}

/// Loads the schema cache.
///
/// The transaction is left also when a query fails. A future that is dropped before its end leaves the
/// connection inside the transaction: whoever may drop it must not use the connection any more.
///
/// # Errors
/// PGRST001 when the connection is lost, otherwise PostgreSQL's code (3F000 for a schema that does not
/// exist), with what was being loaded in the message.
pub async fn load_at(
    client: &Client,
    options: &LoadOptions,
    pace: Pace,
) -> Result<SchemaCache, Error> {
    let run = Run { client };
    run.batch(BEGIN).await?;
    let found = find(&run, options, pace).await;
    let end = run.batch("COMMIT").await;
    let found = found?;
    end?;
    let exposed = options.schemas.clone();
    low_priority::run(move || assemble(found, &exposed))
        .await
        .map_err(|e| Error::new(&codes::PGRST002, format!("schema cache: {e}")))
}

/// What the catalogue queries found.
struct Found {
    gathered: Gathered,
    views: Vec<View>,
    routines: Vec<Routine>,
    computed: Vec<Relationship>,
    representations: Representations,
    media_handlers: MediaHandlers,
}

async fn find(run: &Run<'_>, options: &LoadOptions, pace: Pace) -> Result<Found, Error> {
    let schemas: Vec<String> = options.schemas.iter().map(|s| quote_ident(s)).collect();
    let schemas = (&schemas as &(dyn ToSql + Sync), Type::TEXT_ARRAY);
    let path = (&options.extra_search_path as _, Type::TEXT_ARRAY);
    let mut pacer = Pacer::new(pace);

    let params = [schemas.clone(), path];
    let sql = include_str!("sql/relations.sql");
    let rows = run.slice("relations", sql, &params, &mut pacer).await?;
    let relations = decode::all(&rows, decode::relation)?;
    let by_schema = [schemas];
    let sql = include_str!("sql/routine_oids.sql");
    let rows = run.slice("routines", sql, &by_schema, &mut pacer).await?;
    let routines = decode::all(&rows, |row| row.try_get("oid"))?;
    let sql = include_str!("sql/media_handlers.sql");
    let rows = run.slice("media handlers", sql, &by_schema, &mut pacer);
    let media_handlers = decode::media_handlers(&rows.await?)?;
    run.batch(BY_INDEX).await?;
    let sql = include_str!("sql/computed_relationships.sql");
    let rows = run.slice("computed relationships", sql, &[], &mut pacer);
    let computed = decode::all(&rows.await?, decode::computed_relationship)?;
    let sql = include_str!("sql/representations.sql");
    let rows = run.slice("representations", sql, &[], &mut pacer).await?;
    let representations = decode::representations(&rows)?;

    let views = find_views(run, &relations, options, &mut pacer).await?;
    let routines = find_routines(run, &routines, options, &mut pacer).await?;
    let gathered = find_relations(run, relations, &mut pacer).await?;
    Ok(Found {
        gathered,
        views,
        routines,
        computed,
        representations,
        media_handlers,
    })
}

/// Columns, comments and keys of the relations, and the types of the columns.
async fn find_relations(
    run: &Run<'_>,
    relations: Vec<Relation>,
    pacer: &mut Pacer,
) -> Result<Gathered, Error> {
    let mut gathered = Gathered::default();
    let mut start = 0;
    pacer.start_over();
    while let Some(slice) = pacer.slice(relations.len(), start) {
        start = slice.end;
        let started = Instant::now();
        let slice = relations.get(slice).unwrap_or_default();
        let oids: Vec<u32> = slice.iter().map(|relation| relation.oid).collect();
        let shown = slice.iter().filter(|relation| relation.is_shown());
        let shown: Vec<u32> = shown.map(|relation| relation.oid).collect();
        let oids = [
            (&oids as _, Type::OID_ARRAY),
            (&shown as _, Type::OID_ARRAY),
        ];
        let asked = slice.iter().filter(|relation| relation.may_be_updatable());
        let asked: Vec<u32> = asked.map(|relation| relation.oid).collect();
        let asked = [(&asked as _, Type::OID_ARRAY)];
        let (columns, comments, keys, events) = futures_util::try_join!(
            run.query("columns", include_str!("sql/columns.sql"), &oids),
            run.query("comments", include_str!("sql/comments.sql"), &oids[..1]),
            run.query("keys", include_str!("sql/keys.sql"), &oids[..1]),
            run.query("updatable", include_str!("sql/updatable.sql"), &asked),
        )?;
        for (relation, column) in decode::all(&columns, decode::column)? {
            gathered.columns.entry(relation).or_default().push(column);
        }
        let comments = decode::all(&comments, decode::comment)?;
        gathered.comments.extend(comments);
        gathered.keys.extend(decode::all(&keys, decode::key)?);
        gathered
            .events
            .extend(decode::all(&events, decode::events)?);
        pacer.rest(started).await;
    }
    gathered.relations = relations;
    let (types, modifiers) = gathered.type_ids();
    let params = [
        (&types as &(dyn ToSql + Sync), Type::OID_ARRAY),
        (&modifiers as _, Type::INT4_ARRAY),
    ];
    let rows = run.slice("types", include_str!("sql/types.sql"), &params, pacer);
    gathered.types = decode::all(&rows.await?, decode::column_type)?
        .into_iter()
        .collect();
    Ok(gathered)
}

/// The views of the exposed schemas and of the extra search path, sorted by OID.
async fn find_views(
    run: &Run<'_>,
    relations: &[Relation],
    options: &LoadOptions,
    pacer: &mut Pacer,
) -> Result<Vec<View>, Error> {
    let by_oid: HashMap<u32, &Relation> = relations
        .iter()
        .filter(|relation| {
            let schema = &relation.name.schema;
            let path = &options.extra_search_path;
            relation.is_view() && (relation.is_exposed || path.contains(schema))
        })
        .map(|relation| (relation.oid, relation))
        .collect();
    let mut oids: Vec<u32> = by_oid.keys().copied().collect();
    oids.sort_unstable();
    let rows = run.slices("views", include_str!("sql/views.sql"), &oids, &[], pacer);
    let mut views = Vec::new();
    for (oid, columns, origins) in rows.decoded(decode::view).await? {
        if let Some(relation) = by_oid.get(&oid) {
            views.push(View {
                oid,
                name: relation.name.clone(),
                is_exposed: relation.is_exposed,
                columns,
                origins,
            });
        }
    }
    views.sort_unstable_by_key(|view| view.oid);
    Ok(views)
}

async fn find_routines(
    run: &Run<'_>,
    oids: &[u32],
    options: &LoadOptions,
    pacer: &mut Pacer,
) -> Result<Vec<Routine>, Error> {
    let more: [Param<'_>; 2] = [
        (&options.hoisted_tx_settings as _, Type::TEXT_ARRAY),
        (&false as _, Type::BOOL),
    ];
    run.slices("routines", &routines_by_oid_sql(), oids, &more, pacer)
        .decoded(decode::routine)
        .await
}

fn assemble(found: Found, schemas: &[String]) -> SchemaCache {
    let (mut tables, foreign_keys, primary_keys) = found.gathered.finish();
    let views = view_keys::trace(&found.views);
    relate::add_view_primary_keys(&mut tables, &primary_keys, &views);
    let relationships = relate::relationships(Parts {
        schemas,
        tables: &tables,
        primary_keys: &primary_keys,
        foreign_keys: &foreign_keys,
        views: &views,
        computed: &found.computed,
    });
    SchemaCache {
        tables,
        relationships,
        routines: decode::by_name(found.routines),
        representations: found.representations,
        media_handlers: found.media_handlers,
        ..SchemaCache::default()
    }
}

type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Runs queries in the load's transaction.
struct Run<'a> {
    client: &'a Client,
}

/// A query by OID that is run in slices.
struct Slices<'a> {
    run: &'a Run<'a>,
    label: &'static str,
    sql: &'a str,
    oids: &'a [u32],
    more: &'a [Param<'a>],
    pacer: &'a mut Pacer,
}

impl Slices<'_> {
    async fn decoded<T>(
        self,
        decode: fn(&Row) -> Result<T, tokio_postgres::Error>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        let mut start = 0;
        self.pacer.start_over();
        while let Some(slice) = self.pacer.slice(self.oids.len(), start) {
            start = slice.end;
            let started = Instant::now();
            let oids = self.oids.get(slice).unwrap_or_default();
            let mut params: Vec<Param<'_>> = vec![(&oids, Type::OID_ARRAY)];
            params.extend_from_slice(self.more);
            let rows = self.run.query(self.label, self.sql, &params).await?;
            found.extend(decode::all(&rows, decode)?);
            self.pacer.rest(started).await;
        }
        Ok(found)
    }
}

impl<'a> Run<'a> {
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
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        self.client
            .query_typed(sql, params)
            .await
            .map_err(|e| load_error(label, &e))
    }

    /// A query that is a slice of its own.
    async fn slice(
        &self,
        label: &'static str,
        sql: &str,
        params: &[Param<'_>],
        pacer: &mut Pacer,
    ) -> Result<Vec<Row>, Error> {
        let started = Instant::now();
        let rows = self.query(label, sql, params).await?;
        pacer.rest(started).await;
        Ok(rows)
    }

    fn slices(
        &'a self,
        label: &'static str,
        sql: &'a str,
        oids: &'a [u32],
        more: &'a [Param<'a>],
        pacer: &'a mut Pacer,
    ) -> Slices<'a> {
        Slices {
            run: self,
            label,
            sql,
            oids,
            more,
            pacer,
        }
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
