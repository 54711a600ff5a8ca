//! The CRM's own schemas: accounts without names, and what deleting softly leaves.

use reqwest::Method;
use serde_json::json;

use super::{Auth, PASSWORD};
use crate::common::Template;

async fn on_both(test: impl AsyncFn(&Auth)) {
    for template in [Template::Fork, Template::Upstream] {
        let auth = Auth::start_on(template).await;
        test(&auth).await;
        auth.stop().await;
    }
}

#[tokio::test]
async fn accounts_without_names_are_pending() {
    on_both(async |auth| {
        let body = json!({"email": "a@example.com", "password": PASSWORD, "email_confirm": true});
        let made = auth.admin(Method::POST, "/admin/users", body).await;
        assert_eq!(made.status, 200, "{}", made.json);
        let body = json!({"email": "b@example.com", "password": PASSWORD});
        assert_eq!(auth.post("/signup", body).await.status, 200);
        let pending = "select count(*) from public.sales where first_name = 'Pending' and last_name = 'Pending'";
        assert_eq!(auth.count(pending).await, 2);
        let first = "select count(*) from public.sales where administrator and email = 'a@example.com'";
        assert_eq!(auth.count(first).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_soft_deletion_keeps_the_row_of_the_application() {
    on_both(async |auth| {
        let session = auth.sign_up("a@example.com").await;
        let id = session.text("/user/id");
        let body = json!({"should_soft_delete": true});
        let deleted = auth
            .admin(Method::DELETE, &format!("/admin/users/{id}"), body)
            .await;
        assert_eq!((deleted.status, deleted.json), (200, json!({})));
        assert_eq!(auth.sign_in("a@example.com", PASSWORD).await.status, 400);
        assert_eq!(auth.count("select count(*) from public.sales").await, 1);
        // The address is free again.
        assert_eq!(auth.sign_up("a@example.com").await.status, 200);
        let hard = auth
            .admin(
                Method::DELETE,
                &format!("/admin/users/{id}"),
                serde_json::Value::Null,
            )
            .await;
        assert_eq!(hard.error(), (409, "conflict"));
        assert!(hard.text("/message").contains("sales"), "{}", hard.json);
    })
    .await;
}
