//! Undoes a run: the schema as it was recorded before, with the rows that were written since.
//!
//! In: the run's recorded catalogue ([`catalogue`]), the database as it is, and a [`Request`]. Out: the old
//! schema, the run's own tables and columns in schema `crm_backup`, a [`Report`]. Nothing here is a list of
//! reversals: what to drop, move, rename and make again is worked out from the two catalogues ([`plan`]), so
//! whatever order the run took, and wherever it stopped, the way back is the same.
//!
//! Copies are made in batches beforehand; everything that others can see happens in one transaction, which
//! ends with the proof that the catalogue is the recorded one. Killed at any instant, the same command
//! continues: copies go on where they stopped, and the transaction happened or did not. What comes after
//! it is made good by [`leftover`].

pub mod access;
mod archive;
mod attempt;
mod leftover;
mod memberships;
pub(in crate::migrate) mod order;
pub mod ours;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod proof;
mod referring;
mod restore;
mod rights;
mod settle;
mod steps;
mod to_backup;
mod tolerated;
mod window;

use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

use super::catalogue::{self, AFTER, BEFORE, Object, Snapshot};
use super::session::{self, Found};
use super::state::{self, Run, Status};
use super::touched::{Reached, touched};
use super::{Fault, Log, Options, Stop, backup, retire};
use crate::pg::migrations::Baseline;
use ours::Ours;
use plan::Plan;
use rights::Rights;

pub use attempt::execute;
pub use leftover::settle as settle_leftover;
pub use proof::{Later, Report};
pub use window::{HOURS, Window};

/// Where to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// The old schema with today's rows.
    #[default]
    Structural,
    /// The old schema with the rows of the backup; later rows are kept aside.
    Backup,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Where to.
    pub to: Destination,
    /// Undo this phase and those after it; all when none.
    pub phase: Option<String>,
    /// Go back although the window is over, for this reason.
    pub force_expired: Option<String>,
    /// With [`Destination::Backup`]: so many rows written since may leave the tables.
    pub agreed_rows: i64,
}

/// Everything there is to know before anything is changed.
#[derive(Debug)]
pub struct Preview {
    /// The run.
    pub run: Run,
    /// The moment that is gone back to.
    pub moment: String,
    /// Until when.
    pub window: Window,
    /// What would happen.
    pub plan: Plan,
    /// Views that will run with the caller's rights and did not before the run.
    pub narrowed: Vec<String>,
    /// What the run made for the platform stays.
    pub platform_stays: bool,
    /// For [`Destination::Backup`]: rows written since, by table.
    pub later: Vec<Later>,
}

/// What a database has to undo.
#[derive(Debug)]
pub enum Undo {
    /// Nothing, and why.
    Nothing(String),
    /// This.
    Work(Box<Preview>),
}

/// Looks, and changes nothing.
///
/// # Errors
/// Exit code 1 when there is no run or its catalogue was not recorded; 2 when the window is over, or when
/// something of somebody else's is in the way, with its name.
pub async fn preview(client: &Client, request: &Request) -> Result<Undo, Fault> {
    let Some(run) = state::latest_run(client).await? else {
        return Ok(Undo::Nothing("no run is recorded in this database".into()));
    };
    if run.status == Status::RolledBack {
        return Ok(Undo::Nothing(format!(
            "run {} is rolled back already",
            run.id
        )));
    }
    retire::refuse_retired(client, &run, "there is no way back").await?;
    let window = Window::of(client, &run).await?;
    window.require(request)?;
    let recorded = moments(client, run.id).await?;
    if recorded.is_empty() {
        return match session::detect(client).await? {
            Found::Baseline(_) => Ok(Undo::Nothing(format!(
                "run {} stopped before its first change",
                run.id
            ))),
            _ => Err(Fault::failed(format!(
                "no catalogue is recorded for run {}: its way back is not known",
                run.id
            ))
            .hint(backup::HOW_TO_RESTORE)),
        };
    }
    let Some(moment) = moment_of(&recorded, request.phase.as_deref())? else {
        return Ok(Undo::Nothing(format!(
            "phase {} and those after it are undone already",
            request.phase.as_deref().unwrap_or_default()
        )));
    };
    let sides = Sides::load(client, run.id, &moment).await?;
    sides.refuse_another_database()?;
    let plan = plan::plan(&sides.target, &sides.current, &sides.ours);
    refuse_blocked(&plan)?;
    let later = match request.to {
        Destination::Structural => vec![],
        Destination::Backup => to_backup::later(client, &run, &sides, &plan).await?,
    };
    Ok(Undo::Work(Box::new(Preview {
        run,
        moment,
        window,
        plan,
        platform_stays: settle::has_added_platform(&sides),
        narrowed: sides.rights.narrowed,
        later,
    })))
}

fn refuse_blocked(plan: &Plan) -> Result<(), Fault> {
    if !plan.renamed.is_empty() {
        return Err(Fault::refused(format!(
            "renamed after the migration, and needed under the old name: {}",
            plan.renamed.join(", ")
        ))
        .hint("nothing was changed; give it its old name back, as shown, and try again"));
    }
    if plan.blockers.is_empty() {
        return Ok(());
    }
    Err(Fault::refused(format!(
        "made or changed after the migration and in the way: {}",
        plan.blockers.join(", ")
    ))
    .hint("drop what is new, or change it so that it no longer uses the new schema; give columns their names again; then try again"))
}

/// The recorded moments of a run, the oldest first, without those that a rollback recorded.
async fn moments(client: &Client, run: Uuid) -> Result<Vec<String>, Fault> {
    let mut list = catalogue::moments(client, run).await?;
    list.retain(|moment| !moment.starts_with("rollback"));
    Ok(list)
}

/// The moment before the phase; [`BEFORE`] without one; none when the phase left no trace.
fn moment_of(recorded: &[String], phase: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(phase) = phase else {
        return Ok(Some(BEFORE.to_owned()));
    };
    let known = ["1.1", "1.2", "1.3", "1.4"];
    let Some(wanted) = known.iter().position(|known| *known == phase) else {
        return Err(Fault::refused(format!("there is no phase {phase}"))
            .hint("name one of 1.1, 1.2, 1.3, 1.4; it is undone with those after it"));
    };
    // The end of the phase before it. Where that was never reached, nothing of this phase is there.
    let name = match wanted {
        0 => BEFORE,
        _ => known[wanted - 1],
    };
    let Some(place) = recorded.iter().position(|moment| moment == name) else {
        return Ok(None);
    };
    Ok(Some(recorded[place].clone()))
}

/// Both sides of the work.
#[derive(Debug)]
struct Sides {
    /// As it was recorded, with the rights that it shall have now.
    target: Snapshot,
    current: Snapshot,
    ours: Ours,
    rights: Rights,
    /// Of the target as it was recorded.
    fingerprint: String,
}

impl Sides {
    /// The record names tables by PostgreSQL's numbers, and a restored database has others.
    fn refuse_another_database(&self) -> Result<(), Fault> {
        let is_there = |object: &Object| self.current.by_key(&object.key).is_some();
        let mut tables = self.target.objects.iter().filter(|o| o.kind == "table");
        if tables.any(is_there) {
            return Ok(());
        }
        Err(Fault::refused(
            "none of the tables that the run recorded is here: this is a copy of the database, restored elsewhere",
        )
        .hint("go back where the run was, or restore the full dump of its backup"))
    }

    async fn load(
        client: &impl tokio_postgres::GenericClient,
        run: Uuid,
        moment: &str,
    ) -> Result<Self, Fault> {
        let recorded: Vec<String> = catalogue::moments(client, run)
            .await?
            .into_iter()
            .filter(|moment| !moment.starts_with("rollback"))
            .collect();
        let mut target = None;
        let mut later = vec![];
        for name in recorded.iter().skip_while(|name| *name != moment) {
            let Some(snapshot) = catalogue::load(client, run, name).await? else {
                continue;
            };
            match target {
                None => target = Some(snapshot),
                Some(_) => later.push(snapshot),
            }
        }
        let target = target.ok_or_else(|| {
            Fault::failed(format!("no catalogue is recorded for moment {moment}"))
        })?;
        let is_complete = recorded.iter().any(|moment| moment == AFTER);
        let reached = Reached::after(recorded.last().map(String::as_str));
        let is_upstream = |object: &Object| object.identity == "column public.companies.state_abbr";
        let baseline = match target.objects.iter().any(is_upstream) {
            true => Baseline::Upstream,
            false => Baseline::Fork,
        };
        let fingerprint = target.fingerprint();
        let ours = Ours::new(&target, later, is_complete, (touched(baseline), reached));
        let current = catalogue::read(client).await?;
        let (target, rights) = rights::as_left(target, &current, &ours);
        Ok(Self {
            target,
            current,
            ours,
            rights,
            fingerprint,
        })
    }
}

/// What a rollback carries along.
#[derive(Debug)]
struct Work<'a> {
    options: &'a Options,
    request: &'a Request,
    run: Run,
    moment: String,
    /// In front of every name in schema `crm_backup`.
    prefix: String,
    log: Log,
    stop: Stop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_goes_back_to_the_end_of_the_one_before() {
        let recorded: Vec<String> = ["before", "1.1", "1.2", "1.3"].map(Into::into).into();
        let of = |phase| moment_of(&recorded, phase).expect("a known phase");
        assert_eq!(of(None).as_deref(), Some("before"));
        assert_eq!(of(Some("1.1")).as_deref(), Some("before"));
        assert_eq!(of(Some("1.3")).as_deref(), Some("1.2"));
        assert_eq!(of(Some("1.4")).as_deref(), Some("1.3"));
        assert_eq!(moment_of(&recorded[..2], Some("1.4")).expect("known"), None);
        assert!(moment_of(&recorded, Some("2.0")).is_err());
    }
}
