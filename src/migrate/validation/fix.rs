//! Repairs what `validate --fix RULE` names, and nothing else. The old values are kept.
//!
//! In: rules with a repair. Out: how many rows each changed. All in one transaction, with the site's own
//! triggers off: on some sites they would ask the network for each row.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::rules::{self, Rule};
use super::with_names;
use crate::migrate::error::Fault;
use crate::migrate::state;
use crate::pg::migrations::Baseline;

const KEEP: &str = include_str!("sql/fix_keep.sql");

/// The rules of these ids, all of which can be repaired.
///
/// # Errors
/// One line when there is no such rule or it has no repair.
pub fn fixable(ids: &[String]) -> Result<Vec<&'static Rule>, String> {
    ids.iter()
        .map(|id| {
            rules::by_id(id)
                .filter(|rule| rule.fix.is_some())
                .ok_or_else(|| {
                    let known: Vec<_> = rules::RULES
                        .iter()
                        .filter(|r| r.fix.is_some())
                        .map(|r| r.id)
                        .collect();
                    format!("\"{id}\" has no repair; these have: {}", known.join(", "))
                })
        })
        .collect()
}

/// Repairs, and records each old value in `migration.migration_errors` with phase `fix`.
///
/// # Errors
/// When PostgreSQL refuses; then nothing is repaired.
pub async fn apply(
    client: &mut Client,
    baseline: Baseline,
    run: Uuid,
    rules: &[&'static Rule],
) -> Result<Vec<(&'static str, u64)>, Fault> {
    state::ensure(client).await?;
    let transaction = client.transaction().await?;
    let triggers = |verb: &str| -> String {
        super::tables(baseline)
            .map(|table| {
                let table = crate::pg::ident::quote_ident(table);
                format!("alter table public.{table} {verb} trigger user;")
            })
            .concat()
    };
    transaction.batch_execute(&triggers("disable")).await?;
    let mut done = Vec::new();
    for rule in rules {
        let sql = with_names(rule.fix.unwrap_or_default(), baseline);
        let rows = transaction
            .query(&sql, &[])
            .await
            .map_err(|e| Fault::from(e).at(rule.id))?;
        let old: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({
                    "entity": row.get::<_, &str>(0),
                    "id": row.get::<_, i64>(1),
                    "old": row.get::<_, Value>(2),
                })
            })
            .collect();
        transaction
            .execute(
                KEEP,
                &[
                    &run,
                    &rule.severity.name().to_lowercase(),
                    &rule.id,
                    &Value::from(old),
                ],
            )
            .await?;
        done.push((rule.id, rows.len() as u64));
    }
    transaction.batch_execute(&triggers("enable")).await?;
    transaction.commit().await?;
    Ok(done)
}
