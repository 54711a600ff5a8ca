//! `delete_note_attachments`: called by hand, and by the trigger through the queue.

use super::*;

const FILES: &str = "
insert into storage.buckets (id, name, public) values ('attachments', 'attachments', true) on conflict do nothing;
insert into storage.objects (bucket_id, name) values ('attachments', 'a.txt'), ('attachments', 'b c.txt'), ('attachments', 'kept.txt');
insert into contacts (id, first_name, email_jsonb) values (801, 'Jane', '[]');
";
const LEFT: &str = "select jsonb_agg(name order by name) from storage.objects";

#[tokio::test]
async fn files_that_a_note_no_longer_has_are_removed() {
    let crm = Crm::new(Template::Fork).await;
    let user = crm.sign_up("ada@example.com").await;
    crm.db.batch(FILES).await;
    let name = "delete_note_attachments";
    let old = json!({"attachments": [{"path": "a.txt"}, {"path": "kept.txt"},
        {"src": "http://x/storage/v1/object/public/attachments/b%20c.txt"}]});
    let change = json!({"type": "UPDATE", "old_record": old,
        "record": {"attachments": [{"path": "kept.txt"}]}});
    let answer = crm
        .call(Method::POST, name, PUBLISHABLE_KEY, change.clone())
        .await;
    assert_eq!(answer.status, 401, "the public key alone removes nothing");
    let answer = crm.call(Method::POST, name, &user, change).await;
    assert_eq!(answer.json, json!({"status": "ok"}));
    assert_eq!(crm.value(LEFT).await, json!(["kept.txt"]));
    let nothing = json!({"type": "DELETE", "old_record": {"attachments": null}, "record": null});
    let answer = crm.call(Method::POST, name, &user, nothing).await;
    assert_eq!(
        answer.json,
        json!({"status": "skipped", "reason": "no_paths_to_delete"})
    );
}

#[tokio::test]
async fn the_policies_of_storage_decide() {
    let crm = Crm::new(Template::Fork).await;
    let user = crm.sign_up("ada@example.com").await;
    crm.db.batch(FILES).await;
    crm.db
        .batch("create policy keep on storage.objects as restrictive for delete to authenticated using (name <> 'a.txt')")
        .await;
    let change = json!({"type": "DELETE", "old_record": {"attachments": [{"path": "a.txt"}, {"path": "kept.txt"}]}});
    let answer = crm
        .call(Method::POST, "delete_note_attachments", &user, change)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(crm.value(LEFT).await, json!(["a.txt", "b c.txt"]));
}

#[tokio::test]
async fn deleting_a_note_over_the_api_removes_its_files_after_the_commit() {
    let crm = Crm::new(Template::Upstream).await;
    let user = crm.sign_up("ada@example.com").await;
    crm.db.batch(FILES).await;
    let note = json!({"contact_id": 801, "text": "n", "attachments": [{"path": "a.txt"}, {"path": "kept.txt"}]});
    let send = async |method: Method, path: &str, body: &Value| {
        let request = crm.request(method, path).bearer_auth(&user).json(body);
        let answer = crm.send(request).await;
        assert!(answer.status < 300, "{}", answer.json);
    };
    send(Method::POST, "/rest/v1/contact_notes", &note).await;
    let fewer = json!({"attachments": [{"path": "kept.txt"}]});
    send(
        Method::PATCH,
        "/rest/v1/contact_notes?contact_id=eq.801",
        &fewer,
    )
    .await;
    crm.until(LEFT, json!(["b c.txt", "kept.txt"])).await;
    send(
        Method::DELETE,
        "/rest/v1/contact_notes?contact_id=eq.801",
        &json!(null),
    )
    .await;
    crm.until(LEFT, json!(["b c.txt"])).await;
    crm.until("select count(*) from net.http_request_queue", json!(0))
        .await;
}

#[tokio::test]
async fn the_bytes_go_with_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let crm = Crm::with(Template::Fork, |config| config.storage.dir = Some(path)).await;
    let user = crm.sign_up("ada@example.com").await;
    let upload = crm
        .request(Method::POST, "/storage/v1/object/attachments/a.txt")
        .bearer_auth(&user)
        .body("x");
    assert_eq!(crm.send(upload).await.status, 200);
    assert!(dir.path().join("attachments/a.txt").exists());
    let change = json!({"type": "DELETE", "old_record": {"attachments": [{"path": "a.txt"}]}});
    let answer = crm
        .call(Method::POST, "delete_note_attachments", &user, change)
        .await;
    assert_eq!(answer.json, json!({"status": "ok"}));
    assert!(!dir.path().join("attachments").exists());
}
