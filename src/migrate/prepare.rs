//! What must be true before the first change: the data is fit for it, and there is a way back.
//!
//! In: options and settings. Out: [`Prepared`], or a refusal with exit code 2 (the gate) or 3 (no backup can
//! be made); nothing of the CRM has been touched then, and no run is recorded.

use serde_json::{Value, json};
use tokio_postgres::{Client, GenericClient};
use uuid::Uuid;

use super::decision::Decision;
use super::engine::Way;
use super::error::Fault;
use super::state::{self, Note, Place, Status};
use super::validation::{self, store};
use super::{Options, RunSettings, backup, trace};
use crate::pg::migrations::Baseline;

/// Judged and backed up.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Id of the run to be, which judgement and backup have already.
    pub run: Uuid,
    /// Why a DELAY was accepted.
    pub accepted: Option<String>,
    decision: &'static str,
    stamp: String,
}

/// Judges the data, then takes the backup.
pub(super) async fn prepare(
    client: &mut Client,
    options: &Options,
    settings: &RunSettings,
    baseline: Baseline,
    way: Way<'_>,
) -> Result<Prepared, Fault> {
    let log = way.log;
    // Left by a run that was cut off while it took its backup.
    trace::remove(client, way).await?;
    let report = validation::gate(client, &settings.judgement).await?;
    let decision = report.verdict.decision;
    store::store(client, &report).await?;
    let path = store::write_file(&options.log_file, &report)?;
    log.info(&format!(
        "validation: {} ({})",
        decision.name(),
        path.display()
    ));
    let accepted = settings
        .accept_findings
        .clone()
        .filter(|_| decision == Decision::Delay);
    if !decision.is_go() && accepted.is_none() {
        let fault = Fault::refused(format!(
            "validation says {}: {}",
            decision.name(),
            report.verdict.reasons.join("; ")
        ));
        return Err(match decision {
            Decision::Delay => fault.hint(
                "`oppbase migrate validate` lists the findings; repair them, or accept them with --accept-findings REASON",
            ),
            _ => fault.hint("`oppbase migrate validate` lists the findings; they must be repaired first"),
        });
    }
    if let Some(reason) = &accepted {
        log.warn(&format!("the findings were accepted: {reason}"));
    }
    let request = backup::Request {
        run: Some(report.run),
        folder: options.log_file.with_file_name("backups"),
        ..settings.backup.clone()
    };
    trace::begin(client, way, report.run, baseline).await?;
    let taken = backup::take(client, &options.database_url, &request, way.lock, log).await;
    let set = match taken {
        Ok(set) => set,
        Err(fault) => {
            // What was refused leaves nothing behind. A lost connection leaves it to the next run.
            if !client.is_closed() {
                trace::remove(client, way).await?;
            }
            return Err(fault);
        }
    };
    Ok(Prepared {
        run: report.run,
        accepted,
        decision: decision.name(),
        stamp: set.stamp,
    })
}

impl Prepared {
    /// Two steps of the run's history.
    pub(super) async fn record(&self, client: &impl GenericClient) -> Result<(), Fault> {
        let steps: [(&str, Value); 2] = [
            ("validation", json!({"decision": self.decision})),
            ("backup", json!({"stamp": self.stamp})),
        ];
        for (step, metadata) in steps {
            let place = Place {
                phase: "prepare",
                name: "preparation",
                step: Some(step),
            };
            let note = Note {
                metadata: Some(&metadata),
                ..Note::default()
            };
            state::mark(client, self.run, place, Status::Completed, note).await?;
        }
        Ok(())
    }
}
