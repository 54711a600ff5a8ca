//! Content: every row of every table of the backup set against the same table as it is served today.
//!
//! In: the backup set. Out: [`TableFacts`] per table, and the category's checks. Both sides are summed up
//! per 10,000 ids inside PostgreSQL; only buckets whose sums differ are compared column by column. So a
//! million rows cost two scans and a few hundred numbers, and a single changed value is still named.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::{Client, Row};

use super::backup_set::{BackupSet, Copy};
use super::outcome::{Category, Check, Severity};
use super::rule;
use super::{Options, Writes};
use crate::migrate::Fault;
use crate::migrate::backup::copies;
use crate::migrate::trace::{self, Known};
use crate::pg::ident::{QualifiedIdentifier, quote_ident, quote_literal};

const BUCKETS: &str = include_str!("sql/buckets.sql");
const CONFIGURATION: &str = include_str!("sql/configuration.sql");
const WRITTEN: &str = include_str!("sql/written.sql");
const DIFFERENCES: &str = include_str!("sql/differences.sql");

/// Rows of one table, before and after.
///
/// Shape: `{"table":"deals","before":332,"after":333,"matched":332,"missing":0,"since":1,…}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableFacts {
    /// Name before the migration.
    pub table: String,
    /// Rows of the copy.
    pub before: i64,
    /// Rows of today.
    pub after: i64,
    /// Rows of the copy that are still there, changed or not.
    pub matched: i64,
    /// Rows of the copy that are gone.
    pub missing: i64,
    /// Rows of the copy that users deleted, by the trace of their writes.
    pub deleted: i64,
    /// Rows that came after the copy was made.
    pub since: i64,
    /// Rows that were not in the copy and do not look new.
    pub appeared: i64,
    /// Rows that were edited, by the trace of the writes or a later `updated_at`.
    pub edited: i64,
    /// Rows in which the place on the board alone differs; users move cards and no moment is kept of it.
    pub moved: i64,
    /// Rows in which `updated_at` alone differs, without an edit that could explain it.
    pub touched: i64,
    /// Rows that differ without a trace of an edit.
    pub changed: i64,
    /// Rows that are not what the last write to them made of them; counted while every write is traced.
    pub undone: i64,
    /// How many writes the trace could not note, and why.
    pub unnoted: Option<String>,
    /// Rows whose moment of creation differs.
    pub created_changed: i64,
    /// Rows whose owner differs although nobody edited them.
    pub owner_changed: i64,
    /// The first differing rows: `changed 17: amount`.
    pub samples: Vec<String>,
    /// Columns of the copy that somebody has dropped from the table; they are not compared.
    pub dropped: Vec<String>,
    /// Whether the copy still has the checksum that the backup recorded.
    pub is_copy_intact: bool,
    /// Why the table could not be compared.
    pub fault: Option<String>,
}

impl TableFacts {
    fn samples_of(&self, kind: &str) -> Vec<String> {
        let mine = self.samples.iter().filter(|s| s.starts_with(kind));
        mine.cloned().collect()
    }
}

/// Compares every table of the set.
pub(super) async fn compare(
    client: &Client,
    set: &BackupSet,
    cut_over: Option<DateTime<Utc>>,
) -> Result<Vec<TableFacts>, Fault> {
    let mut all = vec![];
    for copy in &set.copies {
        all.push(compare_table(client, set, copy, cut_over).await?);
    }
    Ok(all)
}

async fn compare_table(
    client: &Client,
    set: &BackupSet,
    copy: &Copy,
    cut_over: Option<DateTime<Utc>>,
) -> Result<TableFacts, Fault> {
    let mut facts = TableFacts {
        table: copy.table.clone(),
        before: copy.row_count,
        dropped: copy.dropped.clone(),
        ..TableFacts::default()
    };
    let explained = match written(client, set, copy, &mut facts).await? {
        Ok(explained) => explained,
        Err(error) => {
            facts.fault = Some(Fault::from(error).to_string());
            return Ok(facts);
        }
    };
    let buckets = rule::try_query(client, &statement(BUCKETS, copy), &[&explained]).await?;
    let rows = match buckets {
        Ok(rows) => rows,
        Err(error) => {
            facts.fault = Some(Fault::from(error).to_string());
            return Ok(facts);
        }
    };
    let mut differing: Vec<i64> = vec![];
    let mut checksum = 0i128;
    let mut in_copy = 0i64;
    for row in &rows {
        in_copy += row.get::<_, i64>("rows_before");
        facts.after += row.get::<_, i64>("rows_after");
        let part: String = row.get("checksum_before");
        checksum += part.parse::<i128>().unwrap_or_default();
        if !row.get::<_, bool>("is_equal") {
            differing.push(row.get("bucket"));
        }
    }
    let checksum = if copy.dropped.is_empty() {
        checksum.to_string()
    } else {
        whole_checksum(client, copy).await?
    };
    facts.is_copy_intact = in_copy == copy.row_count && checksum == copy.checksum;
    if !differing.is_empty() {
        let differing = Differing {
            buckets: differing,
            explained,
        };
        drill_down(client, set, copy, &differing, cut_over, &mut facts).await?;
    }
    facts.matched = facts.before - facts.missing - facts.deleted;
    Ok(facts)
}

/// The checksum of the copy with the columns that its table has lost.
async fn whole_checksum(client: &Client, copy: &Copy) -> Result<String, Fault> {
    let sql = copies::checksum_sql(&copy.relation, &copy.columns);
    // A copy that cannot be read is not what the backup recorded.
    let rows = rule::try_query(client, &sql, &[]).await?;
    let rows = rows.unwrap_or_default();
    Ok(rows.first().map(|row| row.get(1)).unwrap_or_default())
}

/// Rows that others wrote since the backup: counted, and the ids of those that are as the last write left them.
async fn written(
    client: &Client,
    set: &BackupSet,
    copy: &Copy,
    facts: &mut TableFacts,
) -> Result<Result<Vec<i64>, tokio_postgres::Error>, Fault> {
    if set.known == Known::Nothing {
        return Ok(Ok(vec![]));
    }
    let compared = copy.compared();
    let sql = WRITTEN
        .replace("{checksums}", &trace::checksums(&copy.table, &compared))
        .replace("{names}", &trace::literals(&compared))
        .replace("{copy}", &copy.relation.quoted())
        .replace(
            "{table}",
            &QualifiedIdentifier::new("public", &copy.table).quoted(),
        );
    let rows = match rule::try_query(client, &sql, &[&copy.table]).await? {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(error)),
    };
    let mut explained = vec![];
    for row in &rows {
        facts.edited = row.get("edited");
        facts.since = row.get("since");
        facts.deleted = row.get("deleted");
        facts.unnoted = row.get("unnoted");
        explained = row.get("explained");
        // Once the triggers are gone a row may have been written again.
        if set.known == Known::All {
            facts.undone = row.get("undone");
            facts.samples = row.get("samples");
        }
    }
    Ok(Ok(explained))
}

/// Where the rows are that differ.
struct Differing {
    /// Their ids divided by 10,000.
    buckets: Vec<i64>,
    /// Ids of rows in these buckets that need no look.
    explained: Vec<i64>,
}

async fn drill_down(
    client: &Client,
    set: &BackupSet,
    copy: &Copy,
    differing: &Differing,
    cut_over: Option<DateTime<Utc>>,
    facts: &mut TableFacts,
) -> Result<(), Fault> {
    let highest = format!(
        "select coalesce(max(id), 0)::bigint from {}",
        copy.relation.quoted()
    );
    let highest: i64 = client.query_one(&highest, &[]).await?.get(0);
    let sql = statement(DIFFERENCES, copy);
    let is_traced = set.known == Known::All;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &differing.buckets,
        &set.taken_at,
        &highest,
        &cut_over,
        &differing.explained,
        &is_traced,
    ];
    let rows = match rule::try_query(client, &sql, &parameters).await? {
        Ok(rows) => rows,
        Err(error) => {
            facts.fault = Some(Fault::from(error).to_string());
            return Ok(());
        }
    };
    for row in &rows {
        let (kind, total): (String, i64) = (row.get("kind"), row.get("total"));
        match kind.as_str() {
            "missing" => facts.missing = total,
            "since" => facts.since += row_once(row, total),
            "appeared" => facts.appeared = total,
            "edited" => facts.edited += row_once(row, total),
            "moved" => facts.moved = total,
            "touched" => facts.touched = total,
            _ => facts.changed = total,
        }
        facts.created_changed = row.get("created_changed");
        facts.owner_changed = row.get("owner_changed");
        let columns: Vec<String> = row.get("columns");
        let id: i64 = row.get("id");
        facts.samples.push(if columns.is_empty() {
            format!("{kind} {id}")
        } else {
            format!("{kind} {id}: {}", columns.join(", "))
        });
    }
    Ok(())
}

/// The total of a kind, from the first of its rows.
fn row_once(row: &Row, total: i64) -> i64 {
    match row.get::<_, i64>("place") {
        1 => total,
        _ => 0,
    }
}

/// Fills the names of a statement. Every name is quoted, every text a literal.
fn statement(sql: &str, copy: &Copy) -> String {
    let compared = copy.compared();
    let has = |column: &str| compared.iter().any(|c| c == column);
    let columns: Vec<String> = compared
        .iter()
        .map(|column| format!("t.{}", quote_ident(column)))
        .collect();
    let differing: Vec<String> = compared
        .iter()
        .map(|column| {
            let name = quote_ident(column);
            format!(
                "case when b.{name}::text is distinct from a.{name}::text then {}::text end",
                quote_literal(column)
            )
        })
        .collect();
    let moment = |side: &str, column: &str| {
        if has(column) {
            format!("{side}.{}", quote_ident(column))
        } else {
            "null::timestamptz".into()
        }
    };
    sql.replace("{columns}", &columns.join(", "))
        .replace("{differing}", &differing.join(", "))
        .replace("{created_at}", &moment("a", "created_at"))
        .replace("{updated_before}", &moment("b", "updated_at"))
        .replace("{updated_after}", &moment("a", "updated_at"))
        .replace("{live}", &live(copy))
        .replace("{copy}", &copy.relation.quoted())
}

/// The category, with what was found in the `derived` rows.
pub(super) fn check(
    set: Option<&BackupSet>,
    tables: &[TableFacts],
    derived: Vec<Check>,
    options: &Options,
) -> Category {
    let mut checks = vec![];
    match set {
        Some(set) => tables
            .iter()
            .for_each(|facts| checks.extend(table(facts, set, options))),
        None if options.backup_comparison => checks.push(Check::not_evaluated(
            "content.backup",
            "Every row is compared with the backup",
            Severity::Critical,
            "there is no verified backup set; --no-backup-comparison verifies without one",
        )),
        None => checks.push(
            Check::counted(
                "content.backup",
                "Every row is compared with the backup",
                Severity::Info,
                0,
                vec![],
            )
            .detail("left out on request: what the rows hold was not verified"),
        ),
    }
    checks.extend(derived);
    Category::new("content", "Content of every row", checks)
}

fn table(facts: &TableFacts, set: &BackupSet, options: &Options) -> Vec<Check> {
    let id = |what: &str| format!("content.{}.{what}", facts.table);
    let title = format!("{}: every column of every row is what it was", facts.table);
    if let Some(fault) = &facts.fault {
        return vec![Check::not_evaluated(
            &id("rows"),
            &title,
            Severity::Critical,
            fault,
        )];
    }
    let untraced = if options.writes == Writes::Any {
        Severity::High
    } else {
        Severity::Critical
    };
    let mut failed = facts.changed;
    let mut samples = facts.samples_of("changed");
    if options.writes == Writes::None {
        failed += facts.edited + facts.moved;
        samples.extend(facts.samples_of("edited"));
        samples.extend(facts.samples_of("moved"));
    }
    let mut rows = Check::counted(&id("rows"), &title, untraced, failed, samples);
    rows.expected = format!("{} rows equal", facts.matched);
    rows.found = format!("{} rows equal", facts.matched - failed);
    if let Some(unnoted) = &facts.unnoted {
        rows = rows.detail(unnoted.clone());
    } else if facts.edited > 0 && options.writes != Writes::None {
        rows = rows.detail(format!("{} rows edited since by users", facts.edited));
    }
    let intact = Check::counted(
        &id("copy"),
        &format!(
            "{}: the copy is the one that the backup recorded",
            facts.table
        ),
        Severity::Critical,
        i64::from(!facts.is_copy_intact),
        vec![],
    );
    let mut checks = vec![rows, intact];
    if set.known == Known::All {
        checks.push(Check::counted(
            &id("writes"),
            &format!("{}: every write since the backup is there", facts.table),
            Severity::Critical,
            facts.undone,
            facts.samples_of("undone"),
        ));
    }
    if !facts.dropped.is_empty() {
        checks.push(dropped(facts));
    }
    if facts.moved > 0 && options.writes != Writes::None {
        checks.push(moved(facts));
    }
    checks
}

/// The migration drops no column; what somebody else has dropped is told, and the rest is compared.
fn dropped(facts: &TableFacts) -> Check {
    let id = format!("content.{}.columns", facts.table);
    let title = format!("{}: every column of the backup is still there", facts.table);
    let check = Check::listed(&id, &title, Severity::High, facts.dropped.clone(), vec![]);
    check.detail(format!(
        "dropped by somebody since the backup, which has it; the other columns were compared: {}",
        facts.dropped.join(", ")
    ))
}

/// A drag moves the cards of a column; a migration that renumbered the board would move them all.
fn moved(facts: &TableFacts) -> Check {
    let is_board = facts.moved.saturating_mul(10) > facts.before;
    let id = format!("content.{}.board", facts.table);
    let title = format!("{}: the board was not renumbered", facts.table);
    let wrong = if is_board { facts.moved } else { 0 };
    let check = Check::counted(
        &id,
        &title,
        Severity::High,
        wrong,
        facts.samples_of("moved"),
    );
    check.detail(format!("{} cards moved since", facts.moved))
}

/// The table as it is served today. The configuration is read without the keys that the cut-over adds.
fn live(copy: &Copy) -> String {
    if copy.table == "configuration" {
        return CONFIGURATION.trim().to_owned();
    }
    QualifiedIdentifier::new("public", &copy.table).quoted()
}
