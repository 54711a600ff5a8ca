//! What an attempt that was cut off may have left where there is nothing to undo any more: writers that are
//! still kept out, users' writes that are still traced, and a run that stopped before its first change and is
//! in nobody's hands.

use tokio_postgres::Client;

use super::moments;
use crate::migrate::engine::Way;
use crate::migrate::lock::RunLock;
use crate::migrate::session::{self, Found};
use crate::migrate::state::{self, Note, Place, Run, Status};
use crate::migrate::{Fault, Log, Options, Stop, maintenance, trace};

/// Settles it, under the lock; says what was done, one line each. Does nothing where nothing is left.
///
/// # Errors
/// Exit code 4 when another command holds the lock.
pub async fn settle(options: &Options, log: &Log) -> Result<Vec<&'static str>, Fault> {
    let mut client = session::connect(&options.database_url, None).await?;
    let nothing = !maintenance::is_on(&client).await?
        && untouched(&client).await?.is_none()
        && !trace::is_on(&client).await?;
    if nothing {
        return Ok(vec![]);
    }
    let lock = RunLock::take(&options.database_url, None).await?;
    lock.attach(&client).await?;
    let mut done = vec![];
    // Again under the lock.
    if let Some(run) = untouched(&client).await? {
        state::mark(
            &client,
            run.id,
            Place::RUN,
            Status::RolledBack,
            Note::default(),
        )
        .await?;
        done.push("the run is recorded as rolled back");
    }
    // A run that is under way, or was cut off, needs it; one that is complete has ended it.
    let is_over = match state::latest_run(&client).await? {
        None => true,
        Some(run) => matches!(run.status, Status::RolledBack | Status::Completed),
    };
    if is_over && trace::is_on(&client).await? {
        let way = Way {
            lock: &lock,
            stop: &Stop::default(),
            log,
        };
        trace::remove(&mut client, way).await?;
        done.push("writes are not traced any more");
    }
    if maintenance::end(&client).await? {
        done.push("maintenance is off");
    }
    for line in &done {
        log.info(line);
    }
    Ok(done)
}

/// The latest run, when it was begun and has changed nothing.
async fn untouched(client: &Client) -> Result<Option<Run>, Fault> {
    let Some(run) = state::latest_run(client).await? else {
        return Ok(None);
    };
    let is_over = matches!(run.status, Status::RolledBack | Status::Completed);
    if is_over || !moments(client, run.id).await?.is_empty() {
        return Ok(None);
    }
    Ok(match session::detect(client).await? {
        Found::Baseline(_) => Some(run),
        _ => None,
    })
}
