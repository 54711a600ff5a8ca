//! A run that is cut off anywhere goes on and ends in the same database as one that was not.

use std::process::Stdio;
use std::time::Duration;

use rand::RngExt;

use super::{assert_same, catalogue, contents, expect, migrate};
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, text};

/// Small batches, so that a run has many places to be cut off at.
const SLOWLY: [&str; 4] = ["--batch-size", "3", "--pause", "4ms"];

/// Ends every session of the engine.
const CUT: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                    where datname = current_database() and application_name like 'oppbase-migrate%'";

/// Starts a run or goes on with it, and kills it after this time, or with `from` its sessions from there.
/// False when it had ended before.
async fn cut_off(
    db: &TestDb,
    resume: bool,
    after: Duration,
    from: Option<&tokio_postgres::Client>,
) -> bool {
    let mut arguments = vec!["run"];
    arguments.extend(SLOWLY);
    if resume {
        arguments.push("--resume");
    }
    let mut child = migrate(db, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    tokio::time::sleep(after).await;
    let alive = child.try_wait().expect("a child").is_none();
    match from {
        Some(client) => batch(client, CUT).await,
        None => child.kill().expect("killed"),
    }
    child.wait().expect("ended");
    alive
}

/// Goes on to the end; the lock of a killed process lives until PostgreSQL notices.
async fn to_the_end(db: &TestDb, client: &tokio_postgres::Client) {
    let held = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'oppbase-migrate%'";
    while text(client, held).await.as_deref() != Some("0") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = text(client, "select to_regclass('migration.migration_history')")
        .await
        .is_some()
        && text(
            client,
            "select count(*) from migration.migration_history where phase_number = 'run'",
        )
        .await
        .as_deref()
            == Some("1");
    let arguments: &[&str] = if begun {
        &["run", "--pause", "0", "--resume"]
    } else {
        &["run", "--pause", "0"]
    };
    expect(db, arguments, 0).await;
}

#[tokio::test]
async fn killed_anywhere_it_ends_in_the_same_database() {
    for baseline in BASELINES {
        let (reference_db, reference) = before(baseline).await;
        let begun = std::time::Instant::now();
        let mut arguments = vec!["run"];
        arguments.extend(SLOWLY);
        expect(&reference_db, &arguments, 0).await;
        let whole = begun.elapsed();
        let expected = (catalogue(&reference).await, contents(&reference).await);
        for round in 1..=3 {
            let (db, client) = before(baseline).await;
            let instant = whole.mul_f64(rand::rng().random_range(0.1..0.95));
            let from = (round == 3).then_some(&client);
            let was_alive = cut_off(&db, false, instant, from).await;
            // A second cut, soon after going on.
            if was_alive && round == 2 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                cut_off(&db, true, Duration::from_millis(400), None).await;
            }
            to_the_end(&db, &client).await;
            let found = (catalogue(&client).await, contents(&client).await);
            assert_eq!(
                found, expected,
                "{baseline:?}, killed after {instant:?} of {whole:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_lost_connection_stops_the_run_and_nothing_is_lost() {
    let (reference_db, reference) = before(BASELINES[0]).await;
    expect(&reference_db, &["run", "--pause", "0"], 0).await;
    let (db, client) = before(BASELINES[0]).await;
    let mut arguments = vec!["run"];
    arguments.extend(SLOWLY);
    let child = migrate(&db, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for_batches(&client).await;
    // Only the one that holds the lock: the other connection must notice before its next commit.
    batch(
        &client,
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' \
            and database = (select oid from pg_database where datname = current_database())",
    )
    .await;
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().expect("ends"))
        .await
        .expect("ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("lock was lost") && said.contains("--resume"),
        "{said}"
    );
    to_the_end(&db, &client).await;
    assert_same(
        &contents(&client).await,
        &contents(&reference).await,
        "after a lost lock",
    );
}

async fn wait_for_batches(client: &tokio_postgres::Client) {
    let batches = "select count(*) from migration.migration_progress where batch_number > 1";
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if text(client, "select to_regclass('migration.migration_progress')")
            .await
            .is_some()
            && text(client, batches).await.as_deref() != Some("0")
        {
            return;
        }
    }
}

#[tokio::test]
async fn an_interrupt_finishes_the_batch_and_leaves_with_130() {
    let (db, client) = before(BASELINES[1]).await;
    let child = migrate(&db, &["run", "--batch-size", "2", "--pause", "50ms"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for_batches(&client).await;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("a signal");
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().expect("ends"))
        .await
        .expect("ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("--resume"), "{said}");
    let status = expect(&db, &["status"], 11).await.stdout;
    assert!(status.starts_with("status: interrupted"), "{status}");
    expect(&db, &["run", "--resume", "--pause", "0"], 0).await;
    let twice = "select count(*) from (select step from migration.migration_history group by step, phase_number having count(*) > 1) x";
    assert_eq!(text(&client, twice).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn what_changed_in_between_is_named_and_refused() {
    let (db, client) = before(BASELINES[0]).await;
    expect(&db, &["execute", "--phase", "1.1", "--pause", "0"], 0).await;
    let refused = expect(&db, &["run", "--resume", "--stage-map", "won=lead"], 2).await;
    assert!(refused.stderr.contains("stage_map"), "{}", refused.stderr);
    batch(
        &client,
        "alter table public.contacts add column theirs text",
    )
    .await;
    let refused = expect(&db, &["run", "--resume"], 2).await;
    assert!(
        refused.stderr.contains("was altered") && refused.stderr.contains("contacts"),
        "{}",
        refused.stderr
    );
    batch(&client, "alter table public.contacts drop column theirs").await;
    // What belongs to others may change, and rows may.
    batch(&client, "create table public.theirs (id int); update public.deals set name = 'Renamed' where id = 5").await;
    expect(&db, &["run", "--resume", "--pause", "0"], 0).await;
    let words = "select search_tsv @@ to_tsquery('simple', 'renamed') from public.opportunities where id = 5";
    assert_eq!(lines(&client, words).await, ["t"]);
}
