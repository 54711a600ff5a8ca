//! Cleaning up: only after the proof and the window, only what is old, only by recorded names.

use oppbase::pg::migrations::Baseline;

use super::back::{Migrated, migrated};
use crate::schema::{batch, lines, text};

const BACKUP: &str = include_str!("backup_set.sql");

/// Of somebody else's, and named as if it were ours.
const LOOKALIKES: &str = "\
    create table crm_backup.deals_backup_theirs (id bigint); create table public.deals_backup_20200101_000000 (id bigint);";

async fn copies(crm: &Migrated) -> Vec<String> {
    lines(
        &crm.client,
        "select c.oid::regclass::text collate \"C\" from pg_class c where c.relkind = 'r' \
            and (c.relnamespace = 'crm_backup'::regnamespace or c.relname like '%\\_backup\\_%') order by 1",
    )
    .await
}

#[tokio::test]
async fn nothing_goes_before_its_time() {
    let crm = migrated(Baseline::Fork, &format!("{BACKUP}{LOOKALIKES}")).await;
    let there = copies(&crm).await;
    assert!(there.len() > 8);
    let (code, _, err) = crm.run(&["cleanup", "--yes"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("is not verified"), "{err}");
    verified(&crm).await;
    let (code, _, err) = crm.run(&["cleanup", "--yes"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("can still be undone"), "{err}");
    for (age, reason) in [
        ("3 days", "kept for 90 days"),
        ("89 days", "kept for 90 days"),
        ("91 days", "one of the last three sets"),
    ] {
        aged(&crm, age).await;
        let (code, out, err) = crm.run(&["cleanup", "--yes"]).await;
        assert_eq!(code, 0, "{err}");
        assert!(err.contains(reason), "{age}: {err}");
        assert!(out.contains("nothing to clean up"), "{out}");
    }
    assert_eq!(copies(&crm).await, there);
}

#[tokio::test]
async fn old_sets_go_by_their_recorded_names() {
    let crm = migrated(Baseline::Fork, &format!("{BACKUP}{LOOKALIKES}")).await;
    verified(&crm).await;
    aged(&crm, "91 days").await;
    let dump = crm
        .reports()
        .with_file_name("full-backup-20261101_000000.dump");
    std::fs::write(&dump, vec![0; 4096]).expect("a dump");
    batch(
        &crm.client,
        &format!(
            "update migration.migration_backups set dump_path = '{}', no_dump_reason = null; \
             do $$ declare s text; begin \
               foreach s in array array['20261102_000000', '20261103_000000', '20261104_000000'] loop \
                 execute format('create table crm_backup.tags_backup_%s as select * from public.tags', s); \
                 insert into migration.migration_backups (run_id, stamp, baseline, table_name, copy_name, columns, row_count, checksum, \
                   snapshot_lsn, sequences, no_dump_reason, verified_at, taken_at) \
                 select run_id, s, baseline, 'tags', 'tags_backup_' || s, columns, 2, 0, snapshot_lsn, sequences, 'x', now(), now() - interval '91 days' \
                   from migration.migration_backups where table_name = 'tags' limit 1; \
               end loop; end $$",
            dump.display()
        ),
    )
    .await;
    // Nobody is asked, nothing happens.
    let (code, _, err) = crm.run(&["cleanup"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(dump.exists());
    let (code, out, err) = crm.run(&["cleanup", "--yes", "--json"]).await;
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["removed"][0]["name"], "20261101_000000");
    assert_eq!(report["kept"].as_array().map(Vec::len), Some(3));
    assert!(
        report["bytes_freed"]
            .as_i64()
            .is_some_and(|bytes| bytes > 4096 * 8),
        "{report}"
    );
    assert!(!dump.exists());
    assert_eq!(
        copies(&crm).await,
        [
            "crm_backup.deals_backup_theirs",
            "crm_backup.tags_backup_20261102_000000",
            "crm_backup.tags_backup_20261103_000000",
            "crm_backup.tags_backup_20261104_000000",
            "deals_backup_20200101_000000",
            "tags_color_backup",
        ]
        .iter()
        .filter(|name| **name != "tags_color_backup")
        .map(ToString::to_string)
        .collect::<Vec<_>>()
    );
    let again = crm.run(&["cleanup", "--yes"]).await;
    assert!(again.1.contains("nothing to clean up"), "{again:?}");
}

#[tokio::test]
async fn what_a_rollback_kept_aside_goes_after_ninety_days() {
    let crm = migrated(Baseline::Upstream, "").await;
    crm.roll_back(&[]).await;
    let kept = "select count(*) from pg_class where relnamespace = 'crm_backup'::regnamespace and relkind = 'r'";
    assert_ne!(text(&crm.client, kept).await.as_deref(), Some("0"));
    let (_, out, err) = crm.run(&["cleanup", "--yes"]).await;
    assert!(out.contains("nothing to clean up"), "{out}{err}");
    batch(
        &crm.client,
        "update migration.migration_history set completed_at = now() - interval '91 days'",
    )
    .await;
    let (code, _, err) = crm.run(&["cleanup", "--yes"]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(text(&crm.client, kept).await.as_deref(), Some("0"));
    let types = "select count(*) from pg_type where typnamespace = 'crm_backup'::regnamespace";
    assert_eq!(text(&crm.client, types).await.as_deref(), Some("0"));
}

async fn verified(crm: &Migrated) {
    let sql = format!(
        "insert into migration.migration_history (run_id, phase_number, phase_name, status, completed_at) \
         values ('{}', 'verify', 'verification', 'completed', now())",
        crm.run
    );
    batch(&crm.client, &sql).await;
}

async fn aged(crm: &Migrated, age: &str) {
    let sql = format!(
        "update migration.migration_history set completed_at = now() - interval '{age}'; \
         update migration.migration_backups set taken_at = now() - interval '{age}'"
    );
    batch(&crm.client, &sql).await;
}
