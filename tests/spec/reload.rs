//! `NOTIFY pgrst` reloads the schema cache while requests are served.

use std::time::Duration;

use crate::common::{Template, TestDb, spawn_app};

#[tokio::test]
async fn notify_makes_a_new_relation_visible() {
    let db = TestDb::new(Template::Empty).await;
    let app = spawn_app(&db, |_| {}).await;
    let client = app.service();
    let url = app.url("/rest/v1/later");
    assert_eq!(client.get(&url).send().await.expect("answer").status(), 404);
    db.batch(
        "create table public.later (id int);
         grant select on public.later to service_role;
         notify pgrst, 'reload schema';",
    )
    .await;
    for _ in 0..100 {
        if client.get(&url).send().await.expect("answer").status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the relation did not appear within 5 s of the notification");
}
