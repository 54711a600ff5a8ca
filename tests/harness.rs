//! The harness keeps its own promises: databases are private, cloned from the template, and gone
//! afterwards.

use crate::common::{Template, TestDb, cluster, db};

async fn exists(name: &str) -> bool {
    db::connect(&cluster::admin_uri("postgres"))
        .await
        .query_one(
            "select exists (select from pg_database where datname = $1)",
            &[&name],
        )
        .await
        .expect("catalogue query")
        .get(0)
}

#[tokio::test]
async fn two_databases_do_not_see_each_other_and_go_away() {
    let one = TestDb::new(Template::Empty).await;
    let two = TestDb::new(Template::Empty).await;
    one.batch("create table t (id int)").await;
    let seen: bool = two
        .admin_client()
        .await
        .query_one("select to_regclass('public.t') is not null", &[])
        .await
        .expect("query")
        .get(0);
    assert!(!seen);
    let name = one.name.clone();
    assert!(exists(&name).await);
    drop(one);
    assert!(!exists(&name).await);
}

#[tokio::test]
async fn the_authenticator_may_become_the_api_roles_and_nothing_else() {
    let db = TestDb::new(Template::Empty).await;
    let client = db.authenticator_client().await;
    for role in ["anon", "authenticated", "service_role"] {
        client
            .batch_execute(&format!("set role {role}; reset role"))
            .await
            .expect("a member");
    }
    let error = client
        .batch_execute("set role postgres")
        .await
        .expect_err("not a member");
    assert_eq!(error.code().map(|code| code.code()), Some("42501"));
}
