//! Finds what a crash left behind: files that no row names, half-written files, rows without a file.
//!
//! In: the store and a connection that sees all rows. Out: a [`Report`]; with `delete`, leftovers that
//! are old enough are gone. Rows are never deleted: a row without its file is for a person to look at.
//! A young file may belong to an upload that is under way, so it is left alone.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::backend::{Backend, Listed};
use super::error::{Result, StorageError};
use super::name::StoreKey;
use super::row;

/// Files compared with rows at a time, and rows with files.
const BATCH: usize = 1000;
/// Files looked at at the same time.
const CONCURRENCY: usize = 16;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files with a row.
    pub files: u64,
    /// Keys of files that no row names and that are old enough.
    pub leftovers: Vec<String>,
    pub leftover_bytes: u64,
    /// Files without a row that are too young to judge.
    pub young: u64,
    /// Half-written files, by their path.
    pub half_written: Vec<String>,
    /// `bucket/name` of rows whose file is missing.
    pub missing: Vec<String>,
    /// How many leftovers and half-written files were deleted.
    pub deleted: u64,
}

/// What to do.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Younger files are left alone.
    pub older_than: DateTime<Utc>,
    /// Delete leftovers, after a second look at the rows.
    pub delete: bool,
    /// Time between the two looks: a row that was being written at the first is there at the second.
    pub grace: Duration,
}

/// Compares the store with the rows; `client` must see all of them.
///
/// # Errors
/// Of the database and of the store.
pub async fn run(backend: &Backend, client: &Client, options: Options) -> Result<Report> {
    let mut report = Report::default();
    let unversioned = unversioned(client).await?;
    let mut leftovers = Vec::new();
    let mut listed = backend.list().chunks(BATCH);
    while let Some(batch) = listed.next().await {
        let batch: Vec<Listed> = batch.into_iter().collect::<Result<_>>()?;
        let named = named(client, &batch).await?;
        for file in batch {
            if named.contains(&file.key) || unversioned.contains(&file.key) {
                report.files += 1;
            } else if file.modified >= options.older_than {
                report.young += 1;
            } else {
                leftovers.push(file);
            }
        }
    }
    if options.delete && !leftovers.is_empty() {
        tokio::time::sleep(options.grace).await;
    }
    for batch in leftovers.chunks(BATCH) {
        let named = named(client, batch).await?;
        for file in batch.iter().filter(|file| !named.contains(&file.key)) {
            if options.delete {
                backend.remove_listed(file).await?;
                report.deleted += 1;
            }
            report.leftover_bytes += file.size_bytes;
            report.leftovers.push(file.key.clone());
        }
    }
    half_written(backend, options, &mut report).await?;
    missing(backend, client, &mut report).await?;
    Ok(report)
}

async fn half_written(backend: &Backend, options: Options, report: &mut Report) -> Result<()> {
    let found = backend.half_written(options.older_than).await;
    let io = |error| StorageError::internal("looking for half-written files", &error);
    for path in found.map_err(io)? {
        if options.delete {
            tokio::fs::remove_file(&path).await.map_err(io)?;
            report.deleted += 1;
        }
        report.half_written.push(path.display().to_string());
    }
    Ok(())
}

/// Keys of rows of old projects, which have no version.
async fn unversioned(client: &Client) -> Result<HashSet<String>> {
    let rows = query(client, include_str!("sql/gc_unversioned.sql"), &[]).await?;
    rows.iter().map(key_of).collect()
}

/// Those keys of the batch that rows name. The rows are looked up by the name in the key, which has an
/// index; for the rest, names that are escaped or shortened in their keys, by the version at its end.
async fn named(client: &Client, batch: &[Listed]) -> Result<HashSet<String>> {
    let parts = batch.iter().filter_map(|file| {
        let (bucket, rest) = file.key.split_once('/')?;
        let (name, _) = rest.rsplit_once('/')?;
        Some((bucket, name))
    });
    let (buckets, names): (Vec<&str>, Vec<&str>) = parts.unzip();
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&buckets, Type::TEXT_ARRAY), (&names, Type::TEXT_ARRAY)];
    let rows = query(client, include_str!("sql/gc_names.sql"), &parameters).await?;
    let mut found: HashSet<String> = rows.iter().map(key_of).collect::<Result<_>>()?;
    let versions: Vec<&str> = batch
        .iter()
        .filter(|file| !found.contains(&file.key))
        .filter_map(|file| file.key.rsplit('/').next())
        .collect();
    if versions.is_empty() {
        return Ok(found);
    }
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 1] =
        [(&versions, Type::TEXT_ARRAY)];
    for row in query(client, include_str!("sql/gc_versions.sql"), &parameters).await? {
        found.insert(key_of(&row)?);
    }
    Ok(found)
}

/// Rows whose file is not there.
async fn missing(backend: &Backend, client: &Client, report: &mut Report) -> Result<()> {
    let mut after = uuid::Uuid::nil();
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    loop {
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&after, Type::UUID), (&limit, Type::INT8)];
        let rows = query(client, include_str!("sql/gc_rows.sql"), &parameters).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = row::get(last, "id")?;
        let keys = rows
            .iter()
            .map(|row| {
                let (bucket, name): (&str, &str) =
                    (row::get(row, "bucket_id")?, row::get(row, "name")?);
                let key = StoreKey::new(bucket, name, row::get(row, "version")?);
                Ok((format!("{bucket}/{name}"), key))
            })
            .collect::<Result<Vec<_>>>()?;
        let sizes: Vec<_> = stream::iter(keys)
            .map(|(name, key)| async move { (name, backend.size(&key).await) })
            .buffered(CONCURRENCY)
            .collect()
            .await;
        for (name, size) in sizes {
            if size?.is_none() {
                report.missing.push(name);
            }
        }
    }
}

fn key_of(row: &tokio_postgres::Row) -> Result<String> {
    let (bucket, name): (&str, &str) = (row::get(row, "bucket_id")?, row::get(row, "name")?);
    let key = StoreKey::new(bucket, name, row::get(row, "version")?);
    Ok(key.as_str().to_owned())
}

async fn query(
    client: &Client,
    sql: &str,
    parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)],
) -> Result<Vec<tokio_postgres::Row>> {
    let rows = client.query_typed(sql, parameters).await;
    rows.map_err(|error| StorageError::database("collecting leftovers", &error))
}
