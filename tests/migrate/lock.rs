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
