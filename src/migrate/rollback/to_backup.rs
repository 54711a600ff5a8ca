//! `--to backup`: the rows exactly as the run's verified backup has them.
//!
//! Rows that came or changed since are kept in `crm_backup.rollback_<run>_later_<table>` first. Then, table
//! by table in the order of their keys: rows that differ are written back, missing ones are added, and from
//! the last table to the first the rest is deleted. No TRUNCATE, no CASCADE; the tables' own triggers are
//! off; sequences stay where they are. At the end every table's sum must be the recorded one.

use tokio_postgres::{GenericClient, Transaction};

use super::archive::{SCHEMA, archive_name};
use super::plan::Plan;
use super::proof::{Later, compare};
use super::referring::{self, PutBack};
use super::{Sides, Work, settle};
use crate::migrate::catalogue::sum_of;
use crate::migrate::state::Run;
use crate::migrate::{Fault, backup};
use crate::pg::ident::quote_ident;

const QUIET: &str = include_str!("sql/quiet.sql");
const TABLES: &str = include_str!("sql/backup_tables.sql");

/// Parents before children. Tables that are not named come last.
const ORDER: [&str; 9] = [
    "sales",
    "tags",
    "companies",
    "contacts",
    "deals",
    "contactNotes",
    "contact_notes",
    "dealNotes",
    "deal_notes",
];

/// One table of a backup set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTable {
    /// In schema public, by its old name, unquoted.
    pub table_name: String,
    copy_name: String,
    column_names: Vec<String>,
    row_count: i64,
    checksum: String,
}

impl BackupTable {
    /// The table, quoted.
    pub fn table(&self) -> String {
        format!("public.{}", quote_ident(&self.table_name))
    }

    /// Its copy, quoted.
    pub fn copy(&self) -> String {
        format!("{SCHEMA}.{}", quote_ident(&self.copy_name))
    }

    /// The columns that the table still has, quoted, in order.
    pub(super) async fn shared_columns(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<String>, Fault> {
        let sql = "select a.attname::text from pg_catalog.pg_attribute a \
                    where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped";
        let rows = client.query(sql, &[&self.table()]).await?;
        let is: Vec<String> = rows.iter().map(|row| quote_ident(row.get(0))).collect();
        Ok(self
            .columns()
            .into_iter()
            .filter(|column| is.contains(column))
            .collect())
    }

    /// The columns of both, quoted, in order.
    pub fn columns(&self) -> Vec<String> {
        self.column_names.iter().map(|c| quote_ident(c)).collect()
    }
}

/// The verified set of this run, parents first; empty when there is none.
pub(super) async fn backup_tables(
    client: &impl GenericClient,
    run: &Run,
) -> Result<Vec<BackupTable>, Fault> {
    let exists: bool = client
        .query_one(
            "select to_regclass('migration.migration_backups') is not null",
            &[],
        )
        .await?
        .get(0);
    if !exists {
        return Ok(vec![]);
    }
    let mut tables: Vec<BackupTable> = client
        .query(TABLES, &[&run.id, &run.started_at])
        .await?
        .iter()
        .map(|row| BackupTable {
            table_name: row.get(0),
            copy_name: row.get(1),
            column_names: row.get(2),
            row_count: row.get(3),
            checksum: row.get(4),
        })
        .collect();
    tables.sort_by_key(|table| {
        let place = ORDER.iter().position(|name| *name == table.table_name);
        (place.unwrap_or(ORDER.len()), table.table_name.clone())
    });
    Ok(tables)
}

/// The set, with every copy's sum as it was recorded.
async fn checked(client: &impl GenericClient, run: &Run) -> Result<Vec<BackupTable>, Fault> {
    let tables = backup_tables(client, run).await?;
    if tables.is_empty() {
        return Err(
            Fault::failed(format!("run {} has no verified backup", run.id))
                .hint("the structural rollback needs none: leave --to away"),
        );
    }
    for table in &tables {
        let sum = sum_of(client, "", &table.copy(), Some(&table.columns()))
            .await
            .map_err(|fault| fault.at(&table.copy_name))?;
        if (sum.count, &sum.sum) != (table.row_count, &table.checksum) {
            return Err(Fault::failed(format!(
                "the backup {} is damaged: {} rows with sum {}, recorded were {} with {}",
                table.copy_name, sum.count, sum.sum, table.row_count, table.checksum
            ))
            .hint(format!(
                "{}, or use the structural rollback",
                backup::HOW_TO_RESTORE
            )));
        }
    }
    Ok(tables)
}

/// Rows written since the backup, before anything is changed: the tables may have their new shape.
///
/// # Errors
/// Exit code 1 when there is no backup or it is damaged; 2 when rows of others' tables refer to such rows.
pub(super) async fn later(
    client: &impl GenericClient,
    run: &Run,
    sides: &Sides,
    plan: &Plan,
) -> Result<Vec<Later>, Fault> {
    let tables = checked(client, run).await?;
    let put: Vec<PutBack<'_>> = tables.iter().filter_map(|t| present(sides, t)).collect();
    let mut found = vec![];
    for now in &put {
        let (table, backup) = (as_it_will_be(now, sides), now.backup);
        let rows = compare(client, backup, &table, (&now.columns, &backup.columns())).await?;
        if rows.total() > 0 {
            found.push(rows);
        }
    }
    // Those of the set have keys of the run as well, which go; theirs are looked at when they have gone.
    let moved = plan.moved_tables.iter().map(|table| table.relation.clone());
    let without = moved.chain(put.iter().map(|now| now.table.clone()));
    referring::refuse(client, &put, &without.collect::<Vec<_>>()).await?;
    Ok(found)
}

/// The tables of the set as they are called now, quoted: whoever writes into another table a reference to one of
/// their rows must be kept out as well.
pub(super) async fn tables_now(
    client: &impl GenericClient,
    run: &Run,
    sides: &Sides,
) -> Result<Vec<String>, Fault> {
    let tables = backup_tables(client, run).await?;
    let put = tables.iter().filter_map(|table| present(sides, table));
    Ok(put.map(|now| now.table).collect())
}

/// The table; the configuration without the keys of the run, which are taken out before rows are put back.
fn as_it_will_be(now: &PutBack<'_>, sides: &Sides) -> String {
    let added = settle::added_keys(sides);
    if now.backup.table_name != "configuration" || added.is_empty() {
        return now.table.clone();
    }
    let list: Vec<_> = now
        .columns
        .iter()
        .map(|column| match column.as_str() {
            "config" => format!("config - '{{{}}}'::text[] as config", added.join(",")),
            _ => column.clone(),
        })
        .collect();
    format!("(select {} from {})", list.join(", "), now.table)
}

/// The table and its columns as they are called now.
fn present<'a>(sides: &Sides, backup: &'a BackupTable) -> Option<PutBack<'a>> {
    let object = |kind: &str, identity: String| {
        sides
            .target
            .objects
            .iter()
            .find(move |object| object.kind == kind && object.identity == identity)
    };
    let table = sides.target.objects.iter().find(|object| {
        object.kind == "table"
            && object
                .relation
                .trim_start_matches("public.")
                .trim_matches('"')
                == backup.table_name
    })?;
    let now = sides.current.by_key(&table.key)?;
    let mut columns = vec![];
    for name in &backup.column_names {
        let column = [name.clone(), quote_ident(name)]
            .into_iter()
            .find_map(|name| object("column", format!("column {}.{name}", table.relation)))?;
        columns.push(sides.current.by_key(&column.key)?.name.clone());
    }
    Some(PutBack {
        backup,
        table: now.relation.clone(),
        columns,
    })
}

/// Puts the rows back, inside the transaction that has brought the old schema back.
pub(super) async fn replace(
    client: &Transaction<'_>,
    work: &Work<'_>,
) -> Result<Vec<Later>, Fault> {
    let tables = checked(client, &work.run).await?;
    let mut found = vec![];
    for table in &tables {
        let columns = table.columns();
        if table.shared_columns(client).await?.len() < columns.len() {
            return Err(Fault::refused(format!(
                "{} has lost a column since its backup",
                table.table()
            ))
            .hint("nothing was changed; add the column again, or leave --to backup away"));
        }
        let mut rows = compare(client, table, &table.table(), (&columns, &columns)).await?;
        if rows.created + rows.edited > 0 {
            rows.kept_in = Some(keep(client, work, table).await?);
        }
        if rows.total() > 0 {
            found.push(rows);
        }
    }
    let put = tables.iter().map(|backup| PutBack {
        backup,
        table: backup.table(),
        columns: backup.columns(),
    });
    // Again, now that nobody can write.
    referring::refuse(client, &put.collect::<Vec<_>>(), &[]).await?;
    let mut loud = vec![];
    for table in &tables {
        loud.extend(quiet(client, &table.table()).await?);
    }
    for table in &tables {
        write_back(client, table).await?;
    }
    for table in tables.iter().rev() {
        let sql = format!(
            "delete from only {} t where not exists (select from {} c where c.id = t.id)",
            table.table(),
            table.copy()
        );
        run(client, &sql, table).await?;
    }
    // A table with checks still to be made cannot be altered.
    client
        .batch_execute("set constraints all immediate")
        .await?;
    for sql in loud {
        client.batch_execute(&sql).await?;
    }
    for table in &tables {
        let sum = sum_of(client, "", &table.table(), Some(&table.columns())).await?;
        if (sum.count, &sum.sum) != (table.row_count, &table.checksum) {
            return Err(
                Fault::failed(format!("{} does not equal its backup", table.table_name))
                    .hint("nothing was changed"),
            );
        }
    }
    Ok(found)
}

async fn run(client: &Transaction<'_>, sql: &str, table: &BackupTable) -> Result<(), Fault> {
    client
        .batch_execute(sql)
        .await
        .map_err(|error| Fault::from(error).at(&table.table_name))
}

/// Copies the rows that are not in the backup as they are. Returns the copy's name.
async fn keep(
    client: &Transaction<'_>,
    work: &Work<'_>,
    table: &BackupTable,
) -> Result<String, Fault> {
    let name = archive_name(&format!("{}_later", work.prefix), &table.table_name);
    let copy = format!("{SCHEMA}.{}", quote_ident(&name));
    let sql = format!(
        "create table {copy} as select t.* from {} t left join {} c on c.id = t.id \
          where c.id is null or {} is distinct from {}; \
         alter table {copy} enable row level security",
        table.table(),
        table.copy(),
        row(table, "t"),
        row(table, "c"),
    );
    run(client, &sql, table).await?;
    Ok(name)
}

fn row(table: &BackupTable, alias: &str) -> String {
    let list: Vec<_> = table
        .columns()
        .iter()
        .map(|c| format!("{alias}.{c}"))
        .collect();
    format!("row({})::text", list.join(", "))
}

async fn write_back(client: &Transaction<'_>, table: &BackupTable) -> Result<(), Fault> {
    let columns = table.columns();
    let set: Vec<_> = columns
        .iter()
        .filter(|column| *column != "\"id\"")
        .map(|column| format!("{column} = c.{column}"))
        .collect();
    let list = columns.join(", ");
    let from: Vec<_> = columns.iter().map(|column| format!("c.{column}")).collect();
    let sql = format!(
        "update only {table} t set {} from {copy} c where c.id = t.id and {} is distinct from {}; \
         insert into {table} ({list}) overriding system value select {} from {copy} c \
          where not exists (select from {table} t where t.id = c.id) order by c.id",
        set.join(", "),
        row(table, "t"),
        row(table, "c"),
        from.join(", "),
        table = table.table(),
        copy = table.copy(),
    );
    run(client, &sql, table).await
}

/// Switches the table's own triggers and rules off, and returns the statements that switch them on as they were.
pub(super) async fn quiet(client: &Transaction<'_>, table: &str) -> Result<Vec<String>, Fault> {
    let rows = client.query(QUIET, &[&table]).await?;
    let mut back = vec![];
    for row in rows {
        client.batch_execute(row.get(0)).await?;
        back.push(row.get(1));
    }
    Ok(back)
}
