//! What a site takes away, tightens, renames or gives after a run is so after the way back, or the way back is
//! refused.

use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::expect;
use crate::schema::{BASELINES, batch, before, lines, text};

/// The notes' table and its key, before and after the run.
fn notes(baseline: Baseline) -> (&'static str, &'static str) {
    match baseline {
        Baseline::Fork => (
            "public.\"dealNotes\"",
            "\"opportunityNotes_opportunity_id_fkey\"",
        ),
        Baseline::Upstream => (
            "public.deal_notes",
            "\"opportunityNotes_opportunity_id_fkey\"",
        ),
    }
}

/// A role of this test and database alone, since roles are the whole server's.
pub async fn role(client: &Client, what: &str, baseline: Baseline) -> String {
    let name = format!("rights_{what}_{}", baseline.folder());
    batch(
        client,
        &format!("drop role if exists {name}; create role {name}"),
    )
    .await;
    name
}

pub async fn is(client: &Client, sql: &str, expected: &str, what: &str) {
    assert_eq!(
        text(client, sql).await.as_deref(),
        Some(expected),
        "{what}: {sql}"
    );
}

#[tokio::test]
async fn what_was_taken_away_since_does_not_come_back() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let (table, key) = notes(baseline);
        let gone = role(&client, "gone", baseline).await;
        let reader = role(&client, "reader", baseline).await;
        let is_there = "exists (select from public.deals d where d.id = tasks.id)";
        batch(
            &client,
            &format!(
                "alter default privileges in schema public grant all on tables to {reader}; \
                 grant select on public.contacts_summary, public.companies_summary, public.deals to {gone}, {reader}; \
                 create policy own_of_deals on public.tasks for select to {reader} using ({is_there}); \
                 create policy own_kept on public.tasks for update to {reader} using ({is_there})"
            ),
        )
        .await;
        expect(&db, &["run"], 0).await;
        let more = role(&client, "more", baseline).await;
        let owner = role(&client, "owner", baseline).await;
        batch(
            &client,
            &format!(
                "drop policy own_of_deals on public.tasks; \
                 revoke all on public.contacts_summary from {reader}; \
                 revoke select on public.opportunities from {reader}; \
                 drop owned by {gone}; drop role {gone}; \
                 grant select on public.contacts_summary to {more}; \
                 grant create on schema public to {owner}; \
                 alter view public.contacts_summary owner to {owner}; \
                 drop view public.companies_summary; \
                 alter table public.\"opportunityNotes\" drop constraint {key}; \
                 alter table public.\"opportunityNotes\" disable trigger user; \
                 update public.\"opportunityNotes\" set opportunity_id = 99999 where id = (select min(id) from public.\"opportunityNotes\"); \
                 alter table public.\"opportunityNotes\" enable trigger user; \
                 alter sequence public.opportunities_id_seq cache 20; \
                 alter table public.opportunities set (fillfactor = 70); \
                 alter table public.opportunities drop constraint opportunities_sales_id_fkey; \
                 alter table public.opportunities add constraint opportunities_sales_id_fkey foreign key (sales_id) references public.sales on delete set null"
            ),
        )
        .await;
        let done = expect(&db, &["rollback"], 0).await;
        let what = format!("{baseline:?}: {}", done.stdout);
        let may = |role: &str, relation: &str| {
            format!("select has_table_privilege('{role}', 'public.{relation}', 'select')::text")
        };
        // It runs with the caller's rights, as the one that this was given on.
        is(&client, &may(&more, "contacts_summary"), "true", &what).await;
        let options =
            "select reloptions::text from pg_class where oid = 'public.contacts_summary'::regclass";
        is(&client, options, "{security_invoker=on}", &what).await;
        is(&client, &may(&reader, "contacts_summary"), "false", &what).await;
        is(&client, &may(&reader, "deals"), "false", &what).await;
        let owns = "select relowner::regrole::text from pg_class where oid = 'public.contacts_summary'::regclass";
        is(&client, owns, &owner, &what).await;
        let view = "select count(*)::text from pg_class where relname = 'companies_summary'";
        is(&client, view, "0", &what).await;
        let own =
            "select string_agg(policyname, ' ') from pg_policies where policyname like 'own%'";
        is(&client, own, "own_kept", &what).await;
        let orphans = format!("select count(*)::text from {table} where deal_id = 99999");
        is(&client, &orphans, "1", &what).await;
        let cache = "select seqcache::text from pg_sequence where seqrelid = 'public.deals_id_seq'::regclass";
        is(&client, cache, "20", &what).await;
        let keys = "select conname || ' ' || confdeltype::text from pg_constraint \
                     where conrelid = 'public.deals'::regclass and conname like '%sales_id_fkey'";
        assert_eq!(
            lines(&client, keys).await,
            ["deals_sales_id_fkey n"],
            "{what}"
        );
        for told in [
            "policy own_of_deals on public.tasks",
            "view public.companies_summary",
            &format!("grant select on table public.contacts_summary to {reader}"),
        ] {
            assert!(done.stdout.contains(told), "{told}: {what}");
        }
        batch(
            &client,
            &format!(
                "reassign owned by {owner} to postgres; drop owned by {owner}, {more}, {reader}; \
                 drop role {owner}, {more}, {reader}"
            ),
        )
        .await;
    }
}

#[tokio::test]
async fn a_column_that_was_renamed_since_is_named_before_anything_happens() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        expect(&db, &["run"], 0).await;
        batch(
            &client,
            "alter table public.companies rename column website to url",
        )
        .await;
        let refused = expect(&db, &["rollback"], 2).await;
        let told = "column public.companies.url, which is website in";
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
        batch(
            &client,
            "alter table public.companies rename column url to website",
        )
        .await;
        expect(&db, &["rollback"], 0).await;
    }
}

/// The cut-over sets these rights; what somebody else did meanwhile would be taken for its doing.
#[tokio::test]
async fn rights_that_change_while_a_run_is_at_work_stop_its_cut_over() {
    for (change, back, named) in [
        (
            "create policy own_files on storage.objects as restrictive for select to authenticated using (false)",
            "drop policy own_files on storage.objects",
            "storage.objects",
        ),
        (
            "revoke usage on schema public from anon",
            "grant usage on schema public to anon",
            ": public",
        ),
        (
            "revoke all on sequence public.tasks_id_seq from authenticated",
            "grant usage, select, update on sequence public.tasks_id_seq to authenticated",
            "public.tasks_id_seq",
        ),
        (
            "grant execute on function public.handle_new_user() to anon; revoke execute on function public.handle_new_user() from public",
            "",
            "public.handle_new_user()",
        ),
    ] {
        let (db, client) = before(Baseline::Fork).await;
        batch(
            &client,
            "grant usage on schema public to anon; grant all on sequence public.tasks_id_seq to authenticated",
        )
        .await;
        expect(&db, &["execute", "--phase", "1.1"], 0).await;
        batch(&client, change).await;
        let refused = expect(&db, &["run", "--resume"], 2).await;
        assert!(
            refused.stderr.contains(named),
            "{change}: {}",
            refused.stderr
        );
        if back.is_empty() {
            expect(&db, &["rollback"], 0).await;
            let may = "select has_function_privilege('authenticated', 'public.handle_new_user()', 'execute')::text";
            is(&client, may, "false", change).await;
        } else {
            batch(&client, back).await;
            expect(&db, &["run", "--resume"], 0).await;
        }
    }
}

/// Keys cascade with the rights of the table's owner.
#[tokio::test]
async fn tables_of_another_owner_are_judged_before_and_work_after() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let owner = role(&client, "tables", baseline).await;
        let (notes, _) = notes(baseline);
        let of_contact = match baseline {
            Baseline::Fork => "public.\"contactNotes\"",
            Baseline::Upstream => "public.contact_notes",
        };
        batch(
            &client,
            &format!("grant create on schema public to {owner}"),
        )
        .await;
        for table in [
            "public.companies",
            "public.contacts",
            "public.deals",
            "public.tasks",
            notes,
            of_contact,
        ] {
            batch(&client, &format!("alter table {table} owner to {owner}")).await;
        }
        let judged = expect(&db, &["validate"], 2).await;
        assert!(judged.stdout.contains("S2-owners"), "{}", judged.stdout);
        batch(&client, &format!("grant authenticated to {owner}")).await;
        expect(&db, &["run"], 0).await;
        expect(&db, &["verify"], 0).await;
        batch(&client, "set role authenticated; delete from public.companies where id = (select min(id) from public.companies); reset role").await;
        expect(&db, &["rollback"], 0).await;
        let owned = format!(
            "select count(*)::text from pg_class where relowner = '{owner}'::regrole and relkind = 'r'"
        );
        is(&client, &owned, "6", "the owner is who it was").await;
        batch(
            &client,
            &format!(
                "reassign owned by {owner} to postgres; drop owned by {owner}; drop role {owner}"
            ),
        )
        .await;
    }
}

/// The fork's old views run with their owner's rights, and privileges of everybody are wider than the migration's.
#[tokio::test]
async fn what_was_tightened_since_is_seen_through_no_old_view() {
    const READ: &str = "\"Enable read access for authenticated users\"";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let owner = role(&client, "renamed", baseline).await;
        let later = format!("{owner}_later");
        batch(&client, &format!("drop role if exists {later}")).await;
        batch(
            &client,
            &format!(
                "grant authenticated to {owner}; grant create on schema public to {owner}; \
                 alter table public.tasks owner to {owner}; \
                 grant select on public.companies_summary to public; grant select on all tables in schema public to authenticated; \
                 create function public.own_stamp() returns trigger language plpgsql as 'begin return new; end'; \
                 create trigger own_stamp before update on public.deals for each row execute function public.own_stamp()"
            ),
        )
        .await;
        expect(&db, &["run"], 0).await;
        batch(
            &client,
            &format!(
                "alter policy {READ} on public.contacts using (id = 1); \
                 revoke select on public.companies_summary from authenticated; \
                 alter role {owner} rename to {later}; \
                 drop trigger own_stamp on public.opportunities; \
                 alter table public.opportunities add constraint deals_sales_id_fkey check (id > 0)"
            ),
        )
        .await;
        let refused = expect(&db, &["rollback"], 2).await;
        assert!(
            refused
                .stderr
                .contains("constraint deals_sales_id_fkey on public.opportunities"),
            "{}",
            refused.stderr
        );
        batch(
            &client,
            "alter table public.opportunities drop constraint deals_sales_id_fkey",
        )
        .await;
        let done = expect(&db, &["rollback"], 0).await;
        let what = format!("{baseline:?}: {}", done.stdout);
        batch(
            &client,
            "set role authenticated; select set_config('x.seen', (select count(*) from public.contacts_summary)::text, false); reset role",
        )
        .await;
        is(&client, "select current_setting('x.seen')", "1", &what).await;
        let may = "select has_table_privilege('authenticated', 'public.companies_summary', 'select')::text";
        is(&client, may, "false", &what).await;
        let owns =
            "select relowner::regrole::text from pg_class where oid = 'public.tasks'::regclass";
        is(&client, owns, &later, &what).await;
        let own = "select count(*)::text from pg_trigger where tgname = 'own_stamp'";
        is(&client, own, "0", &what).await;
        if baseline == Baseline::Fork {
            assert!(
                done.stdout.contains("with the caller's rights now"),
                "{what}"
            );
        }
        batch(
            &client,
            &format!(
                "reassign owned by {later} to postgres; drop owned by {later}; drop role {later}"
            ),
        )
        .await;
    }
}
