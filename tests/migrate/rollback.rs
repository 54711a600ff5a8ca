//! The way back: on both baselines the database is what it was, whatever was written or made since.

use oppbase::pg::migrations::{self, Baseline};

use super::back::{Migrated, migrate, migrated};
use crate::common::{Template, TestDb};
use crate::schema::{BASELINES, batch, lines, recorded, text};

#[tokio::test]
async fn there_and_back_is_nothing_at_all() {
    for baseline in BASELINES {
        let mut crm = migrated(baseline, "").await;
        assert_ne!(crm.changes().await, Vec::<String>::new(), "it was migrated");
        let out = crm.roll_back(&[]).await;
        assert_eq!(crm.changes().await, Vec::<String>::new(), "{baseline:?}");
        assert!(out.contains("as recorded before"), "{out}");
        assert!(!out.contains(" now"), "{out}");
        let status = text(
            &crm.client,
            "select string_agg(distinct status, ',') from migration.migration_history where phase_number <> 'rollback'",
        )
        .await;
        assert_eq!(status.as_deref(), Some("rolled_back"));
        // Once more: nothing to do. And a later migration starts afresh.
        assert!(crm.roll_back(&[]).await.contains("rolled back already"));
        let again = migrations::upgrade(&mut crm.client, baseline)
            .await
            .unwrap_or_else(|e| panic!("{baseline:?}: {e}"));
        assert!(again.migrations.contains(&"1_2_tables"));
    }
}

#[tokio::test]
async fn the_recorded_databases_come_back_as_they_were() {
    for baseline in BASELINES {
        let (Some(schema), Some(data)) = (
            recorded(&format!("baseline_{}.sql", baseline.folder())),
            recorded("baseline_data.sql"),
        ) else {
            return;
        };
        let db = TestDb::new(Template::Empty).await;
        let client = db.admin_client().await;
        batch(
            &client,
            &std::fs::read_to_string(schema).expect("a readable file"),
        )
        .await;
        let psql = std::process::Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &db.admin, "-f"])
            .arg(data)
            .output()
            .expect("psql runs");
        assert!(
            psql.status.success(),
            "{}",
            String::from_utf8_lossy(&psql.stderr)
        );
        // What the platform adds to the schemas that are compared is there before the run.
        migrations::platform(&client).await.expect("the platform");
        let crm = migrate(db, client, baseline).await;
        crm.roll_back(&[]).await;
        assert_eq!(crm.changes().await, Vec::<String>::new(), "{baseline:?}");
    }
}

/// The rows of the tests have numbers of their own.
const COUNTERS: &str = "\
    select setval(s.oid, 1000) from pg_class s where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace;";

const WORK_SINCE: &str = "\
    insert into public.opportunities (name, company_id, contact_ids, stage, sales_id) values ('New one', 2, '{3}', 'negotiation', 1);
    update public.opportunities set stage = 'closed_won', competition = 'nobody' where id = 2;
    insert into public.\"opportunityNotes\" (opportunity_id, text, sales_id) values (3, 'A new note', 1);
    update public.contact_organizations set is_primary_organization = false where contact_id = 3;
    insert into public.contact_organizations (contact_id, organization_id, is_primary_organization) values (3, 4, true);
    select public.log_engagement('call', 'A call of the new days', 'x', 1);
    delete from public.opportunities where id = 5;
    insert into public.contacts (first_name, company_id, department) values ('Newcomer', 1, 'Sales');";

#[tokio::test]
async fn what_was_written_since_lives_on_in_the_old_shape() {
    for baseline in BASELINES {
        let crm = migrated(baseline, COUNTERS).await;
        batch(&crm.client, WORK_SINCE).await;
        let out = crm.roll_back(&[]).await;
        let notes = match baseline {
            Baseline::Fork => "public.\"dealNotes\"",
            Baseline::Upstream => "public.deal_notes",
        };
        let deals = lines(
            &crm.client,
            "select name, stage, company_id, contact_ids from public.deals where id = 2 or name = 'New one' order by id",
        )
        .await;
        assert_eq!(
            deals,
            ["Deal 2|won|3|{1,2,3}", "New one|in-negociation|2|{3}"]
        );
        let gone = text(
            &crm.client,
            "select count(*) from public.deals where id = 5",
        )
        .await;
        assert_eq!(gone.as_deref(), Some("0"));
        let note = text(
            &crm.client,
            &format!("select deal_id from {notes} where text = 'A new note'"),
        )
        .await;
        assert_eq!(note.as_deref(), Some("3"));
        let contacts = lines(
            &crm.client,
            "select first_name, company_id from public.contacts where id = 3 or first_name = 'Newcomer' order by id",
        )
        .await;
        assert_eq!(contacts, ["Cyd|4", "Newcomer|1"]);
        // The schema is the old one to the last fact; only rows and counters differ.
        let changes: Vec<_> = crm
            .changes()
            .await
            .into_iter()
            .filter(|line| !line.contains(" rows|") && !line.contains("sequence|"))
            .collect();
        assert_eq!(changes, Vec::<String>::new(), "{baseline:?}");
        // What the old schema has no place for is kept.
        let prefix = format!("rollback_{}", &crm.run.simple().to_string()[..8]);
        let kept = lines(
            &crm.client,
            &format!(
                "select (select subject from crm_backup.{prefix}_activities where subject like 'A call%'), \
                        (select count(*) from crm_backup.{prefix}_contact_organizations where contact_id = 3), \
                        (select competition from crm_backup.{prefix}_deals where id = 2), \
                        (select department from crm_backup.{prefix}_contacts where department is not null)"
            ),
        )
        .await;
        assert_eq!(kept, ["A call of the new days|2|nobody|Sales"]);
        let open = text(
            &crm.client,
            "select count(*) from pg_class c, unnest(array['anon', 'authenticated', 'service_role']) r \
              where c.relnamespace = 'crm_backup'::regnamespace and c.relkind = 'r' \
                and (has_table_privilege(r, c.oid, 'select') or not c.relrowsecurity)",
        )
        .await;
        assert_eq!(open.as_deref(), Some("0"), "archives are nobody's to read");
        assert!(out.contains("public.deals"), "{out}");
    }
}

const OTHERS_BEFORE: &str = "\
    alter table public.deals add column \"Their own\" text default 'x' not null;
    comment on column public.deals.\"Their own\" is 'theirs';
    create function public.their_rule() returns trigger language plpgsql as 'begin return new; end';
    create trigger their_trigger before update of stage on public.deals for each row when (new.stage <> old.stage) execute function public.their_rule();
    alter table public.deals disable trigger their_trigger;
    create view public.their_view with (security_barrier) as select d.*, c.nb_notes from public.deals d cross join lateral (select 1 as nb_notes) c;
    create materialized view public.their_numbers as select stage, count(*) as deals from public.deals group by stage;
    create unique index their_key on public.their_numbers (stage);
    grant select (id, name) on public.deals to anon;
    grant insert on public.tags to anon with grant option;
    create index their_index on public.deals (lower(stage)) where archived_at is null;
    create policy \"Theirs\" on public.deals as restrictive for select to anon using (stage = 'won');
    alter table public.deals add constraint their_check check (length(stage) < 1000) not valid;
    create function public.their_count(v public.companies) returns bigint language sql stable as 'select 1::bigint';
    comment on table public.deals is 'All deals';";

#[tokio::test]
async fn what_others_made_before_is_all_there() {
    for baseline in BASELINES {
        let crm = migrated(baseline, OTHERS_BEFORE).await;
        crm.roll_back(&[]).await;
        assert_eq!(crm.changes().await, Vec::<String>::new(), "{baseline:?}");
    }
}

#[tokio::test]
async fn what_others_made_since_stays_or_is_named() {
    let crm = migrated(Baseline::Fork, "").await;
    batch(
        &crm.client,
        "create view public.their_pipeline as select stage, count(*) from public.opportunities group by stage; \
         create table public.their_table (id bigint primary key, deal bigint references public.opportunities (id)); \
         alter table public.opportunities add column their_column text; \
         update public.opportunities set their_column = 'mine' where id = 1",
    )
    .await;
    let (code, _, err) = crm.run(&["rollback", "--yes"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("view public.their_pipeline"), "{err}");
    assert!(!err.contains("their_table"), "it is not in the way: {err}");
    let still = text(&crm.client, "select count(*) from public.opportunities").await;
    assert!(still.is_some());
    batch(&crm.client, "drop view public.their_pipeline").await;
    let out = crm.roll_back(&[]).await;
    assert!(out.contains("public.their_table"), "{out}");
    let kept = text(
        &crm.client,
        "select string_agg(their_column, ',') from public.deals",
    )
    .await;
    assert_eq!(kept.as_deref(), Some("mine"));
    let refers = text(&crm.client, "select pg_get_constraintdef(oid) from pg_constraint where conname = 'their_table_deal_fkey'").await;
    assert_eq!(
        refers.as_deref(),
        Some("FOREIGN KEY (deal) REFERENCES deals(id)")
    );
}

#[tokio::test]
async fn after_the_window_only_with_a_reason() {
    let crm = migrated(Baseline::Fork, "").await;
    let other = "00000000-0000-4000-8000-0000000000aa";
    batch(
        &crm.client,
        &format!(
            "update migration.migration_history set completed_at = now() - interval '48 hours 1 second' where phase_number = 'run'; \
             insert into migration.migration_history (id, run_id, phase_number, phase_name, status, completed_at) \
             overriding system value values (0, '{other}', 'run', 'migration', 'completed', now())"
        ),
    )
    .await;
    let (code, _, err) = crm.run(&["rollback", "--yes"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("48 hours"), "{err}");
    let (code, _, err) = crm
        .run(&["rollback", "--yes", "--force-expired", " "])
        .await;
    assert_eq!(code, 2, "{err}");
    crm.roll_back(&["--force-expired", "the board decided"])
        .await;
    assert_eq!(crm.changes().await, Vec::<String>::new());
    let reason = text(
        &crm.client,
        "select metadata ->> 'force_expired' from migration.migration_history where phase_number = 'rollback'",
    )
    .await;
    assert_eq!(reason.as_deref(), Some("the board decided"));
    // Another run's state is not this one's to change.
    let others = text(
        &crm.client,
        &format!("select status from migration.migration_history where run_id = '{other}'"),
    )
    .await;
    assert_eq!(others.as_deref(), Some("completed"));
}

#[tokio::test]
async fn nobody_is_asked_nothing_happens() {
    let crm = migrated(Baseline::Fork, "").await;
    let (code, _, err) = crm.run(&["rollback"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("hint: add --yes"), "{err}");
    // The lock is somebody else's.
    batch(
        &crm.client,
        &format!(
            "select pg_advisory_lock({})",
            oppbase::migrate::lock::LOCK_KEY
        ),
    )
    .await;
    let (code, _, err) = crm.run(&["rollback", "--yes"]).await;
    assert_eq!(code, 4, "{err}");
    assert!(still_migrated(&crm).await);
}

async fn still_migrated(crm: &Migrated) -> bool {
    text(
        &crm.client,
        "select relkind from pg_class where oid = 'public.opportunities'::regclass",
    )
    .await
    .as_deref()
        == Some("r")
}
