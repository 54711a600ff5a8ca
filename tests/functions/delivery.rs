//! The queue of `net.http_post`: after commit, once, not to the inside, again when it may help.

use super::*;

const COUNT: &str = "select count(*) from net.http_request_queue";

#[tokio::test]
async fn nothing_is_delivered_before_the_commit() {
    let crm = Crm::new(Template::Fork).await;
    let client = crm.sql().await;
    client
        .batch_execute("begin; select net.http_post('http://127.0.0.1/functions/v1/nothing')")
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let attempts = client
        .query_one("select attempts from net.http_request_queue", &[])
        .await
        .unwrap();
    assert_eq!(attempts.get::<_, i16>(0), 0);
    client.batch_execute("commit").await.unwrap();
    crm.until(COUNT, json!(0)).await;
}

#[tokio::test]
async fn requests_to_the_inside_are_dropped_and_not_made() {
    let crm = Crm::new(Template::Fork).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    crm.db
        .batch(&format!(
            "select net.http_post('http://127.0.0.1:{port}/hook');
             select net.http_post('http://[::1]:{port}/hook');
             select net.http_post('http://169.254.169.254/latest/meta-data');
             select net.http_post('file:///etc/passwd')"
        ))
        .await;
    crm.until(COUNT, json!(0)).await;
    let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(accepted.await.is_err(), "nobody called");
}

#[tokio::test]
async fn a_name_that_leads_to_the_inside_is_tried_again_later() {
    let crm = Crm::new(Template::Fork).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    crm.db
        .batch(&format!(
            "select net.http_post('http://localhost:{port}/hook')"
        ))
        .await;
    crm.until(
        "select attempts >= 1 and next_attempt_at < now() + interval '20 s' from net.http_request_queue",
        json!(true),
    )
    .await;
    let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(accepted.await.is_err(), "nobody called");
}

#[tokio::test]
async fn the_queue_of_the_real_extension_is_left_alone() {
    let db = TestDb::new(Template::Fork).await;
    db.batch(
        "alter table net.http_request_queue drop column next_attempt_at;
         select net.http_post('http://127.0.0.1/functions/v1/nothing')",
    )
    .await;
    let _app = spawn_app(&db, |_| {}).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let left = db.admin_client().await.query_one(COUNT, &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 1);
}
