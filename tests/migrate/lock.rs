//! One command at a time.

use std::process::Stdio;

use super::{expect, migrate};
use crate::schema::{BASELINES, before, lines, text};

#[tokio::test]
async fn of_two_runs_at_the_same_instant_one_proceeds() {
    for _ in 0..3 {
        let (db, client) = before(BASELINES[0]).await;
        let start = || {
            migrate(&db, &["run", "--pause", "10ms", "--batch-size", "5"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts")
        };
        let both = [start(), start()];
        let ended = tokio::task::spawn_blocking(move || {
            both.map(|child| child.wait_with_output().expect("the program ends"))
        })
        .await
        .expect("both end");
        let mut codes = ended.each_ref().map(|output| output.status.code());
        codes.sort_unstable();
        let said = ended.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        assert_eq!(codes, [Some(0), Some(4)], "{said:?}");
        assert!(
            said.iter()
                .any(|text| text.contains("another migration command is at work"))
        );
        let runs = "select count(*) from migration.migration_history where phase_number = 'run'";
        assert_eq!(text(&client, runs).await.as_deref(), Some("1"));
    }
}

/// Starts both at the same instant; exit codes, and whether the words of the one that waits were said.
async fn pair(
    first: std::process::Command,
    second: std::process::Command,
) -> ([Option<i32>; 2], String) {
    let both = [first, second].map(|mut command| {
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    });
    let ended = tokio::task::spawn_blocking(move || {
        both.map(|child| child.wait_with_output().expect("the program ends"))
    })
    .await
    .expect("both end");
    let codes = ended.each_ref().map(|output| output.status.code());
    let said = ended.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    (codes, said.concat())
}

/// PostgreSQL takes a moment to notice that a program has ended.
async fn nobody_is_at_work(client: &tokio_postgres::Client) {
    let held = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'oppbase-migrate%'";
    while text(client, held).await.as_deref() != Some("0") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn of_two_resumes_and_two_rollbacks_one_proceeds() {
    let (db, client) = before(BASELINES[1]).await;
    expect(&db, &["execute", "--phase", "1.1", "--pause", "0"], 0).await;
    nobody_is_at_work(&client).await;
    let slowly = ["--pause", "10ms", "--batch-size", "5"];
    let resume: Vec<&str> = ["run", "--resume"].into_iter().chain(slowly).collect();
    let (mut codes, said) = pair(migrate(&db, &resume), migrate(&db, &resume)).await;
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(4)], "{said}");
    expect(&db, &["status"], 0).await;
    nobody_is_at_work(&client).await;
    let back: Vec<&str> = ["rollback"].into_iter().chain(slowly).collect();
    // What the run has nothing to do for, and may find undone.
    let (codes, said) = pair(migrate(&db, &["run"]), migrate(&db, &back)).await;
    assert!(
        matches!(
            codes,
            [Some(0), Some(0)] | [Some(4), Some(0)] | [Some(0), Some(4)]
        ),
        "{codes:?} {said}"
    );
    let kind = "select relkind::text from pg_class where oid = 'public.deals'::regclass";
    nobody_is_at_work(&client).await;
    if text(&client, kind).await.as_deref() == Some("v") {
        let (mut codes, said) = pair(migrate(&db, &back), migrate(&db, &back)).await;
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(4)], "{said}");
        assert!(said.contains("another migration command is at work"));
    }
    assert_eq!(text(&client, kind).await.as_deref(), Some("r"));
    let done = "select count(*) from migration.migration_history where phase_number = 'rollback' and status = 'completed'";
    assert_eq!(text(&client, done).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_a_killed_program_still_had_under_way_is_waited_for() {
    let (db, client) = before(BASELINES[0]).await;
    // As a session at work holds it, whose program is gone.
    let worker = db.admin_client().await;
    let key = oppbase::migrate::lock::LOCK_KEY + 1;
    lines(
        &worker,
        &format!("select pg_advisory_lock_shared({key})::text"),
    )
    .await;
    let child = migrate(&db, &["run", "--pause", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted \
                    and database = (select oid from pg_database where datname = current_database())";
    while text(&client, waits).await.as_deref() != Some("1") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        text(&client, "select to_regclass('migration.migration_history')").await,
        None,
        "it has not begun"
    );
    drop(worker);
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().expect("ends"))
        .await
        .expect("ends");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[tokio::test]
async fn status_says_who_holds_the_lock() {
    let (db, client) = before(BASELINES[0]).await;
    assert_eq!(expect(&db, &["status"], 0).await.stdout, "status: none\n");
    let mut child = migrate(&db, &["run", "--pause", "200ms", "--batch-size", "2"])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = "select count(*) from pg_class where oid = to_regclass('migration.changed')";
    while text(&client, begun).await.as_deref() != Some("1") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let said = expect(&db, &["status", "--json"], 10).await.stdout;
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["status"], "running");
    let pid = said["lock"]["pid"].to_string();
    let held = lines(
        &client,
        &format!("select count(*) from pg_locks where locktype = 'advisory' and pid = {pid}"),
    )
    .await;
    assert_eq!(held, ["2"]);
    let run = said["run"]["id"].as_str().expect("an id");
    assert!(
        said["lock"]["application"]
            .as_str()
            .expect("a name")
            .contains(run)
    );
    child.kill().expect("killed");
    child.wait().expect("ended");
    while text(
        &client,
        &format!("select count(*) from pg_stat_activity where pid = {pid}"),
    )
    .await
    .as_deref()
        != Some("0")
    {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    expect(&db, &["status"], 11).await;
    expect(&db, &["run"], 2).await;
}

/// Cut off while it took its backup: no run is recorded, and writers are kept out.
#[tokio::test]
async fn an_offline_run_that_never_was_lets_writers_in_again() {
    for way in [&["run", "--resume"][..], &["rollback"]] {
        let (db, client) = before(BASELINES[0]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let slow = folder.path().join("pg_dump");
        let script = "#!/bin/sh\ncase \"$1\" in --version) echo 'pg_dump (PostgreSQL) 99.1';; *) exec sleep 20;; esac\n";
        std::fs::write(&slow, script).expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&slow, mode).expect("permissions");
        let mut command = crate::cli::oppbase();
        command
            .env_remove("DATABASE_URL")
            .current_dir(folder.path())
            .args([
                "migrate",
                "run",
                "--offline",
                "--yes",
                "--accept-findings",
                "rows of a test",
            ])
            .args(["--database-url", &db.admin, "--pg-dump"])
            .arg(&slow);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let on = "select count(*) from migration.maintenance where is_on";
        while text(&client, "select to_regclass('migration.maintenance')")
            .await
            .is_none()
            || text(&client, on).await.as_deref() != Some("1")
        {
            assert!(child.try_wait().expect("a child").is_none(), "it ended");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let said = expect(&db, &["status"], 10).await.stdout;
        assert!(said.contains("writers are kept out since"), "{said}");
        child.kill().expect("killed");
        child.wait().expect("ended");
        let held = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'oppbase-migrate%'";
        while text(&client, held).await.as_deref() != Some("0") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let said = expect(&db, &["status"], 11).await.stdout;
        assert!(
            said.contains("status: interrupted") && said.contains("writers are kept out since"),
            "{said}"
        );
        let code = if way[0] == "run" { 2 } else { 0 };
        expect(&db, way, code).await;
        assert_eq!(text(&client, on).await.as_deref(), Some("0"), "{way:?}");
        let set = "select count(*) from pg_db_role_setting where setconfig::text like '%read_only%' \
                     and setdatabase = (select oid from pg_database where datname = current_database())";
        assert_eq!(text(&client, set).await.as_deref(), Some("0"), "{way:?}");
        assert_eq!(expect(&db, &["status"], 0).await.stdout, "status: none\n");
    }
}
