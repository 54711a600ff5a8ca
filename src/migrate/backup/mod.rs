//! Backup: copies of the CRM's tables in schema `crm_backup` and a dump by `pg_dump`, of one snapshot.
//!
//! In: a session of the engine that holds the lock, and a [`Request`]. Out: a [`Set`], recorded in
//! `migration.migration_backups` and in a manifest beside the dump. The copies, their verification and
//! their record are one transaction, which commits only when the dump is complete and readable: a backup is
//! there and verified, or it is not there.

pub mod copies;
mod deep;
pub mod dump;
pub mod manifest;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::error::Fault;
use super::lock::RunLock;
use super::log::Log;
use super::validation::space::{self, bytes, free_at};
use super::{state, validation};
use crate::pg::ident::quote_ident;
use crate::pg::migrations::Baseline;
use crate::pg::version;
use copies::TableCopy;
use dump::{Dump, Tool};

/// Schema of the copies: no grants, not served.
pub const SCHEMA: &str = "crm_backup";

/// How a dump becomes a database again; the whole of it, so that hints and documentation say the same.
pub const HOW_TO_RESTORE: &str = "restore the full dump of the run's backup into a new, empty database \
    (`createdb --template=template0 NAME`, then `pg_restore --dbname=NAME DUMP`; \
    there `oppbase migrate rollback` clears away what the run had set)";

const FACTS: &str = include_str!("sql/facts.sql");
const STAMP_IS_TAKEN: &str = include_str!("sql/stamp_is_taken.sql");
const SIZES: &str = include_str!("sql/sizes.sql");
const RECORD: &str = include_str!("sql/record.sql");
/// A dump takes its time, and the snapshot must outlive it. Texts are as the checksums need them.
const SETTINGS: &str = "\
    set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; \
    set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres'; \
    set local extra_float_digits = 1; set local bytea_output = 'hex'; set local row_security = off";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The run that it is taken for; none: the set has an id of its own.
    pub run: Option<Uuid>,
    /// Folder of dump and manifest.
    pub folder: PathBuf,
    /// Why there shall be no dump; recorded.
    pub no_dump: Option<String>,
    /// `pg_dump` to use; else the first on the search path that is new enough.
    pub pg_dump: Option<PathBuf>,
    /// Restore the dump into a scratch database and compare every table.
    pub deep: bool,
    /// Write the dump as SQL text, too.
    pub plain: bool,
    /// Free bytes of the server's data volume, as the operator states them.
    pub free_bytes: Option<u64>,
}

/// A backup set.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Set {
    pub run: Uuid,
    /// `YYYYMMDD_HHMMSS`, UTC.
    pub stamp: String,
    pub baseline: &'static str,
    pub server_version: String,
    #[serde(rename = "snapshotLSN")]
    pub snapshot_lsn: String,
    pub tables: Vec<TableCopy>,
    /// Last value by sequence; null when it was never used.
    pub sequences: Value,
    pub dump: Option<Dump>,
    pub no_dump_reason: Option<String>,
    /// The dump was restored and compared.
    pub restored: bool,
    /// End of the 48 hours after completion; `open` before.
    pub rollback_window_expires: String,
    #[serde(skip)]
    pub manifest: PathBuf,
}

/// Takes and verifies a backup. The caller holds the lock.
///
/// # Errors
/// Exit code 3 when something is missing (pg_dump, space, a CRM before its migration), 1 when the backup or
/// its verification failed. Nothing is left behind then.
pub async fn take(
    client: &mut Client,
    database_url: &str,
    request: &Request,
    lock: &RunLock,
    log: &Log,
) -> Result<Set, Fault> {
    let baseline = validation::before_migration(client).await?;
    let (server, _) = version::server_version(client).await?;
    let tool = match request.no_dump {
        Some(_) => None,
        None => Some(Tool::find(request.pg_dump.as_deref(), server, database_url).await?),
    };
    state::ensure(client).await?;
    require_space(client, baseline, request).await?;
    await_a_free_stamp(client).await?;
    let transaction = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .start()
        .await?;
    transaction.batch_execute(SETTINGS).await?;
    let mut files = Files::default();
    let set = within(
        &transaction,
        baseline,
        request,
        tool.as_ref(),
        log,
        &mut files,
    )
    .await?;
    lock.require(&transaction).await?;
    let committed = transaction.commit().await;
    // Without the server's word it may have committed, and then the set is recorded with these files.
    if committed
        .as_ref()
        .err()
        .is_none_or(|error| error.as_db_error().is_none())
    {
        files.keep();
    }
    committed?;
    log.info(&format!(
        "backup {} is verified: {}",
        set.stamp,
        set.manifest.display()
    ));
    Ok(set)
}

/// Sets are named by the second: the one that an attempt which was cut off has left may be of this very second.
async fn await_a_free_stamp(client: &Client) -> Result<(), Fault> {
    while client.query_one(STAMP_IS_TAKEN, &[]).await?.get(0) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Files of an attempt; removed unless it succeeds.
#[derive(Debug, Default)]
struct Files(Vec<PathBuf>);

impl Files {
    fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn within(
    transaction: &Transaction<'_>,
    baseline: Baseline,
    request: &Request,
    tool: Option<&Tool>,
    log: &Log,
    files: &mut Files,
) -> Result<Set, Fault> {
    // The first statement of the transaction: this is the snapshot of everything that follows.
    let facts = transaction.query_one(FACTS, &[]).await?;
    let (stamp, snapshot): (String, String) = (facts.get(0), facts.get(2));
    let left_out: Vec<String> = facts.get(4);
    let dumping = match tool {
        Some(tool) => {
            let path = request.folder.join(format!("full-backup-{stamp}.dump"));
            files.0.extend([
                path.clone(),
                dump::partial(&path),
                path.with_extension("sql"),
            ]);
            let unreadable: Vec<_> = left_out.iter().filter(|name| *name != SCHEMA).collect();
            if !unreadable.is_empty() {
                log.warn(&format!(
                    "the dump leaves out schemas that the role may not read: {unreadable:?}"
                ));
            }
            Some(tool.start(path, &snapshot, &left_out)?)
        }
        None => None,
    };
    let tables = copies::make(transaction, baseline, &stamp, log).await?;
    let mut set = Set {
        run: request.run.unwrap_or_else(Uuid::new_v4),
        baseline: baseline.folder(),
        server_version: facts.get(5),
        snapshot_lsn: facts.get(1),
        tables,
        sequences: facts.get(3),
        dump: None,
        no_dump_reason: request.no_dump.clone(),
        restored: false,
        rollback_window_expires: manifest::OPEN.into(),
        manifest: PathBuf::new(),
        stamp,
    };
    if let (Some(tool), Some(dumping)) = (tool, dumping) {
        let dump = tool.finish(dumping).await?;
        log.info(&format!(
            "dumped: {} ({})",
            dump.path.display(),
            bytes(dump.bytes)
        ));
        if request.plain {
            tool.write_plain(&dump.path).await?;
        }
        if request.deep {
            deep::restore_and_compare(tool, transaction, &dump, &set, log).await?;
            set.restored = true;
        }
        set.dump = Some(dump);
    }
    set.manifest = request
        .folder
        .join(format!("backup-manifest-{}.json", set.run));
    files.0.push(set.manifest.clone());
    manifest::write(&set)?;
    record(transaction, &set).await?;
    copies::name_latest(transaction, &set.tables).await?;
    Ok(set)
}

async fn record(transaction: &Transaction<'_>, set: &Set) -> Result<(), Fault> {
    let shown = |path: &PathBuf| path.display().to_string();
    let dump = set.dump.as_ref();
    let dump_bytes = dump.and_then(|dump| i64::try_from(dump.bytes).ok());
    for table in &set.tables {
        transaction
            .execute(
                RECORD,
                &[
                    &set.run,
                    &set.stamp,
                    &set.baseline,
                    &table.table,
                    &table.copy,
                    &table.columns,
                    &table.rows,
                    &table.checksum,
                    &set.snapshot_lsn,
                    &set.sequences,
                    &dump.map(|dump| shown(&dump.path)),
                    &dump.map(|dump| dump.sha256.clone()),
                    &dump_bytes,
                    &set.no_dump_reason,
                    &shown(&set.manifest),
                ],
            )
            .await?;
    }
    Ok(())
}

/// The copies need room on the server, the dump here.
async fn require_space(
    client: &Client,
    baseline: Baseline,
    request: &Request,
) -> Result<(), Fault> {
    let names: Vec<String> = copies::tables(client, baseline)
        .await?
        .iter()
        .map(|table| format!("public.{}", quote_ident(table)))
        .collect();
    let row = client.query_one(SIZES, &[&names]).await?;
    let (copies, dump) = (
        row.get::<_, i64>(0).unsigned_abs(),
        row.get::<_, i64>(1).unsigned_abs(),
    );
    let free = space::measure(client, request.free_bytes).await?.free_bytes;
    let short = |place: &str, needed: u64, free: u64| {
        Fault::environment(format!(
            "the backup needs {} {place}, and {} are free",
            bytes(needed),
            bytes(free)
        ))
        .hint("make room, or choose another folder with --log-file")
    };
    if free < copies {
        return Err(short("on the server's data volume", copies, free));
    }
    std::fs::create_dir_all(&request.folder).map_err(|error| {
        Fault::environment(format!(
            "{} cannot be made: {error}",
            request.folder.display()
        ))
        .hint("choose another folder with --log-file")
    })?;
    match free_at(&request.folder) {
        Some(free) if request.no_dump.is_none() && free < dump => Err(short(
            &format!("in {}", request.folder.display()),
            dump,
            free,
        )),
        _ => Ok(()),
    }
}
