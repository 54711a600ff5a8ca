//! The samples that people compare by eye: rows before and after, in full.
//!
//! In: the backup set. Out: up to 100 rows of deals, of contacts and of companies, the same ones every
//! time: chosen by a fixed seed from the copies, not by chance.

use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Client;

use super::backup_set::{BackupSet, Copy};
use super::rule;
use crate::migrate::Fault;
use crate::pg::ident::{QualifiedIdentifier, quote_ident};

const SQL: &str = include_str!("sql/samples.sql");

/// The seed: rows are taken in the order of `hashtextextended(id, SEED)`.
pub const SEED: i64 = 42;

/// One row, twice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// `deals`, `contacts` or `companies`.
    pub table: String,
    /// Its id.
    pub id: i64,
    /// Every column, as it was.
    pub before: Value,
    /// The same columns, under the old name, as they are; none when the row is gone.
    pub after: Option<Value>,
    /// What the new model says of a deal: stage, status, probability.
    pub new: Option<Value>,
    /// Whether both are the same.
    pub is_equal: bool,
}

pub(super) async fn choose(
    client: &Client,
    set: Option<&BackupSet>,
    count: u32,
) -> Result<Vec<Sample>, Fault> {
    let mut samples = vec![];
    let Some(set) = set else {
        return Ok(samples);
    };
    for table in ["deals", "contacts", "companies"] {
        if let Some(copy) = set.copy_of(table) {
            samples.extend(of_table(client, copy, count).await?);
        }
    }
    Ok(samples)
}

async fn of_table(client: &Client, copy: &Copy, count: u32) -> Result<Vec<Sample>, Fault> {
    let columns: Vec<String> = copy
        .compared()
        .iter()
        .map(|c| format!("t.{}", quote_ident(c)))
        .collect();
    let sql = SQL
        .replace("{columns}", &columns.join(", "))
        .replace("{copy}", &copy.relation.quoted())
        .replace(
            "{live}",
            &QualifiedIdentifier::new("public", &copy.table).quoted(),
        )
        .replace(
            "{new}",
            if copy.table == "deals" {
                include_str!("sql/sample_new.sql")
            } else {
                "null::json"
            },
        );
    // What cannot be read is missing here and not evaluated elsewhere.
    let rows = rule::try_query(client, &sql, &[&i64::from(count), &SEED]).await?;
    Ok(rows
        .unwrap_or_default()
        .iter()
        .map(|row| Sample {
            table: copy.table.clone(),
            id: row.get(0),
            before: row.get(1),
            after: row.get(2),
            new: row.get(3),
            is_equal: row.get(4),
        })
        .collect())
}
