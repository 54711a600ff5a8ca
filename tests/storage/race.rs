//! Many at once: uploads of one name, readers beside writers.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::{Storage, send};

#[tokio::test]
async fn of_many_uploads_of_one_name_one_wins() {
    let s = Storage::start().await;
    let uploads = (0..12).map(|n| send(s.upload(&s.service, "attachments/x", &n.to_string())));
    let answers = join_all(uploads).await;
    let won = answers.iter().filter(|a| a.status == 200).count();
    assert_eq!(won, 1);
    let lost = answers.iter().filter(|a| a.status != 200);
    assert!(lost.into_iter().all(|a| a.error().2 == "KeyAlreadyExists"));
    s.assert_in_step().await;
}

#[tokio::test]
async fn upserts_of_one_name_take_turns_and_readers_see_whole_files() {
    let s = Storage::start().await;
    s.put_text("attachments/x", &"0".repeat(5000)).await;
    let writers = (1..20).map(|n| {
        let text = n.to_string().repeat(5000);
        send(
            s.upload(&s.service, "attachments/x", &text)
                .header("x-upsert", "true"),
        )
    });
    let readers = (0..60).map(|_| s.get(&s.anon, "/object/public/attachments/x"));
    let (written, read) = futures_util::future::join(join_all(writers), join_all(readers)).await;
    let ids: HashSet<_> = written
        .iter()
        .map(|a| {
            assert_eq!(a.status, 200, "{}", a.text);
            a.json["Id"].to_string()
        })
        .collect();
    assert_eq!(ids.len(), 1, "one row");
    for answer in read {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let unit = &answer.text[..answer.text.len() / 5000];
        assert_eq!(answer.text, unit.repeat(5000), "not a mixture");
    }
    s.assert_in_step().await;
}

#[tokio::test]
async fn writers_movers_and_removers_leave_rows_and_files_in_step() {
    let s = Storage::start().await;
    let calls = (0..40).map(|n| {
        let s = &s;
        async move {
            let (a, b) = if n % 2 == 0 { ("a", "b") } else { ("b", "a") };
            match n % 4 {
                0 | 1 => {
                    let request = s.upload(&s.service, &format!("attachments/{a}"), "x");
                    send(request.header("x-upsert", "true")).await.ok();
                }
                2 => {
                    let body = serde_json::json!({"bucketId": "attachments", "sourceKey": a, "destinationKey": b});
                    let moved = s.post(&s.service, "/object/move", body).await;
                    assert!(moved.status < 500, "{}", moved.text);
                }
                _ => {
                    let body = serde_json::json!({"prefixes": [a]});
                    s.call(&s.service, reqwest::Method::DELETE, "/object/attachments", body).await.ok();
                }
            }
        }
    });
    join_all(calls).await;
    s.assert_in_step().await;
}
