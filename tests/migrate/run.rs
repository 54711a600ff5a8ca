//! A run from beginning to end, and everything it refuses.

use std::process::Stdio;

use oppbase::migrate::state;

use super::{assert_same, catalogue, contents, expect, finished, migrate};
use crate::common::{Template, TestDb};
use crate::schema::{BASELINES, after, batch, before, lines, text};

#[tokio::test]
async fn a_migrated_database_is_the_same_as_a_new_one_that_was_filled() {
    for baseline in BASELINES {
        let (_expected_db, expected) = after(baseline).await;
        let (db, client) = before(baseline).await;
        let done = expect(&db, &["run", "--batch-size", "7", "--pause", "0"], 0).await;
        assert_eq!(done.stdout, "migrated\n");
        assert_same(
            &catalogue(&client).await,
            &catalogue(&expected).await,
            baseline.folder(),
        );
        let expected_contents = contents(&expected).await;
        let found = contents(&client).await;
        let differences: Vec<_> = found
            .iter()
            .filter(|line| !expected_contents.contains(line))
            .collect();
        // A contact without a date has the moment of the run, which the other database does not record.
        assert!(
            differences
                .iter()
                .all(|line| line.starts_with("contact_organizations|4|")
                    || line.starts_with("activities|8|")),
            "{baseline:?}: {differences:?}"
        );
        let history = "select version, name from supabase_migrations.schema_migrations order by 1";
        assert_eq!(
            lines(&client, history).await,
            lines(&expected, history).await
        );
    }
}

#[tokio::test]
async fn a_run_is_recorded_with_its_phases_and_its_completion() {
    let (db, client) = before(BASELINES[0]).await;
    expect(&db, &["run", "--pause", "0"], 0).await;
    let phases = lines(
        &client,
        "select phase_number, phase_name, status, metadata ->> 'savepoint', completed_at >= started_at \
           from migration.migration_history where step is null and phase_number not in ('run', 'prepare') order by id",
    )
    .await;
    assert_eq!(
        phases,
        [
            "1.1|foundation|completed|phase_1_1_complete|t",
            "1.2|contact organizations|completed|phase_1_2_complete|t",
            "1.3|opportunity participants|completed|phase_1_3_complete|t",
            "1.4|activities|completed|phase_1_4_complete|t",
            "cutover|cut-over|completed|phase_cutover_complete|t",
        ]
    );
    let run = "select phase_name || ' ' || status || ' ' || (completed_at <= now())::text \
                 from migration.migration_history where phase_number = 'run'";
    assert_eq!(
        text(&client, run).await.as_deref(),
        Some("migration completed true")
    );
    let unfinished = "select count(*) from migration.migration_progress where status <> 'completed' \
                        or rows_processed <> total_rows";
    assert_eq!(text(&client, unfinished).await.as_deref(), Some("0"));
    let left = "select to_regclass('migration.changed') is null and not exists \
                 (select from pg_trigger where tgname like 'migration%')";
    assert_eq!(text(&client, left).await.as_deref(), Some("t"));
    // And once more: nothing to do.
    let again = expect(&db, &["run"], 0).await;
    assert_eq!(again.stdout, "nothing to do: the database is migrated\n");
    assert_eq!(
        expect(&db, &["status"], 0).await.stdout.lines().next(),
        Some("status: completed")
    );
}

#[tokio::test]
async fn nobodys_triggers_fire_and_they_are_as_they_were() {
    let (db, client) = before(BASELINES[1]).await;
    batch(
        &client,
        "create table public.noticed (what text); \
         create function public.notice() returns trigger language plpgsql as \
           $$ begin insert into public.noticed values (tg_table_name || ' ' || tg_op); return new; end $$; \
         create trigger notice before update on public.contacts for each row execute function public.notice(); \
         create trigger notice_off before update on public.companies for each row execute function public.notice(); \
         alter table public.companies disable trigger notice_off; \
         create trigger notice_always after update on public.deals for each statement execute function public.notice(); \
         alter table public.deals enable always trigger notice_always",
    )
    .await;
    let others = "select t.tgname, t.tgenabled from pg_trigger t where not t.tgisinternal \
                   and (t.tgname like 'notice%' or t.tgname like '%saved') order by 1, 2";
    let enabled = lines(&client, others).await;
    expect(&db, &["run", "--pause", "0"], 0).await;
    assert_eq!(
        text(&client, "select count(*) from public.noticed")
            .await
            .as_deref(),
        Some("0")
    );
    assert_eq!(lines(&client, others).await, enabled);
}

#[tokio::test]
async fn the_operators_stage_map_wins_and_unknown_stages_can_be_refused() {
    let (db, client) = before(BASELINES[0]).await;
    let refused = expect(&db, &["run", "--unmapped-stage", "fail"], 2).await;
    assert!(refused.stderr.contains("F8-unknown"), "{}", refused.stderr);
    let runs = "select count(*) from migration.migration_history";
    assert_eq!(text(&client, runs).await.as_deref(), Some("0"));
    let map = [
        "run",
        "--pause",
        "0",
        "--stage-map",
        "negotiation - legal review=negotiation",
        "--stage-map",
        "won=nurturing",
    ];
    expect(&db, &map, 0).await;
    let found = lines(
        &client,
        "select id, stage, probability, status, legacy_stage from public.opportunities where id in (107, 110) order by 1",
    )
    .await;
    assert_eq!(
        found,
        [
            "107|negotiation|80|active|Negotiation - Legal Review",
            "110|nurturing|15|nurturing|Won"
        ]
    );
    let told = "select count(*) from migration.migration_errors where step = 'stage_map' and severity = 'medium'";
    assert_eq!(text(&client, told).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_row_that_cannot_be_carried_over_is_recorded_and_too_many_stop_the_run() {
    // Somebody's own rule, which this row breaks: every write of it is refused.
    let rule = "alter table public.deals add constraint theirs check (id <> 107) not valid";
    let (db, client) = before(BASELINES[0]).await;
    batch(&client, rule).await;
    let stopped = expect(&db, &["run", "--pause", "0"], 1).await;
    assert!(stopped.stderr.contains("1 % or more"), "{}", stopped.stderr);
    assert_eq!(
        expect(&db, &["status"], 12).await.stdout.lines().next(),
        Some("status: failed")
    );
    assert_eq!(
        text(
            &client,
            "select relkind::text from pg_class where oid = 'public.deals'::regclass"
        )
        .await
        .as_deref(),
        Some("r")
    );
    // The rule goes, and the run goes on. (The constraint is part of the catalogue: with it gone, resume
    // names the table.)
    batch(&client, "alter table public.deals drop constraint theirs").await;
    let altered = expect(&db, &["run", "--resume"], 2).await;
    assert!(altered.stderr.contains("deals"), "{}", altered.stderr);

    let (db, client) = before(BASELINES[0]).await;
    batch(&client, "insert into public.deals (name, stage, company_id) select 'More', 'won', 1 from generate_series(1, 200)").await;
    batch(&client, rule).await;
    expect(&db, &["run", "--pause", "0"], 0).await;
    let found = lines(&client, "select distinct entity, entity_id, severity from migration.migration_errors where severity = 'high'").await;
    assert_eq!(found, ["deals|107|high"]);
    let rest = "select count(*) from public.opportunities where stage = 'closed_won' and name = 'More' and probability = 100";
    assert_eq!(text(&client, rest).await.as_deref(), Some("200"));
}

#[tokio::test]
async fn phases_run_one_by_one_in_their_order() {
    let (_expected_db, expected) = after(BASELINES[1]).await;
    let (db, client) = before(BASELINES[1]).await;
    expect(&db, &["execute", "--phase", "1.2"], 2).await;
    // That attempt recorded a run, which goes on from here.
    expect(
        &db,
        &["execute", "--phase", "1.1,1.2", "--resume", "--pause", "0"],
        0,
    )
    .await;
    let kind = "select relkind::text from pg_class where oid = 'public.deals'::regclass";
    assert_eq!(text(&client, kind).await.as_deref(), Some("r"));
    expect(&db, &["execute", "--phase", "cutover", "--resume"], 2).await;
    expect(
        &db,
        &["execute", "--phase", "1.3,1.4", "--resume", "--pause", "0"],
        0,
    )
    .await;
    expect(&db, &["execute", "--phase", "cutover", "--resume"], 0).await;
    assert_eq!(text(&client, kind).await.as_deref(), Some("v"));
    assert_same(
        &catalogue(&client).await,
        &catalogue(&expected).await,
        "phase by phase",
    );
    expect(&db, &["status"], 0).await;
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_a_code_and_a_hint() {
    let empty = TestDb::new(Template::Empty).await;
    let done = expect(&empty, &["run"], 3).await;
    assert!(
        done.stderr.contains("no CRM") && done.stderr.contains("hint:"),
        "{}",
        done.stderr
    );

    let (db, client) = before(BASELINES[0]).await;
    expect(&db, &["run", "--resume"], 2).await;
    let mut silent = migrate(&db, &["run"]);
    let arguments: Vec<_> = silent
        .get_args()
        .map(ToOwned::to_owned)
        .filter(|a| a != "--yes")
        .collect();
    let mut asked = crate::cli::oppbase();
    asked
        .args(arguments)
        .current_dir(silent.get_current_dir().expect("a folder"))
        .stdin(Stdio::null());
    silent = asked;
    let done = finished(silent).await;
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("terminal") && done.stderr.contains("--yes"));

    let done = finished(with_url(&db, &as_role(&db, "nobody_here"))).await;
    assert_eq!(done.code, Some(3), "{}", done.stderr);

    batch(
        &client,
        "do $$ begin if not exists (select from pg_roles where rolname = 'mig_stranger') then \
           create role mig_stranger login; end if; end $$",
    )
    .await;
    let done = finished(with_url(&db, &as_role(&db, "mig_stranger"))).await;
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert!(done.stderr.contains("does not own"), "{}", done.stderr);

    let set = |what: &str| format!("alter database {} set {what}", db.name);
    batch(&client, &set("session_replication_role = replica")).await;
    let done = expect(&db, &["run"], 3).await;
    assert!(
        done.stderr.contains("session_replication_role is replica")
            && done.stderr.contains("hint: set it to origin"),
        "{}",
        done.stderr
    );
    batch(&client, &set("session_replication_role = origin")).await;

    batch(&client, &set("default_transaction_read_only = on")).await;
    let done = expect(&db, &["run"], 3).await;
    assert!(done.stderr.contains("read-only"), "{}", done.stderr);
}

/// The same database as another role.
fn as_role(db: &TestDb, role: &str) -> String {
    let (_, place) = db.admin.split_once('@').expect("a user in the address");
    format!("postgresql://{role}@{place}")
}

fn with_url(db: &TestDb, url: &str) -> std::process::Command {
    let mut command = crate::cli::oppbase();
    let like = migrate(db, &["run"]);
    command
        .current_dir(like.get_current_dir().expect("a folder"))
        .args(["migrate", "run", "--yes", "--database-url", url])
        .stdin(Stdio::null());
    command
}

#[tokio::test]
async fn the_state_is_made_beside_its_readers_and_its_refusal_leaves_no_transaction() {
    let (db, client) = before(BASELINES[0]).await;
    state::ensure(&client).await.expect("made");
    batch(&client, "set lock_timeout = '100ms'").await;
    let other = db.admin_client().await;
    batch(&other, "begin; select from migration.migration_history").await;
    state::ensure(&client).await.expect("there already");
    // An index is looked for under a lock that a writer's stands in the way of.
    batch(
        &other,
        "lock table migration.migration_history in access exclusive mode",
    )
    .await;
    let refused = state::ensure(&client).await.expect_err("in the way");
    assert!(refused.to_string().contains("lock timeout"), "{refused}");
    assert_eq!(lines(&client, "select '1'").await, ["1"]);
}
