//! Copies of tables in schema `crm_backup`, each verified against its source.
//!
//! In: a transaction whose snapshot does not move. Out: what was copied, with counts and checksums. Names
//! are quoted, keys recreated (a restore needs them), row level security on, nobody but the owner has rights.

use serde::Serialize;
use tokio_postgres::{GenericClient, Transaction};

use super::SCHEMA;
use crate::migrate::error::Fault;
use crate::migrate::log::Log;
use crate::migrate::validation;
use crate::pg::ident::{QualifiedIdentifier, quote_ident};
use crate::pg::migrations::Baseline;

const KEYS: &str = include_str!("sql/keys.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const CLOSE: &str = include_str!("sql/close.sql");
/// Roles that a hosted project grants everything by default.
const API_ROLES: &[&str] = &["anon", "authenticated", "service_role", "authenticator"];
/// Tables that have a fixed name for their latest copy.
const NAMED: &[&str] = &["deals", "contacts", "companies"];

/// One copied table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableCopy {
    /// In schema public.
    pub table: String,
    /// In schema `crm_backup`.
    pub copy: String,
    pub columns: Vec<String>,
    pub rows: i64,
    /// See [`checksum_sql`]. A string: it may pass 64 bits.
    pub checksum: String,
}

/// The tables of a set: the CRM's, and the configuration row where there is one.
///
/// # Errors
/// When the server cannot be asked.
pub async fn tables(
    client: &impl GenericClient,
    baseline: Baseline,
) -> Result<Vec<&'static str>, Fault> {
    let mut list = validation::tables(baseline).to_vec();
    let sql = "select to_regclass('public.configuration') is not null";
    if client.query_one(sql, &[]).await?.get(0) {
        list.push("configuration");
    }
    Ok(list)
}

/// Columns of a table of schema public, in its order.
///
/// # Errors
/// When the server cannot be asked.
pub async fn columns(client: &impl GenericClient, table: &str) -> Result<Vec<String>, Fault> {
    let name = QualifiedIdentifier::new("public", table).quoted();
    let rows = client.query(COLUMNS, &[&name]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Count and checksum of the columns of a table, whatever the order of its rows: the sum of a 64-bit hash
/// of each row as text. Sessions must have time zone UTC and ISO dates.
pub fn checksum_sql(table: &QualifiedIdentifier, columns: &[String]) -> String {
    let columns: Vec<_> = columns
        .iter()
        .map(|column| format!("t.{}", quote_ident(column)))
        .collect();
    format!(
        "select count(*), coalesce(sum(hashtextextended(row({})::text, 0)), 0)::text from {} t",
        columns.join(", "),
        table.quoted()
    )
}

/// Copies and verifies every table of a set.
///
/// # Errors
/// Exit code 1 when a copy differs from its source.
pub async fn make(
    transaction: &Transaction<'_>,
    baseline: Baseline,
    stamp: &str,
    log: &Log,
) -> Result<Vec<TableCopy>, Fault> {
    let schema = quote_ident(SCHEMA);
    transaction
        .batch_execute(&format!("create schema if not exists {schema}"))
        .await?;
    let roles = api_roles(transaction).await?;
    transaction
        .batch_execute(&format!("revoke all on schema {schema} from {roles}"))
        .await?;
    let tables = tables(transaction, baseline).await?;
    let mut done = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let copy = make_one(transaction, table, stamp, &roles).await?;
        log.info(&format!(
            "copied {table}: {} rows ({} of {})",
            copy.rows,
            number + 1,
            tables.len()
        ));
        done.push(copy);
    }
    Ok(done)
}

async fn make_one(
    transaction: &Transaction<'_>,
    table: &str,
    stamp: &str,
    roles: &str,
) -> Result<TableCopy, Fault> {
    let source = QualifiedIdentifier::new("public", table);
    let copy = QualifiedIdentifier::new(SCHEMA, format!("{table}_backup_{stamp}"));
    let (from, to) = (source.quoted(), copy.quoted());
    let at = |error: tokio_postgres::Error| Fault::from(error).at(format!("copying {table}"));
    transaction
        .batch_execute(&format!(
            "create table {to} as table {from}; alter table {to} enable row level security; \
             revoke all on {to} from {roles}"
        ))
        .await
        .map_err(at)?;
    for key in transaction.query(KEYS, &[&from]).await? {
        let columns: Vec<String> = key.get(1);
        let columns: Vec<_> = columns.iter().map(|column| quote_ident(column)).collect();
        let kind = if key.get(0) { "primary key" } else { "unique" };
        transaction
            .batch_execute(&format!(
                "alter table {to} add {kind} ({})",
                columns.join(", ")
            ))
            .await
            .map_err(at)?;
    }
    let others = transaction.query(CLOSE, &[&to]).await?;
    if let Some(row) = others.first() {
        return Err(
            Fault::failed(format!("{copy} is open to {}", row.get::<_, &str>(0)))
                .hint("take back the default privileges of the role that runs the backup"),
        );
    }
    let columns = columns(transaction, table).await?;
    let expected = sum(transaction, &source, &columns).await?;
    let found = sum(transaction, &copy, &columns).await?;
    if expected != found {
        return Err(Fault::failed(format!(
            "the copy of {table} has {} rows with checksum {}, the table {} with {}",
            found.0, found.1, expected.0, expected.1
        )));
    }
    Ok(TableCopy {
        table: table.into(),
        copy: copy.name,
        columns,
        rows: found.0,
        checksum: found.1,
    })
}

/// Count and checksum.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn sum(
    client: &impl GenericClient,
    table: &QualifiedIdentifier,
    columns: &[String],
) -> Result<(i64, String), Fault> {
    let row = client.query_one(&checksum_sql(table, columns), &[]).await?;
    Ok((row.get(0), row.get(1)))
}

/// `public` and those of the API's roles that exist, quoted.
async fn api_roles(transaction: &Transaction<'_>) -> Result<String, Fault> {
    let sql = "select r.rolname::text from pg_catalog.pg_roles r \
                where r.rolname = any ($1::text[]) and r.rolname <> current_user order by 1";
    let rows = transaction.query(sql, &[&API_ROLES]).await?;
    let roles = rows.iter().map(|row| quote_ident(row.get(0)));
    Ok(["public".to_owned()]
        .into_iter()
        .chain(roles)
        .collect::<Vec<_>>()
        .join(", "))
}

/// Points the fixed names `backup_<table>_pre_migration` at this set's copies.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn name_latest(transaction: &Transaction<'_>, set: &[TableCopy]) -> Result<(), Fault> {
    let roles = api_roles(transaction).await?;
    for copy in set
        .iter()
        .filter(|copy| NAMED.contains(&copy.table.as_str()))
    {
        let view = QualifiedIdentifier::new(SCHEMA, format!("backup_{}_pre_migration", copy.table))
            .quoted();
        let table = QualifiedIdentifier::new(SCHEMA, &copy.copy).quoted();
        transaction
            .batch_execute(&format!(
                "drop view if exists {view}; \
                 create view {view} with (security_invoker = on) as select * from {table}; \
                 revoke all on {view} from {roles}"
            ))
            .await?;
    }
    Ok(())
}
