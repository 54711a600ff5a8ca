//! Sums over rows: equal for equal rows in whatever order, and cheap enough for whole tables.
//!
//! The text of each row is hashed to 64 bits and the hashes are added up as numeric. Settings that change
//! how a value is written (time zone, date style, float digits) are pinned for the length of the reading.

use serde::{Deserialize, Serialize};
use tokio_postgres::GenericClient;

use super::{Object, Snapshot};
use crate::migrate::Fault;

/// Sum over one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowSum {
    /// Key of the table in its snapshot.
    pub key: String,
    /// Table name as SQL wants it.
    pub table: String,
    /// Rows.
    pub count: i64,
    /// Sum of the rows' hashes.
    pub sum: String,
}

/// How values are written while rows are hashed.
const PINNED: [(&str, &str); 5] = [
    ("timezone", "UTC"),
    ("datestyle", "ISO, MDY"),
    ("intervalstyle", "postgres"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
];

/// Sums of all tables of a snapshot, over all their columns in order.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn row_sums(
    client: &impl GenericClient,
    snapshot: &Snapshot,
) -> Result<Vec<RowSum>, Fault> {
    let tables: Vec<_> = snapshot
        .objects
        .iter()
        .filter(|object| object.kind == "table" && !is_foreign(object))
        .map(|object| (object.key.clone(), object.relation.clone(), None))
        .collect();
    sums(client, &tables).await
}

/// A foreign table: its rows are another server's, which may not answer.
fn is_foreign(table: &Object) -> bool {
    table.facts.get("kind").is_some_and(|kind| kind == "f")
}

/// Sum of one table over the columns named (quoted), or over the whole row.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn sum_of(
    client: &impl GenericClient,
    key: &str,
    table: &str,
    columns: Option<&[String]>,
) -> Result<RowSum, Fault> {
    let wanted = (
        key.to_owned(),
        table.to_owned(),
        columns.map(<[String]>::to_vec),
    );
    let mut sums = sums(client, &[wanted]).await?;
    sums.pop().ok_or_else(|| Fault::failed("no sum"))
}

type Wanted = (String, String, Option<Vec<String>>);

async fn sums(client: &impl GenericClient, tables: &[Wanted]) -> Result<Vec<RowSum>, Fault> {
    let mut former = vec![];
    for (name, value) in PINNED {
        let row = client
            .query_one(
                "select current_setting($1), set_config($1, $2, false)",
                &[&name, &value],
            )
            .await?;
        former.push((name, row.get::<_, String>(0)));
    }
    let found = under_pinned_settings(client, tables).await;
    for (name, value) in former {
        let put_back = client
            .query_one("select set_config($1, $2, false)", &[&name, &value])
            .await;
        if found.is_ok() {
            put_back?;
        }
    }
    found
}

async fn under_pinned_settings(
    client: &impl GenericClient,
    tables: &[Wanted],
) -> Result<Vec<RowSum>, Fault> {
    let mut sums = vec![];
    for (key, table, columns) in tables {
        // A row of the columns is written as the whole row is: "(a,b)".
        let text = match columns {
            // A bare "t" would be a column of that name.
            None => "(t.*)::text".to_owned(),
            Some(columns) => {
                let list: Vec<_> = columns.iter().map(|column| format!("t.{column}")).collect();
                format!("row({})::text", list.join(", "))
            }
        };
        let row = client
            .query_one(
                &format!(
                    "select count(*), coalesce(sum(hashtextextended({text}, 0)::numeric), 0)::text from {table} t"
                ),
                &[],
            )
            .await?;
        sums.push(RowSum {
            key: key.clone(),
            table: table.clone(),
            count: row.get(0),
            sum: row.get(1),
        });
    }
    Ok(sums)
}
