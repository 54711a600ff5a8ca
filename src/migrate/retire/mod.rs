//! Takes the old words out of a migrated database for good: the views of the old face, the columns that hold
//! old texts or what a row was before, and the rules that kept both faces in step.
//!
//! In: a completed and verified run whose rollback window and grace period are over, by the database's clock.
//! Out: a [`Preview`], then a [`Report`]. One transaction does it and records it: a process that is killed has
//! done all or nothing, and a second time there is nothing to do. What goes is named exactly and was recorded
//! by the run ([`plan`]); what stays is compared with the catalogue before, fact by fact, before the commit.
//! Afterwards the run cannot be undone any more.

mod edit;
mod grace;
mod plan;
mod work;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::{Client, GenericClient};

use super::Fault;
use super::catalogue::{self, AFTER, Snapshot};
use super::state::{self, Place, Run, Status};

pub use grace::{Grace, settings};
pub(in crate::migrate) use work::execute;

/// The row of the history.
const PLACE: Place<'static> = Place {
    phase: "retire",
    name: "retirement of the old names",
    step: None,
};
const TEXTS: &str = include_str!("sql/texts.sql");
const PROGRAMS: &str = include_str!("sql/programs.sql");

/// One object that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// `view public.deals`, `column public.opportunities.legacy_stage`, …
    pub name: String,
    /// Space it takes. A column's is used again as its rows are written, an index's is free at once.
    pub bytes: i64,
}

/// What would be done.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// Of which run.
    #[serde(skip)]
    pub run: Run,
    /// Until when the old names were served.
    pub grace_ended_at: DateTime<Utc>,
    /// What goes.
    pub items: Vec<Item>,
    /// Views, functions and triggers that get a definition without the old words.
    pub changed: Vec<String>,
    /// Functions of others that name something old: they stay, and will fail when they are called.
    pub mentions: Vec<String>,
    /// Rows whose old stage text does not follow from their stage.
    pub rows_with_own_text: i64,
    /// The first of these texts.
    pub texts: Vec<String>,
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// What it was told beforehand.
    #[serde(flatten)]
    pub preview: Preview,
    /// Space of the indexes and functions: free now.
    pub bytes_freed: i64,
    /// Space of the columns: free as their rows are written again.
    pub bytes_reusable: i64,
}

/// What there is to do.
#[derive(Debug)]
pub enum Retirement {
    /// It is done, since then.
    Done(DateTime<Utc>),
    /// This.
    Work(Box<Preview>),
}

/// Looks, and changes nothing. That the run is complete, verified and past its window has been asked.
///
/// # Errors
/// Exit code 2 when nothing was migrated, during the grace period, and when something of somebody else's uses
/// what would go; the message names it.
pub async fn preview(client: &Client, grace: Grace) -> Result<Retirement, Fault> {
    let Some(run) = state::latest_run(client).await? else {
        return Err(Fault::refused("no migration is recorded in this database")
            .hint("--retire-legacy is for a migrated CRM; a new one has its old names until `legacy-sunset`"));
    };
    if let Some(at) = retired_at(client, &run).await? {
        return Ok(Retirement::Done(at));
    }
    let Some(completed_at) = run.completed_at.filter(|_| run.status == Status::Completed) else {
        return Err(Fault::refused(format!("run {} is not complete", run.id))
            .hint("the old names are retired after a migration, not after its rollback"));
    };
    let ended_at = grace.require_over(client, completed_at).await?;
    let (current, recorded) = sides(client, &run).await?;
    let plan = plan::plan(&current, &recorded, &programs(client).await?);
    refuse_blocked(&plan)?;
    let texts = client.query_one(TEXTS, &[]).await?;
    Ok(Retirement::Work(Box::new(Preview {
        grace_ended_at: ended_at,
        items: work::items(client, &plan).await?,
        changed: plan
            .remade
            .iter()
            .chain(&plan.changed)
            .map(|(object, _)| object.identity.clone())
            .collect(),
        mentions: plan.mentions.clone(),
        rows_with_own_text: texts.get(0),
        texts: texts.get(1),
        run,
    })))
}

/// The catalogue as it is, and as the run recorded it at its end.
async fn sides(client: &impl GenericClient, run: &Run) -> Result<(Snapshot, Snapshot), Fault> {
    let recorded = catalogue::load(client, run.id, AFTER).await?;
    let recorded = recorded.ok_or_else(|| {
        Fault::refused(format!("run {} recorded no catalogue at its end", run.id))
            .hint("what it made is not known by name, so nothing is removed")
    })?;
    Ok((catalogue::read(client).await?, recorded))
}

/// The functions of every schema where somebody may have one.
async fn programs(client: &impl GenericClient) -> Result<Vec<plan::Program>, Fault> {
    let rows = client.query(PROGRAMS, &[]).await?;
    let program = |row: &tokio_postgres::Row| plan::Program {
        key: row.get(0),
        identity: row.get(1),
        text: row.get(2),
        triggers: row.get(3),
    };
    Ok(rows.iter().map(program).collect())
}

fn refuse_blocked(plan: &plan::Plan<'_>) -> Result<(), Fault> {
    if plan.blockers.is_empty() {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "the old names are still used by {}",
        plan.blockers.join(", ")
    ))
    .hint("change these so that they use the new names, or drop them, and try again"))
}

/// When the run's old names were retired, if they were.
///
/// # Errors
/// When the server cannot be asked.
pub async fn retired_at(
    client: &impl GenericClient,
    run: &Run,
) -> Result<Option<DateTime<Utc>>, Fault> {
    let sql = "select completed_at from migration.migration_history \
                where run_id = $1 and phase_number = $2 and step is null and status = 'completed'";
    let row = client.query_opt(sql, &[&run.id, &PLACE.phase]).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// For commands that compare with the old face, or go back to it.
///
/// # Errors
/// Exit code 2 when it is gone.
pub async fn refuse_retired(
    client: &impl GenericClient,
    run: &Run,
    what: &str,
) -> Result<(), Fault> {
    let Some(at) = retired_at(client, run).await? else {
        return Ok(());
    };
    Err(Fault::refused(format!(
        "{what}: the old names and columns of run {} were removed on {}",
        run.id,
        at.format("%Y-%m-%d %H:%M UTC")
    ))
    .hint("the run's backups, as long as they are kept, can be restored into another database"))
}
