//! What the report is made of, as the database tells it.
//!
//! In: a connection and the run. Out: plain values. Tables that are not there (a failed run, a run that was
//! rolled back) are left out.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::migrate::Fault;
use crate::pg::ident::QualifiedIdentifier;

/// Where it happened.
#[derive(Debug, Clone, Serialize)]
pub struct Environment {
    /// The database's clock.
    pub now: DateTime<Utc>,
    /// Name of the database.
    pub database: String,
    /// Role of the report's connection.
    pub role: String,
    /// `15.18 (Debian …)`.
    pub server_version: String,
    /// Bytes of the database.
    pub size_bytes: i64,
    /// Whether opportunities is the table.
    pub is_migrated: bool,
    /// Version of this program.
    pub tool_version: &'static str,
}

/// A phase (no step) or a step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// `1.1`, `cutover`, …
    pub phase: String,
    /// What people call it.
    pub name: String,
    /// None for the phase itself.
    pub step: Option<String>,
    /// `completed`, `failed`, …
    pub status: String,
    /// Beginning.
    pub started_at: Option<DateTime<Utc>>,
    /// End.
    pub completed_at: Option<DateTime<Utc>>,
    /// Seconds between them.
    pub duration_s: Option<f64>,
    /// Rows that it wrote.
    pub rows: Option<i64>,
    /// Why it stopped.
    pub error: Option<String>,
}

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableCount {
    /// Name.
    pub table: String,
    /// Before; none for a table that the migration made.
    pub before: Option<i64>,
    /// After; none when the table is not there.
    pub after: Option<i64>,
    /// After minus before.
    pub difference: Option<i64>,
}

/// A row of `migration_validation_results`.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Kind of check.
    pub check_type: String,
    /// What it is about.
    pub entity: Option<String>,
    /// How many.
    pub count: Option<i64>,
    /// Share.
    pub percentage: Option<f64>,
    /// `PASS`, `WARN`, `FAIL`.
    pub status: String,
    /// In words.
    pub message: Option<String>,
}

/// A row of `migration_errors`.
#[derive(Debug, Clone, Serialize)]
pub struct Incident {
    /// Where it happened.
    pub place: String,
    /// Table and key of the row.
    pub entity: String,
    /// `critical`, `high`, `medium`, `low`.
    pub severity: String,
    /// One line.
    pub message: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// One copied table.
#[derive(Debug, Clone, Serialize)]
pub struct BackupCopy {
    /// Stamp of the set.
    pub stamp: String,
    /// Name of the table before the migration.
    pub table: String,
    /// Name in `crm_backup`.
    pub copy: String,
    /// Rows.
    pub rows: i64,
    /// Checksum.
    pub checksum: String,
    /// Whether it was compared with its source.
    pub is_verified: bool,
    /// Whether it is still there.
    pub is_there: bool,
    /// The full dump.
    pub dump: Option<String>,
    /// Why there is none.
    pub no_dump_reason: Option<String>,
}

const ENVIRONMENT: &str = include_str!("sql/environment.sql");
const STEPS: &str = include_str!("sql/steps.sql");
const INCIDENTS: &str = include_str!("sql/incidents.sql");
const BACKUPS: &str = include_str!("sql/backups.sql");
const VALIDATION: &str = include_str!("sql/validation.sql");

/// Tables that the migration makes, in the order of the phases.
const NEW_TABLES: [&str; 9] = [
    "opportunities",
    "opportunityNotes",
    "contact_organizations",
    "contact_preferred_principals",
    "opportunity_participants",
    "opportunity_contacts",
    "opportunity_products",
    "activities",
    "interaction_participants",
];

pub(super) async fn environment(client: &Client) -> Result<Environment, Fault> {
    let row = client.query_one(ENVIRONMENT, &[]).await?;
    Ok(Environment {
        now: row.get("now"),
        database: row.get("database"),
        role: row.get("role"),
        server_version: row.get("server_version"),
        size_bytes: row.get("size_bytes"),
        is_migrated: row.get("is_migrated"),
        tool_version: env!("CARGO_PKG_VERSION"),
    })
}

pub(super) async fn steps(client: &Client, run: Uuid) -> Result<Vec<Step>, Fault> {
    let rows = client.query(STEPS, &[&run]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let (started_at, completed_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
                (row.get("started_at"), row.get("completed_at"));
            let duration_s = started_at
                .zip(completed_at)
                .map(|(from, to)| super::seconds(from, to).max(0.0));
            Step {
                phase: row.get("phase_number"),
                name: row.get("phase_name"),
                step: row.get("step"),
                status: row.get("status"),
                started_at,
                completed_at,
                duration_s,
                rows: row.get("rows_affected"),
                error: row.get("error_message"),
            }
        })
        .collect())
}

pub(super) async fn incidents(client: &Client, run: Uuid) -> Result<(Vec<Incident>, i64), Fault> {
    let rows = client.query(INCIDENTS, &[&run]).await?;
    let total = rows.first().map_or(0, |row| row.get("total"));
    let list = rows.iter().map(|row| Incident {
        place: row.get("place"),
        entity: row.get("entity"),
        severity: row.get("severity"),
        message: row.get("message"),
        created_at: row.get("created_at"),
    });
    Ok((list.collect(), total))
}

pub(super) async fn backups(client: &Client, run: Uuid) -> Result<Vec<BackupCopy>, Fault> {
    let is_there: bool = client
        .query_one(
            "select to_regclass('migration.migration_backups') is not null",
            &[],
        )
        .await?
        .get(0);
    if !is_there {
        return Ok(vec![]);
    }
    let rows = client.query(BACKUPS, &[&run]).await?;
    Ok(rows
        .iter()
        .map(|row| BackupCopy {
            stamp: row.get("stamp"),
            table: row.get("table_name"),
            copy: row.get("copy_name"),
            rows: row.get("row_count"),
            checksum: row.get("checksum"),
            is_verified: row.get("is_verified"),
            is_there: row.get("is_there"),
            dump: row.get("dump"),
            no_dump_reason: row.get("no_dump_reason"),
        })
        .collect())
}

pub(super) async fn validation(client: &Client, run: Uuid) -> Result<Vec<Finding>, Fault> {
    let rows = client.query(VALIDATION, &[&run]).await?;
    Ok(rows
        .iter()
        .map(|row| Finding {
            check_type: row.get("check_type"),
            entity: row.get("entity_name"),
            count: row.get("count_value"),
            percentage: row.get("percentage"),
            status: row.get("status"),
            message: row.get("message"),
        })
        .collect())
}

/// Old tables against their copies, then the new ones.
pub(super) async fn counts(
    client: &Client,
    backups: &[BackupCopy],
) -> Result<Vec<TableCount>, Fault> {
    let mut counts = vec![];
    for backup in backups {
        let after = count(client, &backup.table).await?;
        counts.push(TableCount {
            table: backup.table.clone(),
            before: Some(backup.rows),
            after,
            difference: after.map(|after| after - backup.rows),
        });
    }
    for table in NEW_TABLES {
        if let Some(after) = count(client, table).await? {
            counts.push(TableCount {
                table: table.into(),
                before: None,
                after: Some(after),
                difference: None,
            });
        }
    }
    Ok(counts)
}

/// Rows of a relation of schema `public`; none when it is not there.
async fn count(client: &Client, table: &str) -> Result<Option<i64>, Fault> {
    let relation = QualifiedIdentifier::new("public", table).quoted();
    let is_there: bool = client
        .query_one("select to_regclass($1) is not null", &[&relation])
        .await?
        .get(0);
    if !is_there {
        return Ok(None);
    }
    let sql = format!("select count(*) from {relation}");
    Ok(Some(client.query_one(&sql, &[]).await?.get(0)))
}

/// From the copy of the deals.
pub(super) async fn stages_before(
    client: &Client,
    backups: &[BackupCopy],
) -> Result<Vec<(String, i64)>, Fault> {
    let Some(copy) = backups.iter().find(|b| b.table == "deals" && b.is_there) else {
        return Ok(vec![]);
    };
    let relation = QualifiedIdentifier::new("crm_backup", &copy.copy).quoted();
    let sql = format!(
        "select left(coalesce(stage, ''), 60), count(*) from {relation} group by 1 order by 2 desc, 1 limit 25"
    );
    pairs(client, &sql).await
}

pub(super) async fn stages_after(
    client: &Client,
    is_migrated: bool,
) -> Result<Vec<(String, i64)>, Fault> {
    if !is_migrated {
        return Ok(vec![]);
    }
    pairs(
        client,
        "select s.stage::text, count(o.id) from unnest(enum_range(null::public.opportunity_stage)) s (stage) \
           left join public.opportunities o on o.stage = s.stage group by s.stage order by s.stage",
    )
    .await
}

async fn pairs(client: &Client, sql: &str) -> Result<Vec<(String, i64)>, Fault> {
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
