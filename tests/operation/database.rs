//! The database goes away and comes back: errors only meanwhile, and no restart of ours.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/connection_pool.html#automatic-recovery>.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use oppbase::pg::embedded::{Cluster, ClusterOptions, Durability};

use super::server::{Server, eventually};
use crate::cli::free_port;
use crate::common::db;
use crate::common::{Template, TestDb};

/// A cluster of its own, which can be stopped.
struct Own {
    dir: tempfile::TempDir,
    port: u16,
}

impl Own {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).expect("our own folder");
        Self {
            dir,
            port: free_port(),
        }
    }

    async fn start(&self) -> Cluster {
        let options = ClusterOptions {
            dir: self.dir.path().to_owned(),
            port: self.port,
            password: None,
            durability: Durability::Durable,
            settings: Vec::new(),
        };
        tokio::task::spawn_blocking(move || Cluster::start(options))
            .await
            .expect("no panic")
            .unwrap_or_else(|e| panic!("{e}; {:?}", e.hint()))
    }
}

const UP: u8 = 0;
const DOWN: u8 = 1;
const RECOVERING: u8 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_postgresql_under_load_is_survived() {
    let own = Own::new();
    let cluster = own.start().await;
    let uri = cluster.uri("postgres");
    db::execute(
        uri.clone(),
        "create role anon; create table t (id int); grant select on t to anon".into(),
    )
    .await;
    let options = vec![
        ("PGRST_DB_URI", uri),
        ("PGRST_DB_ANON_ROLE", "anon".into()),
        ("PGRST_SERVER_PORT", free_port().to_string()),
        ("PGRST_ADMIN_SERVER_PORT", free_port().to_string()),
    ];
    let server = Server::spawn(&[], options);
    server.until_ready().await;

    let phase = Arc::new(AtomicU8::new(UP));
    let (seen, url) = (phase.clone(), server.url("/t"));
    let load = tokio::spawn(async move {
        let client = reqwest::Client::new();
        let mut failures = [Vec::new(), Vec::new(), Vec::new()];
        loop {
            let before = seen.load(Ordering::SeqCst);
            if before > RECOVERING {
                return failures;
            }
            let status = client.get(&url).send().await.expect("an answer").status();
            // A request that saw both sides of a change belongs to the worse one.
            let after = seen.load(Ordering::SeqCst).min(RECOVERING);
            if status != 200 {
                let phase = if before == after { before } else { DOWN };
                failures[usize::from(phase)].push(status.as_u16());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });

    tokio::time::sleep(Duration::from_millis(300)).await;
    phase.store(DOWN, Ordering::SeqCst);
    let mut cluster = cluster;
    tokio::task::spawn_blocking(move || cluster.stop())
        .await
        .expect("no panic");
    eventually("not ready", || async {
        server.get(&server.admin("/ready")).await.0 == 503
    })
    .await;
    assert_eq!(server.get(&server.admin("/live")).await.0, 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _cluster = own.start().await;
    phase.store(RECOVERING, Ordering::SeqCst);
    server.until_ready().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    phase.store(RECOVERING + 1, Ordering::SeqCst);

    let [up, down, recovering] = load.await.expect("no panic");
    assert!(up.is_empty(), "{up:?}");
    assert!(
        !down.is_empty() && down.iter().all(|status| *status == 503),
        "{down:?}"
    );
    assert!(recovering.is_empty(), "{recovering:?}");
    server
        .until_logged("Retrying listening for database notifications in 1 seconds...")
        .await;
}

#[tokio::test]
async fn lost_connections_are_replaced_before_anybody_notices() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int); grant select on t to anon")
        .await;
    let server = Server::start(&db, &[]).await;
    for _ in 0..3 {
        assert_eq!(server.get(&server.url("/t")).await.0, 200);
        db.batch(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and usename = 'authenticator'",
        )
        .await;
        assert_eq!(server.get(&server.url("/t")).await.0, 200);
    }
}

#[tokio::test]
async fn without_automatic_recovery_the_process_ends() {
    let db = TestDb::new(Template::Empty).await;
    let mut server = Server::start(&db, &[("PGRST_DB_POOL_AUTOMATIC_RECOVERY", "false")]).await;
    db.batch(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'authenticator'",
    )
    .await;
    assert_eq!(server.end().await, Some(1));
    assert!(
        server
            .stderr()
            .contains("Automatic recovery disabled, exiting.")
    );
}

#[tokio::test]
async fn idle_and_old_connections_are_closed() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create function pid() returns int language sql as $$ select pg_backend_pid() $$")
        .await;
    let server = Server::start(
        &db,
        &[("PGRST_DB_POOL", "1"), ("PGRST_DB_POOL_MAX_LIFETIME", "1")],
    )
    .await;
    let pid = || async { server.get(&server.url("/rpc/pid")).await.1 };
    let first = pid().await;
    assert_eq!(pid().await, first, "the same connection");
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert_ne!(pid().await, first, "its time was over");
}
