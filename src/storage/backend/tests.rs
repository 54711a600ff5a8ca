//! The folder backend: bytes come back, limits hold, nothing stays behind.

use super::*;
use chrono::Duration;
use futures_util::stream;

fn backend(dir: &std::path::Path) -> Backend {
    let config = StorageConfig {
        dir: Some(dir.to_owned()),
        ..StorageConfig::default()
    };
    Backend::new(&config).expect("usable").expect("configured")
}

fn chunks(chunks: &[&'static [u8]]) -> impl futures_util::Stream<Item = Result<Bytes>> + Unpin {
    stream::iter(
        chunks
            .iter()
            .map(|c| Ok(Bytes::from_static(c)))
            .collect::<Vec<_>>(),
    )
}

async fn read(backend: &Backend, key: &StoreKey, range: Option<Range<u64>>) -> Vec<u8> {
    let mut opened = backend
        .open(key, range)
        .await
        .expect("no error")
        .expect("there");
    let mut all = Vec::new();
    while let Some(chunk) = opened.stream.next().await {
        all.extend_from_slice(&chunk.expect("readable"));
    }
    all
}

fn files(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() { files(&path) } else { 1 }
        })
        .sum()
}

#[tokio::test]
async fn what_was_written_is_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let backend = backend(dir.path());
    let key = StoreKey::new("b", "Übung/日本.txt", Some("v1"));
    let stored = backend
        .write(&key, chunks(&[b"hello", b" ", b"world"]), 100)
        .await
        .expect("written");
    assert_eq!(stored.size_bytes, 11);
    assert_eq!(stored.etag, "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"");
    assert_eq!(read(&backend, &key, None).await, b"hello world");
    assert_eq!(read(&backend, &key, Some(6..8)).await, b"wo");
    assert!(
        dir.path().join("b/Übung/日本.txt/v1").is_file(),
        "the layout of Supabase"
    );

    let copy = StoreKey::new("b", "copy", Some("v2"));
    backend.copy(&key, &copy).await.expect("copied");
    backend.discard(&key).await;
    assert!(backend.open(&key, None).await.expect("no error").is_none());
    assert!(
        !dir.path().join("b/Übung").exists(),
        "empty folders are removed"
    );
    assert_eq!(read(&backend, &copy, None).await, b"hello world");
    let listed: Vec<_> = backend
        .list()
        .map(|l| l.expect("listed").key)
        .collect()
        .await;
    assert_eq!(listed, ["b/copy/v2"]);
}

#[tokio::test]
async fn large_files_are_written_in_parts() {
    let dir = tempfile::tempdir().expect("a folder");
    let backend = backend(dir.path());
    let key = StoreKey::new("b", "large", Some("v"));
    let chunk = Bytes::from(vec![7u8; 64 * 1024]);
    let count = 200;
    let stream = stream::iter((0..count).map(move |_| Ok(chunk.clone())));
    let stored = backend
        .write(&key, stream, u64::MAX)
        .await
        .expect("written");
    assert_eq!(stored.size_bytes, count * 64 * 1024);
    assert_eq!(
        read(&backend, &key, None).await.len() as u64,
        stored.size_bytes
    );
}

#[tokio::test]
async fn a_failed_upload_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let backend = backend(dir.path());
    let key = StoreKey::new("b", "x", Some("v"));
    let part: &'static [u8] = vec![0u8; PART_BYTES + 1].leak();
    for limit in [3, PART_BYTES as u64 + 1] {
        let error = backend
            .write(&key, chunks(&[part, b"more"]), limit)
            .await
            .expect_err("too large");
        assert_eq!(error.code.code, "EntityTooLarge");
    }
    let broken = stream::iter([
        Ok(Bytes::from_static(part)),
        Err(StorageError::invalid_request("cut short")),
    ]);
    assert!(backend.write(&key, broken, u64::MAX).await.is_err());
    // The store removes a given-up file off this thread.
    for _ in 0..100 {
        if files(dir.path()) == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{} files stay behind", files(dir.path()));
}

#[tokio::test]
async fn half_written_files_of_a_crash_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let backend = backend(dir.path());
    let folder = dir.path().join("b/x");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("v#1"), "half").expect("written");
    std::fs::write(folder.join("v"), "whole").expect("written");
    let now = Utc::now();
    let found = backend
        .half_written(now + Duration::minutes(1))
        .await
        .expect("no error");
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("b/x/v#1"));
    let found = backend
        .half_written(now - Duration::minutes(1))
        .await
        .expect("no error");
    assert!(found.is_empty(), "too young");
}

#[tokio::test]
async fn a_prefix_is_the_layout_of_a_self_hosted_supabase() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("stub/stub/b/old name.txt");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("v"), "theirs").expect("written");
    let config = StorageConfig {
        dir: Some(dir.path().to_owned()),
        key_prefix: "stub/stub".into(),
        ..StorageConfig::default()
    };
    let backend = Backend::new(&config).expect("usable").expect("configured");
    let key = StoreKey::new("b", "old name.txt", Some("v"));
    assert_eq!(read(&backend, &key, None).await, b"theirs");
    let listed: Vec<_> = backend
        .list()
        .map(|l| l.expect("listed").key)
        .collect()
        .await;
    assert_eq!(listed, ["b/old name.txt/v"]);
}
