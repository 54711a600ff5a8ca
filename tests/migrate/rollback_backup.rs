//! `rollback --to backup` beside tables that the backup does not have: no row and no reference of theirs goes.

use oppbase::pg::migrations::Baseline;

use super::back::{Migrated, migrated};
use super::expect;
use super::rollback::COUNTERS;
use crate::schema::{BASELINES, batch, before, lines, text};

const BACKUP: &str = include_str!("backup_set.sql");
const TO_BACKUP: [&str; 5] = ["rollback", "--yes", "--to", "backup", "--remove-later-rows"];

/// Keys of every kind, of tables that the site made before the run.
const OWN_TABLES: &str = "
    alter table public.contacts add column code bigint unique, add column handle text unique;
    update public.contacts set code = 70000 + id, handle = 'h' || id;
    create unique index contacts_own_pair on public.contacts (id, company_id);
    create schema app;
    create table public.own_pair (id int primary key, contact bigint, company bigint,
      foreign key (contact, company) references public.contacts (id, company_id) on delete cascade);
    create table public.own_chain (pair int references public.own_pair on delete cascade);
    create table public.own_code (code bigint references public.contacts (code) on delete cascade);
    create table public.own_text (handle text references public.contacts (handle) on delete set null);
    create table public.own_default (contact bigint default null references public.contacts on delete set default);
    create table public.own_none (deal bigint references public.deals deferrable initially deferred);
    create table public.own_restrict (deal bigint references public.deals on delete restrict);
    create table app.own_elsewhere (company bigint references public.companies on delete cascade);
    create table public.\"Own parts\" (company bigint references public.companies on delete cascade) partition by range (company);
    create table public.own_part_1 partition of public.\"Own parts\" for values from (0) to (1000);
    create table public.own_part_2 partition of public.\"Own parts\" for values from (1000) to (100000);
    create table public.own_moved (contact bigint, company bigint,
      foreign key (contact, company) references public.contacts (id, company_id) on update cascade);
    create table public.own_kept (contact bigint references public.contacts on delete cascade,
      company bigint references public.companies on delete set null, handle text references public.contacts (handle));
    insert into public.own_kept values (1, 1, 'h1'), (null, 2, null);
    insert into public.own_moved values (3, 2);
    insert into public.\"Own parts\" values (1);
    insert into public.own_pair values (1, 1, 1);
    insert into public.own_chain values (1);";

const OWN_ROWS: &str = "
    with company as (insert into public.companies (name) values ('Later') returning id),
    parts as (insert into public.\"Own parts\" select id from company)
    insert into app.own_elsewhere select id from company;
    insert into public.contacts (first_name, company_id, code, handle) values ('Later', 1, 5, 'later');
    insert into public.opportunities (name, company_id, stage) values ('Later', 1, 'lead');
    insert into public.own_pair select 2, id, company_id from public.contacts where handle = 'later';
    insert into public.own_chain values (2);
    insert into public.own_code values (5);
    insert into public.own_text values ('later');
    insert into public.own_default select id from public.contacts where handle = 'later';
    insert into public.own_none select id from public.opportunities where name = 'Later';
    insert into public.own_restrict select id from public.opportunities where name = 'Later';
    update public.contacts set company_id = 1 where id = 3;";

/// Every row of the site's own tables.
async fn own_rows(crm: &Migrated) -> Vec<String> {
    let tables = "select oid::regclass::text from pg_class where relkind in ('r', 'p') and relname ~* '^own' order by 1";
    let mut found = vec![];
    for table in lines(&crm.client, tables).await {
        let rows = format!("select '{table}', x::text from {table} x order by 2");
        found.extend(lines(&crm.client, &rows).await);
    }
    found
}

async fn still_migrated(crm: &Migrated) -> bool {
    let kind = "select relkind from pg_class where oid = 'public.opportunities'::regclass";
    text(&crm.client, kind).await.as_deref() == Some("r")
}

#[tokio::test]
async fn rows_of_own_tables_are_in_the_way_by_whatever_key() {
    for baseline in BASELINES {
        let crm = migrated(baseline, &format!("{COUNTERS}{OWN_TABLES}{BACKUP}")).await;
        batch(&crm.client, OWN_ROWS).await;
        let were = own_rows(&crm).await;
        let (code, _, err) = crm.run(&TO_BACKUP).await;
        assert_eq!(code, 2, "{err}");
        for (name, count) in [
            ("own_pair", 1),
            ("own_code", 1),
            ("own_text", 1),
            ("own_default", 1),
            ("own_none", 1),
            ("own_restrict", 1),
            ("app.own_elsewhere", 1),
            ("\"Own parts\"", 1),
            ("own_moved", 1),
        ] {
            let told = format!("{count} rows of {name} (refer to ");
            assert_eq!(err.matches(&told).count(), 1, "{name}: {err}");
        }
        for name in ["own_kept", "own_part_", "own_chain", "activities"] {
            assert!(!err.contains(name), "{name}: {err}");
        }
        assert!(still_migrated(&crm).await);
        assert_eq!(own_rows(&crm).await, were);
        batch(
            &crm.client,
            "delete from public.own_pair where id = 2; truncate public.own_code, public.own_text, public.own_default, \
               public.own_none, public.own_restrict, app.own_elsewhere, public.own_moved; \
             delete from public.\"Own parts\" where company > 1000",
        )
        .await;
        let were = own_rows(&crm).await;
        crm.roll_back(&TO_BACKUP[2..]).await;
        assert_eq!(own_rows(&crm).await, were, "{baseline:?}");
        assert!(were.iter().any(|line| line.contains("own_kept")));
    }
}

/// Rows that come between the question and the locks, and are agreed to: what refers to them is not.
#[tokio::test]
async fn a_row_that_refers_is_seen_under_the_locks() {
    let own = "create table public.own_tag (tag bigint references public.tags on delete cascade);";
    let crm = migrated(Baseline::Fork, &format!("{COUNTERS}{own}{BACKUP}")).await;
    batch(
        &crm.client,
        "create function public.meddle() returns trigger language plpgsql as $$ begin \
           with tag as (insert into public.tags (name, color) values ('late', '#000') returning id) \
           insert into public.own_tag select id from tag; return null; end $$; \
         create trigger meddle after insert or update on migration.migration_history for each row \
           when (new.phase_number = 'rollback' and new.status = 'in_progress') execute function public.meddle()",
    )
    .await;
    let (code, _, err) = crm.run(&TO_BACKUP).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("1 rows of own_tag (refer to tags)"), "{err}");
    assert!(still_migrated(&crm).await);
    assert_eq!(own_rows(&crm).await.len(), 1);
}

#[tokio::test]
async fn rules_and_heirs_take_no_rows_along() {
    let crm = migrated(Baseline::Fork, &format!("{COUNTERS}{BACKUP}")).await;
    batch(
        &crm.client,
        "create table public.own_note (tag bigint); \
         create table public.own_heir () inherits (public.tags); \
         create rule own_rule as on delete to public.tags do also delete from public.own_note where tag = old.id; \
         insert into public.tags (id, name, color) values (5000, 'later', '#000'); \
         insert into public.own_note values (5000); \
         insert into public.own_heir (id, name, color) values (5001, 'heir', '#000')",
    )
    .await;
    let were = own_rows(&crm).await;
    let (code, _, err) = crm.run(&TO_BACKUP).await;
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("1 rows of own_heir, which inherits from tags"),
        "{err}"
    );
    assert_eq!(own_rows(&crm).await, were);
    batch(
        &crm.client,
        "alter table public.own_heir no inherit public.tags",
    )
    .await;
    crm.roll_back(&TO_BACKUP[2..]).await;
    assert_eq!(own_rows(&crm).await, were);
    let rule = "select ev_enabled from pg_rewrite where rulename = 'own_rule'";
    assert_eq!(text(&crm.client, rule).await.as_deref(), Some("O"));
    let later = "select count(*) from public.tags where id = 5000";
    assert_eq!(text(&crm.client, later).await.as_deref(), Some("0"));
}

/// The tables of the run go to another schema, and their rows with them: who refers to them is in the way.
#[tokio::test]
async fn own_tables_that_refer_to_the_runs_are_named() {
    for baseline in BASELINES {
        let crm = migrated(baseline, &format!("{COUNTERS}{BACKUP}")).await;
        batch(
            &crm.client,
            "create schema app; \
             create table app.own_outside (id bigint references public.opportunity_participants on delete cascade); \
             create table public.own_inside (id bigint primary key references public.contact_organizations on delete cascade); \
             create table public.own_chain (id bigint references public.own_inside on delete cascade); \
             insert into app.own_outside select id from public.opportunity_participants limit 1; \
             insert into public.own_inside select id from public.contact_organizations limit 1; \
             insert into public.own_chain select id from public.own_inside",
        )
        .await;
        let were = own_rows(&crm).await;
        assert_eq!(were.len(), 3, "{were:?}");
        for arguments in [&TO_BACKUP[..], &TO_BACKUP[..2]] {
            let (code, _, err) = crm.run(arguments).await;
            assert_eq!(code, 2, "{err}");
            assert!(err.contains("own_outside"), "{err}");
            assert!(err.contains("own_inside"), "{err}");
            assert!(still_migrated(&crm).await);
            assert_eq!(own_rows(&crm).await, were, "{baseline:?}");
        }
        batch(
            &crm.client,
            "alter table app.own_outside drop constraint own_outside_id_fkey; \
             alter table public.own_inside drop constraint own_inside_id_fkey",
        )
        .await;
        crm.roll_back(&TO_BACKUP[2..]).await;
        assert_eq!(own_rows(&crm).await, were, "{baseline:?}");
    }
}

/// The run itself writes into upstream's configuration.
#[tokio::test]
async fn right_after_a_run_nobody_has_written_anything() {
    for baseline in BASELINES {
        let crm = migrated(baseline, &format!("{COUNTERS}{BACKUP}")).await;
        batch(
            &crm.client,
            "insert into public.tags (name, color) values ('late', '#000')",
        )
        .await;
        let (code, _, err) = crm.run(&TO_BACKUP[..4]).await;
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("1 rows were written since"), "{err}");
        batch(&crm.client, "delete from public.tags where name = 'late'").await;
        crm.roll_back(&TO_BACKUP[2..4]).await;
        let mut changes = crm.changes().await;
        changes.retain(|line| !line.contains("sequence|"));
        assert_eq!(changes, Vec::<String>::new(), "{baseline:?}");
    }
}

/// What a run makes for the platform stays, and is nobody else's.
#[tokio::test]
async fn what_the_run_made_for_the_platform_is_said_to_be_that() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(
            &client,
            "drop function if exists extensions.http_get(varchar); \
             drop type if exists extensions.http_response; drop type if exists extensions.http_header; \
             create function extensions.their_own() returns int language sql as 'select 1'",
        )
        .await;
        expect(&db, &["run"], 0).await;
        batch(
            &client,
            "create function extensions.their_later() returns int language sql as 'select 1'",
        )
        .await;
        let done = expect(&db, &["rollback"], 0).await;
        for (words, told) in [
            (&done.stdout, "others' objects that stayed"),
            (&done.stderr, "others' objects that stay"),
        ] {
            let theirs: Vec<_> = words
                .lines()
                .filter(|line| line.starts_with(told))
                .collect();
            assert_eq!(
                theirs,
                [format!("{told}: function extensions.their_later()")],
                "{words}"
            );
            assert!(words.contains("for the platform"), "{words}");
        }
    }
}

/// Definitions that come back name things as they were called.
#[tokio::test]
async fn what_was_renamed_since_gets_its_name_back_first() {
    for baseline in BASELINES {
        let own = "create table public.own_table (id int); create function public.own_function() returns int language sql as 'select 1';";
        let crm = migrated(baseline, own).await;
        let mut names = vec![
            ("table public.activities", "table public.acts"),
            ("table private.stage_map", "table private.stages"),
            (
                "function public.companies_before_write()",
                "function public.greet()",
            ),
        ];
        let trigger = "select format('%I on %s', tgname, tgrelid::regclass) from pg_trigger where not tgisinternal \
            and tgrelid = 'public.opportunities'::regclass order by tgname limit 1";
        let trigger = text(&crm.client, trigger).await.expect("a trigger");
        let trigger = format!("trigger {trigger}");
        names.push((&trigger, "trigger theirs on opportunities"));
        for (was, is) in names {
            let bare = |name: &str| {
                let name = name.split_once(' ').map_or(name, |(_, name)| name);
                let name = name.split(" on ").next().unwrap_or(name);
                name.trim_start_matches("public.")
                    .trim_start_matches("private.")
                    .trim_end_matches("()")
                    .to_owned()
            };
            let rename = |from: &str, to: &str| format!("alter {from} rename to {}", bare(to));
            batch(&crm.client, &rename(was, is)).await;
            let (code, _, err) = crm.run(&TO_BACKUP[..2]).await;
            assert_eq!(code, 2, "{is}: {err}");
            assert!(err.contains(&bare(is)), "{is}: {err}");
            let told = format!("rename to {})", bare(was));
            assert!(err.contains(&told), "{is}: {err}");
            batch(&crm.client, &rename(is, was)).await;
        }
        batch(
            &crm.client,
            "alter table public.own_table rename to their_table; alter function public.own_function() rename to their_function",
        )
        .await;
        crm.roll_back(&[]).await;
    }
}
