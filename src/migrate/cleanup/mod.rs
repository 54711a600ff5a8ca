//! Removes what nobody needs any more: old backup sets, and what rollbacks have kept aside.
//!
//! In: the recorded names, nothing else; a name that only looks like ours is not touched. Out: a
//! [`Preview`] of what goes and what stays and why, then a [`Report`] with the space that was freed.
//! Refused (exit code 2) until the latest run is verified and can no longer be undone. A set stays while it is
//! one of the last three, younger than 30 days, or within 90 days of its run's completion; what a rollback
//! kept aside stays for 90 days. With a [`Grace`], what serves the old names goes as well ([`retire`]).

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::{Client, GenericClient};

use super::engine::Way;
use super::lock::RunLock;
use super::retire::{self, Grace, Retirement};
use super::rollback::{Request, Window};
use super::state::{self, Run, Status};
use super::{Fault, Log, Options, Stop, session, trace};
use crate::pg::ident::quote_ident;

const SETS: &str = include_str!("sets.sql");
const ARCHIVES: &str = include_str!("archives.sql");

/// One table or type of ours, or a dump file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// `table crm_backup.deals_backup_…`, `type …`, `file …`.
    pub name: String,
    /// Space it takes.
    pub bytes: i64,
}

/// A backup set, or what one rollback kept aside: goes or stays as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Set {
    /// The stamp of a backup set; `rollback <run>`.
    pub name: String,
    /// Key by which it is marked as dropped.
    #[serde(skip)]
    key: Key,
    /// When it was made.
    pub taken_at: DateTime<Utc>,
    /// Its parts.
    pub items: Vec<Item>,
    /// Why it stays; none when it goes.
    pub kept_because: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Stamp(String),
    History(i64),
}

impl Set {
    /// Space of all its parts.
    pub fn bytes(&self) -> i64 {
        self.items.iter().map(|item| item.bytes).sum()
    }
}

/// What would be done.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// Every set, the oldest first.
    pub sets: Vec<Set>,
    /// What goes of the old names, when they are asked for and are there.
    pub retirement: Option<Box<retire::Preview>>,
    /// When they went, when they are asked for and are gone.
    pub retired_at: Option<DateTime<Utc>>,
}

impl Preview {
    /// Those that go.
    pub fn going(&self) -> impl Iterator<Item = &Set> {
        self.sets.iter().filter(|set| set.kept_because.is_none())
    }

    /// Nothing goes.
    pub fn is_empty(&self) -> bool {
        self.retirement.is_none() && self.going().next().is_none()
    }
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Removed.
    pub removed: Vec<Set>,
    /// Left.
    pub kept: Vec<Set>,
    /// What went of the old names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retirement: Option<retire::Report>,
    /// Space that is free now.
    pub bytes_freed: i64,
    /// Files that could not be removed, and why.
    pub failed: Vec<String>,
    /// Where this report was written.
    pub file: Option<PathBuf>,
}

/// Looks, and changes nothing.
///
/// # Errors
/// Exit code 2 while the latest run is at work, not verified, or can still be undone; with a grace period, as
/// [`retire::preview`].
pub async fn preview(client: &Client, grace: Option<Grace>) -> Result<Preview, Fault> {
    let mut preview = Preview {
        sets: vec![],
        retirement: None,
        retired_at: None,
    };
    if let Some(run) = state::latest_run(client).await? {
        refuse_early(client, &run).await?;
        preview.sets = backup_sets(client).await?;
        preview.sets.extend(archives(client).await?);
        preview.sets.sort_by_key(|set| set.taken_at);
    }
    if let Some(grace) = grace {
        match retire::preview(client, grace).await? {
            Retirement::Work(work) => preview.retirement = Some(work),
            Retirement::Done(at) => preview.retired_at = Some(at),
        }
    }
    Ok(preview)
}

async fn refuse_early(client: &Client, run: &Run) -> Result<(), Fault> {
    match run.status {
        Status::Completed => {}
        // Nothing is left to verify or undo.
        Status::RolledBack => return Ok(()),
        _ => {
            return Err(Fault::refused(format!("run {} is not complete", run.id))
                .hint("finish it with `oppbase migrate run --resume`, or roll it back"));
        }
    }
    let sql = "select status = 'completed' from migration.migration_history \
                where run_id = $1 and phase_number = 'verify' and step is null";
    let verified = client.query_opt(sql, &[&run.id]).await?;
    if !verified.is_some_and(|row| row.get(0)) {
        return Err(Fault::refused(format!("run {} is not verified", run.id))
            .hint("run `oppbase migrate verify`; backups stay until it has passed"));
    }
    let window = Window::of(client, run).await?;
    if !window.is_over {
        let end = window.ends_at.map_or_else(String::new, |end| {
            format!(" until {}", end.format("%Y-%m-%d %H:%M UTC"))
        });
        return Err(
            Fault::refused(format!("run {} can still be undone{end}", run.id))
                .hint("clean up after that"),
        );
    }
    // A forced rollback is refused or not by the same window.
    debug_assert!(window.require(&Request::default()).is_err());
    Ok(())
}

async fn backup_sets(client: &Client) -> Result<Vec<Set>, Fault> {
    let mut sets: Vec<Set> = vec![];
    for row in client.query(SETS, &[]).await? {
        let stamp: String = row.get("stamp");
        if sets.last().is_none_or(|set| set.name != stamp) {
            let kept_because: Option<String> = row.get("kept_because");
            let dump: Option<String> = row.get("dump_path");
            let dump = dump.map(|path| Item {
                bytes: std::fs::metadata(&path)
                    .map_or(0, |file| i64::try_from(file.len()).unwrap_or(i64::MAX)),
                name: format!("file {path}"),
            });
            sets.push(Set {
                key: Key::Stamp(stamp.clone()),
                name: stamp,
                taken_at: row.get("taken_at"),
                items: dump.into_iter().collect(),
                kept_because,
            });
        }
        let copy: String = row.get("copy_name");
        if let Some(set) = sets.last_mut() {
            set.items.push(Item {
                name: format!("table crm_backup.{}", quote_ident(&copy)),
                bytes: row.get("bytes"),
            });
        }
    }
    Ok(sets)
}

async fn archives(client: &Client) -> Result<Vec<Set>, Fault> {
    let mut sets: Vec<Set> = vec![];
    for row in client.query(ARCHIVES, &[]).await? {
        let id: i64 = row.get("id");
        if sets.last().is_none_or(|set| set.key != Key::History(id)) {
            sets.push(Set {
                key: Key::History(id),
                name: format!("rollback {}", row.get::<_, String>("run")),
                taken_at: row.get("taken_at"),
                items: vec![],
                kept_because: row.get("kept_because"),
            });
        }
        if let Some(set) = sets.last_mut() {
            set.items.push(Item {
                name: row.get("name"),
                bytes: row.get("bytes"),
            });
        }
    }
    Ok(sets)
}

/// Removes what the preview says, each set in a transaction of its own, the old names in one before them.
/// Safe to repeat.
///
/// # Errors
/// Exit code 4 when another command holds the lock; 1 when PostgreSQL refuses, for example because somebody
/// has built a view on a copy.
pub async fn execute(options: &Options, grace: Option<Grace>, log: &Log) -> Result<Report, Fault> {
    let lock = RunLock::take(&options.database_url, None).await?;
    let mut client = session::connect(&options.database_url, None).await?;
    lock.attach(&client).await?;
    // Again under the lock.
    let preview = preview(&client, grace).await?;
    // Left by a run that was cut off after its completion; it reads the old names.
    let way = Way {
        lock: &lock,
        stop: &Stop::default(),
        log,
    };
    trace::remove(&mut client, way).await?;
    let retirement = match grace {
        Some(grace) => retire::execute(&mut client, &lock, grace, log).await?,
        None => None,
    };
    let failed = remove_sets(&mut client, &lock, &preview, log).await?;
    let (kept, removed): (Vec<_>, Vec<_>) = preview
        .sets
        .into_iter()
        .partition(|set| set.kept_because.is_some());
    let of_names = retirement.as_ref().map_or(0, |report| report.bytes_freed);
    let mut report = Report {
        at: client.query_one("select now()", &[]).await?.get(0),
        bytes_freed: removed.iter().map(Set::bytes).sum::<i64>() + of_names,
        removed,
        kept,
        retirement,
        failed,
        file: None,
    };
    write(log, &mut report)?;
    Ok(report)
}

/// Returns the files that could not be removed.
async fn remove_sets(
    client: &mut Client,
    lock: &RunLock,
    preview: &Preview,
    log: &Log,
) -> Result<Vec<String>, Fault> {
    let mut failed = vec![];
    for set in preview.going() {
        let transaction = client.transaction().await?;
        lock.require(&transaction).await?;
        for item in &set.items {
            if !item.name.starts_with("file ") {
                let sql = format!("drop {}", item.name);
                let sql = sql.replacen("drop table ", "drop table if exists ", 1);
                transaction
                    .batch_execute(&sql.replacen("drop type ", "drop type if exists ", 1))
                    .await
                    .map_err(|error| Fault::from(error).at(&item.name))?;
            }
        }
        mark(&transaction, &set.key).await?;
        transaction.commit().await?;
        for path in set
            .items
            .iter()
            .filter_map(|item| item.name.strip_prefix("file "))
        {
            if let Err(error) = remove_file(Path::new(path)) {
                failed.push(format!("{path}: {error}"));
            }
        }
        log.info(&format!("removed {} ({} bytes)", set.name, set.bytes()));
    }
    Ok(failed)
}

fn remove_file(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn mark(client: &impl GenericClient, key: &Key) -> Result<(), Fault> {
    match key {
        Key::Stamp(stamp) => {
            let sql = "update migration.migration_backups set dropped_at = now() where stamp = $1 and dropped_at is null";
            client.execute(sql, &[stamp]).await?;
        }
        Key::History(id) => {
            let sql = "update migration.migration_history \
                          set metadata = metadata || jsonb_build_object('archived', '[]'::jsonb, 'archive_dropped_at', now()) \
                        where id = $1";
            client.execute(sql, &[id]).await?;
        }
    }
    Ok(())
}

fn write(log: &Log, report: &mut Report) -> Result<(), Fault> {
    let folder = log
        .path()
        .parent()
        .map_or_else(|| PathBuf::from("reports"), |folder| folder.join("reports"));
    let file = folder.join(format!(
        "cleanup-{}.json",
        report.at.format("%Y%m%d_%H%M%S")
    ));
    report.file = Some(file.clone());
    let refuse = |error: std::io::Error| {
        Fault::failed(format!(
            "cleaned up, but the report {} cannot be written: {error}",
            file.display()
        ))
    };
    std::fs::create_dir_all(&folder).map_err(refuse)?;
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Fault::failed(format!("the report: {error}")))?;
    std::fs::write(&file, text).map_err(refuse)
}
