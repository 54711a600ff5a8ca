//! Nobody is ever served under another caller's identity, however many ask at once over few
//! connections, and whether their requests succeed, fail or are abandoned.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::common::{Template, TestDb, spawn_app};

#[tokio::test]
async fn claims_never_leak_between_concurrent_requests() {
    let db = TestDb::new(Template::Empty).await;
    db.batch(
        "create function public.whoami() returns json language sql stable as $$
           select json_build_object('role', current_user::text,
             'sub', current_setting('request.jwt.claims', true)::json ->> 'sub') $$;
         create function public.fail() returns int language plpgsql as $$
           begin raise exception 'no'; end $$;",
    )
    .await;
    let app = spawn_app(&db, |config| config.database.pool_size = 2).await;
    let mut tasks = Vec::new();
    for n in 1..=24u128 {
        let id = Uuid::from_u128(n);
        let client = app.authenticated(id);
        let (who, fail) = (app.url("/rest/v1/rpc/whoami"), app.url("/rest/v1/rpc/fail"));
        tasks.push(tokio::spawn(async move {
            for i in 0..40 {
                if i % 5 == 0 {
                    let answer = client.post(&fail).send().await.expect("an answer");
                    assert_eq!(answer.status(), 400);
                }
                if i % 7 == 0 {
                    let abandoned = client.get(&who).send();
                    let limit = std::time::Duration::from_micros(300);
                    let _ = tokio::time::timeout(limit, abandoned).await;
                }
                let body: Value = client
                    .get(&who)
                    .send()
                    .await
                    .expect("an answer")
                    .json()
                    .await
                    .expect("JSON");
                assert_eq!(
                    body,
                    json!({"role": "authenticated", "sub": id.to_string()})
                );
            }
        }));
    }
    for task in tasks {
        task.await.expect("every answer was its caller's own");
    }
}
