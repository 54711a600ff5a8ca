//! The schema: what the migrations make, what the rules in the database do, who may touch what.

mod access;
mod catalogue;
mod concurrency;
mod defects;
mod functions;
mod relations;
mod stages;
mod table;

use std::path::PathBuf;

use oppbase::pg::migrations::{self, Baseline};
use tokio_postgres::Client;

use crate::common::{Template, TestDb};

/// Both products.
pub const BASELINES: [Baseline; 2] = [Baseline::Fork, Baseline::Upstream];

/// A database with the baseline's tables and the rows of `rows.sql`, not migrated.
pub async fn before(baseline: Baseline) -> (TestDb, Client) {
    let db = TestDb::new(Template::Empty).await;
    let client = db.admin_client().await;
    for migration in migrations::migrations(baseline) {
        if migration.is_baseline || migration.name.starts_with("platform") {
            batch(&client, &format!("begin; {}; commit", migration.sql)).await;
        }
    }
    batch(
        &client,
        &format!("begin; {}; commit", include_str!("rows.sql")),
    )
    .await;
    (db, client)
}

/// The same, migrated.
pub async fn after(baseline: Baseline) -> (TestDb, Client) {
    let (db, mut client) = before(baseline).await;
    migrations::upgrade(&mut client, baseline)
        .await
        .unwrap_or_else(|e| panic!("{baseline:?}: {e}"));
    (db, client)
}

/// A file of the recorded databases, in the folder `OPPBASE_FIXTURES`, else `tests/fixtures/crm`. Says so
/// when it is missing.
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
pub fn recorded(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("OPPBASE_FIXTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/crm"),
        PathBuf::from,
    );
    let path = folder.join(file);
    if path.is_file() {
        return Some(path);
    }
    eprintln!(
        "SKIPPED: {} is missing; set OPPBASE_FIXTURES",
        path.display()
    );
    None
}

/// The recorded database with its rows, migrated. The rows need psql: the file uses its variables.
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
pub async fn recorded_rows(baseline: Baseline) -> Option<(TestDb, Client)> {
    let schema = recorded(&format!("baseline_{}.sql", baseline.folder()))?;
    let data = recorded("baseline_data.sql")?;
    if std::process::Command::new("psql")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("SKIPPED: psql is missing, which loads the recorded rows");
        return None;
    }
    let db = TestDb::new(Template::Empty).await;
    let mut client = db.admin_client().await;
    batch(
        &client,
        &std::fs::read_to_string(schema).expect("a readable file"),
    )
    .await;
    let psql = std::process::Command::new("psql")
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &db.admin, "-f"])
        .arg(data)
        .output()
        .expect("psql runs");
    assert!(
        psql.status.success(),
        "{}",
        String::from_utf8_lossy(&psql.stderr)
    );
    migrations::upgrade(&mut client, baseline)
        .await
        .unwrap_or_else(|e| panic!("{baseline:?}: {e}"));
    Some((db, client))
}

/// Runs SQL, failing the test with PostgreSQL's message.
pub async fn batch(client: &Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql).await {
        panic!("{}: {error:?}", sql.chars().take(300).collect::<String>());
    }
}

/// The SQLSTATE with which a batch is refused; leaves the session usable.
pub async fn refused(client: &Client, sql: &str) -> String {
    let error = client
        .batch_execute(sql)
        .await
        .expect_err("the statement is refused");
    let code = error.code().map(|c| c.code().to_owned());
    client.batch_execute("rollback").await.expect("rollback");
    code.unwrap_or_else(|| panic!("{error}"))
}

/// One column of one row as text.
pub async fn text(client: &Client, sql: &str) -> Option<String> {
    let rows = client
        .simple_query(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
        _ => None,
    })?
}

/// All rows of a query, each column joined by `|`.
pub async fn lines(client: &Client, sql: &str) -> Vec<String> {
    let rows = client
        .simple_query(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    rows.iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|i| row.get(i).unwrap_or("∅"))
                    .collect::<Vec<_>>()
                    .join("|"),
            ),
            _ => None,
        })
        .collect()
}

/// From now on the session is a signed-in user.
pub async fn sign_in(client: &Client) {
    batch(
        client,
        "set role authenticated; set request.jwt.claims = \
         '{\"role\":\"authenticated\",\"sub\":\"00000000-0000-4000-8000-000000000001\"}'",
    )
    .await;
}
