//! What the tests of the way back share: a CRM that was migrated with its catalogue recorded, the program,
//! and an account of a database that knows nothing of the engine's own one.

use std::path::PathBuf;
use std::process::{Command, Output};

use oppbase::migrate::catalogue::{self, AFTER, BEFORE};
use oppbase::migrate::state::{self, Note, Place, Status};
use oppbase::pg::migrations::{self, Baseline};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::common::TestDb;
use crate::schema::{batch, before, lines};

/// A CRM after a run.
pub struct Migrated {
    pub db: TestDb,
    pub client: Client,
    pub run: Uuid,
    /// [`account`] of it before the run.
    pub before: Vec<String>,
    folder: tempfile::TempDir,
}

/// The rows of `tests/schema/rows.sql`, then `prepare`, then the migration.
pub async fn migrated(baseline: Baseline, prepare: &str) -> Migrated {
    let (db, client) = before(baseline).await;
    state::ensure(&client).await.expect("the state's tables");
    batch(&client, prepare).await;
    migrate(db, client, baseline).await
}

/// Migrates a CRM in one go and records what a run records.
pub async fn migrate(db: TestDb, mut client: Client, baseline: Baseline) -> Migrated {
    state::ensure(&client).await.expect("the state's tables");
    let before = account(&client).await;
    let run = state::begin_run(&client, &json!({})).await.expect("a run");
    catalogue::capture(&client, run, BEFORE, true)
        .await
        .expect("the catalogue before");
    migrations::upgrade(&mut client, baseline)
        .await
        .unwrap_or_else(|e| panic!("{baseline:?}: {e}"));
    catalogue::capture(&client, run, AFTER, false)
        .await
        .expect("the catalogue after");
    state::mark(&client, run, Place::RUN, Status::Completed, Note::default())
        .await
        .expect("the run is complete");
    Migrated {
        db,
        client,
        run,
        before,
        folder: tempfile::tempdir().expect("a folder"),
    }
}

impl Migrated {
    /// `oppbase migrate <arguments>`, without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oppbase"));
        command
            .arg("migrate")
            .args(arguments)
            .args(["--database-url", &self.db.admin, "--log-file"])
            .arg(self.folder.path().join("migration.log"))
            .env_remove("DATABASE_URL")
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs it to its end: exit code, standard output, standard error.
    pub async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.command(arguments);
        let output: Output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("a thread")
            .expect("the program runs");
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    /// Rolls back and expects success.
    pub async fn roll_back(&self, arguments: &[&str]) -> String {
        let all: Vec<&str> = ["rollback", "--yes"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let (code, out, err) = self.run(&all).await;
        assert_eq!(code, 0, "{out}{err}");
        out
    }

    /// The folder of log and reports.
    pub fn reports(&self) -> PathBuf {
        self.folder.path().join("reports")
    }

    /// What differs from the account before the run, as `- was` and `+ is` lines.
    pub async fn changes(&self) -> Vec<String> {
        let now = account(&self.client).await;
        let gone = self.before.iter().filter(|line| !now.contains(line));
        let new = now.iter().filter(|line| !self.before.contains(line));
        gone.map(|line| format!("- {line}"))
            .chain(new.map(|line| format!("+ {line}")))
            .collect()
    }
}

/// Every fact that the schema's own tests know, grants and owners, comments, function bodies, states of
/// triggers, last values of sequences, and the rows of every table as one sum. Sorted, one line each.
pub async fn account(client: &Client) -> Vec<String> {
    let mut found = lines(client, include_str!("../schema/catalogue.sql")).await;
    found.extend(lines(client, include_str!("account.sql")).await);
    found.retain(|line| !line.contains("migration_"));
    let tables = lines(
        client,
        "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    .await;
    for table in tables {
        let sql = format!(
            "select '{table} rows', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) from {table} t"
        );
        found.extend(lines(client, &sql).await);
    }
    let has_history = lines(
        client,
        "select 1 where to_regclass('supabase_migrations.schema_migrations') is not null",
    )
    .await;
    if !has_history.is_empty() {
        let sql = "select 'history', version from supabase_migrations.schema_migrations";
        found.extend(lines(client, sql).await);
    }
    found.sort();
    found
}
