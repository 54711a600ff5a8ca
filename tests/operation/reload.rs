//! Reloads: by signal and by notification, and what they do to the requests that are running.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html#configuration-reloading>,
//! <https://docs.postgrest.org/en/stable/references/http_server.html#graceful-shutdown>.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::server::{Server, eventually, options};
use crate::common::{Template, TestDb};

async fn database() -> TestDb {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int); insert into t values (1); grant select on t to anon")
        .await;
    db
}

#[tokio::test]
async fn sigusr1_reads_the_schema_and_sigusr2_the_file() {
    let db = database().await;
    let path = tempfile::NamedTempFile::new()
        .expect("a file")
        .into_temp_path();
    std::fs::write(&path, "db-max-rows = 10\ndb-channel-enabled = false\n").expect("written");
    let file = path.display().to_string();
    let server = Server::spawn(&[&file], options(&db));
    server.until_ready().await;

    db.batch("create table later (id int); grant select on later to anon")
        .await;
    assert_eq!(server.get(&server.url("/later")).await.0, 404);
    server.signal(Signal::SIGUSR1);
    eventually("the table is known", || async {
        server.get(&server.url("/later")).await.0 == 200
    })
    .await;

    // The port needs a restart, the other two do not.
    let changed = "db-max-rows = 0\nserver-port = 1\ndb-channel-enabled = true\n";
    std::fs::write(&path, changed).expect("written");
    server.signal(Signal::SIGUSR2);
    eventually("no rows any more", || async {
        server.get(&server.url("/t")).await.1 == "[]"
    })
    .await;
    server
        .until_logged("Listening for database notifications")
        .await;
    let shown = server.get(&server.admin("/config")).await.1;
    assert!(shown.contains("db-max-rows = 0\n"), "{shown}");
    assert!(!shown.contains("server-port = 1\n"), "{shown}");

    std::fs::write(&path, "db-max-rows = many\n").expect("written");
    server.signal(Signal::SIGUSR2);
    server.until_logged("Failed reloading config: ").await;
    assert_eq!(
        server.get(&server.url("/t")).await.1,
        "[]",
        "the old one stays"
    );
}

#[tokio::test]
async fn notifications_reload_too() {
    let db = database().await;
    let server = Server::start(&db, &[]).await;
    db.batch("create table later (id int); grant select on later to anon; notify pgrst")
        .await;
    eventually("the table is known", || async {
        server.get(&server.url("/later")).await.0 == 200
    })
    .await;
    db.batch(&format!(
        "alter role authenticator in database {} set pgrst.db_max_rows = '0';
         notify pgrst, 'reload config'",
        db.name
    ))
    .await;
    eventually("no rows any more", || async {
        server.get(&server.url("/t")).await.1 == "[]"
    })
    .await;
    server
        .until_logged("Received a config reload message on the \"pgrst\" channel")
        .await;
}

/// Requests from several clients until it is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    clients: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(url: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicUsize::new(0));
        let clients = (0..4)
            .map(|_| {
                let (stop, done, url) = (stop.clone(), done.clone(), url.clone());
                tokio::spawn(async move {
                    let client = reqwest::Client::new();
                    let mut failures = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        match client.get(&url).send().await {
                            Ok(answer) if answer.status() == 200 => {
                                if answer.text().await.is_err() {
                                    failures.push("cut short".to_owned());
                                }
                            }
                            Ok(answer) => failures.push(answer.status().to_string()),
                            Err(error) => failures.push(format!("{error:?}")),
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                    failures
                })
            })
            .collect();
        Self {
            stop,
            done,
            clients,
        }
    }

    fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// What failed.
    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for client in self.clients {
            failures.extend(client.await.expect("no panic"));
        }
        failures
    }
}

#[tokio::test]
async fn reloads_under_load_fail_no_request() {
    let db = database().await;
    let server = Server::start(&db, &[("PGRST_DB_POOL", "3")]).await;
    let load = Load::start(server.url("/t"));
    for round in 0..10 {
        db.batch(&format!("alter table t add column c{round} int"))
            .await;
        server.signal(Signal::SIGUSR1);
        server.signal(Signal::SIGUSR2);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let done = load.done();
    assert!(done > 50, "the load was one: {done}");
    assert_eq!(load.end().await, Vec::<String>::new());
}

#[tokio::test]
async fn sigterm_lets_running_requests_end() {
    let db = database().await;
    db.batch(
        "create function slow() returns text language sql as $$
           select 'done' from pg_sleep(1) $$",
    )
    .await;
    let mut server = Server::start(&db, &[]).await;
    let url = server.url("/rpc/slow");
    // An idle connection keeps nobody waiting.
    let idle = reqwest::Client::new();
    idle.get(server.url("/t")).send().await.expect("answered");
    let running = tokio::spawn(async move { reqwest::get(url).await?.text().await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal(Signal::SIGTERM);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        server.get(&server.url("/t")).await.0,
        0,
        "nobody new is let in"
    );
    let answer = running.await.expect("no panic").expect("an answer");
    assert_eq!(answer, "\"done\"");
    assert_eq!(server.end().await, Some(0));
    assert!(
        server
            .stderr()
            .contains("Received termination unix signal SIGTERM")
    );
    drop(idle);
}

#[tokio::test]
async fn a_second_process_takes_over_on_a_shared_port() {
    let db = database().await;
    let mut first = Server::start(&db, &[("PGRST_SERVER_REUSEPORT", "true")]).await;
    let url = first.url("/t");
    let port = url
        .strip_prefix("http://127.0.0.1:")
        .and_then(|rest| rest.strip_suffix("/t"))
        .expect("the address")
        .to_owned();
    let second = Server::start(
        &db,
        &[
            ("PGRST_SERVER_REUSEPORT", "true"),
            ("PGRST_SERVER_PORT", &port),
        ],
    )
    .await;
    first.signal(Signal::SIGTERM);
    assert_eq!(first.end().await, Some(0));
    assert_eq!(second.get(&url).await.0, 200);
}

#[tokio::test]
async fn a_reload_that_finds_nothing_new_keeps_prepared_statements() {
    let db = database().await;
    db.batch(
        "create function kept() returns text[] security definer language sql as $$
           select array_agg(name || prepare_time order by name) from pg_prepared_statements $$",
    )
    .await;
    let server = Server::start(&db, &[("PGRST_DB_POOL", "1")]).await;
    let kept = async || {
        // Twice unprepared, then as a statement that is itself in the list.
        for _ in 0..3 {
            server.get(&server.url("/t?id=eq.1")).await;
            server.get(&server.url("/rpc/kept")).await;
        }
        server.get(&server.url("/rpc/kept")).await.1
    };
    let loads = || server.stderr().matches("Schema cache loaded").count();
    let before = kept().await;
    assert!(before.starts_with("[\""), "{before}");

    server.signal(Signal::SIGUSR1);
    eventually("a second load", || async { loads() == 2 }).await;
    assert_eq!(kept().await, before);

    // What a statement stands on is not all in the cache: a row of a table in another schema, say.
    db.batch("create table later (id int)").await;
    server.signal(Signal::SIGUSR1);
    eventually("a third load", || async { loads() == 3 }).await;
    assert_ne!(kept().await, before);
}

/// The cache says the same before and after; the statements that were prepared under it do not.
#[tokio::test]
async fn statements_are_prepared_anew_when_what_they_stand_on_changes() {
    let db = database().await;
    db.batch(
        "create schema hidden; create table hidden.h (id int, x text); insert into hidden.h values (1, '5');
         grant usage on schema hidden to anon; grant select on hidden.h to anon;
         create function rh() returns setof hidden.h language sql stable as 'select * from hidden.h';
         create type mood as enum ('sad', 'happy', 'angry'); create table m (id int, m mood); insert into m values (1, 'sad');
         grant select on m to anon;
         create function comp(t) returns date language sql stable as $$ select date '2020-01-01' $$",
    )
    .await;
    let server = Server::start(&db, &[("PGRST_DB_POOL", "1")]).await;
    let loads = || server.stderr().matches("Schema cache loaded").count();
    let asked = [
        "/rpc/rh?x=eq.5",
        "/m?m=eq.sad",
        "/t?select=id&comp=gte.2020-01-01T12:00:00",
        "/rpc/rh?select=x",
    ];
    let changes = [
        "alter table hidden.h alter column x type int using x::int",
        "alter table hidden.h alter column x type text",
        "begin; alter type mood rename to mood_old; create type mood as enum ('sad', 'happy'); \
         alter table m alter column m type mood using m::text::mood; drop type mood_old; commit",
        "drop function comp(t); create function comp(t) returns timestamp language sql stable as $$ select timestamp '2020-01-01 06:00' $$",
        "alter table hidden.h add column z int default 9",
        "alter table hidden.h drop column x; alter table hidden.h add column x text default 'again'",
    ];
    for (number, change) in changes.into_iter().enumerate() {
        for target in asked {
            for _ in 0..4 {
                server.get(&server.url(target)).await;
            }
        }
        db.batch(change).await;
        server.signal(Signal::SIGUSR1);
        eventually("a load", || async { loads() == 2 + number }).await;
        let fresh = Server::start(&db, &[]).await;
        for target in asked {
            let (now, then) = (
                server.get(&server.url(target)).await,
                fresh.get(&fresh.url(target)).await,
            );
            assert_eq!(now, then, "{change}: {target}");
        }
    }
}
