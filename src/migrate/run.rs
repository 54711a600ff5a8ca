//! The run: from the lock to the recorded completion.
//!
//! In: options, settings, which part of the work. Out: a [`Summary`], or a [`Fault`] with what to do next.
//! Whatever happens, the database says where the run is: a step's work and its record are one transaction,
//! and a step that is recorded is not done again.

use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use super::engine::{Job, Stop, Way};
use super::error::{Fault, Outcome};
use super::lock::RunLock;
use super::log::Log;
use super::operation::{self, Operation, Phase};
use super::resume::{self, Decision};
use super::session::{self, Found, Session};
use super::state::{self, Note, Place, Run, Status};
use super::verify::performance;
use super::{Options, RunSettings, catalogue, fingerprint, maintenance, prepare, proof, trace};
use crate::pg::migrations;

/// Which part of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of it.
    All,
    /// These phases, by number, in their order.
    Phases(Vec<String>),
    /// The steps that fill rows, of all phases.
    Backfills,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The run; none when there was nothing to do.
    pub run: Option<Uuid>,
    /// All of it is done.
    pub complete: bool,
}

/// What the command asks of a run.
#[derive(Debug, Clone)]
pub struct Request {
    /// Settings of the run.
    pub settings: RunSettings,
    /// Go on with the one that stopped.
    pub resume: bool,
    /// Which part.
    pub selection: Selection,
}

/// Runs.
///
/// # Errors
/// The exit codes of `run`.
pub async fn run(
    options: Options,
    request: Request,
    log: &Log,
    stop: Stop,
) -> Result<Summary, Fault> {
    let Session { mut client, .. } = session::open(&options.database_url, None).await?;
    let lock = RunLock::take(&options.database_url, None).await?;
    lock.attach(&client).await?;
    // What was seen before the lock was ours may be old.
    let found = session::detect(&client).await?;
    let latest = state::latest_run(&client).await?;
    let is_over = latest
        .as_ref()
        .is_none_or(|run| matches!(run.status, Status::RolledBack | Status::Completed));
    let decision = match resume::decide(found, latest, request.resume) {
        Ok(decision) => decision,
        Err(fault) => {
            // An offline run that was cut off before it was recorded has kept writers out; nobody else is at
            // work, and there is nothing to keep them out for.
            if is_over && matches!(found, Found::Baseline(_)) && maintenance::end(&client).await? {
                log.info("maintenance is off");
            }
            return Err(fault);
        }
    };
    if matches!(decision, Decision::NothingToDo) {
        // The last attempt may have been cut off between its end and this.
        if maintenance::end(&client).await? {
            log.info("maintenance is off");
        }
        log.info("the database is migrated; nothing to do");
        // Left where a run was cut off between its completion and this.
        let way = Way {
            lock: &lock,
            stop: &stop,
            log,
        };
        trace::end(&mut client, way).await?;
        return Ok(Summary {
            run: None,
            complete: true,
        });
    }
    let settings = request.settings.clone();
    maintenance::warn_outside(&client, &settings.hours, log).await?;
    if settings.offline {
        let run = match &decision {
            Decision::GoOn(run) => Some(run.id),
            _ => None,
        };
        maintenance::begin(&client, run, log).await?;
    }
    let attempt = Attempt {
        options,
        request,
        found,
        decision,
        lock,
        stop,
    };
    let outcome = attempt.run(&mut client, log).await;
    // A run that stops short lets writers in again unless it was told not to: what they see is the old
    // schema as it was, or the new one complete.
    let keep = settings.keep_maintenance && outcome.is_err();
    if !keep && !client.is_closed() && maintenance::end(&client).await? {
        log.info("maintenance is off");
    }
    outcome
}

/// One attempt of a run, from its decision on.
struct Attempt {
    options: Options,
    request: Request,
    found: Found,
    decision: Decision,
    lock: RunLock,
    stop: Stop,
}

impl Attempt {
    async fn run(self, client: &mut Client, log: &Log) -> Result<Summary, Fault> {
        let (found, settings) = (self.found, self.request.settings);
        let run = match self.decision {
            Decision::GoOn(run) => go_on(client, found, &settings, run, log).await?,
            _ => {
                let way = Way {
                    lock: &self.lock,
                    stop: &self.stop,
                    log,
                };
                let pid = client
                    .query_one("select pg_backend_pid()", &[])
                    .await?
                    .get(0);
                let begun = begin(client, found, &self.options, &settings, way);
                let begun = tokio::select! {
                    biased;
                    begun = begun => Some(begun.map_err(|fault| or_hint(fault, TRY_AGAIN))?),
                    () = self.stop.wait() => None,
                };
                let Some(run) = begun else {
                    *client = session::replace(&self.options.database_url, pid).await?;
                    self.lock.attach(client).await?;
                    // The request to stop was for the work, not for clearing up after it.
                    let stop = Stop::default();
                    if !is_under_way(client).await? {
                        trace::remove(client, Way { stop: &stop, ..way }).await?;
                    }
                    return Err(stopped_early());
                };
                run
            }
        };
        session::name_run(client, run.id).await?;
        self.lock.name_run(run.id).await?;
        let job = Job {
            options: self.options,
            settings,
            lock: self.lock,
            baseline: found.baseline(),
            log: log.of_run(run.id),
            run,
            stop: self.stop,
        };
        job.log.info(&format!("run {}", job.run.id));
        let outcome = work(client, &job, &self.request.selection).await;
        if let Err(fault) = &outcome {
            record_end(client, &job, fault).await;
        }
        let complete = outcome.map_err(|fault| or_hint(fault, WHAT_NEXT))?;
        Ok(Summary {
            run: Some(job.run.id),
            complete,
        })
    }
}

/// What to do about a failure that does not say so itself.
const WHAT_NEXT: &str =
    "continue with `oppbase migrate run --resume`, or go back with `oppbase migrate rollback`";

/// The same where no run is recorded yet, or just so.
const TRY_AGAIN: &str =
    "nothing has been changed: try again, and if it says that a run has begun, add --resume";

fn or_hint(fault: Fault, what_next: &str) -> Fault {
    match fault.hint {
        Some(_) => fault,
        None => fault.hint(what_next),
    }
}

/// Whether a run is recorded that `--resume` goes on with: it needs the trace.
async fn is_under_way(client: &Client) -> Result<bool, Fault> {
    let run = state::latest_run(client).await?;
    Ok(run.is_some_and(|run| !matches!(run.status, Status::Completed | Status::RolledBack)))
}

/// While the data was judged or backed up. The transaction of the backup goes with its session.
fn stopped_early() -> Fault {
    Fault::new(Outcome::Stopped, "interrupted before the first change")
        .hint("begin with `oppbase migrate run`; if it says that a run has begun, add --resume")
}

/// Judges, backs up, and only then records a run: what is refused here has changed nothing.
async fn begin(
    client: &mut Client,
    found: Found,
    options: &Options,
    settings: &RunSettings,
    way: Way<'_>,
) -> Result<Run, Fault> {
    let log = way.log;
    // As they are judged: until the cut-over nobody should change them.
    let access = fingerprint::of_access(client).await?;
    let prepared = prepare::prepare(client, options, settings, found.baseline(), way).await?;
    state::ensure(client).await?;
    migrations::ensure_history(client).await?;
    let metadata = json!({
        "fingerprint": fingerprint::of_plan(found.baseline(), settings),
        "offline": settings.offline,
        "accepted_findings": prepared.accepted,
        "access": access,
    });
    let transaction = client.transaction().await?;
    state::begin_run_as(&transaction, prepared.run, &metadata).await?;
    prepared.record(&transaction).await?;
    transaction.commit().await?;
    if let Err(fault) = performance::before::keep(client, prepared.run, found.baseline()).await {
        log.warn(&format!("queries were not measured beforehand: {fault}"));
    }
    log.info(&format!(
        "begins on the {} baseline",
        found.baseline().folder()
    ));
    state::run_by_id(client, prepared.run).await
}

async fn go_on(
    client: &Client,
    found: Found,
    settings: &RunSettings,
    run: Run,
    log: &Log,
) -> Result<Run, Fault> {
    fingerprint::require_same(&run, &fingerprint::of_plan(found.baseline(), settings))?;
    fingerprint::require_same_catalogue(client, &run).await?;
    let noting = "select exists (select from migration.migration_history \
                    where run_id = $1 and step = 'capture' and status = 'completed')";
    let is_noting: bool = client.query_one(noting, &[&run.id]).await?.get(0);
    if is_noting && !matches!(found, Found::Migrated(_)) {
        operation::capture::require(client).await?;
    }
    if trace::known(client, run.id, 0).await? == trace::Known::Nothing {
        log.warn(
            "what others write is not traced: rows that they change since the backup will look damaged to the verification",
        );
    }
    let metadata = json!({"interrupted": false, "resumed": true});
    let note = Note {
        metadata: Some(&metadata),
        ..Note::default()
    };
    state::mark(client, run.id, Place::RUN, Status::InProgress, note).await?;
    Ok(run)
}

/// Does what is selected; true when the run is complete.
async fn work(client: &mut Client, job: &Job, selection: &Selection) -> Result<bool, Fault> {
    let phases = operation::phases(job.baseline);
    let mut all_done = true;
    catalogue::keep(client, job.run.id, catalogue::BEFORE, true).await?;
    for phase in &phases {
        let chosen: Vec<&Operation> = phase
            .operations
            .iter()
            .filter(|operation| is_chosen(selection, phase, operation))
            .collect();
        if !chosen.is_empty() && !all_done && !matches!(selection, Selection::Backfills) {
            return Err(Fault::refused(format!(
                "phase {} needs the phases before it",
                phase.number
            ))
            .hint("run them first, or all with `oppbase migrate run --resume`"));
        }
        if matches!(selection, Selection::Backfills) {
            require_tables(client, job, phase).await?;
        }
        perform(client, job, phase, &chosen).await?;
        all_done &= finish_phase(client, job, phase).await?;
    }
    if all_done {
        complete(client, job).await?;
    }
    Ok(all_done)
}

/// Rows can be filled once the tables, functions and triggers of the phase are there.
async fn require_tables(client: &Client, job: &Job, phase: &Phase) -> Result<(), Fault> {
    let first = phase
        .operations
        .iter()
        .take_while(|operation| !matches!(operation, Operation::Batches(..)));
    let fills = phase
        .operations
        .iter()
        .any(|operation| matches!(operation, Operation::Batches(..)));
    for operation in first {
        if fills && !operation.is_done(client, job).await? {
            return Err(Fault::refused(format!(
                "phase {} has no tables to fill yet",
                phase.number
            ))
            .hint("make them with `oppbase migrate execute --phase`, or run everything with `oppbase migrate run --resume`"));
        }
    }
    Ok(())
}

fn is_chosen(selection: &Selection, phase: &Phase, operation: &Operation) -> bool {
    match selection {
        Selection::All => true,
        Selection::Phases(numbers) => numbers.iter().any(|number| number == phase.number),
        Selection::Backfills => matches!(operation, Operation::Batches(..)),
    }
}

/// The operations of a phase that are not done.
async fn perform(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    operations: &[&Operation],
) -> Result<(), Fault> {
    let mut begun = false;
    for operation in operations {
        job.stop.check()?;
        if operation.is_done(client, job).await? {
            continue;
        }
        if !begun {
            begun = true;
            job.log
                .info(&format!("phase {} {}", phase.number, phase.name));
            let place = phase_place(phase);
            state::mark(
                client,
                job.run.id,
                place,
                Status::InProgress,
                Note::default(),
            )
            .await?;
        }
        let place = Place {
            step: Some(operation.name()),
            ..phase_place(phase)
        };
        state::mark(
            client,
            job.run.id,
            place,
            Status::InProgress,
            Note::default(),
        )
        .await?;
        let outcome = operation.start(client, job, phase).await;
        if let Err(fault) = &outcome
            && fault.outcome != Outcome::Stopped
            && !client.is_closed()
        {
            let note = Note {
                error: Some(&fault.message),
                ..Note::default()
            };
            state::mark(client, job.run.id, place, Status::Failed, note).await?;
        }
        outcome?;
        // After the cut-over the capture is gone, and each index has its final name.
        operation.verify(client, job).await?;
        job.log
            .of_step(phase.number, operation.name())
            .info_with("done", &json!({"kind": operation.kind()}));
    }
    Ok(())
}

fn phase_place(phase: &Phase) -> Place<'_> {
    Place {
        phase: phase.number,
        name: phase.name,
        step: None,
    }
}

/// Marks the phase as completed once all its operations are; false when some are missing.
async fn finish_phase(client: &Client, job: &Job, phase: &Phase) -> Result<bool, Fault> {
    for operation in &phase.operations {
        if !operation.is_done(client, job).await? {
            return Ok(false);
        }
    }
    catalogue::keep(client, job.run.id, phase.number, false).await?;
    let place = phase_place(phase);
    if state::status_of(client, job.run.id, place).await? != Some(Status::Completed) {
        let metadata = json!({"savepoint": savepoint(phase)});
        let note = Note {
            metadata: Some(&metadata),
            ..Note::default()
        };
        state::mark(client, job.run.id, place, Status::Completed, note).await?;
    }
    Ok(true)
}

/// The name that the written checks look for.
pub(super) fn savepoint(phase: &Phase) -> String {
    format!("phase_{}_complete", phase.number.replace('.', "_"))
}

/// What comes after the cut-over, then the record from which retirement and rollback count.
async fn complete(client: &mut Client, job: &Job) -> Result<(), Fault> {
    client
        .batch_execute("analyze public.opportunities; analyze public.\"opportunityNotes\"")
        .await?;
    proof::prove(client, job).await?;
    job.lock.require(client).await?;
    state::mark(
        client,
        job.run.id,
        Place::RUN,
        Status::Completed,
        Note::default(),
    )
    .await?;
    job.log.info("complete");
    if let Err(fault) = trace::end(client, job.way()).await {
        job.log.warn(&format!(
            "writes are still traced, `oppbase migrate run` or `cleanup` ends it: {fault}"
        ));
    }
    proof::report(client, job).await;
    Ok(())
}

/// What the run's row says about an attempt that did not reach the end. A lost connection leaves the row as
/// it is: in progress, with nobody who holds the lock.
async fn record_end(client: &Client, job: &Job, fault: &Fault) {
    let stopped = fault.outcome == Outcome::Stopped;
    if stopped {
        job.log.warn("interrupted; what was in hand is finished");
    } else {
        job.log.error(&fault.message);
    }
    if client.is_closed() {
        return;
    }
    let metadata = json!({"interrupted": stopped, "sqlstate": fault.sqlstate});
    let note = Note {
        error: (!stopped).then_some(fault.message.as_str()),
        metadata: Some(&metadata),
        ..Note::default()
    };
    let status = if stopped {
        Status::InProgress
    } else {
        Status::Failed
    };
    if let Err(error) = state::mark(client, job.run.id, Place::RUN, status, note).await {
        job.log.error(&format!("recording this: {error}"));
    }
}
