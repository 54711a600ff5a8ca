//! The way back from real runs: wholly, by phase, from the middle, killed on the way, and to the backup.

use std::process::Stdio;
use std::time::Duration;

use oppbase::migrate::state;
use oppbase::pg::migrations::Baseline;
use rand::RngExt;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::back::{account, migrated};
use super::crm::named;
use super::rollback::{COUNTERS, WORK_SINCE};
use super::{expect, migrate};
use crate::cli::oppbase;
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, text};

const RUN: [&str; 3] = ["run", "--pause", "0"];

fn differences(was: &[String], is: &[String]) -> Vec<String> {
    let gone = was.iter().filter(|line| !is.contains(line));
    let new = is.iter().filter(|line| !was.contains(line));
    // The verification takes numbers that it does not use.
    gone.map(|line| format!("- {line}"))
        .chain(new.map(|line| format!("+ {line}")))
        .filter(|line| !line.contains("sequence|"))
        .collect()
}

#[tokio::test]
async fn a_run_goes_back_and_another_follows() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let was = account(&client).await;
        for _ in 0..2 {
            expect(&db, &RUN, 0).await;
            let moved = text(
                &client,
                "select relkind from pg_class where oid = 'public.deals'::regclass",
            )
            .await;
            assert_eq!(moved.as_deref(), Some("v"), "it was migrated");
            expect(&db, &["rollback"], 0).await;
            expect(&db, &["status"], 13).await;
            let is = account(&client).await;
            assert_eq!(differences(&was, &is), Vec::<String>::new(), "{baseline:?}");
        }
    }
}

/// What two roles of the site see under the old names and in the views that are made anew.
async fn as_the_site_reads(client: &Client, baseline: Baseline) -> Vec<String> {
    let report = |sql: &str| ("carry_report", named(sql, baseline));
    let mut queries = vec![
        report("select to_jsonb(d) - 'updated_at' from public.deals d order by id"),
        report("select n from {deal_notes} n order by id"),
        report("select id, nb_deals, nb_contacts from public.companies_summary order by id"),
        report("select id, nb_tasks, company_name from public.contacts_summary order by id"),
        report("select count(s) from public.contacts_summary s"),
        (
            "carry_columns",
            "select id, nb_contacts from public.companies_summary order by id".into(),
        ),
    ];
    if baseline == Baseline::Upstream {
        queries.push((
            "carry_report",
            "select id, type from public.activity_log order by id".to_owned(),
        ));
    }
    let mut found = vec![];
    for (role, sql) in queries {
        batch(client, &format!("set role {role}")).await;
        found.push(sql.clone());
        found.extend(lines(client, &sql).await);
        batch(client, "reset role").await;
    }
    found
}

#[tokio::test]
async fn a_sites_own_roles_read_on_under_the_old_names() {
    let _alone = super::rights_together::ROLES.lock().await;
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let sql = "do $$ begin create role carry_report bypassrls; create role carry_columns bypassrls; \
                     exception when duplicate_object then null; end $$; \
                   grant usage on schema public to carry_report, carry_columns; \
                   grant select on public.deals, public.companies, public.contacts, public.tasks, {deal_notes}, {contact_notes}, \
                     public.companies_summary to carry_report; \
                   grant select on public.contacts_summary to carry_report with grant option; \
                   grant select on public.companies, public.contacts to carry_columns; \
                   grant select (id, nb_contacts) on public.companies_summary to carry_columns; \
                   comment on view public.contacts_summary is 'Read by the board.'; \
                   comment on column public.contacts_summary.nb_tasks is 'All of them.'";
        batch(&client, &named(sql, baseline)).await;
        if baseline == Baseline::Upstream {
            batch(
                &client,
                "grant select on public.activity_log to carry_report",
            )
            .await;
        }
        let was = account(&client).await;
        let read = as_the_site_reads(&client, baseline).await;
        expect(&db, &RUN, 0).await;
        assert_eq!(
            as_the_site_reads(&client, baseline).await,
            read,
            "{baseline:?}"
        );
        for refused in [
            "select id from public.deals",
            "select id, nb_deals from public.companies_summary",
        ] {
            batch(&client, "set role carry_columns").await;
            let error = client.batch_execute(refused).await.expect_err(refused);
            let code = error.code().map(SqlState::code);
            assert_eq!(code, Some("42501"), "{refused}: {error}");
            batch(&client, "reset role").await;
        }
        let dressed = "select has_table_privilege('carry_report', 'public.contacts_summary', 'select with grant option'), \
                              obj_description('public.contacts_summary'::regclass, 'pg_class'), \
                              has_table_privilege('carry_report', 'public.deals', 'insert')";
        assert_eq!(lines(&client, dressed).await, ["t|Read by the board.|f"]);
        expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        assert_eq!(differences(&was, &is), Vec::<String>::new(), "{baseline:?}");
        assert_eq!(
            as_the_site_reads(&client, baseline).await,
            read,
            "{baseline:?}"
        );
    }
}

#[tokio::test]
async fn phases_go_back_in_reverse_and_come_again() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let was = account(&client).await;
        let mut first = RUN.to_vec();
        first[0] = "execute";
        first.extend(["--phase", "1.1,1.2"]);
        expect(&db, &first, 0).await;
        let between = account(&client).await;
        let mut on = RUN.to_vec();
        on.push("--resume");
        expect(&db, &on, 0).await;
        expect(&db, &["rollback", "--phase", "7"], 2).await;
        expect(&db, &["rollback", "--phase", "1.3"], 0).await;
        let is = account(&client).await;
        assert_eq!(
            differences(&between, &is),
            Vec::<String>::new(),
            "{baseline:?}"
        );
        let phases = lines(
            &client,
            "select phase_number || ' ' || status from migration.migration_history \
              where step is null and phase_number like '1._' or phase_number = 'cutover' and step is null order by 1",
        )
        .await;
        assert_eq!(
            phases,
            [
                "1.1 completed",
                "1.2 completed",
                "1.3 rolled_back",
                "1.4 rolled_back",
                "cutover rolled_back"
            ]
        );
        let again = expect(&db, &["rollback", "--phase", "1.4"], 0).await;
        assert!(again.stdout.contains("undone already"), "{}", again.stdout);
        // Rows go on being noted while the run waits.
        batch(&client, "update public.deals set stage = 'lost' where id = 1; update public.deals set stage = 'proposal-sent' where id = 1").await;
        expect(&db, &on, 0).await;
        expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        assert_eq!(differences(&was, &is), Vec::<String>::new(), "{baseline:?}");
    }
}

/// What the first of the two keeps aside is in nobody's way.
#[tokio::test]
async fn phases_go_back_and_then_the_rest_without_a_resume_between() {
    for (baseline, phase) in BASELINES.into_iter().zip(["1.2", "1.4"]) {
        let (db, client) = before(baseline).await;
        let was = account(&client).await;
        expect(&db, &RUN, 0).await;
        expect(&db, &["rollback", "--phase", phase], 0).await;
        expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        assert_eq!(
            differences(&was, &is),
            Vec::<String>::new(),
            "{baseline:?} after {phase}"
        );
        let again = expect(&db, &["rollback"], 0).await;
        assert!(again.stdout.contains("nothing to undo"), "{}", again.stdout);
    }
}

#[tokio::test]
async fn a_run_that_stopped_in_the_middle_goes_back() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let was = account(&client).await;
        let mut child = migrate(&db, &["run", "--batch-size", "2", "--pause", "30ms"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let begun = "select count(*) from pg_attribute where attrelid = 'public.deals'::regclass and attname = 'opportunity_stage'";
        while text(&client, begun).await.as_deref() != Some("1") {
            assert!(child.try_wait().expect("a child").is_none(), "it ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let more = rand::rng().random_range(0..600);
        tokio::time::sleep(Duration::from_millis(more)).await;
        child.kill().expect("killed");
        child.wait().expect("ended");
        nobody_is_at_work(&client).await;
        expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        assert_eq!(
            differences(&was, &is),
            Vec::<String>::new(),
            "{baseline:?} after {more} ms more"
        );
    }
}

/// Some phases of a run that was complete and verified, while users went on: what was undone is filled again.
#[tokio::test]
async fn phases_of_a_complete_run_go_back_and_come_again() {
    const MADE: &str = "select 'participants', count(*) from public.opportunity_participants \
        union all select 'contacts', count(*) from public.opportunity_contacts \
        union all select 'activities ' || source, count(*) from public.activities group by source \
        union all select 'founding', count(founding_interaction_id) from public.opportunities";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let run = [
            "migrate",
            "run",
            "--accept-findings",
            "a test",
            "--no-dump",
            "a test",
        ];
        done(&db, &run).await;
        let made = lines(&client, MADE).await;
        batch(
            &client,
            "update public.contacts set last_seen = now() where id = 1; update public.tasks set text = text || ' x' where id = 2",
        )
        .await;
        expect(&db, &["rollback", "--phase", "1.3"], 0).await;
        batch(
            &client,
            "update public.contacts set last_seen = now() where id = 2",
        )
        .await;
        let said = done(&db, &[&run[..], &["--resume"]].concat()).await;
        assert!(said.contains("verification: SUCCESS"), "{said}");
        assert_eq!(lines(&client, MADE).await, made, "{baseline:?}");
        // Users go on, and whoever looks later finds no damage.
        batch(
            &client,
            "update public.contacts set last_seen = now() where id = 3",
        )
        .await;
        done(&db, &["migrate", "verify", "--no-performance"]).await;
    }
}

/// With its verification. What it said.
async fn done(db: &TestDb, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = oppbase();
    command
        .env_remove("DATABASE_URL")
        .current_dir(folder.path())
        .args(arguments)
        .args(["--yes", "--database-url", &db.admin])
        .stdin(Stdio::null());
    let done = super::finished(command).await;
    assert_eq!(done.code, Some(0), "{arguments:?} {}", done.stderr);
    done.stderr
}

/// Others alter the schema while a run is at work: what they made is theirs on the way back, and what they removed
/// stays away.
#[tokio::test]
async fn what_others_make_and_drop_meanwhile_is_theirs() {
    const THEIRS: &str = "select 'campaigns', count(*) from public.campaigns union all select 'names', count(*) from public.campaign_names \
        union all select 'tasks', count(campaign) from public.tasks union all select 'function', public.site_f() \
        union all select 'index', count(*) from pg_class where relname = 'tasks_campaign' \
        union all select 'notes', count(*) from pg_attribute where attname in ('note2', 'note3') and not attisdropped";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(
            &client,
            "alter table public.tasks add column note2 text default 'n', add column note3 integer default 3; \
             create index tasks_note2 on public.tasks (note2)",
        )
        .await;
        state::ensure(&client).await.expect("the state's tables");
        batch(
            &client,
            "create function public.meddle() returns trigger language plpgsql as $$ begin \
               create table public.campaigns (id bigint primary key, name text); insert into public.campaigns values (1, 'One'); \
               create view public.campaign_names as select name from public.campaigns; \
               create function public.site_f() returns bigint language sql as 'select 7::bigint'; \
               alter table public.contacts add column campaign bigint references public.campaigns; \
               alter table public.tags add column campaign bigint; return null; end $$; \
             create trigger meddle after insert or update on migration.migration_history for each row \
               when (new.step = 'capture' and new.status = 'completed') execute function public.meddle()",
        )
        .await;
        expect(&db, &["execute", "--phase", "1.1", "--pause", "0"], 0).await;
        batch(
            &client,
            "alter table public.tasks drop column note2, drop column note3, add column note3 bigint default 4, \
               add column campaign bigint references public.campaigns; \
             create index tasks_campaign on public.tasks (campaign); update public.tasks set campaign = 1 where id = 1",
        )
        .await;
        let theirs = lines(&client, THEIRS).await;
        // A table that was altered is not gone on with: the way is back.
        expect(&db, &["run", "--resume", "--pause", "0"], 2).await;
        let done = expect(&db, &["rollback"], 0).await;
        assert!(done.stdout.contains("public.campaigns"), "{}", done.stdout);
        assert_eq!(lines(&client, THEIRS).await, theirs, "{baseline:?}");
        expect(&db, &["rollback"], 0).await;
    }
}

/// A site hides rows while a run is at work: the cut-over does not show them again, nor does the way back.
#[tokio::test]
async fn policies_that_change_meanwhile_are_kept() {
    const POLICIES: &str = "select polname, pg_get_expr(polqual, polrelid) from pg_policy \
        where polrelid in ('public.contacts'::regclass, 'public.tasks'::regclass) and polcmd in ('r', '*') order by 1";
    const GRANTS: &str = "select relname, relacl, relrowsecurity from pg_class \
        where oid in ('public.tags'::regclass, 'public.tasks'::regclass) order by 1";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        expect(&db, &["execute", "--phase", "1.1", "--pause", "0"], 0).await;
        batch(
            &client,
            "alter policy \"Enable read access for authenticated users\" on public.contacts using (id <> 1); \
             create policy hidden on public.tasks as restrictive for select to authenticated using (id <> 1); \
             grant select on public.tags to anon",
        )
        .await;
        let (policies, grants) = (lines(&client, POLICIES).await, lines(&client, GRANTS).await);
        let refused = expect(&db, &["run", "--resume", "--pause", "0"], 2).await;
        assert!(
            refused
                .stderr
                .contains("public.contacts, public.tags, public.tasks")
                && refused.stderr.contains("hint: "),
            "{}",
            refused.stderr
        );
        expect(&db, &["rollback"], 0).await;
        assert_eq!(lines(&client, POLICIES).await, policies, "{baseline:?}");
        assert_eq!(lines(&client, GRANTS).await, grants, "{baseline:?}");
    }
}

/// Killed right after the transaction of the cut-over.
#[tokio::test]
async fn a_run_that_stopped_at_its_cut_over_goes_back() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let was = account(&client).await;
        expect(&db, &RUN, 0).await;
        batch(
            &client,
            "delete from migration.migration_history where phase_number = 'verify'; \
             update migration.migration_history set status = 'in_progress', completed_at = null \
              where phase_number = 'run'",
        )
        .await;
        expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        assert_eq!(differences(&was, &is), Vec::<String>::new(), "{baseline:?}");
    }
}

/// The lock of a killed process lives until PostgreSQL notices.
async fn nobody_is_at_work(client: &tokio_postgres::Client) {
    let held = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'oppbase-migrate%'";
    while text(client, held).await.as_deref() != Some("0") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Enough rows for many batches.
const MANY: &str = "\
    insert into public.deals (id, name, company_id, stage, created_at, updated_at, index) \
    select i, 'Deal ' || i, 1 + i % 4, 'won', '2024-01-01', '2024-01-01', 1 from generate_series(2000, 3500) i;";

/// Ends every session of the engine.
const CUT: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                    where datname = current_database() and application_name like 'oppbase-migrate%'";

#[tokio::test]
async fn killed_anywhere_a_rollback_goes_on() {
    for baseline in BASELINES {
        let crm = migrated(baseline, &format!("{MANY}{COUNTERS}")).await;
        let arguments = [
            "rollback",
            "--yes",
            "--batch-size",
            "100",
            "--pause",
            "10ms",
        ];
        let mut killed = 0;
        loop {
            let mut child = crm
                .command(&arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts");
            let after = rand::rng().random_range(50..700);
            tokio::time::sleep(Duration::from_millis(after)).await;
            if let Some(status) = child.try_wait().expect("a child") {
                let mut err = String::new();
                std::io::Read::read_to_string(&mut child.stderr.take().expect("piped"), &mut err)
                    .expect("text");
                assert_eq!(status.code(), Some(0), "after {killed} kills: {err}");
                break;
            }
            if killed % 2 == 0 {
                child.kill().expect("killed");
            } else {
                batch(&crm.client, CUT).await;
            }
            child.wait().expect("ended");
            nobody_is_at_work(&crm.client).await;
            killed += 1;
            if killed == 8 {
                crm.roll_back(&["--pause", "0"]).await;
                break;
            }
        }
        assert_eq!(
            crm.changes().await,
            Vec::<String>::new(),
            "{baseline:?} after {killed} kills"
        );
        let kept = format!(
            "select count(*), count(distinct id) from crm_backup.rollback_{}_deals",
            &crm.run.simple().to_string()[..8]
        );
        let deals = lines(
            &crm.client,
            "select count(*), count(distinct id) from public.deals",
        )
        .await;
        assert_eq!(lines(&crm.client, &kept).await, deals, "every row once");
    }
}

const BACKUP: &str = include_str!("backup_set.sql");

#[tokio::test]
async fn to_the_backup_means_exactly_its_rows() {
    for baseline in BASELINES {
        let crm = migrated(baseline, &format!("{COUNTERS}{BACKUP}")).await;
        batch(&crm.client, WORK_SINCE).await;
        let (code, _, err) = crm.run(&["rollback", "--yes", "--to", "backup"]).await;
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("--remove-later-rows"), "{err}");
        assert!(still_migrated(&crm.db).await);
        crm.roll_back(&["--to", "backup", "--remove-later-rows"])
            .await;
        let changes: Vec<_> = crm
            .changes()
            .await
            .into_iter()
            .filter(|line| !line.contains("sequence|"))
            .collect();
        assert_eq!(changes, Vec::<String>::new(), "{baseline:?}");
        let kept = text(
            &crm.client,
            &format!(
                "select string_agg(name, ',' order by id) from crm_backup.rollback_{}_later_deals",
                &crm.run.simple().to_string()[..8]
            ),
        )
        .await;
        assert_eq!(kept.as_deref(), Some("Deal 2,New one"));
        let behind = text(
            &crm.client,
            "select count(*) from pg_sequences where schemaname = 'public' and last_value < 1000",
        )
        .await;
        assert_eq!(behind.as_deref(), Some("0"), "no number is given twice");
    }
}

#[tokio::test]
async fn a_damaged_backup_is_refused() {
    let crm = migrated(Baseline::Fork, BACKUP).await;
    batch(
        &crm.client,
        "update crm_backup.tasks_backup_20261101_000000 set text = 'x' where id = 1",
    )
    .await;
    let (code, _, err) = crm
        .run(&["rollback", "--yes", "--to", "backup", "--remove-later-rows"])
        .await;
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("tasks_backup_20261101_000000 is damaged"),
        "{err}"
    );
    assert!(still_migrated(&crm.db).await);
}

async fn still_migrated(db: &TestDb) -> bool {
    let client = db.admin_client().await;
    let kind = "select relkind from pg_class where oid = 'public.opportunities'::regclass";
    text(&client, kind).await.as_deref() == Some("r")
}

/// Rows that come between the question and the locks.
#[tokio::test]
async fn rows_nobody_agreed_to_do_not_leave_the_tables() {
    let crm = migrated(Baseline::Fork, BACKUP).await;
    // The copy of the run's columns is made after the question was answered.
    batch(
        &crm.client,
        "create function public.meddle() returns trigger language plpgsql as $$ begin \
           insert into public.tags (name, color) values ('late', '#000'); return null; end $$; \
         create trigger meddle after insert or update on migration.migration_history for each row \
           when (new.phase_number = 'rollback' and new.status = 'in_progress') execute function public.meddle()",
    )
    .await;
    let (code, _, err) = crm.run(&["rollback", "--yes", "--to", "backup"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("1 rows written since the backup"), "{err}");
    assert!(still_migrated(&crm.db).await);
    let late = text(
        &crm.client,
        "select count(*) from public.tags where name = 'late'",
    )
    .await;
    assert_eq!(late.as_deref(), Some("1"));
}
