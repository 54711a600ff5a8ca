//! Scratch databases: copies for `backup --deep` and `dry-run --rehearse`, dropped when they have served.
//!
//! In: a connection to the server, the copy's name, and that of the database it is a copy of. Out: a database
//! whose comment says what it is, so that the next copy clears away what a killed program left.

use tokio_postgres::Client;

use super::error::Fault;
use crate::pg::ident::{quote_ident, quote_literal};

const LEFT: &str = include_str!("sql/scratch_left.sql");

/// Makes one from `template`, once those of `source` are gone that nobody uses any more.
///
/// # Errors
/// Exit code 3 when the role may not make databases, or the template is in use.
pub(super) async fn create(
    client: &Client,
    name: &str,
    template: &str,
    source: &str,
) -> Result<(), Fault> {
    let mark = format!("oppbase: scratch copy of {source}, made ");
    for row in client.query(LEFT, &[&mark]).await? {
        // Somebody may have connected to it meanwhile, or dropped it.
        let _ = client.batch_execute(&drop(row.get(0))).await;
    }
    let sql = format!(
        "create database {} template {}",
        quote_ident(name),
        quote_ident(template)
    );
    client.batch_execute(&sql).await.map_err(|error| {
        Fault::environment(format!("no copy could be made: {}", Fault::from(error)))
            .hint("the role needs CREATEDB")
    })?;
    let now: String = client.query_one("select now()::text", &[]).await?.get(0);
    let sql = format!(
        "comment on database {} is {}",
        quote_ident(name),
        quote_literal(&format!("{mark}{now}"))
    );
    client.batch_execute(&sql).await?;
    Ok(())
}

/// Drops it, whoever is connected to it.
///
/// # Errors
/// When PostgreSQL refuses.
pub(super) async fn discard(client: &Client, name: &str) -> Result<(), Fault> {
    client
        .batch_execute(&format!("{} with (force)", drop(name)))
        .await?;
    Ok(())
}

fn drop(name: &str) -> String {
    format!("drop database if exists {}", quote_ident(name))
}
