//! Operation: the operator's stage map becomes rows of `private.stage_map`, where it wins over the table;
//! what has no word anywhere is recorded.

use tokio_postgres::Client;

use super::{Phase, statements};
use crate::migrate::engine::{Job, short};
use crate::migrate::error::Fault;
use crate::migrate::stage_map::Unmapped;
use crate::migrate::state::{self, Incident};

/// Distinct old texts without a meaning of their own, with the number of deals.
const UNMAPPED: &str = include_str!("../sql/unmapped_stages.sql");

pub(super) async fn start(client: &mut Client, job: &Job, phase: &Phase) -> Result<(), Fault> {
    let map = &job.settings.judgement.stage_map;
    let unmapped = short(client, job, async |transaction| {
        for (word, stage) in &map.words {
            transaction
                .execute(
                    "insert into private.stage_map (word, stage) \
                     values ($1, $2::text::public.opportunity_stage) \
                     on conflict (word) do update set stage = excluded.stage",
                    &[word, stage],
                )
                .await?;
        }
        let rows = transaction.query(UNMAPPED, &[]).await?;
        let unmapped: Vec<(String, i64)> =
            rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        if map.unmapped == Unmapped::Warn {
            for (text, count) in &unmapped {
                let details = serde_json::json!({"stage": text, "deals": count});
                let incident = Incident {
                    phase: Some(phase.number),
                    step: Some("stage_map"),
                    entity: Some("deals"),
                    entity_id: None,
                    severity: "medium",
                    message: "a stage has no word in the map and becomes lead",
                    details: Some(&details),
                };
                state::record_error(transaction, job.run.id, incident).await?;
            }
        }
        statements::finish(transaction, job, phase, "stage_map", None).await?;
        Ok(unmapped)
    })
    .await?;
    if map.unmapped == Unmapped::Warn {
        for (text, count) in unmapped {
            job.log.warn(&format!(
                "stage {text:?} of {count} deals is unknown and becomes lead"
            ));
        }
    }
    Ok(())
}
