//! Operation: one file of `migrations/` in one short transaction, with its row in the history table, its
//! step in the run's history and the catalogue as it is afterwards.

use tokio_postgres::{Client, Transaction};

use super::Phase;
use crate::migrate::engine::{Job, patient};
use crate::migrate::error::Fault;
use crate::migrate::fingerprint;
use crate::migrate::state::{self, Note, Place, Status};
use crate::migrate::table_locks::{Mode, TableLock};
use crate::pg::migrations::{self, Migration};

/// The tables in use that a file locks against writers or readers: an added column keeps out everybody, a
/// foreign key the writers of what it refers to.
pub fn locks(file: &str) -> &'static [TableLock<'static>] {
    use Mode::{AccessExclusive, ShareRowExclusive};
    match file {
        "1_1_companies_contacts" => &[
            ("public.companies", AccessExclusive),
            ("public.contacts", AccessExclusive),
        ],
        "1_1_deals" => &[
            ("public.companies", ShareRowExclusive),
            ("public.deals", AccessExclusive),
        ],
        "1_2_tables" => &[
            ("public.companies", ShareRowExclusive),
            ("public.contacts", ShareRowExclusive),
            ("public.sales", ShareRowExclusive),
        ],
        "1_3_tables" | "1_4_tables" => &[
            ("public.companies", ShareRowExclusive),
            ("public.contacts", ShareRowExclusive),
            ("public.deals", ShareRowExclusive),
            ("public.sales", ShareRowExclusive),
        ],
        _ => &[],
    }
}

/// Runs the file, or with `execute` false only records it.
pub(super) async fn start(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    file: &Migration,
    execute: bool,
) -> Result<(), Fault> {
    let locks = if execute { locks(file.name) } else { &[] };
    patient(client, job.way(), locks, async |transaction| {
        if execute && file.name.starts_with("platform_") {
            // It gives the platform's roles what they lack; what others change meanwhile is noticed all the same.
            let before = fingerprint::of_access(transaction).await?;
            run(transaction, file).await?;
            fingerprint::follow_access(transaction, job.run.id, &before).await?;
        } else if execute {
            run(transaction, file).await?;
        }
        let statements: &[&str] = if execute { &[file.sql] } else { &[] };
        migrations::record(transaction, file, statements).await?;
        finish(transaction, job, phase, file.name, None).await
    })
    .await
}

/// Runs a file's statements.
pub(super) async fn run(transaction: &Transaction<'_>, file: &Migration) -> Result<(), Fault> {
    transaction.batch_execute(file.sql).await.map_err(|error| {
        Fault::from(error).at(format!("migrations/{}_{}.sql", file.version, file.name))
    })
}

/// Marks a step as completed and keeps the catalogue of the moment, in the step's transaction.
pub(super) async fn finish(
    transaction: &Transaction<'_>,
    job: &Job,
    phase: &Phase,
    step: &str,
    rows: Option<i64>,
) -> Result<(), Fault> {
    let note = Note {
        rows,
        ..Note::default()
    };
    state::mark(
        transaction,
        job.run.id,
        place(phase, step),
        Status::Completed,
        note,
    )
    .await?;
    fingerprint::keep_catalogue(transaction, job.run.id).await
}

/// The step's row in the history.
pub(super) fn place<'a>(phase: &Phase, step: &'a str) -> Place<'a> {
    Place {
        phase: phase.number,
        name: phase.name,
        step: Some(step),
    }
}

/// Whether the history table has the file.
pub(super) async fn is_recorded(client: &Client, file: &Migration) -> Result<bool, Fault> {
    are_recorded(client, std::slice::from_ref(file)).await
}

/// Whether the history table has all of the files.
pub(super) async fn are_recorded(client: &Client, files: &[Migration]) -> Result<bool, Fault> {
    let recorded = migrations::recorded(client).await?;
    Ok(files.iter().all(|file| recorded.contains(file.version)))
}

/// Whether the run's history has the step as completed.
pub(super) async fn is_marked(client: &Client, job: &Job, step: &str) -> Result<bool, Fault> {
    let sql = "select exists (select from migration.migration_history \
                 where run_id = $1 and step = $2 and status = 'completed')";
    Ok(client.query_one(sql, &[&job.run.id, &step]).await?.get(0))
}
