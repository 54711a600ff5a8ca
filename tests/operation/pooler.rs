//! Behind a pooler in transaction mode: nothing may outlive a transaction on a connection.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/connection_pool.html#using-external-connection-poolers>.

use super::server::Server;
use crate::common::{Template, TestDb};

#[tokio::test]
async fn without_prepared_statements_a_connection_keeps_nothing() {
    let db = TestDb::new(Template::Empty).await;
    db.batch(
        "create table t (id int); grant select, insert on t to anon;
         create function kept() returns bigint security definer language sql as $$
           select count(*) from pg_prepared_statements $$",
    )
    .await;
    for (prepared, expect_none) in [("false", true), ("true", false)] {
        let server = Server::start(
            &db,
            &[
                ("PGRST_DB_POOL", "1"),
                ("PGRST_DB_PREPARED_STATEMENTS", prepared),
                ("PGRST_DB_CHANNEL_ENABLED", "false"),
            ],
        )
        .await;
        for _ in 0..4 {
            assert_eq!(server.get(&server.url("/t?id=eq.1")).await.0, 200);
        }
        let (status, kept) = server.get(&server.url("/rpc/kept")).await;
        assert_eq!(status, 200, "{kept}");
        assert_eq!(
            kept == "0",
            expect_none,
            "prepared-statements={prepared}: {kept}"
        );
    }
}
