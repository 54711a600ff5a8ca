//! Loads the schema cache, in one transaction with one snapshot: at first everything ([`super::read`]), later
//! what has changed since the snapshot before ([`super::catalogue`]) and what depends on it.
//!
//! Comes in: a connection as the `authenticator` role, which needs no privilege on any relation. Goes
//! out: a [`SchemaCache`]. Called at start and at every reload.
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::catalogue::{self, Answer, Changes, Entries};
use super::known::{Facts, Patch};
use super::read::{Param, Run};
use super::{SchemaCache, decode, low_priority};
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
/// Compiling these queries takes longer than it saves, and further processes would take more from requests.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO ''; \
     SET LOCAL jit TO off; SET LOCAL max_parallel_workers_per_gather TO 0";

/// A few rows by OID. Without statistics PostgreSQL may prefer to read whole catalogues.
const BY_INDEX: &str = "SET LOCAL enable_seqscan TO off";
const BY_SIZE: &str = "SET LOCAL enable_seqscan TO DEFAULT";

/// Transactions after which nothing is taken for known any more. Half of what `age()` can tell.
const MAX_AGE: u64 = 1_000_000_000;

/// What says that a server has no `xmin` or no snapshots, or does not show them.
const UNTOLD: [&str; 4] = ["0A000", "42501", "42703", "42883"];

/// More relations or functions than this are read like all of them.
const MAX_CHANGED: usize = 1_000;

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

/// Loads the schema cache once.
///
/// # Errors
/// As [`Loader::load`].
pub async fn load(client: &Client, options: &LoadOptions) -> Result<SchemaCache, Error> {
    Loader::default().load(client, options).await
}

/// Loads the schema cache again and again, each time only what has changed since.
#[derive(Debug, Default)]
pub struct Loader {
    known: Option<Known>,
    /// Connections that had been lost when `known` was read.
    lost: u64,
}

/// What the last load found, and when.
#[derive(Debug)]
struct Known {
    options: LoadOptions,
    moment: Moment,
    entries: Entries,
    facts: Facts,
    cache: SchemaCache,
    /// Of the last load.
    plan: Plan,
    /// Columns changed of what is no relation: a composite type, an index.
    has_others: bool,
}

/// A row of `moment.sql`.
#[derive(Debug, Default)]
struct Moment {
    place: String,
    /// The oldest transaction that was running, and the first one that had not begun.
    horizon: u64,
    next: u64,
    /// Of the horizon of the moment before.
    age: i32,
    namespaces: HashMap<u32, String>,
}

/// What a load reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Everything,
    /// These OIDs, some of which may be gone.
    Only {
        relations: BTreeSet<u32>,
        routines: BTreeSet<u32>,
    },
}

impl Loader {
    /// Loads the schema cache. What has not changed since the last time is not read again; the cache is as if
    /// it were. After a failure, and when it is not clear what a change means, everything is read.
    ///
    /// The transaction is left also when a query fails. A future that is dropped before its end leaves the
    /// connection inside the transaction: whoever may drop it must not use the connection any more.
    ///
    /// # Errors
    /// PGRST001 when the connection is lost, otherwise PostgreSQL's code (3F000 for a schema that does not
    /// exist), with what was being loaded in the message.
    pub async fn load(
        &mut self,
        client: &Client,
        options: &LoadOptions,
    ) -> Result<SchemaCache, Error> {
        let run = Run { client, options };
        run.batch(BEGIN).await?;
        let known = find(&run, self.known.take()).await;
        let end = run.batch("COMMIT").await;
        let (known, patch) = known?;
        end?;
        let known = low_priority::run(move || known.finish(patch))
            .await
            .map_err(|e| Error::new(&codes::PGRST002, format!("schema cache: {e}")))?;
        Ok(self.known.insert(known).cache.clone())
    }

    /// Tells how many connections the server has ended so far. When it was more than one since the last load, that
    /// may have been a crash: commits that nobody waited for are gone then, and their transaction ids come again.
    pub fn trust(&mut self, lost: u64) {
        if self.lost != lost {
            self.known = None;
        }
        self.lost = lost;
    }

    /// Whether the last load found nothing that had changed since the one before.
    pub fn is_unchanged(&self) -> bool {
        self.known.as_ref().is_some_and(|known| {
            !known.has_others
                && matches!(&known.plan, Plan::Only { relations, routines }
                     if relations.is_empty() && routines.is_empty())
        })
    }

    /// What the last load has read; none before the first and after a failure.
    pub fn last_plan(&self) -> Option<&Plan> {
        Some(&self.known.as_ref()?.plan)
    }
}

/// What is known now; the patch is to be applied. Without one, there is no cache yet.
async fn find(run: &Run<'_>, known: Option<Known>) -> Result<(Known, Option<Patch>), Error> {
    let before = known.as_ref().map_or(0, |known| known.moment.horizon);
    let moment = moment_if_told(run, before).await?;
    if let Some(mut known) = known
        && known.is_comparable(run.options, &moment)
    {
        (known.plan, known.has_others) = plan(run, &mut known.entries, moment.age).await?;
        if let Plan::Only {
            relations,
            routines,
        } = &known.plan
        {
            run.batch(BY_INDEX).await?;
            let patch = run.patch(relations, routines).await?;
            if known.keeps_names(&patch) {
                known.moment = moment;
                return Ok((known, Some(patch)));
            }
            run.batch(BY_SIZE).await?;
        }
    }
    Ok((read(run, moment).await?, None))
}

/// Reads everything.
async fn read(run: &Run<'_>, moment: Moment) -> Result<Known, Error> {
    let answers = match moment.horizon {
        0 => Vec::new(),
        _ => answers(run, &catalogue::entries_sql(), 0, true).await?,
    };
    Ok(Known {
        options: run.options.clone(),
        moment,
        entries: Entries::new(answers),
        facts: run.facts().await?,
        cache: SchemaCache::default(),
        plan: Plan::Everything,
        has_others: false,
    })
}

async fn answers(run: &Run<'_>, sql: &str, age: i32, all: bool) -> Result<Vec<Answer>, Error> {
    let params: [Param<'_>; 2] = [(&age as _, Type::INT4), (&all as _, Type::BOOL)];
    let rows = run.query("what has changed", sql, &params).await?;
    let answers = decode::all(&rows, decode::answer)?;
    let unreadable = || Error::new(&codes::PGRST002, "schema cache: unreadable transaction ids");
    answers
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(unreadable)
}

/// Finds out what has changed, and whether columns of what is no relation have.
async fn plan(run: &Run<'_>, entries: &mut Entries, age: i32) -> Result<(Plan, bool), Error> {
    let mut changes = Changes::default();
    let found = answers(run, &catalogue::changes_sql(), age, false).await?;
    let reduced = entries.add(found, &mut changes);
    if !reduced.is_empty() && !changes.everything {
        let sql = catalogue::some_entries_sql(&reduced);
        for answer in answers(run, &sql, age, true).await? {
            entries.replace(&answer, &mut changes);
        }
    }
    let too_many = |oids: &BTreeSet<u32>| oids.len() > MAX_CHANGED;
    if changes.everything || too_many(&changes.named) || too_many(&changes.routines) {
        return Ok((Plan::Everything, true));
    }
    let mut relations = changes.relations;
    if !(changes.named.is_empty() && relations.is_empty() && changes.routines.is_empty()) {
        let dependents = dependents(run, &changes.named, &changes.routines, &relations).await?;
        for (is_type, oid) in dependents {
            if !is_type {
                relations.insert(oid);
            } else if !changes.new_types.contains(&oid) {
                return Ok((Plan::Everything, true));
            }
        }
    }
    let plan = match too_many(&relations) {
        true => Plan::Everything,
        false => Plan::Only {
            relations,
            routines: changes.routines,
        },
    };
    Ok((plan, changes.others))
}

async fn dependents(
    run: &Run<'_>,
    named: &BTreeSet<u32>,
    routines: &BTreeSet<u32>,
    relations: &BTreeSet<u32>,
) -> Result<Vec<(bool, u32)>, Error> {
    let [named, routines, relations] =
        [named, routines, relations].map(|oids| oids.iter().copied().collect::<Vec<u32>>());
    let params: [Param<'_>; 3] = [
        (&named as _, Type::OID_ARRAY),
        (&routines as _, Type::OID_ARRAY),
        (&relations as _, Type::OID_ARRAY),
    ];
    run.batch(BY_INDEX).await?;
    let sql = include_str!("sql/dependents.sql");
    let rows = run.query("dependents", sql, &params).await?;
    run.batch(BY_SIZE).await?;
    decode::all(&rows, |row| {
        Ok((row.try_get("is_type")?, row.try_get("id")?))
    })
}

/// The moment, or one that compares with nothing where the server does not tell: some that speak PostgreSQL's
/// language do not have its transactions.
async fn moment_if_told(run: &Run<'_>, before: u64) -> Result<Moment, Error> {
    run.batch("SAVEPOINT moment").await?;
    match moment(run, before).await {
        Err(error) if UNTOLD.contains(&error.code()) => {
            run.batch("ROLLBACK TO SAVEPOINT moment").await?;
            Ok(Moment::default())
        }
        told => told,
    }
}

async fn moment(run: &Run<'_>, before: u64) -> Result<Moment, Error> {
    let before = before.to_string();
    let params: [Param<'_>; 1] = [(&before as _, Type::TEXT)];
    let rows = run.query("now", include_str!("sql/moment.sql"), &params);
    let moments = decode::all(&rows.await?, Moment::decode)?;
    let none = || Error::new(&codes::PGRST002, "schema cache: no row that tells the time");
    moments.into_iter().next().ok_or_else(none)
}

impl Known {
    /// Whether what has changed since can be told.
    fn is_comparable(&self, options: &LoadOptions, now: &Moment) -> bool {
        let before = &self.moment;
        let horizon = before.horizon;
        *options == self.options
            && now.place == before.place
            && horizon > 0
            && now.horizon >= horizon
            && now.next.saturating_sub(horizon) < MAX_AGE
            && before.has_namespaces_of(now, options)
    }

    /// Whether no relation that was known has another name: others may say it.
    fn keeps_names(&self, patch: &Patch) -> bool {
        patch.relations.iter().all(|(oid, now)| {
            let before = self.facts.relations.get(oid);
            before.is_none_or(|before| before.relation.name == now.relation.name)
        })
    }

    /// Makes the cache.
    fn finish(mut self, patch: Option<Patch>) -> Self {
        let schemas = &self.options.schemas;
        self.cache = match patch {
            Some(patch) => self.facts.replace(patch, &self.cache, schemas),
            None => self.facts.assemble(schemas),
        };
        self
    }
}

impl Moment {
    fn decode(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let oids: Vec<u32> = row.try_get("namespace_oids")?;
        let names: Vec<String> = row.try_get("namespaces")?;
        let number = |text: &str| text.parse().unwrap_or(0);
        Ok(Self {
            place: row.try_get("place")?,
            horizon: number(row.try_get("horizon")?),
            next: number(row.try_get("next")?),
            age: row.try_get("age")?,
            namespaces: std::iter::zip(oids, names).collect(),
        })
    }

    /// Whether the schemas that were known have the names they had, and the names of those that count stand
    /// for the same ones.
    fn has_namespaces_of(&self, now: &Self, options: &LoadOptions) -> bool {
        let counts = |name: &&String| {
            options.schemas.contains(name) || options.extra_search_path.contains(name)
        };
        let is_kept = |(oid, name): (&u32, &String)| match now.namespaces.get(oid) {
            Some(now) => now == name,
            None => !counts(&name),
        };
        let was_there =
            |(oid, name): (&u32, &String)| !counts(&name) || self.namespaces.contains_key(oid);
        self.namespaces.iter().all(is_kept) && now.namespaces.iter().all(was_there)
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
