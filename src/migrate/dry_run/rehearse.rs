//! `dry-run --rehearse`: the entire migration in a copy of the database, with real times.
//!
//! In: the connection string. Out: a [`Rehearsal`]. The copy is made by `CREATE DATABASE … TEMPLATE` when
//! nobody else is connected, else by `pg_dump` and `pg_restore`; it is dropped afterwards, whatever happens.

use std::time::Instant;

use serde::Serialize;
use tokio_postgres::Client;

use crate::migrate::backup::dump::Tool;
use crate::migrate::engine::Stop;
use crate::migrate::error::Fault;
use crate::migrate::log::Log;
use crate::migrate::run::{self, Request, Selection};
use crate::migrate::validation::space::{self, bytes};
use crate::migrate::{Options, RunSettings, backup, scratch, session, validation};
use crate::pg::version;

const OTHERS: &str = include_str!("sql/others.sql");
const TIMES: &str = include_str!("sql/times.sql");

/// What happened in the copy.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// `template` or `dump`.
    pub copied_by: &'static str,
    pub copy_ms: u64,
    pub run_ms: u64,
    /// Phase, step, milliseconds.
    pub steps: Vec<(String, String, i64)>,
    /// Statements that could not be restored into the copy.
    pub refused_statements: usize,
    /// Why the migration of the copy failed.
    pub error: Option<String>,
}

impl Rehearsal {
    /// One line.
    pub(super) fn line(&self) -> String {
        match &self.error {
            Some(error) => format!("FAILED: {error}"),
            None => format!(
                "migrated in {} ms, copied by {} in {} ms",
                self.run_ms, self.copied_by, self.copy_ms
            ),
        }
    }
}

/// Rehearses. `client` is closed first: the copy by template needs the database to itself.
///
/// # Errors
/// Exit code 3 when no copy can be made.
pub async fn rehearse(
    client: Client,
    options: &Options,
    judgement: validation::Options,
    log: &Log,
) -> Result<Rehearsal, Fault> {
    let row = client.query_one(OTHERS, &[]).await?;
    let (source, others): (String, i64) = (row.get(0), row.get(1));
    let stamp: String = row.get(2);
    let (server, _) = version::server_version(&client).await?;
    require_space(&client, judgement.free_bytes).await?;
    drop(client);
    let name = format!("oppbase_rehearsal_{stamp}");
    let maintenance = if source == "postgres" {
        "template1"
    } else {
        "postgres"
    };
    let admin =
        session::connect(&other_database(&options.database_url, maintenance)?, None).await?;
    let began = Instant::now();
    // Somebody may have connected meanwhile; then it is copied by a dump.
    let is_alone = others == 0
        && scratch::create(&admin, &name, &source, &source)
            .await
            .is_ok();
    let mut rehearsal = Rehearsal {
        copied_by: if is_alone { "template" } else { "dump" },
        copy_ms: 0,
        run_ms: 0,
        steps: Vec::new(),
        refused_statements: 0,
        error: None,
    };
    let outcome = async {
        if !is_alone {
            let tool = Tool::find(None, server, &options.database_url).await?;
            scratch::create(&admin, &name, "template0", &source).await?;
            let folder = options.log_file.with_file_name("backups");
            rehearsal.refused_statements = tool.copy_database(&folder, &name).await?;
        }
        rehearsal.copy_ms = millis(began);
        in_copy(options, judgement, &name, log, &mut rehearsal).await
    }
    .await;
    let dropped = scratch::discard(&admin, &name).await;
    outcome?;
    dropped?;
    Ok(rehearsal)
}

/// The copy, and as much again for what the migration writes in it.
async fn require_space(client: &Client, free_bytes: Option<u64>) -> Result<(), Fault> {
    let sql = "select pg_database_size(current_database())";
    let size: i64 = client.query_one(sql, &[]).await?.get(0);
    let needed = 2 * size.unsigned_abs();
    let free = space::measure(client, free_bytes).await?.free_bytes;
    if free < needed {
        return Err(Fault::environment(format!(
            "a rehearsal needs {} on the server's data volume, and {} are free",
            bytes(needed),
            bytes(free)
        ))
        .hint("make room, or restore the database elsewhere and rehearse there"));
    }
    Ok(())
}

async fn in_copy(
    options: &Options,
    judgement: validation::Options,
    scratch: &str,
    log: &Log,
    rehearsal: &mut Rehearsal,
) -> Result<(), Fault> {
    let url = other_database(&options.database_url, scratch)?;
    // Its papers go beside those of real runs, not among them.
    let options = Options {
        database_url: url.clone(),
        assume_yes: true,
        log_file: options
            .log_file
            .with_file_name("rehearsal")
            .join("migration.log"),
        ..options.clone()
    };
    let settings = RunSettings {
        backup: backup::Request {
            no_dump: Some("a rehearsal in a copy".into()),
            free_bytes: judgement.free_bytes,
            ..backup::Request::default()
        },
        judgement,
        // The findings are the dry run's to report; here is asked what happens if one goes on.
        accept_findings: Some("a rehearsal in a copy".into()),
        ..RunSettings::default()
    };
    let request = Request {
        settings,
        resume: false,
        selection: Selection::All,
    };
    let began = Instant::now();
    log.info("rehearsal: the copy is made, the migration of it begins");
    // A run that fails is what a rehearsal is for. Its state is large, so it lives on the heap.
    let outcome = Box::pin(run::run(options, request, log, Stop::default())).await;
    rehearsal.run_ms = millis(began);
    rehearsal.error = outcome.err().map(|fault| fault.to_string());
    let client = session::connect(&url, None).await?;
    for row in client.query(TIMES, &[]).await? {
        rehearsal.steps.push((row.get(0), row.get(1), row.get(2)));
    }
    Ok(())
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The connection string with another database.
fn other_database(url: &str, database: &str) -> Result<String, Fault> {
    if !url.contains("://") {
        // In a list of settings the last one counts.
        return Ok(format!("{url} dbname={database}"));
    }
    let mut url =
        url::Url::parse(url).map_err(|_| Fault::environment("the connection string is no URL"))?;
    url.set_path(&format!("/{database}"));
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_reached_as_the_original_is() {
        let url =
            other_database("postgresql://ada:x%40@h:1/crm?sslmode=disable", "copy").expect("a URL");
        assert_eq!(url, "postgresql://ada:x%40@h:1/copy?sslmode=disable");
        assert_eq!(
            other_database("host=h dbname=crm", "copy").expect("a list"),
            "host=h dbname=crm dbname=copy"
        );
    }
}
