//! Snapshots as rows of `migration.migration_catalogue`: one per object, note and row sum, by run and moment.

use serde_json::Value;
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::{Object, RowSum, Snapshot, read, row_sums};
use crate::migrate::Fault;

const TABLE: &str = include_str!("sql/table.sql");

/// `kind` of rows that are no objects.
const NOTE: &str = "note";
const ROWS: &str = "rows";

/// Reads the catalogue, records it for the run and the moment in place of what was recorded there, and
/// returns it. `with_rows` sums up the rows of every table as well: one pass over each.
///
/// May run inside a transaction, and should: then the record is committed with the change it tells of.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn capture(
    client: &impl GenericClient,
    run: Uuid,
    moment: &str,
    with_rows: bool,
) -> Result<Snapshot, Fault> {
    let mut snapshot = read(client).await?;
    if with_rows {
        snapshot.rows = row_sums(client, &snapshot).await?;
    }
    record(client, run, moment, &snapshot).await?;
    Ok(snapshot)
}

/// [`capture`], unless the moment is recorded already: what a run that continues asks for.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn keep(
    client: &impl GenericClient,
    run: Uuid,
    moment: &str,
    with_rows: bool,
) -> Result<(), Fault> {
    if !moments(client, run).await?.iter().any(|m| m == moment) {
        capture(client, run, moment, with_rows).await?;
    }
    Ok(())
}

/// Records a snapshot for the run and the moment, in place of what was recorded there.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn record(
    client: &impl GenericClient,
    run: Uuid,
    moment: &str,
    snapshot: &Snapshot,
) -> Result<(), Fault> {
    client.batch_execute(TABLE).await?;
    delete(client, run, moment).await?;
    let mut rows = vec![];
    for object in &snapshot.objects {
        rows.push(serde_json::json!({
            "kind": object.kind, "identity": object.identity, "definition": object,
        }));
    }
    for (name, value) in &snapshot.notes {
        rows.push(serde_json::json!({"kind": NOTE, "identity": name, "definition": value}));
    }
    for sum in &snapshot.rows {
        rows.push(serde_json::json!({"kind": ROWS, "identity": sum.table, "definition": sum}));
    }
    client
        .execute(
            "insert into migration.migration_catalogue (run_id, moment, kind, identity, definition) \
             select $1, $2, r.kind, r.identity, r.definition \
               from jsonb_to_recordset($3) r (kind text, identity text, definition jsonb)",
            &[&run, &moment, &Value::Array(rows)],
        )
        .await?;
    Ok(())
}

/// Forgets what was recorded for the run and the moment.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn delete(client: &impl GenericClient, run: Uuid, moment: &str) -> Result<(), Fault> {
    client
        .execute(
            "delete from migration.migration_catalogue where run_id = $1 and moment = $2",
            &[&run, &moment],
        )
        .await?;
    Ok(())
}

/// The moments recorded for a run, the oldest first.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn moments(client: &impl GenericClient, run: Uuid) -> Result<Vec<String>, Fault> {
    client.batch_execute(TABLE).await?;
    let rows = client
        .query(
            "select moment from migration.migration_catalogue where run_id = $1 \
              group by moment order by min(id)",
            &[&run],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What was recorded for the run and the moment, if anything was.
///
/// # Errors
/// When PostgreSQL refuses, or a record is not as [`record`] writes it.
pub async fn load(
    client: &impl GenericClient,
    run: Uuid,
    moment: &str,
) -> Result<Option<Snapshot>, Fault> {
    client.batch_execute(TABLE).await?;
    let rows = client
        .query(
            "select kind, identity, definition from migration.migration_catalogue \
              where run_id = $1 and moment = $2",
            &[&run, &moment],
        )
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let unreadable = |error: serde_json::Error| {
        Fault::failed(format!("the recorded catalogue of {moment}: {error}"))
    };
    let mut snapshot = Snapshot::default();
    for row in rows {
        let definition: Value = row.get(2);
        match row.get::<_, &str>(0) {
            NOTE => {
                snapshot.notes.insert(row.get(1), definition);
            }
            ROWS => {
                let sum: RowSum = serde_json::from_value(definition).map_err(unreadable)?;
                snapshot.rows.push(sum);
            }
            _ => {
                let object: Object = serde_json::from_value(definition).map_err(unreadable)?;
                snapshot.objects.push(object);
            }
        }
    }
    snapshot
        .objects
        .sort_by(|a, b| (&a.kind, &a.identity).cmp(&(&b.kind, &b.identity)));
    snapshot.rows.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(Some(snapshot))
}
