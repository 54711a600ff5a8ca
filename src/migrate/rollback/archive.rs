//! Keeps what only the new schema knows: tables of the run are moved, columns of the run are copied.
//!
//! A table of the run goes to schema `crm_backup` as `rollback_<run>_<table>`, rows, key and identity and
//! all: that takes no time, however many rows it has. The types that its columns have go with it. Columns
//! that the run added to a table that stays are copied in batches beforehand, each row with its version;
//! under the lock only the rows that changed meanwhile are copied again.

use tokio_postgres::{GenericClient, Transaction};

use super::plan::{AddedColumns, Plan, Step};
use crate::migrate::Fault;
use crate::migrate::catalogue::{Object, Snapshot};
use crate::pg::ident::quote_ident;

/// Schema of backups and archives: outside the API, without grants.
pub const SCHEMA: &str = "crm_backup";

/// PostgreSQL cuts names at this many bytes.
const NAME_LIMIT: usize = 63;

/// Makes the schema.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn ensure_schema(client: &impl GenericClient) -> Result<(), Fault> {
    client
        .batch_execute(
            "set client_min_messages = warning; create schema if not exists crm_backup; \
             revoke all on schema crm_backup from public",
        )
        .await?;
    Ok(())
}

/// Name of an archived object: the prefix and its own name, cut to what PostgreSQL keeps.
pub fn archive_name(prefix: &str, name: &str) -> String {
    let mut out = format!("{prefix}_{name}");
    while out.len() > NAME_LIMIT {
        out.pop();
    }
    out
}

fn quoted(name: &str) -> String {
    format!("{SCHEMA}.{}", quote_ident(name))
}

/// Makes the empty copy, unless an earlier attempt did. A copy with other columns is of an attempt that went
/// back to another moment, or whose run went on since: the table still has all of it, so it is made anew.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn make_copy(
    client: &impl GenericClient,
    prefix: &str,
    added: &AddedColumns,
) -> Result<(), Fault> {
    let copy = quoted(&archive_name(prefix, &added.name));
    let columns = list(added, "t");
    let select = format!(
        "select t.id, {columns}, t.xmin::text::bigint as row_version from {} t",
        added.table
    );
    // What the copy has, and what it should have: names and types in order.
    let is = columns_of(client, &copy).await?;
    if !is.is_empty() {
        let wanted = client.prepare(&select).await?;
        let wanted: Vec<(String, u32)> = wanted
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.type_().oid()))
            .collect();
        if is == wanted {
            return Ok(());
        }
    }
    client
        .batch_execute(&format!(
            "drop table if exists {copy}; \
             create table {copy} as {select} with no data; \
             alter table {copy} add primary key (id); \
             alter table {copy} enable row level security"
        ))
        .await?;
    Ok(())
}

/// Names and types of a table's columns in order; none when it is not there.
async fn columns_of(client: &impl GenericClient, table: &str) -> Result<Vec<(String, u32)>, Fault> {
    let rows = client
        .query(
            "select a.attname::text, a.atttypid from pg_catalog.pg_attribute a \
              where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum",
            &[&table],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn list(added: &AddedColumns, alias: &str) -> String {
    let columns: Vec<_> = added
        .columns
        .iter()
        .map(|column| format!("{alias}.{column}"))
        .collect();
    columns.join(", ")
}

/// Copies the next batch after the highest id that is there. Returns how many rows.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn copy_batch(
    client: &impl GenericClient,
    prefix: &str,
    added: &AddedColumns,
    limit: i64,
) -> Result<i64, Fault> {
    let copy = quoted(&archive_name(prefix, &added.name));
    let columns = list(added, "t");
    let sql = format!(
        "with batch as (insert into {copy} select t.id, {columns}, t.xmin::text::bigint from {} t \
          where t.id > coalesce((select max(c.id) from {copy} c), -9223372036854775808) \
          order by t.id limit $1 returning id) select count(*) from batch",
        added.table
    );
    Ok(client.query_one(&sql, &[&limit]).await?.get(0))
}

/// Under the lock: what changed, came or went since the batches, or all of a table without an `id`.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn catch_up(
    client: &Transaction<'_>,
    prefix: &str,
    added: &AddedColumns,
) -> Result<(), Fault> {
    let copy = quoted(&archive_name(prefix, &added.name));
    let table = &added.table;
    let columns = list(added, "t");
    if !added.has_id {
        client
            .batch_execute(&format!(
                "create table {copy} as select t.* from {table} t; alter table {copy} enable row level security"
            ))
            .await?;
        return Ok(());
    }
    client
        .batch_execute(&format!(
            "delete from {copy} c where not exists (\
               select from {table} t where t.id = c.id and t.xmin::text::bigint = c.row_version); \
             insert into {copy} select t.id, {columns}, t.xmin::text::bigint from {table} t \
              where not exists (select from {copy} c where c.id = t.id)"
        ))
        .await?;
    Ok(())
}

/// Runs the plan's steps: drops, and moves of tables and types.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn run_steps(
    client: &Transaction<'_>,
    prefix: &str,
    plan: &Plan,
    current: &Snapshot,
) -> Result<(), Fault> {
    for step in &plan.steps {
        match step {
            Step::Drop(sql) => run(client, sql).await?,
            Step::Move { key, .. } => {
                if let Some(object) = current.by_key(key) {
                    move_away(client, prefix, object, current).await?;
                }
            }
        }
    }
    for sql in &plan.renames {
        run(client, sql).await?;
    }
    Ok(())
}

async fn run(client: &Transaction<'_>, sql: &str) -> Result<(), Fault> {
    client
        .batch_execute(sql)
        .await
        .map_err(|error| Fault::from(error).at(sql))
}

async fn move_away(
    client: &Transaction<'_>,
    prefix: &str,
    object: &Object,
    current: &Snapshot,
) -> Result<(), Fault> {
    let (schema, bare) = object
        .relation
        .split_once('.')
        .unwrap_or(("public", &object.relation));
    let new = quote_ident(&archive_name(prefix, bare.trim_matches('"')));
    if object.kind == "type" {
        let sql = format!(
            "alter type {} rename to {new}; alter type {schema}.{new} set schema {SCHEMA}",
            object.relation
        );
        return run(client, &sql).await;
    }
    leave_publications(client, &object.relation).await?;
    let under = format!("{} column ", object.key);
    let belongs = |other: &&Object| {
        other
            .parent
            .as_deref()
            .is_some_and(|parent| parent == object.key || parent.starts_with(&under))
    };
    let owner = current
        .objects
        .iter()
        .filter(belongs)
        .find(|other| other.kind == "owner")
        .and_then(|other| other.facts.get("role")?.as_str());
    for other in current.objects.iter().filter(belongs) {
        match other.kind.as_str() {
            "grant" => revoke(client, other, owner).await?,
            "constraint" => rename_key(client, &object.relation, other, prefix).await?,
            _ => {}
        }
    }
    for sequence in current.objects.iter().filter(|other| {
        other.kind == "sequence" && other.depends.iter().any(|key| key.starts_with(&under))
    }) {
        for grant in &current.objects {
            if grant.kind == "grant" && grant.parent.as_deref() == Some(&sequence.key) {
                revoke(client, grant, owner).await?;
            }
        }
        let name = quote_ident(&archive_name(prefix, sequence.name.trim_matches('"')));
        let sql = format!("alter sequence {} rename to {name}", sequence.relation);
        run(client, &sql).await?;
    }
    let sql = format!(
        "alter table {} rename to {new}; alter table {schema}.{new} enable row level security; \
         alter table {schema}.{new} set schema {SCHEMA}",
        object.relation
    );
    run(client, &sql).await
}

/// Takes a grant from everybody but the owner.
async fn revoke(
    client: &Transaction<'_>,
    grant: &Object,
    owner: Option<&str>,
) -> Result<(), Fault> {
    match &grant.remove {
        Some(sql) if Some(grant.name.trim_matches('"')) != owner => run(client, sql).await,
        _ => Ok(()),
    }
}

/// The other constraints are dropped by now.
async fn rename_key(
    client: &Transaction<'_>,
    table: &str,
    key: &Object,
    prefix: &str,
) -> Result<(), Fault> {
    let is_primary = key
        .facts
        .get("definition")
        .and_then(|definition| definition.as_str())
        .is_some_and(|definition| definition.starts_with("PRIMARY KEY"));
    if !is_primary {
        return Ok(());
    }
    let name = quote_ident(&archive_name(prefix, key.name.trim_matches('"')));
    let sql = format!(
        "alter table {table} rename constraint {} to {name}",
        key.name
    );
    run(client, &sql).await
}

async fn leave_publications(client: &Transaction<'_>, table: &str) -> Result<(), Fault> {
    let rows = client
        .query(
            "select format('alter publication %I drop table %s', p.pubname, r.prrelid::regclass) \
               from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid \
              where r.prrelid = $1::text::regclass",
            &[&table],
        )
        .await?;
    for row in rows {
        run(client, row.get(0)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_name_fits() {
        assert_eq!(
            archive_name("rollback_0a1b2c3d", "activities"),
            "rollback_0a1b2c3d_activities"
        );
        let long = archive_name("rollback_0a1b2c3d", &"ä".repeat(60));
        assert!(long.len() <= 63 && long.starts_with("rollback_0a1b2c3d_ä"));
    }
}
