//! What a run makes and changes is what its lists say; what a site has beside it is the site's.

use oppbase::migrate::catalogue::{self, Snapshot};
use oppbase::migrate::{state, touched};
use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::expect;
use crate::common::TestDb;
use crate::schema::{BASELINES, batch, before, lines, text};

/// The catalogues that the latest run recorded, the one before it first.
async fn recorded(client: &Client) -> Vec<(String, Snapshot)> {
    let run = state::latest_run(client).await.expect("a state");
    let run = run.expect("a run").id;
    let mut all = vec![];
    for moment in catalogue::moments(client, run).await.expect("moments") {
        let snapshot = catalogue::load(client, run, &moment)
            .await
            .expect("it is read");
        all.push((moment, snapshot.expect("it is there")));
    }
    all
}

#[tokio::test]
async fn the_lists_are_those_of_a_run() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        expect(&db, &["run"], 0).await;
        let list = touched::list(&recorded(&client).await);
        let name = match baseline {
            Baseline::Fork => "touched_fork.txt",
            Baseline::Upstream => "touched_upstream.txt",
        };
        let path = format!("{}/src/migrate/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("OPPBASE_BLESS").is_some() {
            std::fs::write(&path, &list).expect("it is written");
        }
        let checked_in = std::fs::read_to_string(&path).expect("it is checked in");
        assert!(
            checked_in == list,
            "{name} is not what a run does: OPPBASE_BLESS=1 cargo test touched"
        );
    }
}

/// Before the run: tables, a view, functions, rules of their own, with words that the migration uses, too.
const OWN: &str = "\
    create schema reports; \
    create sequence public.invoice_no; \
    create table public.own (id bigint primary key, n int, m int, old text, hidden boolean default false); \
    insert into public.own values (1, 1, 1, 'a', false), (2, 2, 2, 'b', true); \
    alter table public.own enable row level security; \
    create policy own_read on public.own for select to authenticated using (true); \
    create policy own_hidden on public.own as restrictive for select to authenticated using (not hidden); \
    grant select on public.own to authenticated; \
    create index own_index on public.own (n); \
    alter table public.own add constraint own_check check (n < 1000); \
    create view public.own_view as select id, n from public.own; \
    create function public.own_function() returns int language sql as 'select 1'; \
    create function public.own_trigger() returns trigger language plpgsql as 'begin return new; end'; \
    create trigger own_trigger before update on public.own for each row execute function public.own_trigger(); \
    alter table public.tasks add column note text default 'n'";

/// While a run is at work, or after it.
const MADE: &str = "\
    create table public.campaigns (id bigint primary key, name text, status text, priority text, role text, deleted_at timestamptz); \
    insert into public.campaigns values (1, 'Spring', 'open', 'high', 'x', null); \
    alter table public.campaigns enable row level security; \
    create policy \"Enable read access for authenticated users\" on public.campaigns for select to authenticated using (true); \
    create view public.campaign_names as select id, name from public.campaigns; \
    create table public.outbox (id int primary key, stage text); insert into public.outbox values (7, 'x'); \
    create function public.full_name(c bigint) returns text language sql as $$ select 'x' $$; \
    create or replace function public.set_clock() returns trigger language plpgsql as 'begin return new; end'; \
    create sequence public.receipt_no; \
    create index tasks_note on public.tasks (note)";

/// Under names that the cut-over would give.
const NAMED_AS_LATER: &str = "\
    create function public.set_updated_at() returns trigger language plpgsql as 'begin return new; end'; \
    create table public.own_later (id int primary key); \
    create trigger own_clock before update on public.own_later for each row execute function public.set_updated_at()";

/// Each alone would once have made a rollback impossible, or have been turned back by it.
const CHANGED: &str = "\
    alter table public.own alter m type text using m::text; \
    create or replace function public.own_function() returns int language sql as 'select 2'; \
    alter table public.own alter old set default 'five', alter old set not null; \
    comment on table public.own is 'theirs'; \
    alter policy own_hidden on public.own rename to own_secret; \
    alter index public.own_index rename to own_n; \
    alter table public.own rename column old to older; \
    alter table public.own rename to own_more; \
    alter sequence public.invoice_no rename to bill_no";

/// On a table of the CRM: a run does not go on with that.
const RENAMED: &str = "alter table public.tasks rename column note to remark";

/// What is the site's, as it is: definitions, rules, rows.
const THEIRS: &str = "\
    select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '-') \
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum \
     where c.relnamespace = 'public'::regnamespace \
       and (c.relname like 'own%' or c.relname like 'campaign%' or c.relname in ('outbox', 'bill_no', 'invoice_no', 'receipt_no', 'tasks_note') \
            or (c.relname = 'tasks' and a.attname in ('note', 'remark'))) \
    union all select 'policy ' || tablename || ' ' || policyname || ' ' || permissive || ' ' || qual from pg_policies \
     where tablename like 'own%' or tablename = 'campaigns' \
    union all select 'function ' || p.oid::regprocedure || ' ' || p.prosrc from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname in ('own_function', 'own_trigger', 'full_name', 'set_clock', 'set_updated_at') and p.prosrc not like '%is_backfill%' \
    union all select 'trigger ' || tgname from pg_trigger where tgname in ('own_trigger', 'own_clock') \
    union all select 'constraint ' || conname from pg_constraint where conname = 'own_check' \
    union all select 'comment ' || description from pg_description where description = 'theirs' \
    union all select 'campaign ' || c::text from public.campaigns c \
    union all select 'outbox ' || o::text from public.outbox o \
    order by 1";

/// As somebody who is signed in.
const SEEN: &str = "set role authenticated; select set_config('x.seen', (select count(*) from public.own_more)::text, false); reset role";

async fn theirs_stays(db: &TestDb, client: &Client, when: &str) {
    let was = lines(client, THEIRS).await;
    assert!(was.len() > 30, "{when}: {was:#?}");
    let done = expect(db, &["rollback"], 0).await;
    let is = lines(client, THEIRS).await;
    super::assert_same(&is, &was, when);
    batch(client, SEEN).await;
    let seen = text(client, "select current_setting('x.seen')").await;
    assert_eq!(
        seen.as_deref(),
        Some("1"),
        "{when}: the hidden row stays hidden"
    );
    let stages = "select count(*) from public.deals where stage is not null";
    assert_ne!(
        text(client, stages).await.as_deref(),
        Some("0"),
        "{}",
        done.stdout
    );
}

#[tokio::test]
async fn what_a_site_makes_and_changes_while_a_run_is_at_work_is_its_own_on_the_way_back() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, OWN).await;
        expect(&db, &["execute", "--phase", "1.1"], 0).await;
        batch(&client, MADE).await;
        batch(&client, NAMED_AS_LATER).await;
        expect(&db, &["execute", "--phase", "1.2", "--resume"], 0).await;
        batch(&client, CHANGED).await;
        expect(&db, &["execute", "--phase", "1.3", "--resume"], 0).await;
        batch(&client, RENAMED).await;
        theirs_stays(&db, &client, "stopped").await;
    }
}

/// The migration's own policies, tightened after it: nothing becomes readable on the way back.
#[tokio::test]
async fn a_policy_that_was_tightened_since_stays_tight() {
    const READ: &str = "\"Enable read access for authenticated users\"";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let own = "create policy own_guard on public.deals for update to authenticated using (id <> 3); \
                   grant delete on public.deals to authenticated";
        batch(&client, own).await;
        expect(&db, &["run"], 0).await;
        let tighter = format!(
            "revoke delete on public.opportunities from authenticated; \
             alter policy {READ} on public.\"opportunityNotes\" rename to narrow; \
             alter policy narrow on public.\"opportunityNotes\" using (id <> 2); \
             drop policy {READ} on public.contacts; \
             alter table public.opportunities drop constraint opportunities_sales_id_fkey; \
             update public.opportunities set sales_id = 99999 where id = 1; \
             alter policy own_guard on public.opportunities using (id not in (3, 4)); \
             alter policy {READ} on public.opportunities using (id <> 2); alter policy {READ} on public.tasks using (id <> 1); \
             drop policy {READ} on public.companies; create policy {READ} on public.companies for select to authenticated using (id <> 1)"
        );
        batch(&client, &tighter).await;
        let own = "drop view public.contacts_summary; create view public.contacts_summary as select id from public.contacts";
        batch(&client, own).await;
        let done = expect(&db, &["rollback"], 0).await;
        let told = "as before now: view public.contacts_summary";
        assert!(done.stdout.contains(told), "{}", done.stdout);
        let quals = "select tablename || ' ' || qual from pg_policies where (cmd = 'SELECT' or policyname = 'own_guard') and tablename in ('deals', 'tasks', 'companies', 'contacts', 'dealNotes', 'deal_notes') order by 1";
        let notes = match baseline {
            Baseline::Fork => "dealNotes (id <> 2)",
            Baseline::Upstream => "deal_notes (id <> 2)",
        };
        let expected = [
            "companies (id <> 1)",
            notes,
            "deals (id <> 2)",
            "deals (id <> ALL (ARRAY[(3)::bigint, (4)::bigint]))",
            "tasks (id <> 1)",
        ];
        let mut found = lines(&client, quals).await;
        found.sort();
        assert_eq!(found, expected, "{baseline:?}");
        let may = "select has_table_privilege('authenticated', 'public.deals', 'delete')";
        assert_eq!(
            text(&client, may).await.as_deref(),
            Some("f"),
            "{baseline:?}"
        );
    }
}

#[tokio::test]
async fn what_a_site_makes_and_changes_after_a_run_is_its_own_on_the_way_back() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, OWN).await;
        expect(&db, &["run"], 0).await;
        batch(&client, MADE).await;
        batch(&client, CHANGED).await;
        batch(&client, RENAMED).await;
        theirs_stays(&db, &client, "complete").await;
    }
}

/// Staging tables that come and go, tables without row security, new privileges: nobody's business here.
#[tokio::test]
async fn what_a_site_does_with_its_own_stops_no_run_and_is_no_finding() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let own = "create table public.junk (id int); create table public.staff (id int primary key, boss int references public.staff); \
                   alter table public.staff disable trigger all; \
                   grant select on public.staff to authenticated; \
                   create function public.own_trigger() returns trigger language plpgsql as 'begin return new; end'; \
                   create trigger own_off after update on public.tasks for each row execute function public.own_trigger(); \
                   alter table public.tasks disable trigger own_off; \
                   create trigger own_off after update on auth.users for each row execute function public.own_trigger(); \
                   alter table auth.users disable trigger own_off";
        batch(&client, own).await;
        expect(&db, &["execute", "--phase", "1.1"], 0).await;
        let meanwhile = "drop table public.junk; grant select on public.staff to service_role; \
                         create table public.plain (id int); create view public.plain_view as select id from public.plain";
        batch(&client, meanwhile).await;
        expect(&db, &["run", "--resume"], 0).await;
        let since = "create table public.later (id int); create view public.later_view as select id from public.later";
        batch(&client, since).await;
        expect(&db, &["verify"], 0).await;
    }
}
