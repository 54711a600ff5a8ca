//! The same questions before the migration, on the old schema, as the measure of those after it.
//!
//! In: a database before its first change, and the run. Out: a row of the run's history with the medians; only
//! questions that read are asked, because users are at work. A question that cannot be asked is left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{percentile, timed};
use crate::migrate::Fault;
use crate::migrate::state::{self, Note, Place, Status};
use crate::migrate::validation::with_names;
use crate::migrate::verify::trial::Account;
use crate::pg::migrations::Baseline;

const PLACE: Place<'static> = Place {
    phase: "prepare",
    name: "preparation",
    step: Some("performance"),
};

/// Names as in the list of those after it.
#[rustfmt::skip]
const QUERIES: &[(&str, &str)] = &[
    ("simple list", "select * from deals order by id desc limit 25"),
    ("pagination", "select * from deals order by id limit 25 offset 5000"),
    ("filtered list",
        "select * from deals where stage = 'proposal-sent' and archived_at is null order by index limit 100"),
    ("aggregation",
        "select stage, count(*), sum(amount::numeric) from deals where archived_at is null group by stage"),
    ("search",
        "select id, name from deals where name ilike '%project renewal%' or description ilike '%project renewal%' limit 25"),
    ("complex join",
        "select d.id, d.name, c.name, (select count(*) from {deal_notes} n where n.deal_id = d.id), \
                (select jsonb_agg(p.last_name) from contacts p where p.id = any (d.contact_ids)) \
           from deals d left join companies c on c.id = d.company_id order by d.id desc limit 100"),
    ("companies page", "select * from companies_summary order by name limit 100"),
];

/// Measures and records, once per run.
///
/// # Errors
/// When the connection is lost or PostgreSQL refuses the record.
pub async fn keep(client: &Client, run: Uuid, baseline: Baseline) -> Result<(), Fault> {
    let account = Account::real(client).await?;
    let mut medians = Map::new();
    for (name, sql) in QUERIES {
        let (times, fault) = timed(client, &account, &with_names(sql, baseline)).await?;
        if fault.is_none() {
            medians.insert((*name).to_owned(), percentile(&times, 50).into());
        }
    }
    let metadata = json!({"median_ms": medians});
    let note = Note {
        metadata: Some(&metadata),
        ..Note::default()
    };
    state::mark(client, run, PLACE, Status::Completed, note).await
}

/// Medians in milliseconds by name; none where nothing was measured.
pub(super) async fn recorded(
    client: &Client,
    run: Option<Uuid>,
) -> Result<BTreeMap<String, f64>, Fault> {
    if run.is_none() || !state::exists(client).await? {
        return Ok(BTreeMap::new());
    }
    let sql = "select metadata -> 'median_ms' from migration.migration_history \
                where run_id = $1 and phase_number = $2 and step = $3";
    let row = client
        .query_opt(sql, &[&run, &PLACE.phase, &PLACE.step])
        .await?;
    let found: Option<Value> = row.and_then(|row| row.get(0));
    let medians = found.as_ref().and_then(Value::as_object);
    Ok(medians
        .into_iter()
        .flatten()
        .filter_map(|(name, ms)| Some((name.clone(), ms.as_f64()?)))
        .collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_question_is_asked_afterwards_too() {
        for (name, _) in super::QUERIES {
            assert!(
                super::super::QUERIES
                    .iter()
                    .any(|(after, ..)| after == name),
                "{name}"
            );
        }
    }
}
