//! The dry run: it changes nothing, and what it announces is what a migration then does.

use std::collections::BTreeMap;
use std::time::Duration;

use oppbase::migrate::dry_run::estimate::Pace;
use oppbase::migrate::dry_run::{self, DryRun};
use oppbase::migrate::session;
use oppbase::migrate::stage_map::Source;
use oppbase::migrate::validation::catalogue;
use oppbase::pg::migrations::{self, Baseline};
use serde_json::Value;
use tokio_postgres::Client;

use super::crm::{PLENTY, clean, options};
use crate::cli::{Finished, finish, oppbase};
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, text};

const PACE: Pace = Pace {
    batch_size: 10_000,
    pause: Duration::from_millis(100),
};

/// Everything that a change would change: catalogue, rows, sequences.
async fn state(client: &Client) -> Vec<String> {
    batch(client, "set search_path = public, extensions").await;
    let mut state: Vec<String> = catalogue::facts(client)
        .await
        .expect("facts")
        .iter()
        .map(catalogue::Fact::line)
        .collect();
    let relations = "select n.nspname || '.' || c.relname || ' ' || c.relkind::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where n.nspname !~ '^pg_(toast|temp)' order by 1";
    state.extend(lines(client, relations).await);
    let tables = "select oid::regclass from pg_class where relnamespace in ('public'::regnamespace, 'auth'::regnamespace) and relkind = 'r' order by 1";
    for table in lines(client, tables).await {
        let sum = format!(
            "select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) from {table} t"
        );
        state.push(format!("{table} {:?}", text(client, &sum).await));
    }
    state.extend(
        lines(
            client,
            "select schemaname, sequencename, last_value from pg_sequences order by 1, 2",
        )
        .await,
    );
    state
}

fn migrate(db: &TestDb, folder: &std::path::Path, arguments: &[&str]) -> Finished {
    let mut command = oppbase();
    command
        .arg("migrate")
        .args(arguments)
        .args(["--database-url", &db.admin, "--log-file"])
        .arg(folder.join("logs/migration.log"));
    finish(&mut command)
}

async fn measured(client: &mut Client) -> DryRun {
    dry_run::dry_run(client, &options(), PACE)
        .await
        .expect("a dry run")
}

#[tokio::test]
async fn nothing_is_changed_and_the_announced_rows_come_true() {
    for baseline in BASELINES {
        // Ordinary and awkward rows of every kind.
        let (db, mut client) = before(baseline).await;
        let mut session = session::connect(&db.admin, None).await.expect("a session");
        let untouched = state(&client).await;
        let announced = measured(&mut session).await;
        // What the session itself wrote, as PostgreSQL counts it.
        let written = "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_xact_all_tables where schemaname !~ '^pg_'";
        assert_eq!(text(&session, written).await.as_deref(), Some("0"));
        assert_eq!(state(&client).await, untouched, "{baseline:?}");

        batch(&client, "reset search_path").await;
        migrations::upgrade(&mut client, baseline)
            .await
            .expect("migrated");
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        for new in &announced.rows {
            *rows.entry(new.table.clone()).or_default() += new.rows;
        }
        for (table, announced) in rows {
            let real = text(&client, &format!("select count(*) from public.{table}")).await;
            assert_eq!(real, Some(announced.to_string()), "{baseline:?} {table}");
        }
        for stage in &announced.stages {
            let real = client
                .query_one(
                    "select count(*), min(stage::text), max(stage::text) from public.opportunities where legacy_stage = $1",
                    &[&stage.text],
                )
                .await
                .expect("an answer");
            assert_eq!(
                (
                    real.get::<_, i64>(0) as u64,
                    real.get::<_, &str>(1),
                    real.get::<_, &str>(2)
                ),
                (stage.deals, stage.stage, stage.stage),
                "{baseline:?} {}",
                stage.text
            );
        }
        let texts = text(
            &client,
            "select count(distinct legacy_stage) from public.opportunities",
        )
        .await;
        assert_eq!(texts, Some(announced.stages.len().to_string()));
    }
}

#[tokio::test]
async fn what_is_measured_is_whole() {
    let (_db, mut client) = clean(Baseline::Upstream, 50, 500).await;
    batch(&client, "update public.deals set stage = 'odd one' where id = 1; \
        update public.configuration set config = '{\"dealStages\": [{\"value\": \"Signed\"}, {\"value\": \"lost\"}]}'").await;
    let mut options = options();
    options.stage_map.add("odd one=proposal").expect("a stage");
    let result = dry_run::dry_run(&mut client, &options, PACE)
        .await
        .expect("a dry run");
    let odd = result
        .stages
        .iter()
        .find(|stage| stage.text == "odd one")
        .expect("listed");
    assert_eq!(
        (odd.stage, odd.known_by, odd.deals),
        ("proposal", Source::Operator, 1)
    );
    // The board of this site has two columns; won shows as the first.
    assert!(
        result
            .boards
            .iter()
            .any(|line| line.starts_with("closed_won shows as \"Signed\"")),
        "{:?}",
        result.boards
    );
    assert!(
        !result
            .boards
            .iter()
            .any(|line| line.starts_with("closed_lost"))
    );
    let renamed: Vec<_> = result
        .objects
        .iter()
        .filter(|change| change.action == "rename")
        .collect();
    assert_eq!(renamed.len(), 2);
    for (kind, name) in [
        ("table", "activities"),
        ("view", "deals"),
        ("type", "opportunity_stage"),
        ("column", "legacy_stage"),
    ] {
        let found = result
            .objects
            .iter()
            .any(|c| c.action != "drop" && c.kind == kind && c.identity == name);
        assert!(found || name == "legacy_stage", "{kind} {name}");
    }
    let sum: u64 = result.steps.iter().map(|step| step.likely_ms).sum();
    assert_eq!(result.duration.likely_ms, sum);
    for step in &result.steps {
        assert!(
            step.min_ms <= step.likely_ms && step.likely_ms <= step.with_buffer_ms,
            "{step:?}"
        );
    }
    let deals = result
        .steps
        .iter()
        .find(|step| step.step == "1_1_backfill_deals")
        .expect("a step");
    assert_eq!((deals.rows, deals.batches), (500, 1));
    let space = result.resources.space.as_ref().expect("stated");
    assert_eq!(
        (space.free_bytes, space.needed_bytes),
        (PLENTY, 2 * space.database_bytes)
    );
    assert!(result.resources.wal_bytes > 0 && result.resources.memory_bytes > 0);
    let shown = dry_run::text(&result);
    for part in [
        "opportunities                    500 from deals",
        "\"odd one\" -> proposal (--stage-map)",
        "rename table deals to opportunities",
        "GO:",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[tokio::test]
async fn the_program_ends_with_the_decision() {
    let folder = tempfile::tempdir().expect("a folder");
    let (db, client) = clean(Baseline::Fork, 50, 500).await;
    drop(client);
    let space = PLENTY.to_string();
    let run = |arguments: &[&str]| migrate(&db, folder.path(), arguments);
    let go = run(&["dry-run", "--free-bytes", &space]);
    assert_eq!(go.code, Some(0), "{}", go.stderr);
    assert!(
        go.stdout.contains("\nGO: GO (confidence 100 %)\n"),
        "{}",
        go.stdout
    );
    let block = run(&["dry-run", "--free-bytes", "1"]);
    assert_eq!(block.code, Some(2), "{}", block.stderr);
    db.batch("update public.deals set company_id = null where id <= 5")
        .await;
    let delay = run(&["dry-run", "--free-bytes", &space, "--json"]);
    assert_eq!(delay.code, Some(1), "{}", delay.stderr);
    let json: Value = serde_json::from_str(&delay.stdout).expect("JSON");
    assert_eq!(json["validation"]["decision"], "DELAY");
    assert_eq!(json["validation"]["verdict"], "NO-GO");
    let reports = std::fs::read_dir(folder.path().join("logs/reports"))
        .expect("a folder")
        .count();
    assert_eq!(reports, 3, "one file per dry run");
    assert_eq!(
        run(&["dry-run", "--stage-map", "won=nonsense"]).code,
        Some(3)
    );
    assert_eq!(run(&["dry-run", "--gate-rules", "X1"]).code, Some(3));
    let schemas = text(
        &db.admin_client().await,
        "select count(*) from pg_namespace where nspname in ('migration', 'crm_backup')",
    )
    .await;
    assert_eq!(
        schemas.as_deref(),
        Some("0"),
        "a dry run stores nothing in the database"
    );

    let validate = run(&["validate", "--free-bytes", &space, "--gate-rules=-R4"]);
    assert_eq!(
        validate.code,
        Some(0),
        "{}{}",
        validate.stdout,
        validate.stderr
    );
    let stored = text(
        &db.admin_client().await,
        "select count(distinct run_id) from migration.migration_validation_results",
    )
    .await;
    assert_eq!(stored.as_deref(), Some("1"));
    assert_eq!(
        run(&["validate", "--free-bytes", &space, "--dry-run"]).code,
        Some(1)
    );
    let stored = text(
        &db.admin_client().await,
        "select count(distinct run_id) from migration.migration_validation_results",
    )
    .await;
    assert_eq!(stored.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_rehearsal_without_room_for_the_copy_is_not_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let (db, client) = clean(Baseline::Fork, 20, 60).await;
    let size = text(&client, "select pg_database_size(current_database())").await;
    let size: u64 = size.and_then(|text| text.parse().ok()).expect("a size");
    let free = size.to_string();
    let arguments = ["dry-run", "--rehearse", "--free-bytes", &free];
    let done = migrate(&db, folder.path(), &arguments);
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert!(
        done.stderr.contains("a rehearsal needs") && done.stderr.contains("hint: make room"),
        "{}",
        done.stderr
    );
    // Who asks for no rehearsal is told of the space among the findings.
    let done = migrate(&db, folder.path(), &arguments[..1]);
    assert_ne!(done.code, Some(3), "{}", done.stderr);
}

#[tokio::test]
async fn a_rehearsal_migrates_a_copy_and_drops_it() {
    for (baseline, alone) in [(Baseline::Fork, true), (Baseline::Upstream, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (db, client) = clean(baseline, 20, 60).await;
        let other = db.admin_client().await;
        let untouched = state(&other).await;
        drop(client);
        let other = (!alone).then_some(other);
        // A closed connection is gone a moment later.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let space = PLENTY.to_string();
        let done = migrate(
            &db,
            folder.path(),
            &["dry-run", "--rehearse", "--json", "--free-bytes", &space],
        );
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let json: Value = serde_json::from_str(&done.stdout).expect("JSON");
        let rehearsal = &json["rehearsal"];
        assert_eq!(rehearsal["error"], Value::Null);
        assert_eq!(
            rehearsal["copied_by"],
            if alone { "template" } else { "dump" }
        );
        assert!(
            rehearsal["steps"]
                .as_array()
                .is_some_and(|steps| steps.len() > 20),
            "{rehearsal}"
        );
        drop(other);
        let client = db.admin_client().await;
        assert_eq!(state(&client).await, untouched);
        let copies = "select count(*) from pg_database d where d.datname like 'oppbase_rehearsal%' \
            and exists (select from pg_stat_activity a where a.datname = d.datname)";
        assert_eq!(text(&client, copies).await.as_deref(), Some("0"));
    }
}
