//! A client that goes away leaves nothing running, and nobody without a key makes the server buffer.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Template, TestApp, TestDb, spawn_app};

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.base_url.strip_prefix("http://").expect("an address");
    TcpStream::connect(address).await.expect("connected")
}

#[tokio::test]
async fn a_dropped_client_cancels_its_query() {
    let db = TestDb::new(Template::Empty).await;
    db.batch(
        "create function public.slow() returns int language sql as 'select 1 from pg_sleep(60)';",
    )
    .await;
    let app = spawn_app(&db, |config| config.rest.anon_role = Some("anon".into())).await;
    let mut client = connect(&app).await;
    let key = crate::common::app::PUBLISHABLE_KEY;
    let request = format!(
        "POST /rest/v1/rpc/slow HTTP/1.1\r\nhost: x\r\napikey: {key}\r\ncontent-length: 0\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.expect("sent");
    let admin = db.admin_client().await;
    let running = "select count(*) from pg_stat_activity
         where datname = current_database() and query like '%slow%' and state = 'active'
           and pid <> pg_backend_pid()";
    let count = || async {
        admin
            .query_one(running, &[])
            .await
            .expect("count")
            .get::<_, i64>(0)
    };
    wait_until("the query runs", || async { count().await == 1 }).await;
    drop(client);
    wait_until("the query is cancelled", || async { count().await == 0 }).await;
}

async fn wait_until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    for _ in 0..100 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 5 s: {what}");
}

#[tokio::test]
async fn a_bad_key_is_refused_before_the_body_is_read() {
    let db = TestDb::new(Template::Empty).await;
    let app = spawn_app(&db, |_| {}).await;
    let mut client = connect(&app).await;
    // The body never comes; a server that waited for it would not answer.
    let request = "POST /rest/v1/things HTTP/1.1\r\nhost: x\r\napikey: sb_secret_wrong\r\ncontent-length: 40000000\r\n\r\n";
    client.write_all(request.as_bytes()).await.expect("sent");
    let mut start = [0; 12];
    tokio::time::timeout(Duration::from_secs(5), client.read_exact(&mut start))
        .await
        .expect("an answer without the body")
        .expect("read");
    assert_eq!(&start, b"HTTP/1.1 401");
}
