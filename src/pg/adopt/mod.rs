//! Taking over an existing Supabase database: what is there, what is missing, and only that added.
//!
//! In: a connection of the owner role. Out: a [`Report`]. The platform's files make each object only when
//! it is missing; they run in one transaction between two looks at the catalogue, and the difference is
//! what was added. A dry run is the same transaction, rolled back.

use tokio_postgres::{Client, Transaction};

use super::migrations::{self, LOCK_KEY, MigrationError};

/// What was found and done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Facts about the database: name and value, in order.
    pub facts: Vec<(String, String)>,
    /// Objects that were added, or would be: `role anon`, `table auth.users`, …
    pub added: Vec<String>,
    /// Columns without which the services cannot work; nothing is added then.
    pub missing_columns: Vec<String>,
}

/// Why nothing was adopted. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// Of the platform's files.
    #[error(transparent)]
    Platform(#[from] MigrationError),
    /// The connection failed, or a statement of our own did.
    #[error("looking at the database: {0}")]
    Database(#[from] tokio_postgres::Error),
}

/// Looks, adds what is missing unless `dry_run`, and looks again.
///
/// # Errors
/// [`AdoptError`].
pub async fn adopt(client: &mut Client, dry_run: bool) -> Result<Report, AdoptError> {
    let transaction = client.transaction().await?;
    transaction
        .execute("select pg_advisory_xact_lock($1)", &[&LOCK_KEY])
        .await?;
    let before = objects(&transaction).await?;
    for migration in migrations::platform_files() {
        transaction
            .batch_execute("set local client_min_messages = warning")
            .await?;
        transaction
            .batch_execute(migration.sql)
            .await
            .map_err(|source| MigrationError::File {
                file: format!("migrations/{}_{}.sql", migration.version, migration.name),
                source,
            })?;
    }
    let after = objects(&transaction).await?;
    let mut report = Report {
        added: after
            .into_iter()
            .filter(|object| before.binary_search(object).is_err())
            .collect(),
        missing_columns: texts(&transaction, include_str!("sql/missing_columns.sql")).await?,
        ..Report::default()
    };
    if report.missing_columns.is_empty() {
        let rows = transaction
            .query(include_str!("sql/facts.sql"), &[])
            .await?;
        report.facts = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    }
    if dry_run || !report.missing_columns.is_empty() {
        transaction.rollback().await?;
    } else {
        transaction.commit().await?;
        client
            .batch_execute("notify pgrst, 'reload schema'")
            .await?;
    }
    Ok(report)
}

/// Everything that the platform may add, sorted by bytes.
async fn objects(transaction: &Transaction<'_>) -> Result<Vec<String>, tokio_postgres::Error> {
    let mut list = texts(transaction, include_str!("sql/objects.sql")).await?;
    list.sort_unstable();
    Ok(list)
}

async fn texts(
    transaction: &Transaction<'_>,
    sql: &str,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let rows = transaction.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
