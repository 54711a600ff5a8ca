//! The backup set that a verification compares with, as the backup recorded it.
//!
//! In: the run, or nothing for the latest. Out: the exact names of the copies in `crm_backup`. Only a
//! verified set counts, and only copies that are still there.

use chrono::{DateTime, Utc};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::migrate::Fault;
use crate::migrate::trace::{self, Known};
use crate::pg::ident::{QualifiedIdentifier, quote_literal};

const FIND: &str = include_str!("sql/backup_set.sql");
const CUT_OVER: &str = include_str!("sql/cut_over.sql");

/// One copied table.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Name in `public` before the migration; still served under that name.
    pub table: String,
    /// The copy.
    pub relation: QualifiedIdentifier,
    /// Columns of the copy, in the order of the table.
    pub columns: Vec<String>,
    /// Those of them that somebody has dropped from the table since. The migration drops none.
    pub dropped: Vec<String>,
    /// Rows when it was made.
    pub row_count: i64,
    /// `sum(hashtextextended(row(columns)::text, 0))`, as text.
    pub checksum: String,
}

impl Copy {
    /// The columns that both sides have.
    pub fn compared(&self) -> Vec<String> {
        let kept = |column: &&String| !self.dropped.contains(column);
        self.columns.iter().filter(kept).cloned().collect()
    }
}

/// The copies of one moment.
#[derive(Debug, Clone)]
pub struct BackupSet {
    /// UTC, `YYYYMMDD_HHMMSS`.
    pub stamp: String,
    /// The run it was taken for.
    pub run_id: Uuid,
    /// When.
    pub taken_at: DateTime<Utc>,
    /// What is known of the writes since.
    pub(in crate::migrate) known: Known,
    /// In the order of the names.
    pub copies: Vec<Copy>,
}

impl BackupSet {
    /// The quoted name of a table's copy; either spelling of the notes finds theirs.
    pub fn copy_of(&self, table: &str) -> Option<&Copy> {
        let other = match table {
            "deal_notes" => "dealNotes",
            "contact_notes" => "contactNotes",
            _ => table,
        };
        self.copies
            .iter()
            .find(|copy| copy.table == table || copy.table == other)
    }

    /// Puts the quoted names of copies in the place of `{deals}` and so on, and the ids of the rows that others
    /// wrote since in that of `{written deals}`. The name of the copy that is missing when the set is not
    /// complete.
    pub(super) fn fill(&self, sql: &str) -> Result<String, String> {
        let mut filled = sql.to_owned();
        for table in [
            "deals",
            "contacts",
            "companies",
            "tasks",
            "deal_notes",
            "contact_notes",
        ] {
            let mark = format!("{{{table}}}");
            let written = format!("{{written {table}}}");
            if !filled.contains(&mark) && !filled.contains(&written) {
                continue;
            }
            let copy = self
                .copy_of(table)
                .ok_or_else(|| format!("the backup set {} has no copy of {table}", self.stamp))?;
            filled = filled.replace(&mark, &copy.relation.quoted());
            filled = filled.replace(&written, &self.written(copy));
        }
        Ok(filled)
    }
}

impl BackupSet {
    /// The ids of a table's rows that others wrote since, as a query.
    fn written(&self, copy: &Copy) -> String {
        match self.known {
            Known::Nothing => "(select null::bigint where false)".into(),
            Known::Some | Known::All => format!(
                "(select w.id from migration.trace w where w.relation = {})",
                quote_literal(&copy.table)
            ),
        }
    }
}

/// The set of the run, or the latest one.
pub(super) async fn find(
    client: &Client,
    run_id: Option<Uuid>,
) -> Result<Option<BackupSet>, Fault> {
    if !has(client, "migration.migration_backups").await? {
        return Ok(None);
    }
    let rows = client.query(FIND, &[&run_id]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let run = first.get("run_id");
    Ok(Some(BackupSet {
        stamp: first.get("stamp"),
        run_id: run,
        known: trace::known(client, run, rows.len()).await?,
        taken_at: first.get("taken_at"),
        copies: rows
            .iter()
            .map(|row| Copy {
                table: row.get("table_name"),
                relation: QualifiedIdentifier::new("crm_backup", row.get::<_, String>("copy_name")),
                columns: row.get("columns"),
                dropped: row.get("dropped"),
                row_count: row.get("row_count"),
                checksum: row.get("checksum"),
            })
            .collect(),
    }))
}

/// When the new schema became visible: the end of the run's last phase; `None` while it runs.
pub(super) async fn cut_over(
    client: &Client,
    run_id: Option<Uuid>,
) -> Result<Option<DateTime<Utc>>, Fault> {
    if !has(client, "migration.migration_history").await? {
        return Ok(None);
    }
    let row = client.query_one(CUT_OVER, &[&run_id]).await?;
    Ok(row.get(0))
}

async fn has(client: &Client, relation: &str) -> Result<bool, Fault> {
    let row = client
        .query_one("select to_regclass($1) is not null", &[&relation])
        .await?;
    Ok(row.get(0))
}
