//! The migration engine: the real program and the library against databases of both baselines.

mod back;
mod backup;
mod bad_input;
mod cases;
mod cleanup;
mod closed;
pub mod crm;
mod cut_off;
mod dropped;
mod dry_run;
mod final_check;
mod grants;
mod lock;
mod locks;
mod migrated;
mod online;
mod online_capture;
mod online_writes;
mod own_names;
mod report;
mod resume;
mod retire;
pub mod rights;
mod rights_together;
mod rollback;
mod rollback_backup;
mod rollback_run;
mod run;
mod touched;
mod transform;
mod validation;
mod verify;
mod verify_derived;
mod verify_ids;
mod verify_options;

use std::process::{Command, Stdio};

use tokio_postgres::Client;

use crate::cli::{Finished, oppbase};
use crate::common::TestDb;
use crate::schema::lines;

/// Every fact of the catalogue that a client, a user or an administrator could notice.
pub const CATALOGUE: &str = include_str!("catalogue.sql");

/// `oppbase migrate <arguments>` for this database, asking nothing, in a folder of its own.
pub fn migrate(db: &TestDb, arguments: &[&str]) -> Command {
    let mut command = oppbase();
    command
        .env_remove("DATABASE_URL")
        .current_dir(folder())
        .arg("migrate")
        .args(arguments)
        .args(["--yes", "--database-url", &db.admin])
        .stdin(Stdio::null());
    // The rows of the tests are awkward on purpose, and most tests compare for themselves.
    if matches!(arguments.first(), Some(&"run" | &"execute" | &"transform")) {
        command.args(["--accept-findings", "rows of a test", "--no-dump", "a test"]);
        if !arguments.contains(&"--offline") {
            command.arg("--skip-verify");
        }
    }
    command
}

/// Fails with the lines that only one of the two has.
pub fn assert_same(found: &[String], expected: &[String], what: &str) {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these
            .iter()
            .filter(|line| !those.contains(line))
            .cloned()
            .collect()
    };
    let (more, less) = (only(found, expected), only(expected, found));
    assert!(
        more.is_empty() && less.is_empty() && found.len() == expected.len(),
        "{what}\nfound: {more:#?}\nexpected: {less:#?}"
    );
}

/// Runs it to its end beside the test's runtime.
pub async fn finished(mut command: Command) -> Finished {
    tokio::task::spawn_blocking(move || crate::cli::finish(&mut command))
        .await
        .expect("the program ends")
}

/// Runs it and expects this exit code.
pub async fn expect(db: &TestDb, arguments: &[&str], code: i32) -> Finished {
    let done = finished(migrate(db, arguments)).await;
    assert_eq!(
        done.code,
        Some(code),
        "{arguments:?}\n{}\n{}",
        done.stdout,
        done.stderr
    );
    done
}

/// Where logs and reports of the tests go: one folder per test program, removed by the system.
fn folder() -> std::path::PathBuf {
    static FOLDER: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    FOLDER
        .get_or_init(|| tempfile::tempdir().expect("a folder").keep())
        .clone()
}

/// The catalogue, one line per fact.
pub async fn catalogue(client: &Client) -> Vec<String> {
    lines(client, CATALOGUE).await
}

/// Every row of every table, one checksum per table, and where the sequences are. The moment of the run,
/// which stands in for dates that a row does not have, counts as equal to that of any other run.
pub async fn contents(client: &Client) -> Vec<String> {
    let moment = "coalesce((select min(h.started_at) from migration.migration_history h where h.phase_number = 'run'), now())";
    let tables = lines(
        client,
        "select c.oid::regclass from pg_class c \
          where c.relnamespace = any (array['public', 'private']::regnamespace[]) and c.relkind = 'r' order by c.oid::regclass::text",
    )
    .await;
    let mut found = vec![];
    for table in tables {
        let sql = format!(
            "select '{table}', count(*), coalesce(sum(hashtextextended((case \
               when (r.j ->> 'created_at')::timestamptz = {moment} \
               then r.j - array['created_at', 'updated_at', 'activity_date', 'relationship_start_date'] else r.j end)::text, 0)), 0) \
             from (select to_jsonb(t) as j from {table} t) r"
        );
        found.extend(lines(client, &sql).await);
    }
    found.extend(
        lines(
            client,
            "select sequencename, last_value from pg_sequences where schemaname = 'public' order by 1",
        )
        .await,
    );
    found
}
