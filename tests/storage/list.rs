//! Lists: one level of a folder, and the newer form.

use serde_json::{Value, json};

use super::Storage;

async fn names(s: &Storage, body: Value) -> Vec<String> {
    let list = s
        .post(&s.service, "/object/list/attachments", body)
        .await
        .ok()
        .json;
    let list = list.as_array().unwrap().iter();
    list.map(|o| {
        let mark = if o["id"].is_null() { "/" } else { "" };
        format!("{}{mark}", o["name"].as_str().unwrap())
    })
    .collect()
}

async fn fill(s: &Storage) {
    for name in [
        "b.txt",
        "A.txt",
        "c/1.txt",
        "c/2.txt",
        "c/d/3.txt",
        "B_dir/x",
        "B%25/y",
        "a",
        "a/z",
    ] {
        s.put_text(&format!("attachments/{name}"), name).await;
    }
}

#[tokio::test]
async fn one_level_with_folders_and_files_by_name() {
    let s = Storage::start().await;
    fill(&s).await;
    assert_eq!(
        names(&s, json!({"prefix": ""})).await,
        ["a/", "a", "A.txt", "B%/", "b.txt", "B_dir/", "c/"]
    );
    assert_eq!(
        names(&s, json!({"prefix": "c"})).await,
        ["1.txt", "2.txt", "d/"]
    );
    assert_eq!(
        names(&s, json!({"prefix": "c/"})).await,
        ["1.txt", "2.txt", "d/"]
    );
    let desc = json!({"prefix": "c", "sortBy": {"column": "name", "order": "desc"}});
    assert_eq!(names(&s, desc).await, ["d/", "2.txt", "1.txt"]);
    assert_eq!(
        names(&s, json!({"prefix": "c", "limit": 1, "offset": 1})).await,
        ["2.txt"]
    );
    assert_eq!(
        names(&s, json!({"prefix": "", "search": "A"})).await,
        ["a/", "a", "A.txt"]
    );
    assert_eq!(names(&s, json!({"prefix": "nowhere"})).await, [""; 0]);
    // % and _ are letters.
    assert_eq!(
        names(&s, json!({"prefix": "", "search": "B_"})).await,
        ["B_dir/"]
    );
    assert_eq!(names(&s, json!({"prefix": "B%"})).await, ["y"]);
    assert_eq!(names(&s, json!({"prefix": "_"})).await, [""; 0]);
    assert_eq!(
        names(&s, json!({"prefix": "C"})).await,
        [""; 0],
        "folders are exact"
    );
}

#[tokio::test]
async fn by_time_folders_come_first() {
    let s = Storage::start().await;
    fill(&s).await;
    s.db.batch(
        "update storage.objects set created_at = now() + interval '1 h' where name = 'A.txt'",
    )
    .await;
    let by_time =
        |order: &str| json!({"prefix": "", "sortBy": {"column": "created_at", "order": order}});
    let folders = ["a/", "B%/", "B_dir/", "c/"];
    assert_eq!(
        names(&s, by_time("asc")).await,
        [&folders[..], &["b.txt", "a", "A.txt"]].concat()
    );
    assert_eq!(
        names(&s, by_time("desc")).await,
        [&folders[..], &["A.txt", "a", "b.txt"]].concat()
    );
    let bad = json!({"prefix": "", "sortBy": {"column": "name; drop table x"}});
    assert_eq!(
        s.post(&s.service, "/object/list/attachments", bad)
            .await
            .error()
            .2,
        "InvalidRequest"
    );
}

#[tokio::test]
async fn rows_have_the_members_that_clients_read() {
    let s = Storage::start().await;
    s.put_text("attachments/d/x.txt", "12345678").await;
    let list = s
        .post(
            &s.service,
            "/object/list/attachments",
            json!({"prefix": "d"}),
        )
        .await
        .ok();
    let file = &list.json[0];
    assert_eq!(file.as_object().unwrap().len(), 6);
    assert_eq!(
        (&file["metadata"]["size"], &file["metadata"]["mimetype"]),
        (&json!(8), &json!("text/plain"))
    );
    let list = s
        .post(
            &s.service,
            "/object/list/attachments",
            json!({"prefix": ""}),
        )
        .await
        .ok();
    assert_eq!(
        list.json,
        json!([{"name": "d", "id": null, "updated_at": null, "created_at": null,
                "last_accessed_at": null, "metadata": null}])
    );
}

#[tokio::test]
async fn the_newer_form_pages_with_a_cursor() {
    let s = Storage::start().await;
    fill(&s).await;
    let mut found = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let body = json!({"limit": 4, "cursor": cursor});
        let page = s
            .post(&s.service, "/object/list-v2/attachments", body)
            .await
            .ok()
            .json;
        let objects = page["objects"].as_array().unwrap();
        assert!(objects.len() <= 4 && page["folders"] == json!([]));
        found.extend(
            objects
                .iter()
                .map(|o| o["name"].as_str().unwrap().to_owned()),
        );
        if page["hasNext"] == false {
            assert!(page.get("nextCursor").is_none());
            break;
        }
        cursor = page["nextCursor"].clone();
    }
    assert_eq!(found.len(), 9);
    let body = json!({"with_delimiter": true, "prefix": "c/"});
    let page = s
        .post(&s.service, "/object/list-v2/attachments", body)
        .await
        .ok()
        .json;
    assert_eq!(page["folders"], json!([{"name": "c/d/", "key": "c/d/"}]));
    assert_eq!(page["objects"][1]["name"], "c/2.txt");
    let bad = s
        .post(
            &s.service,
            "/object/list-v2/attachments",
            json!({"cursor": "x"}),
        )
        .await;
    assert_eq!(bad.error().2, "InvalidParameter");
}
