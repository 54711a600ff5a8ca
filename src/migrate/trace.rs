//! What others write while a run is at work: which rows, and what they looked like afterwards.
//!
//! In: the tables of the backup. Out: `migration.trace`, an entry per write, made in the writer's
//! transaction by a trigger that is there before the backup's snapshot is taken and stays until the run is
//! verified. An entry holds a checksum per column of the row as old clients read it, so the comparison with the
//! backup ([`super::verify`]) can tell a user's edit from a damaged row without a trace in the row itself: no
//! `updated_at` is needed, and a deletion leaves an entry too. A column that somebody drops meanwhile is left out.
//!
//! The engine's own writes (`migration.backfill`) leave none. The table stays when the triggers go, for later
//! comparisons; the comment on it names the run. A rollback and the next run remove both.

use tokio_postgres::{Client, GenericClient, Transaction};
use uuid::Uuid;

use super::backup::copies;
use super::engine::{Way, patient};
use super::error::Fault;
use crate::pg::ident::{QualifiedIdentifier, quote_ident, quote_literal};
use crate::pg::migrations::Baseline;

/// Name of the triggers. Begins like those of [`super::operation::capture`], which a batch leaves on.
pub const TRIGGER: &str = "migration_capture_trace";

/// The one for `truncate`.
const TRUNCATE_TRIGGER: &str = "migration_capture_trace_truncate";

const TABLE: &str = include_str!("sql/trace.sql");
const FUNCTION: &str = include_str!("sql/trace_function.sql");
const END: &str = include_str!("sql/end_of_trace.sql");
const IS_ON: &str = include_str!("sql/trace_is_on.sql");
/// Keys that the cut-over adds to the configuration row.
const ADDED_KEYS: &str = "array['opportunityStages', 'opportunityCategories']";

/// Begins to trace the writes for a run. What is left of an earlier one goes.
///
/// # Errors
/// When other sessions hold locks for long.
pub(super) async fn begin(
    client: &mut Client,
    way: Way<'_>,
    run: Uuid,
    baseline: Baseline,
) -> Result<(), Fault> {
    remove(client, way).await?;
    let comment = quote_literal(&run.to_string());
    patient(client, way, &[], async |transaction| {
        let sql = format!("{TABLE}; comment on table migration.trace is {comment}");
        Ok(transaction.batch_execute(&sql).await?)
    })
    .await?;
    // A transaction per table: none should wait while we wait for another table.
    for table in copies::tables(client, baseline).await? {
        let columns = copies::columns(client, table).await?;
        let sql = trigger(table, &columns);
        patient(client, way, &[], async |transaction| {
            Ok(transaction.batch_execute(&sql).await?)
        })
        .await?;
    }
    Ok(())
}

/// Ends it; the entries stay.
///
/// # Errors
/// When other sessions hold locks for long.
pub(super) async fn end(client: &mut Client, way: Way<'_>) -> Result<(), Fault> {
    let sql = "select distinct t.tgrelid::regclass::text from pg_catalog.pg_trigger t \
                where t.tgname in ($1, $2) order by 1";
    for row in client.query(sql, &[&TRIGGER, &TRUNCATE_TRIGGER]).await? {
        let relation: String = row.get(0);
        patient(client, way, &[], async |transaction| {
            let sql = format!(
                "drop trigger if exists {TRIGGER} on {relation}; \
                 drop trigger if exists {TRUNCATE_TRIGGER} on {relation}"
            );
            Ok(transaction.batch_execute(&sql).await?)
        })
        .await?;
    }
    patient(client, way, &[], async |transaction| {
        Ok(transaction.batch_execute(END).await?)
    })
    .await
}

/// Ends it and forgets the entries.
///
/// # Errors
/// When other sessions hold locks for long.
pub(super) async fn remove(client: &mut Client, way: Way<'_>) -> Result<(), Fault> {
    end(client, way).await?;
    client
        .batch_execute("drop table if exists migration.trace")
        .await?;
    Ok(())
}

/// [`remove`] inside a transaction that holds the locks of the tables.
///
/// # Errors
/// When PostgreSQL refuses.
pub(super) async fn remove_within(transaction: &Transaction<'_>) -> Result<(), Fault> {
    let sql = format!("{END}; drop table if exists migration.trace");
    transaction.batch_execute(&sql).await?;
    Ok(())
}

/// Whether any table is traced.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) async fn is_on(client: &impl GenericClient) -> Result<bool, Fault> {
    let sql = "select exists (select from pg_catalog.pg_trigger t where t.tgname = $1)";
    Ok(client.query_one(sql, &[&TRIGGER]).await?.get(0))
}

/// What is known of the writes since the backup of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: there is no trace for this run.
    Nothing,
    /// Those until the run was complete.
    Some,
    /// Every one: the triggers are on.
    All,
}

/// What is known of the writes to `tables` tables since the backup of the run.
///
/// # Errors
/// When the server cannot be asked.
pub(super) async fn known(
    client: &impl GenericClient,
    run: Uuid,
    tables: usize,
) -> Result<Known, Fault> {
    let row = client
        .query_one(IS_ON, &[&run.to_string(), &TRIGGER])
        .await?;
    Ok(match (row.get(0), row.get::<_, i64>(1)) {
        (false, _) => Known::Nothing,
        (true, on) if usize::try_from(on) == Ok(tables) => Known::All,
        (true, _) => Known::Some,
    })
}

/// The checksums of a row of `table`, alias `t`, under its old name before the cut-over and after it: an object
/// with a text per column.
pub(super) fn checksums(table: &str, columns: &[String]) -> String {
    format!(
        "pg_catalog.jsonb_object({}, array[{}]::text[])",
        literals(columns),
        expressions(table, columns).join(", ")
    )
}

/// One expression per column.
fn expressions(table: &str, columns: &[String]) -> Vec<String> {
    columns
        .iter()
        .map(|column| {
            let value = match (table, column.as_str()) {
                ("configuration", "config") => format!("t.config - {ADDED_KEYS}"),
                _ => format!("t.{}", quote_ident(column)),
            };
            format!("pg_catalog.hashtextextended(row({value})::text, 0)::text")
        })
        .collect()
}

/// An array of texts.
pub(super) fn literals(texts: &[String]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| quote_literal(text)).collect();
    format!("array[{}]::text[]", quoted.join(", "))
}

/// Function and trigger of one table.
fn trigger(table: &str, columns: &[String]) -> String {
    let relation = QualifiedIdentifier::new("public", table).quoted();
    FUNCTION
        .replace("{function}", &quote_ident(&format!("trace_{table}")))
        .replace("{name}", &quote_literal(table))
        .replace("{checksums}", &checksums(table, columns))
        .replace("{names}", &literals(columns))
        .replace("{expressions}", &literals(&expressions(table, columns)))
        .replace("{relation}", &quote_literal(&relation))
        .replace("{table}", &relation)
        .replace("{trigger}", TRIGGER)
        .replace("{truncate_trigger}", TRUNCATE_TRIGGER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_quoted_and_the_added_keys_do_not_count() {
        let sql = trigger("dealNotes", &["id".into(), "it's".into()]);
        assert!(
            sql.contains("on public.\"dealNotes\"") || sql.contains("on \"public\".\"dealNotes\""),
            "{sql}"
        );
        assert!(
            sql.contains("\"trace_dealNotes\"") && sql.contains("t.\"it's\""),
            "{sql}"
        );
        assert!(!sql.contains('{'), "{sql}");
        assert!(checksums("configuration", &["config".into()]).contains("t.config - array"));
    }
}
