//! An app's own `supabase/` folder, applied to a database as the Supabase CLI does it.
//!
//! In: the folder and an open connection of the owner role. Out: the platform (roles, `auth`, `storage`,
//! stand-ins for what only Supabase's image has), then `migrations/*.sql` in the order of their versions,
//! each in one transaction with its row in `supabase_migrations.schema_migrations` (version, name,
//! statements), then the seed files, once. The platform is not recorded: the CLI must not meet versions
//! that the folder does not have. Of our own schema nothing is applied.
//!
//! Source: <https://supabase.com/docs/guides/deployment/database-migrations>.

mod hosted;
mod statements;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::{Client, Transaction};

use super::migrations::{LOCK_KEY, MigrationError, platform};

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// File names of the migrations that ran, in order.
    pub migrations: Vec<String>,
    /// Seed files that ran.
    pub seeds: Vec<String>,
    /// Extensions that were taken as provided, each once.
    pub provided: Vec<String>,
}

/// Why a run stopped. What ran before stays, and a later run continues.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// The folder or a file of it cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    /// PostgreSQL refused a statement of a file.
    #[error("{file}, statement {number}: {}", describe(.source))]
    Statement {
        file: String,
        /// Counted from 1.
        number: usize,
        source: tokio_postgres::Error,
    },
    /// The database holds our own schema.
    #[error("the database holds another schema than the folder's")]
    OtherSchema,
    /// Of the platform's files.
    #[error(transparent)]
    Platform(#[from] MigrationError),
    /// The connection failed, or a statement of our own did.
    #[error("applying the folder: {}", describe(.0))]
    Database(#[from] tokio_postgres::Error),
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => error.to_string(),
    }
}

/// One file of `migrations/`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    version: String,
    name: String,
    path: PathBuf,
}

/// Applies the folder. `seeds` are paths of seed files; those that are not there are left out.
///
/// # Errors
/// [`DirError`].
pub async fn apply(
    client: &mut Client,
    dir: &Path,
    seeds: &[PathBuf],
) -> Result<Applied, DirError> {
    client
        .execute("select pg_advisory_lock($1)", &[&LOCK_KEY])
        .await?;
    let outcome = run(client, dir, seeds).await;
    client
        .batch_execute("reset search_path; reset client_min_messages")
        .await?;
    client
        .execute("select pg_advisory_unlock($1)", &[&LOCK_KEY])
        .await?;
    outcome
}

async fn run(client: &mut Client, dir: &Path, seeds: &[PathBuf]) -> Result<Applied, DirError> {
    let history = client.query_one(include_str!("sql/found.sql"), &[]).await?;
    if history.get::<_, bool>(0) {
        return Err(DirError::OtherSchema);
    }
    platform(client).await?;
    client
        .batch_execute(include_str!("sql/provided.sql"))
        .await?;
    let available: HashSet<String> = client
        .query("select name from pg_catalog.pg_available_extensions", &[])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let done: HashSet<String> = client
        .query(
            "select version from supabase_migrations.schema_migrations",
            &[],
        )
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut applied = Applied::default();
    for file in files(dir)? {
        if !done.contains(&file.version) {
            migrate(client, &file, &available, &mut applied).await?;
        }
    }
    for seed in seeds.iter().filter(|seed| seed.is_file()) {
        plant(client, dir, seed, &available, &mut applied).await?;
    }
    client
        .batch_execute("notify pgrst, 'reload schema'")
        .await?;
    Ok(applied)
}

/// `<digits>_<name>.sql`, in the order of the versions; other files are no migrations.
fn files(dir: &Path) -> Result<Vec<File>, DirError> {
    let folder = dir.join("migrations");
    let unreadable = |source| DirError::Read {
        path: folder.clone(),
        source,
    };
    let mut list = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let parts = name
            .and_then(|name| name.strip_suffix(".sql"))
            .and_then(|stem| stem.split_once('_'));
        if let Some((version, name)) = parts
            && !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_digit())
        {
            list.push(File {
                version: version.to_owned(),
                name: name.to_owned(),
                path,
            });
        }
    }
    list.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(list)
}

async fn migrate(
    client: &mut Client,
    file: &File,
    available: &HashSet<String>,
    applied: &mut Applied,
) -> Result<(), DirError> {
    let text = read(&file.path)?;
    let statements = statements::split(&text);
    let label = format!("{}_{}.sql", file.version, file.name);
    let transaction = begin(client).await?;
    execute(&transaction, &label, &statements, available, applied).await?;
    transaction
        .execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
            &[&file.version, &file.name, &statements],
        )
        .await?;
    transaction.commit().await?;
    applied.migrations.push(label);
    Ok(())
}

/// Runs a seed file unless it ran before.
async fn plant(
    client: &mut Client,
    dir: &Path,
    seed: &Path,
    available: &HashSet<String>,
    applied: &mut Applied,
) -> Result<(), DirError> {
    let text = read(seed)?;
    let relative = seed.strip_prefix(dir).unwrap_or(seed);
    // The CLI's spelling: relative to the project.
    let label = format!("supabase/{}", relative.display());
    let transaction = begin(client).await?;
    let added = transaction
        .execute(include_str!("sql/seed_insert.sql"), &[&label, &text])
        .await?;
    if added == 0 {
        return Ok(());
    }
    let statements = statements::split(&text);
    execute(&transaction, &label, &statements, available, applied).await?;
    transaction.commit().await?;
    applied.seeds.push(label);
    Ok(())
}

/// A transaction as the CLI's: extensions' functions are found without a schema.
async fn begin(client: &mut Client) -> Result<Transaction<'_>, tokio_postgres::Error> {
    client
        .batch_execute(
            "set search_path = public, extensions; set client_min_messages = warning; \
             set statement_timeout = 0",
        )
        .await?;
    client.transaction().await
}

async fn execute(
    transaction: &Transaction<'_>,
    file: &str,
    statements: &[&str],
    available: &HashSet<String>,
    applied: &mut Applied,
) -> Result<(), DirError> {
    for (index, statement) in statements.iter().enumerate() {
        if let Some(extension) = hosted::extension(statement)
            && !available.contains(&extension)
        {
            if !applied.provided.contains(&extension) {
                applied.provided.push(extension);
            }
            continue;
        }
        transaction
            .batch_execute(statement)
            .await
            .map_err(|source| DirError::Statement {
                file: file.to_owned(),
                number: index + 1,
                source,
            })?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, DirError> {
    fs::read_to_string(path).map_err(|source| DirError::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_files_with_a_version_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("migrations");
        fs::create_dir(&folder).unwrap();
        for name in [
            "20250102000000_b.sql",
            "20250101000000_a_x.sql",
            "README.md",
            "_x.sql",
            "x_1.sql",
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
        let found = files(dir.path()).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a_x", "b"]);
        assert!(matches!(files(&folder), Err(DirError::Read { .. })));
    }
}
