//! The proof after a rollback, and its report.
//!
//! In: what the transaction did. Out: a [`Report`]: whether the catalogue is the recorded one, which tables
//! have the very rows of the moment before (by sum), and for the others which rows came, changed or went
//! since, told by comparison with the run's verified backup. Written as JSON beside the log.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::attempt::Changed;
use super::to_backup::{BackupTable, backup_tables};
use super::{Destination, Work, archive, settle};
use crate::migrate::Fault;
use crate::migrate::catalogue::{self, Object, Snapshot, sum_of};

/// Ids that a report lists per table and kind, at most.
const SAMPLES: usize = 20;

const ARCHIVED: &str = include_str!("sql/archived.sql");

/// Rows of one table that are not as the backup has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Later {
    /// The table, by its old name.
    pub table: String,
    /// Rows that came since.
    pub created: i64,
    /// Rows that changed since.
    pub edited: i64,
    /// Rows that went since.
    pub deleted: i64,
    /// Ids of the first of them.
    pub ids: Vec<i64>,
    /// Where they are kept, when a rollback to the backup took them out.
    pub kept_in: Option<String>,
}

impl Later {
    /// Rows in all.
    pub fn total(&self) -> i64 {
        self.created + self.edited + self.deleted
    }
}

/// The rows of one table against the moment before the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Rows then.
    pub before: i64,
    /// Rows now.
    pub now: i64,
    /// The same rows, by sum.
    pub identical: bool,
}

/// What a rollback did, and the proof.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The run.
    pub run: Uuid,
    /// Where it went back to.
    pub to: Destination,
    /// The moment.
    pub moment: String,
    /// Why it was done after the window, if it was.
    pub force_expired: Option<String>,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The catalogue is the recorded one in everything that is not listed in `kept` and `changed_by_others`.
    pub catalogue_restored: bool,
    /// Fingerprint of the recorded catalogue.
    pub fingerprint_before: String,
    /// Fingerprint of the catalogue now.
    pub fingerprint: String,
    /// Somebody else's objects that came since and stayed.
    pub kept: Vec<String>,
    /// What was missing of the platform (roles, schemas `auth`, `storage`, `extensions`, `net`) was made by the run,
    /// and stays.
    pub platform_stays: bool,
    /// Objects that the run left alone and somebody else has changed or removed since.
    pub changed_by_others: Vec<String>,
    /// Views and functions of the migration that somebody had changed since; they are what they were before it.
    pub turned_back: Vec<String>,
    /// Views that ran with their owner's rights before the run, and run with the caller's, because somebody has
    /// changed since who may read and write.
    pub narrowed: Vec<String>,
    /// Tables of the run and copies of its columns, in schema `crm_backup`.
    pub archived: Vec<String>,
    /// Every table that was there before.
    pub rows: Vec<TableRows>,
    /// Rows that came, changed or went since, table by table.
    pub later: Vec<Later>,
    /// Where this report was written.
    pub file: Option<PathBuf>,
}

pub(super) async fn report(
    client: &Client,
    work: &Work<'_>,
    done: &Changed,
) -> Result<Report, Fault> {
    let now = catalogue::read(client).await?;
    let mut rows = vec![];
    for sum in &done.sides.target.rows {
        let Some(table) = done.sides.target.by_key(&sum.key) else {
            continue;
        };
        // A table that somebody else has dropped since is told as such elsewhere; another may have another name.
        let Some(is_now) = now.by_key(&sum.key) else {
            continue;
        };
        // Somebody else may have dropped a column since; then the table is not the same.
        let of_target = columns_of(&done.sides.target, &sum.key);
        let of_now = columns_of(&now, &sum.key);
        let shared = |column: &String| of_now.contains(column);
        let columns: Vec<_> = of_target.iter().filter(|c| shared(c)).cloned().collect();
        let is = sum_of(client, &sum.key, &is_now.relation, Some(&columns)).await?;
        rows.push(TableRows {
            table: table.relation.clone(),
            before: sum.count,
            now: is.count,
            identical: is.count == sum.count && is.sum == sum.sum,
        });
    }
    let mut later = done.later.clone();
    if work.request.to == Destination::Structural && work.request.phase.is_none() {
        for backup in backup_tables(client, &work.run).await? {
            let shared = backup.shared_columns(client).await?;
            let found = compare(client, &backup, &backup.table(), (&shared, &shared)).await?;
            if found.total() > 0 {
                later.push(found);
            }
        }
    }
    // Not what only followed a renamed table, which has its name again.
    let mut changed_by_others: Vec<_> = catalogue::compare(&done.sides.target, &now)
        .into_iter()
        .map(|difference| (difference.kind, difference.identity))
        .filter(|name| done.plan.tolerated.contains(name))
        .chain(done.sides.rights.withheld.iter().cloned())
        .map(|(_, identity)| identity)
        .collect();
    changed_by_others.sort_unstable();
    let mut report = Report {
        run: work.run.id,
        to: work.request.to,
        moment: work.moment.clone(),
        force_expired: work.request.force_expired.clone(),
        at: client.query_one("select now()", &[]).await?.get(0),
        // The transaction would not have ended otherwise.
        catalogue_restored: true,
        fingerprint_before: done.sides.fingerprint.clone(),
        fingerprint: now.fingerprint(),
        kept: done.plan.kept.clone(),
        platform_stays: settle::has_added_platform(&done.sides),
        changed_by_others,
        turned_back: done.plan.turned_back.clone(),
        narrowed: done.sides.rights.narrowed.clone(),
        archived: archived(client, &work.prefix).await?,
        rows,
        later,
        file: None,
    };
    write(work, &mut report)?;
    Ok(report)
}

/// Columns of a table, quoted, in order.
pub(super) fn columns_of(snapshot: &Snapshot, table: &str) -> Vec<String> {
    let mut columns: Vec<&Object> = snapshot
        .objects
        .iter()
        .filter(|object| object.kind == "column" && object.parent.as_deref() == Some(table))
        .collect();
    columns.sort_by_key(|column| column.facts.get("number").and_then(|n| n.as_i64()));
    columns.iter().map(|column| column.name.clone()).collect()
}

/// A table against its backup. `columns`: those of the table, in whatever shape it is, and the backup's of the
/// same place.
pub(super) async fn compare(
    client: &impl GenericClient,
    backup: &BackupTable,
    table: &str,
    columns: (&[String], &[String]),
) -> Result<Later, Fault> {
    let row = |alias: &str, columns: &[String]| {
        let list: Vec<_> = columns.iter().map(|c| format!("{alias}.{c}")).collect();
        format!("row({})::text", list.join(", "))
    };
    let sql = format!(
        "select count(*) filter (where c.id is null), \
                count(*) filter (where t.id is not null and c.id is not null), \
                count(*) filter (where t.id is null), \
                (array_agg(coalesce(t.id, c.id)::bigint order by coalesce(t.id, c.id)))[1:{SAMPLES}] \
           from {table} t full join {} c on c.id = t.id \
          where t.id is null or c.id is null or {} is distinct from {}",
        backup.copy(),
        row("t", columns.0),
        row("c", columns.1),
    );
    let found = client.query_one(&sql, &[]).await?;
    Ok(Later {
        table: backup.table_name.clone(),
        created: found.get(0),
        edited: found.get(1),
        deleted: found.get(2),
        ids: found.get::<_, Option<Vec<i64>>>(3).unwrap_or_default(),
        kept_in: None,
    })
}

/// Tables and types that this rollback has put into schema `crm_backup`, as SQL names them.
pub(super) async fn archived(
    client: &impl GenericClient,
    prefix: &str,
) -> Result<Vec<String>, Fault> {
    let rows = client
        .query(ARCHIVED, &[&archive::SCHEMA, &format!("{prefix}_")])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn write(work: &Work<'_>, report: &mut Report) -> Result<(), Fault> {
    let folder = work
        .log
        .path()
        .parent()
        .map_or_else(|| PathBuf::from("reports"), |folder| folder.join("reports"));
    let file = folder.join(format!("{}-{}.json", work.prefix, work.run.id));
    report.file = Some(file.clone());
    let refuse = |error: std::io::Error| {
        Fault::failed(format!(
            "the rollback is done, but its report {} cannot be written: {error}",
            file.display()
        ))
    };
    std::fs::create_dir_all(&folder).map_err(refuse)?;
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Fault::failed(format!("the report: {error}")))?;
    std::fs::write(&file, text).map_err(refuse)
}
