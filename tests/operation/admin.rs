//! The admin server.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/admin_server.html>.

use super::server::{Server, eventually, options};
use crate::common::{Template, TestDb};

#[tokio::test]
async fn every_endpoint_answers() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table t (id int)").await;
    let secret = "a-secret-with-at-least-32-characters";
    let server = Server::start(&db, &[("PGRST_JWT_SECRET", secret)]).await;
    assert_eq!(
        server.get(&server.admin("/live")).await,
        (200, String::new())
    );
    assert_eq!(
        server.get(&server.admin("/ready")).await,
        (200, String::new())
    );
    assert_eq!(server.get(&server.admin("/other")).await.0, 404);

    let (_, config) = server.get(&server.admin("/config")).await;
    assert!(config.contains("jwt-secret = \"***\"\n"), "{config}");
    assert!(!config.contains(secret));

    let (_, dump) = server.get(&server.admin("/schema_cache")).await;
    let dump: serde_json::Value = serde_json::from_str(&dump).expect("JSON");
    assert_eq!(dump["dbTables"][0][0]["name"], "t");

    for _ in 0..2 {
        let token = crate::common::app::token(serde_json::json!({"role": "anon"}));
        let answer = reqwest::Client::new()
            .get(server.url("/t"))
            .bearer_auth(token)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 401, "signed with another key");
    }
    let (_, metrics) = server.get(&server.admin("/metrics")).await;
    for line in [
        "pgrst_schema_cache_loads_total{status=\"SUCCESS\"} 1",
        "pgrst_db_pool_max 10",
        "pgrst_db_pool_timeouts_total 0",
        "pgrst_jwt_cache_requests_total 2",
        "pgrst_jwt_cache_hits_total 0",
        "pgrst_jwt_cache_evictions_total 0",
        "# TYPE pgrst_schema_cache_query_time_seconds gauge",
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}\n{metrics}"
        );
    }
}

#[tokio::test]
async fn without_a_database_it_is_alive_and_not_ready() {
    let db = TestDb::new(Template::Empty).await;
    let mut options = options(&db);
    options.retain(|(name, _)| *name != "PGRST_DB_URI");
    options.push(("PGRST_DB_URI", "postgresql://nobody@127.0.0.1:1/x".into()));
    let server = Server::spawn(&[], options);
    eventually("alive", || async {
        server.get(&server.admin("/live")).await.0 == 200
    })
    .await;
    assert_eq!(server.get(&server.admin("/ready")).await.0, 503);
    let answer = reqwest::get(server.url("/t")).await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    server
        .until_logged("Attempting to reconnect to the database in 1 seconds...")
        .await;
}

#[tokio::test]
async fn the_pool_counts_requests_that_got_no_connection() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create function slow() returns void language sql as $$ select pg_sleep(3) $$")
        .await;
    let server = Server::start(
        &db,
        &[
            ("PGRST_DB_POOL", "1"),
            ("PGRST_DB_POOL_ACQUISITION_TIMEOUT", "1"),
        ],
    )
    .await;
    let url = server.url("/rpc/slow");
    let slow = tokio::spawn(async move { reqwest::get(url).await.map(|answer| answer.status()) });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let (status, body) = server.get(&server.url("/rpc/slow")).await;
    assert_eq!(status, 504);
    assert!(body.contains("PGRST003"), "{body}");
    let (_, metrics) = server.get(&server.admin("/metrics")).await;
    assert!(
        metrics.contains("pgrst_db_pool_timeouts_total 1\n"),
        "{metrics}"
    );
    slow.await.expect("no panic").expect("an answer");
}
