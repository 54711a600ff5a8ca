//! Rows and files of an existing Supabase project work as they are.

use reqwest::Method;
use serde_json::json;

use super::{Storage, send};

#[tokio::test]
async fn rows_and_files_that_supabase_wrote_are_served() {
    let s = Storage::start().await;
    let folder = s.dir.path().join("attachments/dir/old (1).txt");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("0c6f2d7a-0000-4000-8000-000000000000"),
        "theirs",
    )
    .unwrap();
    std::fs::write(s.dir.path().join("attachments/ancient.txt"), "no version").unwrap();
    std::fs::create_dir_all(s.dir.path().join("attachments/double/slash")).unwrap();
    std::fs::write(s.dir.path().join("attachments/double/slash/v"), "odd").unwrap();
    s.db.batch(
        r#"insert into storage.objects (bucket_id, name, version, metadata) values
          ('attachments', 'dir/old (1).txt', '0c6f2d7a-0000-4000-8000-000000000000',
           '{"eTag": "\"abc\"", "size": 6, "mimetype": "text/plain", "cacheControl": "max-age=3600",
             "lastModified": "2024-05-06T07:08:09.000Z", "contentLength": 6, "httpStatusCode": 200}'),
          ('attachments', 'ancient.txt', null, null),
          ('attachments', 'double//slash', 'v', '{}')"#,
    )
    .await;
    let got = s
        .get(&s.anon, "/object/public/attachments/dir/old%20(1).txt")
        .await
        .ok();
    assert_eq!(
        (got.text.as_str(), got.header("etag")),
        ("theirs", "\"abc\"")
    );
    assert_eq!(got.header("last-modified"), "Mon, 06 May 2024 07:08:09 GMT");
    let ancient = s
        .get(&s.anon, "/object/public/attachments/ancient.txt")
        .await
        .ok();
    assert_eq!(
        (ancient.text.as_str(), ancient.header("content-type")),
        ("no version", "application/octet-stream")
    );
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/double//slash")
            .await
            .ok()
            .text,
        "odd"
    );
    let part = s
        .anon
        .get(s.url("/object/public/attachments/ancient.txt"))
        .header("range", "bytes=0-1");
    assert_eq!(send(part).await.text, "no");
    let body = json!({"bucketId": "attachments", "sourceKey": "ancient.txt", "destinationKey": "modern.txt"});
    s.post(&s.service, "/object/move", body).await.ok();
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/modern.txt")
            .await
            .ok()
            .text,
        "no version"
    );
    let body = json!({"prefixes": ["modern.txt", "dir/old (1).txt", "double//slash"]});
    s.call(&s.service, Method::DELETE, "/object/attachments", body)
        .await
        .ok();
    assert!(s.files().is_empty(), "{:?}", s.files());
}

#[tokio::test]
async fn the_delete_guard_of_newer_projects_stops_others_only() {
    let s = Storage::start().await;
    s.db.batch(
        "alter table storage.buckets add column type text not null default 'STANDARD';
         create function storage.protect_delete() returns trigger language plpgsql as $$
         begin
           if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true' then
             raise exception 'Direct deletion is not allowed' using errcode = '42501';
           end if;
           return null;
         end $$;
         create trigger guard before delete on storage.objects for each statement execute function storage.protect_delete();
         create trigger guard before delete on storage.buckets for each statement execute function storage.protect_delete()",
    )
    .await;
    s.bucket("b", json!({})).await;
    for name in ["x", "y"] {
        s.put_text(&format!("b/{name}"), "x").await;
    }
    let body = json!({"prefixes": ["x"]});
    s.call(&s.service, Method::DELETE, "/object/b", body)
        .await
        .ok();
    s.post(&s.service, "/bucket/b/empty", json!({})).await.ok();
    s.call(&s.service, Method::DELETE, "/bucket/b", json!({}))
        .await
        .ok();
    let elsewhere =
        s.db.admin_client()
            .await
            .batch_execute("delete from storage.buckets")
            .await;
    assert!(elsewhere.is_err());
}

#[tokio::test]
async fn read_only_databases_and_refusals_of_triggers_are_named() {
    let s = Storage::start().await;
    s.db.batch(
        "create function no_exe() returns trigger language plpgsql as $$ begin
           if new.name like '%.exe' then raise exception 'No programs, please'; end if; return new; end $$;
         create trigger no_exe before insert on storage.objects for each row execute function no_exe()",
    )
    .await;
    let refused = send(s.upload(&s.user, "attachments/x.exe", "x")).await;
    assert_eq!(refused.error(), (400, "400", "InvalidRequest"));
    assert_eq!(refused.json["message"], "No programs, please");
    s.assert_in_step().await;
}
