//! The log: who sees which line where.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#logs>.

use super::server::{Server, eventually};
use crate::common::app::{JWT_SECRET, token};
use crate::common::{Template, TestDb};

#[tokio::test]
async fn answers_are_logged_by_their_status_with_the_role() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int); grant select on t to anon, authenticated")
        .await;
    let server = Server::start(
        &db,
        &[
            ("PGRST_LOG_LEVEL", "info"),
            ("PGRST_JWT_SECRET", JWT_SECRET),
        ],
    )
    .await;
    let client = reqwest::Client::builder()
        .user_agent("test/1")
        .build()
        .expect("a client");
    let get = |path: &str| client.get(server.url(path));
    get("/t?select=id")
        .header("referer", "http://a/b")
        .send()
        .await
        .expect("an answer");
    let role = token(serde_json::json!({"role": "authenticated"}));
    get("/t").bearer_auth(role).send().await.expect("an answer");
    get("/t")
        .bearer_auth("x.y.z")
        .send()
        .await
        .expect("an answer");
    eventually("three lines", || async {
        server.stdout().lines().count() == 3
    })
    .await;
    let log = server.stdout();
    let lines: Vec<_> = log.lines().collect();
    assert!(lines[0].starts_with("127.0.0.1 - anon ["), "{log}");
    assert!(
        lines[0].ends_with("] \"GET /t?select=id HTTP/1.1\" 200 2 \"http://a/b\" \"test/1\""),
        "{log}"
    );
    assert!(lines[1].starts_with("127.0.0.1 - authenticated ["), "{log}");
    assert!(lines[2].starts_with("127.0.0.1 - - ["), "{log}");
    assert!(lines[2].contains("\" 401 "), "{log}");
}

#[tokio::test]
async fn warn_logs_faults_with_their_statements() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int)").await;
    let server = Server::start(
        &db,
        &[("PGRST_LOG_LEVEL", "warn"), ("PGRST_LOG_QUERY", "true")],
    )
    .await;
    server.get(&server.url("/rpc/nothing")).await;
    server.get(&server.url("/t?id=eq.4711")).await;
    eventually("two lines", || async {
        server.stdout().lines().count() == 2
    })
    .await;
    // The two streams are read by a thread each, so one may be behind the other.
    server.until_logged("FROM \"public\".\"t\"").await;
    let log = server.stderr();
    assert!(!log.contains("4711"), "values are not logged: {log}");
    for line in log.lines() {
        // `06/May/2024:08:16:11 -0500: `
        let (time, _) = line.split_at(28.min(line.len()));
        assert!(time.ends_with(": ") && time.contains('/'), "{line}");
    }
}

#[tokio::test]
async fn the_start_is_told_on_standard_error() {
    let db = TestDb::new(Template::Empty).await;
    let server = Server::start(&db, &[]).await;
    server.get(&server.url("/nothing")).await;
    for text in [
        ": Starting PostgREST 16",
        ": Admin server listening on 127.0.0.1:",
        ": Successfully connected to PostgreSQL ",
        ": Connection Pool initialized with a maximum size of 10 connections",
        ": Config reloaded",
        ": Schema cache queried in ",
        ": Schema cache loaded 0 Relations, 0 Relationships, 0 RPCs, ",
        ": API server listening on 127.0.0.1:",
        ": Listening for database notifications on the \"pgrst\" channel",
    ] {
        server.until_logged(text).await;
    }
    assert_eq!(server.stdout(), "", "a 404 is not logged at level error");
}
