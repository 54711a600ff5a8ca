//! `backup --deep`: restores the dump into a scratch database the way an operator would, with nothing prepared,
//! and compares every table with the snapshot and the number of everything else.

use tokio_postgres::{Client, GenericClient, Transaction};

use super::Set;
use super::copies;
use super::dump::{Dump, Tool};
use crate::migrate::error::Fault;
use crate::migrate::log::Log;
use crate::migrate::scratch;
use crate::pg::ident::QualifiedIdentifier;
use crate::pg::tls;

const OBJECTS: &str = include_str!("sql/objects.sql");

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
    let name = format!("oppbase_restore_{}_{pid}", set.stamp);
    let other = connect(tool, &here).await?;
    scratch::create(&other, &name, "template0", &here)
        .await
        .map_err(|fault| fault.at("a scratch database for --deep"))?;
    let outcome = within(tool, source, dump, set, &name, log).await;
    let dropped = scratch::discard(&other, &name).await;
    outcome?;
    dropped
}

async fn within(
    tool: &Tool,
    source: &Transaction<'_>,
    dump: &Dump,
    set: &Set,
    scratch: &str,
    log: &Log,
) -> Result<(), Fault> {
    let refused = tool.restore(&dump.path, scratch).await?;
    if let Some(first) = refused.first() {
        log.warn(&format!(
            "restoring the dump: {} statements were refused, the first: {first}",
            refused.len()
        ));
    }
    let client = connect(tool, scratch).await?;
    let (expected, found) = (objects(source).await?, objects(&client).await?);
    for ((kind, wanted), (_, there)) in expected.iter().zip(&found) {
        if wanted != there {
            let why = refused.first().map_or("", |first| first.as_str());
            return Err(Fault::failed(format!(
                "the restored database has {there} {kind}, and this one has {wanted}; {} statements were refused {why}",
                refused.len()
            )));
        }
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

/// Kinds of objects with their number, in the order of the kinds.
async fn objects(client: &impl GenericClient) -> Result<Vec<(String, i64)>, Fault> {
    let rows = client.query(OBJECTS, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn connect(tool: &Tool, database: &str) -> Result<Client, Fault> {
    let (config, conn) = tool.config_for(database);
    let connector = tls::connector(conn).map_err(|e| Fault::environment(e.to_string()))?;
    let (client, connection) = config.connect(connector).await?;
    tokio::spawn(connection);
    Ok(client)
}
