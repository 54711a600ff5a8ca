//! `backup --deep`: restores the dump into a scratch database and compares every table with the snapshot.

use std::fmt::Write;

use tokio_postgres::{Client, GenericClient, Transaction};

use super::Set;
use super::copies;
use super::dump::{Dump, Tool};
use crate::migrate::error::Fault;
use crate::migrate::log::Log;
use crate::pg::ident::{QualifiedIdentifier, quote_ident};
use crate::pg::tls;

const EXTENSIONS: &str = "select e.extname::text, n.nspname::text from pg_catalog.pg_extension e \
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname <> 'plpgsql' order by 1";

/// Restores and compares.
///
/// # Errors
/// Exit code 1 when a table differs, 3 when no scratch database can be made.
pub(super) async fn restore_and_compare(
    tool: &Tool,
    source: &Transaction<'_>,
    dump: &Dump,
    set: &Set,
    log: &Log,
) -> Result<(), Fault> {
    let row = source
        .query_one("select current_database()::text, pg_backend_pid()", &[])
        .await?;
    let (here, pid): (String, i32) = (row.get(0), row.get(1));
    let scratch = format!("oppbase_restore_{}_{pid}", set.stamp);
    let other = connect(tool, &here).await?;
    other
        .batch_execute(&format!(
            "create database {} template template0",
            quote_ident(&scratch)
        ))
        .await
        .map_err(|e| {
            Fault {
                outcome: crate::migrate::Outcome::Environment,
                ..Fault::from(e)
            }
            .at("a scratch database for --deep")
            .hint("the role needs CREATEDB; without --deep the dump is only listed")
        })?;
    let outcome = within(tool, source, dump, set, &scratch, log).await;
    let dropped = other
        .batch_execute(&format!(
            "drop database {} with (force)",
            quote_ident(&scratch)
        ))
        .await;
    outcome?;
    Ok(dropped?)
}

async fn within(
    tool: &Tool,
    source: &Transaction<'_>,
    dump: &Dump,
    set: &Set,
    scratch: &str,
    log: &Log,
) -> Result<(), Fault> {
    let client = connect(tool, scratch).await?;
    prepare(source, &client).await?;
    // Schema public is there in every database.
    let entries = tool.contents(&dump.path).await?;
    let list: String = entries
        .iter()
        .filter(|entry| !entry.contains(" SCHEMA - public "))
        .fold(String::new(), |mut list, entry| {
            let _ = writeln!(list, "{entry}");
            list
        });
    let path = dump.path.with_extension("list");
    std::fs::write(&path, list)
        .map_err(|e| Fault::environment(format!("{}: {e}", path.display())))?;
    let refused = tool
        .restore(
            &dump.path,
            &path,
            scratch,
            &["--no-owner", "--no-privileges"],
        )
        .await;
    let _ = std::fs::remove_file(&path);
    let refused = refused?;
    if refused > 0 {
        log.warn(&format!(
            "restoring the dump: {refused} statements were refused; rows are compared next"
        ));
    }
    client
        .batch_execute("set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set search_path = public, extensions")
        .await?;
    for table in &set.tables {
        let name = QualifiedIdentifier::new("public", &table.table);
        let found = copies::sum(&client, &name, &table.columns)
            .await
            .map_err(|fault| fault.at(format!("the restored {}", table.table)))?;
        if found != (table.rows, table.checksum.clone()) {
            return Err(Fault::failed(format!(
                "the restored {} has {} rows with checksum {}, the backup {} with {}",
                table.table, found.0, found.1, table.rows, table.checksum
            )));
        }
    }
    log.info("the dump was restored and every table is the same");
    Ok(())
}

/// The extensions of the database, which the dump of schemas leaves out.
async fn prepare(source: &impl GenericClient, scratch: &Client) -> Result<(), Fault> {
    for row in source.query(EXTENSIONS, &[]).await? {
        let (name, schema): (String, String) = (row.get(0), row.get(1));
        let schema = quote_ident(&schema);
        // One that is missing here is missed by the tables that use it, and the comparison says so.
        let _ = scratch
            .batch_execute(&format!(
                "create schema if not exists {schema}; create extension if not exists {} with schema {schema}",
                quote_ident(&name)
            ))
            .await;
    }
    Ok(())
}

async fn connect(tool: &Tool, database: &str) -> Result<Client, Fault> {
    let (config, conn) = tool.config_for(database);
    let connector = tls::connector(conn).map_err(|e| Fault::environment(e.to_string()))?;
    let (client, connection) = config.connect(connector).await?;
    tokio::spawn(connection);
    Ok(client)
}
