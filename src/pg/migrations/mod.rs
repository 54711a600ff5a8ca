//! The embedded `migrations/` and `rls/`, and their application to a database.
//!
//! In: an open connection of a role that may create roles and schemas, and the baseline to start from.
//! Out: the current schema. Each migration runs in one transaction together with its row in
//! `supabase_migrations.schema_migrations`, the history table of the Supabase CLI (version, name,
//! statements), so a run that was killed continues where it stopped. Policies and grants are idempotent
//! and run every time; demo data once. An advisory lock keeps two runs apart.
//!
//! A CRM that is there already (its tables, not our history) is adopted: the baseline is recorded and not
//! run. One that holds deals is left alone unless [`upgrade`] is asked for, because carrying rows over is
//! the migration engine's work, with a backup and a way back.

mod files;

use std::collections::HashSet;

use tokio_postgres::{Client, GenericClient};

pub use files::{Migration, migrations, policies};

/// Key of the advisory lock that a run holds: "oppbase" in ASCII.
pub const LOCK_KEY: i64 = 0x6f_70_70_62_61_73_65;

/// The two products that the schema can start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Baseline {
    /// The September 2025 fork: camelCase notes, `"stateAbbr"`.
    #[default]
    Fork,
    /// Today's upstream: snake_case notes, `state_abbr`, a configuration row.
    Upstream,
}

impl Baseline {
    /// Folder under `migrations/baseline`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Upstream => "upstream",
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Names of the migrations that ran, in order.
    pub migrations: Vec<&'static str>,
    /// The baseline was found in place and only recorded.
    pub adopted: bool,
    /// The demo data was loaded by this run.
    pub demo: bool,
}

/// Why a run stopped. What ran before stays, and a later run continues.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// PostgreSQL refused a file. Its transaction is rolled back.
    #[error("{file}: {}", describe(.source))]
    File {
        /// File name, relative to the crate.
        file: String,
        /// PostgreSQL's error.
        source: tokio_postgres::Error,
    },
    /// The database holds the other product.
    #[error("the database holds the {} baseline, not {}", .found.folder(), .wanted.folder())]
    OtherBaseline {
        /// What is there.
        found: Baseline,
        /// What was asked for.
        wanted: Baseline,
    },
    /// The database holds a CRM with deals that have not been migrated.
    #[error("the database holds a CRM with deals; its rows need the migration engine")]
    ExistingDeals,
    /// The migration engine has begun and not finished.
    #[error("a migration of this database has begun and is not complete")]
    Unfinished,
    /// The connection failed, or a statement of our own did.
    #[error("applying migrations: {}", describe(.0))]
    Database(#[from] tokio_postgres::Error),
}

impl MigrationError {
    /// What to do about it: PostgreSQL's hint, or ours.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::File { source, .. } | Self::Database(source) => source.as_db_error()?.hint(),
            Self::OtherBaseline { .. } => Some("name the baseline that the database was made from"),
            Self::Unfinished => Some(
                "continue with `oppbase migrate run --resume`, or undo it with `oppbase migrate rollback`",
            ),
            Self::ExistingDeals => {
                Some("run `oppbase migrate dry-run`, then `oppbase migrate run`")
            }
        }
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => error.to_string(),
    }
}

/// Brings the database to the current schema. `with_demo` loads the demo data into a database without
/// accounts.
///
/// # Errors
/// [`MigrationError::ExistingDeals`] for a CRM with rows that was never migrated; the others say what
/// they are.
pub async fn apply(
    client: &mut Client,
    baseline: Baseline,
    with_demo: bool,
) -> Result<Applied, MigrationError> {
    locked(client, baseline, with_demo, false).await
}

/// As [`apply`], and carries the rows of an existing CRM over, all in one go: for tests, rehearsals and
/// databases that nobody uses meanwhile.
///
/// # Errors
/// As [`apply`], without [`MigrationError::ExistingDeals`].
pub async fn upgrade(client: &mut Client, baseline: Baseline) -> Result<Applied, MigrationError> {
    locked(client, baseline, false, true).await
}

/// The files that make roles, `auth`, `storage` and the stand-ins, each object only when it is missing.
pub fn platform_files() -> Vec<Migration> {
    let mut list = migrations(Baseline::default());
    list.retain(|migration| migration.name.starts_with("platform_"));
    list
}

/// Applies the platform's files alone, without recording them: each makes only what is missing, so a
/// database of another schema may have them any number of times. The caller holds the lock.
///
/// # Errors
/// [`MigrationError::File`].
pub async fn platform(client: &Client) -> Result<(), MigrationError> {
    for migration in platform_files() {
        let sql = format!(
            "begin; set local client_min_messages = warning; {}; commit",
            migration.sql
        );
        if let Err(source) = client.batch_execute(&sql).await {
            client.batch_execute("rollback").await?;
            return Err(MigrationError::File {
                file: format!("migrations/{}_{}.sql", migration.version, migration.name),
                source,
            });
        }
    }
    Ok(())
}

async fn locked(
    client: &mut Client,
    baseline: Baseline,
    with_demo: bool,
    may_carry_rows: bool,
) -> Result<Applied, MigrationError> {
    client
        .execute("select pg_advisory_lock($1)", &[&LOCK_KEY])
        .await?;
    let outcome = run(client, baseline, with_demo, may_carry_rows).await;
    client
        .execute("select pg_advisory_unlock($1)", &[&LOCK_KEY])
        .await?;
    outcome
}

async fn run(
    client: &mut Client,
    baseline: Baseline,
    with_demo: bool,
    may_carry_rows: bool,
) -> Result<Applied, MigrationError> {
    ensure_history(client).await?;
    refuse_unfinished(client).await?;
    let done = recorded(client).await?;
    let list = migrations(baseline);
    let mut applied = Applied {
        adopted: adopts(client, baseline, &list, &done, may_carry_rows).await?,
        ..Applied::default()
    };
    for migration in &list {
        if done.contains(migration.version) {
            continue;
        }
        let skip = migration.is_baseline && applied.adopted;
        run_migration(client, migration, skip).await?;
        if !skip {
            applied.migrations.push(migration.name);
        }
    }
    run_policies(client).await?;
    if with_demo {
        applied.demo = load_demo(client).await?;
    }
    client
        .batch_execute("notify pgrst, 'reload schema'")
        .await?;
    Ok(applied)
}

/// The Supabase CLI's own tables, made as it makes them.
const HISTORY: &str = include_str!("history.sql");

/// What is there before the baseline has run: `deals` (a table or not), upstream's column, rows.
const FOUND: &str = "\
    select to_regclass('public.companies') is not null, \
           exists (select from pg_attribute where attrelid = to_regclass('public.companies') \
                    and attname = 'state_abbr' and not attisdropped)";

/// What the migration engine has begun is for it to end: half of its files are there.
async fn refuse_unfinished(client: &Client) -> Result<(), MigrationError> {
    let row = client
        .query_one("select to_regclass('migration.changed') is not null", &[])
        .await?;
    if row.get(0) {
        return Err(MigrationError::Unfinished);
    }
    Ok(())
}

/// Whether the tables of the baseline are there without our history.
async fn adopts(
    client: &Client,
    baseline: Baseline,
    list: &[Migration],
    done: &HashSet<String>,
    may_carry_rows: bool,
) -> Result<bool, MigrationError> {
    let found = client.query_one(FOUND, &[]).await?;
    if !found.get::<_, bool>(0) {
        return Ok(false);
    }
    let found = if found.get::<_, bool>(1) {
        Baseline::Upstream
    } else {
        Baseline::Fork
    };
    if found != baseline {
        return Err(MigrationError::OtherBaseline {
            found,
            wanted: baseline,
        });
    }
    if list
        .iter()
        .all(|migration| !migration.is_baseline || done.contains(migration.version))
    {
        return Ok(false);
    }
    if !may_carry_rows {
        let has_deals = client
            .query_one("select exists (select from public.deals)", &[])
            .await?;
        if has_deals.get(0) {
            return Err(MigrationError::ExistingDeals);
        }
    }
    Ok(true)
}

async fn run_migration(
    client: &mut Client,
    migration: &Migration,
    record_only: bool,
) -> Result<(), MigrationError> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("set local statement_timeout = 0; set local client_min_messages = warning")
        .await?;
    if !record_only {
        transaction
            .batch_execute(migration.sql)
            .await
            .map_err(|source| MigrationError::File {
                file: format!("migrations/{}_{}.sql", migration.version, migration.name),
                source,
            })?;
    }
    let statements: Vec<&str> = if record_only {
        vec![]
    } else {
        vec![migration.sql]
    };
    record(&transaction, migration, &statements).await?;
    transaction.commit().await?;
    Ok(())
}

/// Makes the history table if it is missing.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn ensure_history(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(HISTORY).await
}

/// Notes in the history table that a migration has run, in the transaction that ran it.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn record(
    client: &impl GenericClient,
    migration: &Migration,
    statements: &[&str],
) -> Result<(), tokio_postgres::Error> {
    client
        .execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3) \
             on conflict (version) do nothing",
            &[&migration.version, &migration.name, &statements],
        )
        .await?;
    Ok(())
}

/// Versions that the history table has.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn recorded(
    client: &impl GenericClient,
) -> Result<HashSet<String>, tokio_postgres::Error> {
    let sql = "select version from supabase_migrations.schema_migrations";
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// All files in one transaction: no request ever sees half of the grants.
async fn run_policies(client: &mut Client) -> Result<(), MigrationError> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("set local client_min_messages = warning")
        .await?;
    let retired: bool = transaction.query_one(RETIRED, &[]).await?.get(0);
    for (file, sql) in policies() {
        if retired && OF_OLD_NAMES.contains(&file) {
            continue;
        }
        transaction
            .batch_execute(sql)
            .await
            .map_err(|source| MigrationError::File {
                file: format!("rls/{file}"),
                source,
            })?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The old names were removed after a migration; see `oppbase migrate cleanup --retire-legacy`.
const RETIRED: &str = "\
    select to_regclass('public.opportunities') is not null and to_regclass('public.deals') is null \
       and to_regclass('extensions.deals_face') is null";
/// Policies of the views that went then.
const OF_OLD_NAMES: [&str; 5] = [
    "activity_log.sql",
    "dealNotes.sql",
    "deal_notes.sql",
    "deals.sql",
    "deals_summary.sql",
];

/// True when this call loaded it: never twice, and never into a database that somebody uses.
async fn load_demo(client: &mut Client) -> Result<bool, MigrationError> {
    let Some((path, sql)) = files::demo() else {
        return Ok(false);
    };
    let transaction = client.transaction().await?;
    let in_use = transaction
        .query_one(
            "select exists (select from supabase_migrations.seed_files where path = $1) \
                 or exists (select from auth.users)",
            &[&path],
        )
        .await?;
    if in_use.get(0) {
        return Ok(false);
    }
    transaction
        .batch_execute(sql)
        .await
        .map_err(|source| MigrationError::File {
            file: format!("migrations/{path}"),
            source,
        })?;
    transaction
        .execute(
            "insert into supabase_migrations.seed_files (path, hash) values ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))",
            &[&path, &sql],
        )
        .await?;
    transaction.commit().await?;
    Ok(true)
}
