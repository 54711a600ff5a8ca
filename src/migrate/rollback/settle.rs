//! What a rollback sets right beside the schema, in its transaction: the history of migrations, the keys
//! that the run added to the configuration, and the state of this run. Other runs are not touched.

use serde_json::Value;
use tokio_postgres::Transaction;

use super::archive::{SCHEMA, archive_name};
use super::plan::Plan;
use super::to_backup::quiet;
use super::{Sides, Work};
use crate::migrate::Fault;
use crate::migrate::catalogue::{self, Object};
use crate::migrate::fingerprint;
use crate::migrate::operation::capture::TRIGGERS;
use crate::pg::ident::quote_ident;
use crate::pg::migrations::{Baseline, migrations, platform_files};

/// Keys that the migration adds to upstream's configuration row.
const CONFIGURATION_KEYS: [&str; 2] = ["opportunityStages", "opportunityCategories"];

const SETUP: &str = include_str!("../sql/capture.sql");
const STATE: &str = include_str!("sql/state.sql");

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|text| Some(text.as_str()?.to_owned()))
        .collect()
}

/// Whether the run applied the platform's files, which make what is missing of it and are never taken back.
pub(super) fn has_added_platform(sides: &Sides) -> bool {
    let before = texts(sides.target.notes.get("history"));
    let now = texts(sides.current.notes.get("history"));
    platform_files().iter().any(|file| {
        let is_recorded = |list: &[String]| list.iter().any(|version| version == file.version);
        is_recorded(&now) && !is_recorded(&before)
    })
}

/// Files of `migrations/` that were not recorded then are not recorded now, so that a later run does them.
pub(super) async fn history(client: &Transaction<'_>, sides: &Sides) -> Result<(), Fault> {
    if !sides.current.notes.contains_key("history") {
        return Ok(());
    }
    let before = texts(sides.target.notes.get("history"));
    let mut gone: Vec<String> = [Baseline::Fork, Baseline::Upstream]
        .into_iter()
        .flat_map(migrations)
        .map(|migration| migration.version.to_owned())
        .filter(|version| !before.contains(version))
        .collect();
    gone.dedup();
    client
        .execute(
            "delete from supabase_migrations.schema_migrations where version = any ($1)",
            &[&gone],
        )
        .await?;
    Ok(())
}

/// Keys of the configuration row that the run added: of [`CONFIGURATION_KEYS`], and no others.
pub(super) fn added_keys(sides: &Sides) -> Vec<String> {
    let before = texts(sides.target.notes.get("configuration"));
    texts(sides.current.notes.get("configuration"))
        .into_iter()
        .filter(|key| CONFIGURATION_KEYS.contains(&key.as_str()) && !before.contains(key))
        .collect()
}

/// Takes the run's keys out of the configuration row, and keeps what they held.
pub(super) async fn configuration(
    client: &Transaction<'_>,
    work: &Work<'_>,
    sides: &Sides,
) -> Result<(), Fault> {
    let added = added_keys(sides);
    if added.is_empty() {
        return Ok(());
    }
    let copy = format!(
        "{SCHEMA}.{}",
        quote_ident(&archive_name(&work.prefix, "configuration"))
    );
    client
        .batch_execute(&format!(
            "create table {copy} (id integer primary key, config jsonb); \
             alter table {copy} enable row level security"
        ))
        .await?;
    client
        .execute(
            &format!(
                "insert into {copy} select c.id, (select jsonb_object_agg(e.key, e.value) \
                   from jsonb_each(c.config) e where e.key = any ($1)) from public.configuration c"
            ),
            &[&added],
        )
        .await?;
    // Nobody's trigger has a say in this.
    let loud = quiet(client, "public.configuration").await?;
    client
        .execute(
            "update public.configuration c set config = c.config - $1::text[] where c.config ?| $1::text[]",
            &[&added],
        )
        .await?;
    for sql in loud {
        client.batch_execute(&sql).await?;
    }
    Ok(())
}

/// Columns that stay and point into a table that is moved away point at nothing from then on: emptied, with
/// everybody's triggers off. Only a rollback of some phases has any; the moved table still tells the pairs.
pub(super) async fn references(
    client: &Transaction<'_>,
    plan: &Plan,
    sides: &Sides,
) -> Result<(), Fault> {
    let moved = |key: &str| plan.moved_tables.iter().any(|table| table.key == key);
    for constraint in &sides.current.objects {
        let on_moved = constraint.parent.as_deref().is_none_or(moved);
        let into_moved = constraint
            .depends
            .iter()
            .any(|key| moved(key.split(" column ").next().unwrap_or(key)));
        if constraint.kind != "constraint" || on_moved || !into_moved {
            continue;
        }
        for column in &sides.current.objects {
            let refers = column.kind == "column"
                && column.parent == constraint.parent
                && constraint.depends.contains(&column.key);
            let stays = sides.target.by_key(&column.key).is_some();
            if refers && stays {
                empty(client, column).await?;
            }
        }
    }
    // The one that refers without a foreign key.
    let activities = |table: &Object| table.relation == "public.activities";
    if plan.moved_tables.iter().any(activities) {
        for column in &sides.current.objects {
            let refers = column.kind == "column" && column.name == "founding_interaction_id";
            let is_table = column
                .parent
                .as_deref()
                .and_then(|key| sides.target.by_key(key));
            let stays = sides.target.by_key(&column.key).is_some();
            if refers && stays && is_table.is_some_and(|table| table.kind == "table") {
                empty(client, column).await?;
            }
        }
    }
    Ok(())
}

/// Nobody's trigger has a say in this.
async fn empty(client: &Transaction<'_>, column: &Object) -> Result<(), Fault> {
    let loud = quiet(client, &column.relation).await?;
    let sql = format!(
        "update {} set {name} = null where {name} is not null",
        column.relation,
        name = column.name
    );
    client.batch_execute(&sql).await?;
    for sql in loud {
        client.batch_execute(&sql).await?;
    }
    Ok(())
}

/// The table and the function that note changes while a run is at work: there when the target has their
/// triggers, gone when it has not.
pub(super) async fn capture(client: &Transaction<'_>, sides: &Sides) -> Result<(), Fault> {
    let wanted = sides
        .target
        .objects
        .iter()
        .any(|object| object.kind == "trigger" && object.name.starts_with(TRIGGERS));
    let sql = match wanted {
        true => SETUP,
        false => {
            "drop function if exists migration.note_change(); drop table if exists migration.changed"
        }
    };
    client.batch_execute(sql).await?;
    Ok(())
}

/// Marks the run, or its undone phases, and forgets the moments after the target of a partial rollback.
pub(super) async fn state(client: &Transaction<'_>, work: &Work<'_>) -> Result<(), Fault> {
    client
        .execute(STATE, &[&work.run.id, &work.request.phase])
        .await?;
    client
        .execute(
            "update migration.migration_progress \
                set status = 'rollback', last_key = null, rows_processed = 0, batch_number = 0 \
              where run_id = $1 and phase <> 'rollback' and ($2::text is null or phase >= $2)",
            &[&work.run.id, &work.request.phase],
        )
        .await?;
    if work.request.phase.is_some() {
        let moments = catalogue::moments(client, work.run.id).await?;
        for later in moments
            .iter()
            .skip_while(|moment| **moment != work.moment)
            .skip(1)
            .filter(|moment| !moment.starts_with("rollback"))
        {
            catalogue::delete(client, work.run.id, later).await?;
        }
        // What a run that continues compares with.
        fingerprint::keep_catalogue(client, work.run.id).await?;
    }
    Ok(())
}
