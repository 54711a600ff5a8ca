//! Rules that are asked as one query of (rule, row that breaks it), and the transactions around them.
//!
//! In: a table of [`Rule`]s and the query. Out: one [`Check`] per rule. A query that cannot run makes all
//! its rules "not evaluated", with PostgreSQL's words; the transaction goes on.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::outcome::{Check, Severity};
use crate::migrate::Fault;

const BROKEN: &str = include_str!("sql/broken.sql");

/// A rule's name, title and severity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule(pub &'static str, pub &'static str, pub Severity);

/// Begins a transaction in which the session is as the backup's checksums want it. Ended by [`rollback`].
pub(in crate::migrate) async fn begin(client: &Client, mode: &str) -> Result<(), Fault> {
    client
        .batch_execute(&format!(
            "begin {mode}; set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; \
             set local intervalstyle = 'postgres'; set local extra_float_digits = 1; \
             set local search_path = public, extensions; set local row_security = on; \
             set local lock_timeout = '5s'; set local jit = off"
        ))
        .await?;
    Ok(())
}

/// Ends the transaction without a trace.
pub(in crate::migrate) async fn rollback(client: &Client) -> Result<(), Fault> {
    client.batch_execute("rollback").await?;
    Ok(())
}

/// A query inside a savepoint: its failure leaves the transaction usable. The inner error is PostgreSQL's.
///
/// # Errors
/// When the connection is lost.
pub(in crate::migrate) async fn try_query(
    client: &Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Result<Vec<Row>, tokio_postgres::Error>, Fault> {
    client.batch_execute("savepoint asked").await?;
    match client.query(sql, parameters).await {
        Ok(rows) => {
            client.batch_execute("release savepoint asked").await?;
            Ok(Ok(rows))
        }
        Err(error) if error.as_db_error().is_some() => {
            client
                .batch_execute("rollback to savepoint asked; release savepoint asked")
                .await?;
            Ok(Err(error))
        }
        Err(error) => Err(error.into()),
    }
}

/// The rules, each with the rows that break it.
///
/// # Errors
/// When the connection is lost.
pub(super) async fn broken(
    client: &Client,
    rules: &[Rule],
    sql: &str,
) -> Result<Vec<Check>, Fault> {
    let names: Vec<&str> = rules.iter().map(|rule| rule.0).collect();
    let sql = BROKEN.replace("{broken}", sql);
    Ok(match try_query(client, &sql, &[&names]).await? {
        Ok(rows) => rules
            .iter()
            .zip(&rows)
            .map(|(rule, row)| Check::counted(rule.0, rule.1, rule.2, row.get(1), row.get(2)))
            .collect(),
        Err(error) => not_evaluated(rules, &Fault::from(error).to_string()),
    })
}

/// All the rules as questions that could not be asked.
pub(super) fn not_evaluated(rules: &[Rule], why: &str) -> Vec<Check> {
    rules
        .iter()
        .map(|rule| Check::not_evaluated(rule.0, rule.1, rule.2, why))
        .collect()
}
