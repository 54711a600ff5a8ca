//! Refuses a way back to the backup that would take rows, or references, from tables that it does not put back.
//!
//! In: the tables of the set as they are called now. A row that the backup does not have goes, and one that it
//! has otherwise is written anew; whatever a foreign key does then (cascade, set null, refuse), the tables that
//! it sits on are others', and nobody keeps a copy of them.

use std::collections::BTreeMap;

use tokio_postgres::GenericClient;

use super::ours::unquoted;
use super::to_backup::BackupTable;
use crate::migrate::Fault;
use crate::pg::ident::quote_ident;

const REFERRING: &str = include_str!("sql/referring.sql");
const HEIRS: &str = include_str!("sql/heirs.sql");

/// A table of the set, in whatever shape it is.
#[derive(Debug)]
pub(super) struct PutBack<'a> {
    pub backup: &'a BackupTable,
    /// As it is called now, quoted.
    pub table: String,
    /// As they are called now, quoted, in the order of the backup's.
    pub columns: Vec<String>,
}

impl PutBack<'_> {
    /// Whether it has this column, unquoted, and the backup has it as well.
    fn has(&self, column: &String) -> bool {
        self.columns.iter().any(|now| unquoted(now) == *column)
    }

    /// A row of the copy that has the id of `t`, and the same values in those of `columns`
    /// (unquoted) that it has.
    fn same_in_copy(&self, columns: &[String]) -> String {
        let names = self.columns.iter().zip(self.backup.columns());
        let same: String = names
            .filter(|(now, _)| columns.contains(&unquoted(now)))
            .map(|(now, then)| format!(" and c.{then} = t.{now}"))
            .collect();
        let copy = self.backup.copy();
        format!("exists (select from {copy} c where c.id = t.id{same})")
    }
}

/// Rows of one table that are in the way.
#[derive(Debug, Default)]
struct Referrer {
    is_partitioned: bool,
    /// Each true for a row that would be touched.
    conditions: Vec<String>,
    /// Names of the tables that they refer to.
    referred: Vec<String>,
}

/// `without`: tables whose keys do not count, because they go.
///
/// # Errors
/// Exit code 2 with the names of the tables whose rows would go, lose their reference or stand in the way.
pub(super) async fn refuse(
    client: &impl GenericClient,
    tables: &[PutBack<'_>],
    without: &[String],
) -> Result<(), Fault> {
    let mut found = vec![];
    for (who, referrer) in referrers(client, tables, without).await? {
        // The rows of a table's heirs are not under its key.
        let only = if referrer.is_partitioned { "" } else { "only " };
        let sql = format!(
            "select count(*) from {only}{who} x where {}",
            referrer.conditions.join(" or ")
        );
        let count: i64 = client.query_one(&sql, &[]).await?.get(0);
        if count > 0 {
            let referred = referrer.referred.join(", ");
            found.push(format!("{count} rows of {who} (refer to {referred})"));
        }
    }
    if !found.is_empty() {
        return Err(Fault::refused(format!(
            "in the way, because they refer to rows that the backup does not have, or has with another key: {}",
            found.join("; ")
        ))
        .hint("nothing was changed; keep and remove those rows first, or leave --to backup away"));
    }
    refuse_heirs(client, tables).await
}

async fn referrers(
    client: &impl GenericClient,
    tables: &[PutBack<'_>],
    without: &[String],
) -> Result<BTreeMap<String, Referrer>, Fault> {
    let names: Vec<&str> = tables.iter().map(|put| put.table.as_str()).collect();
    let mut all: BTreeMap<String, Referrer> = BTreeMap::new();
    for row in client.query(REFERRING, &[&names, &without]).await? {
        let place = |at: usize| -> Option<&PutBack<'_>> {
            let at: Option<i32> = row.get(at);
            tables.get(usize::try_from(at?).ok()?.checked_sub(1)?)
        };
        let Some(referred) = place(2) else { continue };
        let (columns, key): (Vec<String>, Vec<String>) = (row.get(4), row.get(5));
        let mut condition = format!(
            "exists (select from only {} t where {} and not {})",
            referred.table,
            equal(&columns, &key),
            referred.same_in_copy(&key),
        );
        if let Some(own) = place(3) {
            // What the backup has of these rows is written back, and refers to rows that it has as well.
            if columns.iter().all(|column| own.has(column)) {
                continue;
            }
            let copy = own.backup.copy();
            condition = format!("exists (select from {copy} c where c.id = x.id) and {condition}");
        }
        let referrer = all.entry(row.get(0)).or_default();
        referrer.is_partitioned = row.get(1);
        referrer.conditions.push(format!("({condition})"));
        let name = &referred.backup.table_name;
        if !referrer.referred.contains(name) {
            referrer.referred.push(name.clone());
        }
    }
    Ok(all)
}

fn equal(columns: &[String], key: &[String]) -> String {
    let pairs = columns.iter().zip(key);
    let pairs: Vec<_> = pairs
        .map(|(x, t)| format!("x.{} = t.{}", quote_ident(x), quote_ident(t)))
        .collect();
    pairs.join(" and ")
}

/// Rows of tables that inherit from one of the set, and that the backup does not have as they are.
async fn refuse_heirs(client: &impl GenericClient, tables: &[PutBack<'_>]) -> Result<(), Fault> {
    let names: Vec<&str> = tables.iter().map(|put| put.table.as_str()).collect();
    for row in client.query(HEIRS, &[&names]).await? {
        let (heir, at): (String, i32) = (row.get(0), row.get(1));
        let put = usize::try_from(at).ok().and_then(|at| tables.get(at - 1));
        let Some(put) = put else { continue };
        let list = |alias: &str, columns: &[String]| {
            let list: Vec<_> = columns.iter().map(|c| format!("{alias}.{c}")).collect();
            format!("row({})::text", list.join(", "))
        };
        let sql = format!(
            "select count(*) from only {heir} t where not exists \
               (select from {} c where c.id = t.id and {} is not distinct from {})",
            put.backup.copy(),
            list("t", &put.columns),
            list("c", &put.backup.columns()),
        );
        let count: i64 = client.query_one(&sql, &[]).await?.get(0);
        if count > 0 {
            return Err(Fault::refused(format!(
                "{count} rows of {heir}, which inherits from {}, are not as the backup has them",
                put.backup.table_name
            ))
            .hint(format!(
                "nothing was changed; alter table {heir} no inherit …, or leave --to backup away"
            )));
        }
    }
    Ok(())
}
