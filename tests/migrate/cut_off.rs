//! Sessions that end or wait at the worst of moments: an answer that is lost, an administrator who ends them, locks
//! of others at the very end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oppbase::migrate::backup::{self, Request};
use oppbase::migrate::lock::RunLock;
use oppbase::migrate::{Log, session};
use oppbase::pg::migrations::Baseline;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::crm::PLENTY;
use super::online_writes::{backed_up, crm, ended, run};
use super::{expect, migrate};
use crate::schema::{batch, before, lines, text};

/// A way to the server that hands everything on, until a COMMIT after a text has passed: of its answer, and of
/// whatever follows, nothing comes back.
async fn cut_at_commit(port: u16, after: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", port))
                .await
                .expect("the server");
            tokio::spawn(hand_on(near, far, after));
        }
    });
    own
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|part| part == what)
}

async fn hand_on(near: TcpStream, far: TcpStream, after: &'static [u8]) {
    let is_cut = Arc::new(AtomicBool::new(false));
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let cut = Arc::clone(&is_cut);
    let there = tokio::spawn(async move {
        let (mut seen, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        let mut is_armed = false;
        while let Ok(count @ 1..) = from_near.read(&mut buffer).await {
            seen.extend_from_slice(&buffer[..count]);
            is_armed = is_armed || has(&seen, after);
            cut.fetch_or(is_armed && has(&seen, b"COMMIT\0"), Ordering::SeqCst);
            if to_far.write_all(&buffer[..count]).await.is_err() {
                return;
            }
            let old = seen.len().saturating_sub(after.len());
            seen.drain(..old);
        }
    });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from_far.read(&mut buffer).await {
        // The server has answered, so it has committed.
        let is_answer = is_cut.load(Ordering::SeqCst) && has(&buffer[..count], b"COMMIT\0");
        if is_answer || to_near.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    there.abort();
}

#[tokio::test]
async fn a_backup_whose_commit_is_not_answered_keeps_its_files() {
    let (db, client) = before(Baseline::Upstream).await;
    let address = url::Url::parse(&db.admin).expect("a URL");
    let port = address.port().expect("a port");
    let mut through = address.clone();
    let own = cut_at_commit(port, b"insert into migration.migration_backups").await;
    through.set_port(Some(own)).expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let log = Log::open(&folder.path().join("migration.log"), true).expect("a log");
    let lock = RunLock::take(&db.admin, None).await.expect("the lock");
    let mut cut = session::connect(through.as_str(), None)
        .await
        .expect("a session");
    let request = Request {
        run: Some(uuid::Uuid::new_v4()),
        folder: folder.path().join("backups"),
        free_bytes: Some(PLENTY),
        no_dump: Some("a test".into()),
        ..Request::default()
    };
    let fault = backup::take(&mut cut, &db.admin, &request, &lock, &log)
        .await
        .expect_err("no answer");
    let hint = fault.hint.clone().unwrap_or_default();
    assert!(hint.contains("the connection"), "{fault:?}");
    let recorded = "select distinct manifest_path from migration.migration_backups";
    let manifest = text(&client, recorded).await.expect("it has committed");
    assert!(std::path::Path::new(&manifest).exists(), "{manifest}");
}

#[tokio::test]
async fn who_is_ended_by_the_administrator_is_told_how_to_go_on() {
    let (db, client) = before(Baseline::Fork).await;
    let blocker = db.admin_client().await;
    batch(
        &blocker,
        "begin; lock table public.tags in access exclusive mode",
    )
    .await;
    let mut child = migrate(&db, &["backup", "--no-dump", "a test"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let end = "select count(pg_terminate_backend(a.pid)) from pg_stat_activity a \
                where a.datname = current_database() and a.application_name like 'oppbase-migrate%' \
                  and a.wait_event_type = 'Lock'";
    while text(&client, end).await.as_deref() == Some("0") {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (code, said) = ended(child).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("57P01") && said.contains("hint: the connection to PostgreSQL was lost"),
        "{said}"
    );
    let copies = "select count(*) from pg_class where relnamespace = to_regnamespace('crm_backup')";
    assert_eq!(text(&client, copies).await.as_deref(), Some("0"));
}

/// What is left at the end is the trace's to clear away, and a run that is complete does not fail over it.
#[tokio::test]
async fn locks_of_others_at_the_very_end_are_a_warning() {
    let (db, client) = crm(Baseline::Fork).await;
    let mut child = run(&db, &["--pause", "0"]).spawn().expect("it starts");
    let blocker = db.admin_client().await;
    backed_up(&blocker, &mut child).await;
    let is_cut_over = "select to_regclass('public.opportunities') is not null";
    while text(&blocker, is_cut_over).await.as_deref() != Some("t") {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // As a writer holds it who does not end.
    batch(
        &blocker,
        "begin; lock table public.tags in row exclusive mode",
    )
    .await;
    let complete = "select count(*) from migration.migration_history \
                     where phase_number = 'run' and step is null and status = 'completed'";
    while text(&client, complete).await.as_deref() == Some("0") {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It goes on trying for a minute, or until somebody asks it to stop.
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    let waits = "select count(*) from pg_stat_activity where datname = current_database() \
                   and application_name like 'oppbase-migrate%' and wait_event_type = 'Lock'";
    while text(&client, waits).await.as_deref() == Some("0") {
        assert!(child.try_wait().expect("a child").is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("a signal");
    let (code, said) = ended(child).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("complete") && said.contains("writes are still traced"),
        "{said}"
    );
    let traces = "select count(*) > 0 from pg_trigger where tgname = 'migration_capture_trace'";
    assert_eq!(lines(&client, traces).await, ["t"]);
    batch(&blocker, "rollback").await;
    expect(&db, &["run"], 0).await;
    assert_eq!(lines(&client, traces).await, ["f"]);
}
