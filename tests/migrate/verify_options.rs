//! `oppbase::migrate::verify`: what users did since, verifying without a backup, times, and the lists of what
//! must be there.

use std::collections::BTreeSet;

use oppbase::migrate::state;
use oppbase::migrate::verify::{
    self, Options, Severity, Status, Verdict, Writes, access_table, expected, expected_policies,
};
use oppbase::pg::migrations::{self, Baseline};

use super::migrated::{self, RUN};
use super::verify::{ids, options, verified};
use crate::common::{Template, TestDb};
use crate::schema::{BASELINES, batch, lines};

#[tokio::test]
async fn what_users_did_since_is_no_fault_unless_nobody_could() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    batch(
        &client,
        "update public.deals set amount = 1, stage = 'won' where id = 5; \
         update public.opportunities set priority = 'high' where id = 6; \
         update public.deals set index = 9 where id in (7, 8); \
         insert into public.deals (name, stage, company_id) values ('New', 'lost', 1); \
         insert into public.\"dealNotes\" (id, deal_id, text) values (500, 5, 'new')",
    )
    .await;
    let traced = verified(&client, &options(Baseline::Fork)).await;
    assert_eq!(ids(&traced), BTreeSet::new(), "{:#?}", traced.findings());
    let deals = traced
        .tables
        .iter()
        .find(|t| t.table == "deals")
        .expect("deals");
    assert_eq!(
        (deals.before, deals.after, deals.since, deals.edited),
        (44, 45, 1, 2)
    );
    assert_eq!(deals.moved, 2, "cards were moved, which leaves no moment");
    let closed = Options {
        writes: Writes::None,
        ..options(Baseline::Fork)
    };
    let closed = verified(&client, &closed).await;
    assert_eq!(
        ids(&closed),
        [
            "content.deals.rows",
            "counts.deals.new",
            "counts.dealNotes.new"
        ]
        .into()
    );
    assert_eq!(closed.verdict, Verdict::Failed);
    // Long after: a deletion is listed, and is not taken for a loss.
    batch(&client, "delete from public.deals where id = 24").await;
    let any = Options {
        writes: Writes::Any,
        ..options(Baseline::Fork)
    };
    let any = verified(&client, &any).await;
    assert_eq!(ids(&any), ["counts.deals.kept"].into());
    assert_ne!(any.verdict, Verdict::Failed);
}

#[tokio::test]
async fn without_a_backup_nothing_is_proved_unless_that_was_asked_for() {
    let (_db, client) = migrated::clone(Baseline::Upstream).await;
    batch(
        &client,
        "update migration.migration_backups set verified_at = null where table_name = 'tags'",
    )
    .await;
    let none = verified(&client, &options(Baseline::Upstream)).await;
    assert_eq!(none.verdict, Verdict::Failed);
    let unknown = none
        .checks()
        .filter(|check| check.status == Status::NotEvaluated);
    let unknown: BTreeSet<_> = unknown.map(|check| check.id.as_str()).collect();
    assert!(
        unknown.contains("content.backup") && unknown.contains("counts.interactions"),
        "{unknown:?}"
    );
    assert_eq!(unknown, ids(&none));
    let asked = Options {
        backup_comparison: false,
        ..options(Baseline::Upstream)
    };
    let asked = verified(&client, &asked).await;
    assert_eq!(
        (asked.verdict, asked.backup_stamp),
        (Verdict::Success, None)
    );
}

/// Nothing is traced once a run is complete, so what is gone then may have been deleted.
#[tokio::test]
async fn an_older_run_that_is_complete_softens_no_verdict_of_a_newer_one() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    let newer = "00000000-0000-0000-0000-0000000000bb";
    batch(
        &client,
        &format!(
            "insert into migration.migration_history (run_id, phase_number, phase_name, status, started_at) \
             values ('{newer}', 'run', 'migration', 'in_progress', now() - interval '1 minute'); \
             update migration.migration_backups set run_id = '{newer}'; \
             create table migration.trace (seq bigint, relation text, id bigint, checksums jsonb, failure text); \
             comment on table migration.trace is '{newer}'; \
             set session_replication_role = replica; delete from public.opportunities where id = 24; \
             reset session_replication_role"
        ),
    )
    .await;
    let working = verified(&client, &options(Baseline::Fork)).await;
    assert_eq!(
        working.run_id.map(|run| run.to_string()).as_deref(),
        Some(newer)
    );
    assert_eq!(
        working.verdict,
        Verdict::Failed,
        "{:#?}",
        working.findings()
    );
    let lost = |found: &verify::Verification| {
        let mut checks = found.checks();
        checks
            .find(|c| c.id == "counts.deals.kept")
            .map(|c| c.severity)
    };
    assert_eq!(lost(&working), Some(Severity::Critical));
    batch(
        &client,
        &format!("update migration.migration_history set status = 'completed', completed_at = now() where run_id = '{newer}'"),
    )
    .await;
    let complete = verified(&client, &options(Baseline::Fork)).await;
    assert_eq!(lost(&complete), Some(Severity::High));
}

/// Neither a run nor a backup was ever here: what there is to see is judged, and what there is not is named.
#[tokio::test]
async fn where_no_run_ever_was_the_database_is_judged_all_the_same() {
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        batch(
            &client,
            "drop schema migration cascade; drop schema crm_backup cascade",
        )
        .await;
        let found = verified(&client, &options(baseline)).await;
        assert_eq!((found.run_id, &found.backup_stamp), (None, &None));
        assert_eq!(found.verdict, Verdict::Failed);
        let mut unknown = found
            .checks()
            .filter(|check| check.status == Status::NotEvaluated);
        assert!(unknown.any(|check| check.id == "content.backup"));
        let wrong: Vec<&str> = found
            .checks()
            .filter(|check| check.status == Status::Failed)
            .map(|check| check.id.as_str())
            .collect();
        // The views on the state are the product's as well.
        assert_eq!(wrong, ["catalogue.relations"], "{baseline:?}");
    }
}

#[tokio::test]
async fn what_a_site_has_of_its_own_is_no_fault_of_the_migration() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    batch(
        &client,
        "create view public.site_view as select 1 as one; create table public.site_table (id bigint primary key); \
         create function public.touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$; \
         create trigger zz_touch before update on public.opportunities for each row execute function public.touch()",
    )
    .await;
    let known = verified(&client, &options(Baseline::Fork)).await;
    assert_eq!(ids(&known), ["compatibility.save_deal"].into());
    assert_eq!(known.findings()[0].severity, Severity::Medium);
    assert_ne!(known.verdict, Verdict::Failed);
    // The product's own tables and views are never the site's.
    let all = [
        "catalogue.row_security",
        "catalogue.views",
        "compatibility.save_deal",
    ];
    batch(
        &client,
        "alter table public.tags disable row level security; \
         alter view public.companies_summary set (security_invoker = off)",
    )
    .await;
    let opened = verified(&client, &options(Baseline::Fork)).await;
    assert_eq!(ids(&opened), all.into(), "{:#?}", opened.findings());
    assert_eq!(opened.verdict, Verdict::Failed);
}

#[tokio::test]
async fn a_crm_without_an_administrator_or_a_row_can_be_verified() {
    for baseline in BASELINES {
        let db = TestDb::new(Template::Empty).await;
        let mut client = db.admin_client().await;
        migrations::apply(&mut client, baseline, false)
            .await
            .expect("a new database");
        let options = Options {
            backup_comparison: false,
            ..options(baseline)
        };
        let found = verified(&client, &options).await;
        let wrong: Vec<_> = found
            .findings()
            .into_iter()
            .filter(|check| !check.id.starts_with("audit.history"))
            .collect();
        assert!(wrong.is_empty(), "{baseline:?} {wrong:#?}");
        let people =
            "select (select count(*) from public.sales) + (select count(*) from auth.users)";
        assert_eq!(
            lines(&client, people).await,
            ["0"],
            "what a trial made stays"
        );
    }
}

#[tokio::test]
async fn times_are_measured_and_recorded_with_the_rest() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    let verification = verified(&client, &Options::new(Baseline::Fork)).await;
    assert_eq!(verification.performance.len(), 14);
    for measure in &verification.performance {
        assert_eq!(
            (measure.runs, &measure.fault),
            (20, &None),
            "{}",
            measure.name
        );
        assert!(measure.median_ms <= measure.p95_ms);
    }
    verify::record(&client, RUN, &verification)
        .await
        .expect("recorded");
    verify::record(&client, RUN, &verification)
        .await
        .expect("recorded again");
    let recorded = verify::recorded(&client, RUN)
        .await
        .expect("asked")
        .expect("a verification");
    assert_eq!(recorded["verdict"], "SUCCESS");
    assert_eq!(recorded["categories"].as_array().map(Vec::len), Some(10));
    assert!(recorded.get("samples").is_none());
    let rows = "select count(*) || ' ' || min(status) from public.migration_validation_results where check_type = 'verify'";
    assert_eq!(lines(&client, rows).await.len(), 1);
    let run = state::latest_run(&client)
        .await
        .expect("asked")
        .expect("a run");
    assert_eq!(run.id, RUN, "a verification is no run");
}

#[tokio::test]
async fn the_lists_of_what_must_be_there_are_complete() {
    for baseline in BASELINES {
        let db = TestDb::new(Template::Empty).await;
        let mut client = db.admin_client().await;
        migrations::apply(&mut client, baseline, false)
            .await
            .expect("a new database");
        let sorted = |mut list: Vec<&str>| {
            list.sort_unstable();
            list.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let in_public =
            "from pg_class c where c.oid = x.relation and c.relnamespace = 'public'::regnamespace";
        let found = |what: &str| {
            format!(
                "select x.name from ({what}) x where exists (select {in_public}) order by x.name collate \"C\""
            )
        };
        let triggers = found(
            "select t.tgrelid as relation, t.tgrelid::regclass || ' ' || t.tgname as name from pg_trigger t where not t.tgisinternal",
        );
        assert_eq!(
            lines(&client, &triggers).await,
            sorted(expected::triggers(baseline))
        );
        let keys = found(
            "select c.conrelid as relation, c.conrelid::regclass || ' ' || c.conname as name from pg_constraint c where c.contype = 'f'",
        );
        assert_eq!(
            lines(&client, &keys).await,
            sorted(expected::foreign_keys(baseline))
        );
        let relations = found(
            "select c.oid as relation, 'public.' || quote_ident(c.relname) as name from pg_class c where c.relkind in ('r', 'v')",
        );
        assert_eq!(
            lines(&client, &relations).await,
            sorted(access_table(baseline).map(|row| row.relation).collect())
        );
        let policies = "select x.name collate \"C\" from (select schemaname || '.' || quote_ident(tablename) || ' ' || policyname || ' ' || cmd || ' ' || array_to_string(roles, ',') as name \
             from pg_policies where schemaname in ('public', 'migration')) x order by 1";
        let tables = lines(&client, "select n.nspname || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'").await;
        let mut wanted: Vec<_> = expected_policies()
            .into_iter()
            .filter(|policy| tables.contains(&policy.relation))
            .map(|p| format!("{} {} {} {}", p.relation, p.name, p.command, p.role))
            .collect();
        wanted.sort();
        assert_eq!(lines(&client, policies).await, wanted);
    }
}
