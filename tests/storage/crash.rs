//! A crash between file and row: neither a lost file nor a row without one, and leftovers are found.

use std::time::Duration;

use chrono::Utc;
use oppbase::config::StorageConfig;
use oppbase::storage::backend::Backend;
use oppbase::storage::gc::{self, Options, Report};

use super::{Storage, send};

async fn collect(s: &Storage, delete: bool) -> Report {
    let config = StorageConfig {
        dir: Some(s.dir.path().to_owned()),
        ..StorageConfig::default()
    };
    let backend = Backend::new(&config).unwrap().unwrap();
    let options = Options {
        older_than: Utc::now() + chrono::Duration::minutes(1),
        delete,
        grace: Duration::ZERO,
    };
    gc::run(&backend, &s.db.admin_client().await, options)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_row_that_is_refused_takes_its_file_back() {
    let s = Storage::start().await;
    s.put_text("attachments/kept", "old").await;
    // Passes when the policies are asked, and fails at the commit: the file is there by then.
    s.db.batch(
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
         create constraint trigger refuse after insert or update on storage.objects
           deferrable initially deferred for each row execute function refuse()",
    )
    .await;
    for at in ["attachments/new", "attachments/kept"] {
        let answer = send(s.upload(&s.service, at, "new").header("x-upsert", "true")).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    let move_it = serde_json::json!({"bucketId": "attachments", "sourceKey": "kept", "destinationKey": "moved"});
    assert_eq!(
        s.post(&s.service, "/object/move", move_it.clone())
            .await
            .status,
        400
    );
    assert_eq!(
        s.post(&s.service, "/object/copy", move_it).await.status,
        400
    );
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/kept")
            .await
            .ok()
            .text,
        "old"
    );
    s.assert_in_step().await;
}

#[tokio::test]
async fn leftovers_of_a_crash_are_found_and_only_they_are_deleted() {
    let s = Storage::start().await;
    for name in [
        "a.txt",
        "Ü%23 100%25/x",
        &format!("{}/x", "%F0%9F%8E%89".repeat(60)),
    ] {
        s.put_text(&format!("attachments/{name}"), name).await;
    }
    let clean = collect(&s, false).await;
    assert_eq!(
        (clean.files, clean.leftovers.len(), clean.missing.len()),
        (3, 0, 0)
    );

    // Killed after the file, before the row; after the row, before the old file went; half-way.
    let folder = s.dir.path().join("attachments");
    std::fs::create_dir_all(folder.join("new")).unwrap();
    std::fs::write(folder.join("new/3f2b"), "no row").unwrap();
    std::fs::write(folder.join("a.txt/old-version"), "old").unwrap();
    std::fs::write(folder.join("a.txt/half#1"), "half").unwrap();
    s.db.batch("insert into storage.objects (bucket_id, name, version) values ('attachments', 'lost', 'v')").await;

    let report = collect(&s, false).await;
    let mut leftovers = report.leftovers.clone();
    leftovers.sort();
    assert_eq!(
        leftovers,
        ["attachments/a.txt/old-version", "attachments/new/3f2b"]
    );
    assert_eq!(
        (
            report.half_written.len(),
            report.deleted,
            report.leftover_bytes
        ),
        (1, 0, 9)
    );
    assert_eq!(report.missing, ["attachments/lost"]);
    assert_eq!(s.files().len(), 6, "a look deletes nothing");

    let report = collect(&s, true).await;
    assert_eq!((report.files, report.deleted), (3, 3));
    let after = collect(&s, true).await;
    assert_eq!(
        (after.files, after.leftovers.len(), after.deleted),
        (3, 0, 0)
    );
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/a.txt")
            .await
            .ok()
            .text,
        "a.txt"
    );
    assert_eq!(s.files().len(), 3);
}

#[tokio::test]
async fn young_files_are_left_alone() {
    let s = Storage::start().await;
    std::fs::create_dir_all(s.dir.path().join("attachments/x")).unwrap();
    std::fs::write(s.dir.path().join("attachments/x/v"), "under way").unwrap();
    let config = StorageConfig {
        dir: Some(s.dir.path().to_owned()),
        ..StorageConfig::default()
    };
    let backend = Backend::new(&config).unwrap().unwrap();
    let options = Options {
        older_than: Utc::now() - chrono::Duration::minutes(1),
        delete: true,
        grace: Duration::ZERO,
    };
    let report = gc::run(&backend, &s.db.admin_client().await, options)
        .await
        .unwrap();
    assert_eq!((report.young, report.deleted), (1, 0));
}

#[tokio::test]
async fn a_row_without_its_file_answers_that_there_is_none() {
    let s = Storage::start().await;
    s.put_text("attachments/x", "x").await;
    std::fs::remove_file(s.dir.path().join(&s.files()[0])).unwrap();
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/x")
            .await
            .error()
            .2,
        "NoSuchKey"
    );
    let head = send(s.anon.head(s.url("/object/public/attachments/x"))).await;
    assert_eq!(head.status, 400);
    s.put_text("attachments/x", "again").await;
    assert_eq!(
        s.get(&s.anon, "/object/public/attachments/x")
            .await
            .ok()
            .text,
        "again"
    );
}
