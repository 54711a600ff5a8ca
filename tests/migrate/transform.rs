//! `migrate transform` fills rows and nothing else; `migrate plan` says what a run needs; a run outside its window
//! says so.

use serde_json::Value;

use super::{assert_same, contents, expect};
use crate::schema::{BASELINES, batch, before, text};

#[tokio::test]
async fn transform_fills_rows_and_nothing_else() {
    let (db, client) = before(BASELINES[0]).await;
    // No run, and a run without tables.
    let done = expect(&db, &["transform"], 2).await;
    assert!(
        done.stderr.contains("there is no run to resume"),
        "{}",
        done.stderr
    );
    expect(&db, &["execute", "--phase", "1.1", "--pause", "0"], 0).await;
    let done = expect(&db, &["transform", "--pause", "0"], 2).await;
    assert!(
        done.stderr.contains("phase 1.2 has no tables to fill yet"),
        "{}",
        done.stderr
    );
    let all = [
        "execute",
        "--phase",
        "1.1,1.2,1.3,1.4",
        "--resume",
        "--pause",
        "0",
    ];
    expect(&db, &all, 0).await;
    let filled = contents(&client).await;
    // As if two steps had not been done.
    batch(
        &client,
        "set session_replication_role = replica; set migration.backfill = 'on'; \
         update public.deals set opportunity_stage = 'lead', probability = 10, original_company_id = null; \
         delete from public.contact_organizations; \
         reset session_replication_role; reset migration.backfill; \
         delete from migration.changed; \
         delete from supabase_migrations.schema_migrations \
          where name in ('1_1_backfill_deals', '1_2_backfill_contact_organizations'); \
         delete from migration.migration_progress \
          where step in ('1_1_backfill_deals', '1_2_backfill_contact_organizations')",
    )
    .await;
    let done = expect(&db, &["transform", "--pause", "0", "--batch-size", "5"], 0).await;
    assert!(
        done.stdout
            .contains("continue with `oppbase migrate run --resume`"),
        "{}",
        done.stdout
    );
    let without_ids = |lines: Vec<String>| -> Vec<String> {
        lines
            .into_iter()
            .filter(|line| !line.starts_with("contact_organizations"))
            .collect()
    };
    assert_same(
        &without_ids(contents(&client).await),
        &without_ids(filled),
        "filled again",
    );
    let rows = "select count(*) > 0 from public.contact_organizations";
    assert_eq!(text(&client, rows).await.as_deref(), Some("t"));
    let still_old = "select relkind = 'r' from pg_class where oid = 'public.deals'::regclass";
    assert_eq!(text(&client, still_old).await.as_deref(), Some("t"));
    expect(&db, &["run", "--resume", "--pause", "0"], 0).await;
}

#[tokio::test]
async fn the_plan_says_what_a_run_needs_and_a_run_outside_its_window_says_so() {
    let (db, client) = before(BASELINES[1]).await;
    // As Supabase does with every new table.
    batch(
        &client,
        "grant all on all tables in schema public to authenticated",
    )
    .await;
    let done = expect(&db, &["plan", "--json"], 0).await;
    let plan: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let needs = &plan["resources"];
    let database = needs["database_bytes"].as_u64().expect("a number");
    assert_eq!(needs["needed_bytes"].as_u64(), Some(2 * database));
    assert!(needs["memory_bytes"].as_u64() > Some(1 << 20), "{needs}");
    let done = expect(&db, &["plan"], 0).await;
    assert!(
        done.stdout.contains("on the data volume"),
        "{}",
        done.stdout
    );
    let done = expect(&db, &["run", "--time-zone", "Nowhere/Land"], 2).await;
    assert!(done.stderr.contains("Nowhere/Land"), "{}", done.stderr);
    expect(&db, &["run", "--window", "5-6"], 2).await;
    // Hours that are never.
    let done = expect(
        &db,
        &[
            "run",
            "--pause",
            "0",
            "--window",
            "00:00-00:00",
            "--time-zone",
            "Europe/Berlin",
        ],
        0,
    )
    .await;
    assert!(
        done.stderr
            .contains("(Europe/Berlin): outside the maintenance window, 00:00 to 00:00"),
        "{}",
        done.stderr
    );
    // Before its first change it measured what is asked most.
    let measured = "select count(*) from migration.migration_history h, jsonb_each(h.metadata -> 'median_ms') \
                     where h.phase_number = 'prepare' and h.step = 'performance'";
    assert_eq!(text(&client, measured).await.as_deref(), Some("7"));
    let done = expect(&db, &["verify", "--no-backup-comparison", "--json"], 0).await;
    let verification: Value = serde_json::from_str(&done.stdout).expect("JSON");
    let compared = verification["performance"].as_array().expect("a list");
    let with_before = compared
        .iter()
        .filter(|measure| measure["before_ms"].is_number());
    assert_eq!(with_before.count(), 7);
}
