//! What a run must find unchanged when it goes on: the program's plan, the operator's choices, and the
//! tables it works on.
//!
//! The plan is a digest of the embedded files and the program's version; the catalogue a digest per table
//! (columns, constraints, triggers), kept with every step that changes it. Indexes are left out: they are
//! made outside transactions, and their step looks for itself. Who may read and write is kept once: nothing
//! before the cut-over changes it but for the usages that the platform's roles lack, and the cut-over writes the
//! migration's own policies.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::RunSettings;
use super::error::{Fault, one_line};
use super::state::Run;
use super::touched::touched;
use crate::pg::migrations::{self, Baseline};

const CATALOGUE: &str = include_str!("sql/fingerprint.sql");
const ACCESS: &str = include_str!("sql/access.sql");

/// Version, plan and choices, as they are kept in the run's metadata under `fingerprint`.
pub fn of_plan(baseline: Baseline, settings: &RunSettings) -> Value {
    let mut digest = Sha256::new();
    for file in migrations::migrations(baseline) {
        digest.update(file.version);
        digest.update(file.sql);
    }
    for (file, sql) in migrations::policies() {
        digest.update(file);
        digest.update(sql);
    }
    // What is compared at the cut-over.
    digest.update(ACCESS);
    let plan: String = digest
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "plan": plan,
        "baseline": baseline.folder(),
        "stage_map": settings.judgement.stage_map.words,
        "unmapped_stage": settings.judgement.stage_map.unmapped,
    })
}

/// Refuses to go on when something differs from what the run began with.
///
/// # Errors
/// Exit code 2, naming every difference.
pub fn require_same(run: &Run, now: &Value) -> Result<(), Fault> {
    let then = run.metadata.get("fingerprint").cloned().unwrap_or_default();
    let differences: Vec<String> = now
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, value)| then.get(key.as_str()) != Some(*value))
        .map(|(key, value)| {
            format!(
                "{key} was {} and is {value}",
                then.get(key).unwrap_or(&Value::Null)
            )
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(Fault::refused(one_line(&format!(
        "run {} began otherwise: {}",
        run.id,
        differences.join("; ")
    )))
    .hint("resume with the program and the options it began with, or roll it back and begin anew"))
}

/// Keeps the catalogue of the moment in the run's metadata, in the transaction of the step.
pub(super) async fn keep_catalogue(client: &impl GenericClient, run: Uuid) -> Result<(), Fault> {
    let catalogue = Value::Object(digests(client, CATALOGUE).await?);
    client
        .execute(
            "update migration.migration_history \
                set metadata = coalesce(metadata, '{}') || jsonb_build_object('catalogue', $2::jsonb) \
              where run_id = $1 and phase_number = 'run' and step is null",
            &[&run, &catalogue],
        )
        .await?;
    Ok(())
}

/// Who may read and write, as it is kept in the run's metadata under `access`.
pub(super) async fn of_access(client: &impl GenericClient) -> Result<Value, Fault> {
    Ok(Value::Object(digests(client, ACCESS).await?))
}

/// Usages of schemas that the run has given itself, in this transaction and since `before`, count as found by it.
/// Nothing else does: what a policy or a privilege on a relation says now may be what somebody else has just committed.
pub(super) async fn follow_access(
    client: &impl GenericClient,
    run: Uuid,
    before: &Value,
) -> Result<(), Fault> {
    let mut changed = digests(client, ACCESS).await?;
    let is_schema = |name: &str| !name.contains('.');
    changed.retain(|name, digest| is_schema(name) && before.get(name.as_str()) != Some(&*digest));
    // Where it was changed by somebody else before, it stays as it was kept.
    let sql = "update migration.migration_history \
                  set metadata = jsonb_set(metadata, '{access}', metadata -> 'access' \
                        || coalesce((select jsonb_object_agg(c.key, c.value) from jsonb_each($2) c \
                                      where metadata -> 'access' -> c.key is not distinct from $3::jsonb -> c.key), '{}')) \
                where run_id = $1 and phase_number = 'run' and step is null and metadata ? 'access'";
    client
        .execute(sql, &[&run, &Value::Object(changed), before])
        .await?;
    Ok(())
}

/// Refuses to cut over when somebody has changed who may read and write since: the migration's policies would
/// take the place of theirs.
///
/// # Errors
/// Exit code 2, naming what it is on.
pub(super) async fn require_same_access(
    client: &impl GenericClient,
    run: Uuid,
    baseline: Baseline,
) -> Result<(), Fault> {
    let sql = "select metadata -> 'access' from migration.migration_history \
                where run_id = $1 and phase_number = 'run' and step is null";
    let kept: Option<Value> = client.query_one(sql, &[&run]).await?.get(0);
    let Some(Value::Object(then)) = kept else {
        return Ok(()); // begun by a program that did not keep it
    };
    let now = digests(client, ACCESS).await?;
    let touched = touched(baseline);
    let mut changed: Vec<&str> = then
        .iter()
        .filter(|(relation, digest)| now.get(relation.as_str()) != Some(*digest))
        .map(|(relation, _)| relation.as_str())
        // Others are as free to change as before.
        .filter(|name| touched.touches_access(name))
        .collect();
    changed.sort_unstable();
    if changed.is_empty() {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "policies or privileges were changed while the run was at work, or left out by a rollback of phases: {}",
        changed.join(", ")
    ))
    .hint("the cut-over would undo that: change them back and resume, or roll the run back, which leaves them as they are, and judge anew"))
}

/// Refuses to go on when somebody has altered a table since the last step.
///
/// # Errors
/// Exit code 2, naming the tables.
pub async fn require_same_catalogue(client: &impl GenericClient, run: &Run) -> Result<(), Fault> {
    let Some(Value::Object(then)) = run.metadata.get("catalogue") else {
        return Ok(()); // nothing has been done yet
    };
    let now = digests(client, CATALOGUE).await?;
    let mut altered: Vec<&str> = then
        .iter()
        .filter(|(table, digest)| now.get(table.as_str()) != Some(*digest))
        .map(|(table, _)| table.as_str())
        .chain(
            now.keys()
                .filter(|table| !then.contains_key(table.as_str()))
                .map(String::as_str),
        )
        .collect();
    altered.sort_unstable();
    if altered.is_empty() {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "the schema was altered since run {} stopped: {}",
        run.id,
        altered.join(", ")
    ))
    .hint("undo the alteration and resume, or roll the run back"))
}

async fn digests(client: &impl GenericClient, sql: &str) -> Result<Map<String, Value>, Fault> {
    let rows = client.query(sql, &[]).await?;
    let digest = |row: &tokio_postgres::Row| (row.get(0), Value::String(row.get(1)));
    Ok(rows.iter().map(digest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::stage_map::{StageMap, Unmapped};
    use crate::migrate::validation;

    fn run(settings: &RunSettings) -> Run {
        Run {
            id: Uuid::nil(),
            status: super::super::state::Status::InProgress,
            started_at: chrono::Utc::now(),
            completed_at: None,
            error: None,
            metadata: json!({"fingerprint": of_plan(Baseline::Fork, settings)}),
        }
    }

    #[test]
    fn every_choice_is_compared() {
        let settings = RunSettings::default();
        let begun = run(&settings);
        require_same(&begun, &of_plan(Baseline::Fork, &settings)).expect("nothing changed");
        let with = |stage_map| RunSettings {
            judgement: validation::Options {
                stage_map,
                ..validation::Options::default()
            },
            ..RunSettings::default()
        };
        let mut mapped = StageMap::default();
        mapped.add("a=lead").expect("a stage");
        let strict = StageMap {
            unmapped: Unmapped::Fail,
            ..StageMap::default()
        };
        let others = [with(mapped), with(strict)];
        for other in others {
            let fault =
                require_same(&begun, &of_plan(Baseline::Fork, &other)).expect_err("another choice");
            assert_eq!(fault.outcome.code(), 2);
        }
        require_same(&begun, &of_plan(Baseline::Upstream, &settings)).expect_err("another product");
    }
}
