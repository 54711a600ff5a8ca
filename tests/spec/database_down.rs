//! A database that is away is a 503 with `Retry-After`, and the server recovers by itself.

use std::time::Duration;

use crate::common::{Template, TestDb, spawn_app, spawn_app_unready};

#[tokio::test]
async fn lost_connections_are_replaced() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table public.things (id int); grant select on public.things to service_role;")
        .await;
    let app = spawn_app(&db, |_| {}).await;
    let client = app.service();
    let url = app.url("/rest/v1/things");
    assert_eq!(client.get(&url).send().await.expect("answer").status(), 200);
    db.admin_client()
        .await
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
            &[],
        )
        .await
        .expect("terminated");
    // Idempotent reads are retried on a fresh connection, so the client notices nothing.
    for _ in 0..10 {
        assert_eq!(client.get(&url).send().await.expect("answer").status(), 200);
    }
}

#[tokio::test]
async fn a_database_that_is_down_at_start_is_a_503_with_retry_after() {
    let db = TestDb::new(Template::Empty).await;
    let app = spawn_app_unready(&db, |config| {
        config.database.uri = "postgresql://authenticator@127.0.0.1:1/none".into();
        config.database.pool_acquisition_timeout_s = 1;
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let answer = app
        .anon()
        .get(app.url("/rest/v1/things"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body["code"], "PGRST002");
}
