//! What a site has of its own: columns of whatever name and type, tables with old words, rules that refuse rows.

use oppbase::migrate::final_check::{Options, sweep};
use oppbase::migrate::verify::{self, Severity, Status, Verdict};
use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::crm::named;
use super::{expect, migrated};

use crate::schema::{BASELINES, batch, before, text};

/// Names of the product's parameters, variables and aliases, and types that cannot be compared.
const COLUMNS: &str = "\
    alter table public.contacts add opportunity text, add contact text, add left_organization bigint, add loser_id bigint, \
      add winner_id bigint, add organization text, add own json default '{\"a\":1}', add spot point default '(1,2)', \
      add doc xml, add t text, add x text, add e text, add c text, add p text, add company text, add person text, \
      add shown text generated always as (upper(first_name)) stored, add number bigint generated always as identity; \
    alter table public.companies add x text default 'x', add t text, add principal text, add contact text, add company text, \
      add c text, add own json default '{}', add shown text generated always as (upper(name)) stored; \
    alter table public.tasks add t text, add loser_id bigint, add winner_id bigint, add own json default '{}'; \
    alter table {contact_notes} add n text default 'n', add winner_id bigint, add own json default '{}'; \
    alter table public.tags add t text default 't'; \
    create table public.dealers (id bigint primary key, ideal_size text, deal_id bigint); \
    create table public.own_t (id int primary key, t text, v text); \
    insert into public.own_t values (1, 't', 'v')";

/// On the product's tables, which are there only after a run.
const LATER: &str = "\
    alter table public.opportunities add own json default '{}', add organization bigint, add o text, add opportunity text, add d text; \
    alter table public.contact_organizations add contact bigint, add organization bigint, add left_organization bigint, \
      add e text, add own json default '{}', add loser_id bigint; \
    alter table public.opportunity_contacts add opportunity text, add first_contact bigint, add e text, add own json default '{}'; \
    alter table public.opportunity_participants add opportunity text, add organization text, add kept text, add r text, \
      add own json default '{}'; \
    alter table public.activities add own json default '{}', add winner_id bigint; \
    alter table public.contact_preferred_principals add principal text, add own json default '{}'; \
    alter table public.\"opportunityNotes\" add n text, add own json default '{}'";

/// What users do with contacts and opportunities.
const WORK: &str = "\
    insert into public.companies (id, name, logo, is_principal) values (9001, 'One', '{}', false), (9002, 'Two', '{}', true); \
    insert into public.contacts (id, first_name, avatar, company_id) \
    values (9001, 'A', '{}', 9001), (9002, 'B', '{}', 9001), (9003, 'C', '{}', 9001); \
    insert into public.deals (id, name, stage, company_id, contact_ids) values (9001, 'D', 'opportunity', 9001, '{9001,9002}'); \
    insert into public.opportunities (id, name, stage, company_id, contact_ids) values (9002, 'O', 'lead', 9001, '{9003}'); \
    update public.opportunities set contact_ids = '{9003,9001}', principal_organization_id = 9002 where id = 9002; \
    select public.add_contact_to_organization(9001, 9002, true); \
    select public.add_principal_advocacy(9001, 9002); \
    select public.log_interaction(9002, 'meeting', 'Talk', contact_id => 9001, sentiment => 'positive'); \
    select public.sync_opportunity_participants(9002, array[ \
      jsonb_build_object('organization_id', 9001, 'role', 'customer', 'is_primary', true)]); \
    select public.get_contact_organizations(9001), public.get_organization_contacts(9001); \
    update public.contacts set id = id, role = role; \
    update public.contact_organizations set role = 'buyer' where contact_id = 9001; \
    update public.contact_organizations set role = role; \
    update public.opportunities set id = id; \
    update public.opportunity_participants set id = id; \
    update public.activities set id = id; \
    update public.contact_preferred_principals set id = id; \
    delete from public.contacts where id = 9003; \
    select public.merge_contacts(9002, 9001)";

const ANSWERS: &str = "\
    select (select o.contact_ids from public.opportunities o where o.id = 9001)::text \
      || (select l.company ->> 'name' from public.activity_log l where l.id = 'company.9001.created') \
      || (select count(*) from public.contacts where id in (9001, 9002)) \
      || (select w.opportunity ->> 'name' from public.get_opportunity_with_participants(9002) w) \
      || (select count(*) from public.get_contact_organizations(9001))";

async fn assert_works(client: &Client, what: &str) {
    let unchanged = "select sum(hashtextextended((o.*)::text, 0)) from public.opportunities o";
    let was = text(client, unchanged).await;
    batch(client, "update public.deals set id = id, name = name").await;
    assert_eq!(text(client, unchanged).await, was, "{what}");
    batch(client, &format!("begin; {WORK}")).await;
    let found = text(client, ANSWERS).await;
    assert_eq!(found.as_deref(), Some("{9001}One1O2"), "{what}");
    batch(client, "rollback").await;
}

#[tokio::test]
async fn own_columns_of_any_name_and_type_are_in_nobodys_way() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, &named(COLUMNS, baseline)).await;
        expect(&db, &["run", "--pause", "0"], 0).await;
        expect(&db, &["verify"], 0).await;
        assert_works(&client, "made before the run").await;
        assert!(old_words(&client).await.starts_with("old words only in"));
        // What was not there before the run is the run's.
        batch(
            &client,
            "alter table public.contacts add deal_left text; create table public.deal_left ()",
        )
        .await;
        assert_eq!(old_words(&client).await, "contacts.deal_left, deal_left");
        batch(
            &client,
            "alter table public.contacts drop deal_left; drop table public.deal_left",
        )
        .await;
        let undone = expect(&db, &["rollback"], 0).await;
        assert!(!undone.stdout.contains("own_t"), "{}", undone.stdout);
    }
}

#[tokio::test]
async fn own_columns_that_are_added_later_are_in_nobodys_way() {
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        batch(&client, &named(COLUMNS, baseline)).await;
        batch(&client, LATER).await;
        assert_works(&client, "added after the run").await;
        let found = verified(&client, baseline).await;
        assert_ne!(found.verdict, Verdict::Failed, "{:#?}", found.findings());
    }
}

async fn old_words(client: &Client) -> String {
    let options = Options {
        without_api: true,
        without_sign_offs: true,
        ..Options::default()
    };
    let found = sweep(client, &options).await.expect("a sweep");
    let words = found.sweep.iter().find(|item| item.id == "old_words");
    words.map(|item| item.proof.clone()).unwrap_or_default()
}

async fn verified(client: &Client, baseline: Baseline) -> verify::Verification {
    let options = verify::Options {
        performance: false,
        ..verify::Options::new(baseline)
    };
    let found = verify::verify(client, Some(migrated::RUN), &options).await;
    found.expect("a verification")
}

/// Rules of a site that refuse what trials make, each with its name.
const RULES: &str = "\
    alter table public.contacts add must text not null default 'x'; \
    alter table public.contacts alter must drop default; \
    alter table public.contacts add constraint their_title check (title is not null or id < 100000); \
    alter table public.contacts add constraint their_old check (first_name <> 'Nobody') not valid; \
    create table public.theirs (contact_id bigint); insert into public.theirs values (-1); \
    alter table public.theirs add constraint their_key foreign key (contact_id) references public.contacts (id) not valid; \
    create unique index their_names on public.contacts (first_name) where first_name = 'Verification'; \
    create domain public.their_word as text constraint their_length check (value <> ''); \
    alter table public.companies add word public.their_word not null default 'x'; \
    alter table public.companies alter word set default ''; \
    create function public.their_refusal() returns trigger language plpgsql as \
      $$ begin raise exception 'not at this hour'; end $$; \
    create trigger their_hours before insert on public.contacts for each row execute function public.their_refusal(); \
    create function public.their_tenant() returns trigger language plpgsql as \
      $$ begin perform current_setting('app.tenant'); return new; end $$; \
    create trigger their_tenant before insert on public.tags for each row execute function public.their_tenant(); \
    create function public.their_limit() returns trigger language plpgsql as \
      $$ begin raise exception 'no more' using errcode = 'feature_not_supported'; end $$; \
    create trigger their_limit before insert on public.tasks for each row execute function public.their_limit(); \
    create index their_index on public.contacts (last_name); \
    update pg_catalog.pg_index set indisvalid = false where indexrelid = 'public.their_index'::regclass";

#[tokio::test]
async fn a_rule_of_the_site_that_refuses_trials_is_a_warning_and_no_failure() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, RULES).await;
        expect(&db, &["run", "--pause", "0"], 0).await;
        let told = expect(&db, &["verify"], 0).await.stdout;
        let names = [
            "must",
            "their_title",
            "their_length",
            "their_hours",
            "their_old",
            "their_key",
            "their_tenant",
            "their_limit",
            "their_index",
        ];
        for name in names {
            assert!(told.contains(name), "{name} in {told}");
        }
    }
}

/// It inserts where the database's own search path leads.
#[tokio::test]
async fn a_trigger_of_the_site_finds_what_the_databases_search_path_has() {
    let (db, client) = migrated::clone(Baseline::Fork).await;
    batch(
        &client,
        "create schema own; create table own.their_log (id bigint); \
         grant usage on schema own to public; grant insert on own.their_log to public; \
         create function public.their_logger() returns trigger language plpgsql as \
           $$ begin insert into their_log values (new.id); return new; end $$; \
         create trigger their_logger before insert on public.tags for each row execute function public.their_logger(); \
         do $$ begin execute format('alter database %I set search_path = public, own, extensions', current_database()); end $$",
    )
    .await;
    let told = expect(&db, &["verify"], 0).await.stdout;
    assert!(!told.contains("their_logger"), "{told}");
    // Where no search path leads it is found no more.
    batch(&client, "alter table own.their_log set schema private").await;
    expect(&db, &["verify"], 1).await;
}

/// Not a rule: it worked on the table that `deals` was.
#[tokio::test]
async fn a_trigger_of_the_site_that_no_longer_fits_the_schema_is_a_failure() {
    for table in ["contacts", "tags", "tasks"] {
        let (_db, client) = migrated::clone(Baseline::Fork).await;
        batch(
            &client,
            &format!(
                "{RULES}; drop trigger their_hours on public.contacts; drop trigger their_tenant on public.tags; \
                 drop trigger their_limit on public.tasks; \
                 create function public.their_check() returns trigger language plpgsql as \
                   $$ begin perform from public.deals d where d.ctid is null; return null; end $$; \
                 create trigger their_check after insert on public.{table} for each row execute function public.their_check()"
            ),
        )
        .await;
        let found = verified(&client, Baseline::Fork).await;
        let id = format!("access.public.{table}");
        let failures = failures(&found);
        assert!(failures.contains(&id.as_str()), "{failures:?}");
    }
}

/// The checks that fail, of severity critical.
fn failures(found: &verify::Verification) -> Vec<&str> {
    let failed = found
        .checks()
        .filter(|check| check.severity == Severity::Critical && check.status != Status::Passed);
    failed.map(|check| check.id.as_str()).collect()
}

#[tokio::test]
async fn a_rule_of_the_product_that_refuses_is_a_failure_beside_rules_of_the_site() {
    let merging = "create or replace function private.merge_relations(loser_id bigint, winner_id bigint) returns void \
                     language plpgsql as $$ begin raise exception 'broken'; end $$";
    let constraint = "alter table public.contacts drop constraint contacts_purchase_influence_check; \
                      alter table public.contacts add constraint contacts_purchase_influence_check \
                        check (first_name not like 'Verification%') not valid";
    let trigger = "create or replace function public.contacts_after_write() returns trigger \
                     language plpgsql as $$ begin raise exception 'broken'; end $$";
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        batch(&client, RULES).await;
        let found = verified(&client, baseline).await;
        assert_eq!(
            failures(&found),
            Vec::<&str>::new(),
            "{:#?}",
            found.findings()
        );
        let warned: Vec<_> = found
            .findings()
            .iter()
            .map(|check| check.id.clone())
            .collect();
        for id in [
            "access.own_rules",
            "compatibility.merge_contacts",
            "execution.own_rules",
        ] {
            assert!(
                warned.iter().any(|warned| warned == id),
                "{id} in {warned:?}"
            );
        }
        for (broken, id) in [
            (merging, "compatibility.merge_contacts"),
            (merging, "execution.merge_contacts"),
            (constraint, "compatibility.contact_company"),
            (constraint, "execution.log_engagement"),
            (trigger, "access.public.contacts"),
        ] {
            let (_db, client) = migrated::clone(baseline).await;
            batch(&client, RULES).await;
            batch(&client, broken).await;
            let found = verified(&client, baseline).await;
            assert!(
                failures(&found).contains(&id),
                "{id}: {:#?}",
                found.findings()
            );
        }
    }
}
