//! Rights that are harmless one by one: what the run took away and what somebody has opened since do not come
//! together on the way back, and what was hidden since stays hidden from whoever looks through an old view.

use oppbase::pg::migrations::Baseline;
use tokio::sync::Mutex;
use tokio_postgres::Client;

use super::back::account;
use super::crm::named;
use super::expect;
use super::rights::{is, role};
use crate::schema::{BASELINES, batch, before, lines};

/// What Supabase gives everybody.
const HOSTED: &str = "grant all on all tables in schema public to anon, authenticated; \
                      grant all on all sequences in schema public to anon, authenticated";

/// Roles belong to the whole server: tests that make or let one see all rows, and those that count on what everybody
/// may, take turns.
pub static ROLES: Mutex<()> = Mutex::const_new(());

/// `true` where this role may do this with this table.
async fn may(client: &Client, role: &str, table: &str, privilege: &str, expected: &str) {
    let sql = format!(
        "select pg_catalog.has_table_privilege('{role}', 'public.{table}', '{privilege}')::text"
    );
    is(client, &sql, expected, "privilege").await;
}

/// `true` where this role may call `is_admin`, which upstream's policies ask.
async fn may_call(client: &Client, role: &str, expected: &str) {
    let sql = format!(
        "select pg_catalog.has_function_privilege('{role}', 'public.is_admin()', 'execute')::text"
    );
    is(client, &sql, expected, "call").await;
}

/// How many rows of this relation a role sees.
async fn seen(client: &Client, role: &str, relation: &str) -> String {
    let sql = format!(
        "set role {role}; select set_config('x.seen', (select count(*) from public.{relation})::text, false); reset role"
    );
    batch(client, &sql).await;
    lines(client, "select current_setting('x.seen')").await[0].clone()
}

#[tokio::test]
async fn a_privilege_and_a_policy_that_were_apart_do_not_come_together() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, HOSTED).await;
        expect(&db, &["run"], 0).await;
        batch(
            &client,
            "create policy team on public.contacts for select using (true); \
             alter table public.tags disable row level security; \
             create policy mine on public.sales for all to authenticated using (true); \
             alter table public.tasks disable trigger user; \
             revoke all on public.tasks from authenticated; \
             alter view public.init_state rename to own_state",
        )
        .await;
        for (role, table, privilege) in [
            ("anon", "contacts", "select"),
            ("anon", "tags", "select"),
            ("authenticated", "sales", "update"),
        ] {
            may(&client, role, table, privilege, "false").await;
        }
        let done = expect(&db, &["rollback"], 0).await;
        for (role, table, privilege, expected) in [
            ("anon", "contacts", "select", "false"),
            ("anon", "tags", "select", "false"),
            ("authenticated", "sales", "update", "false"),
            // Nobody has opened these.
            ("anon", "companies", "select", "true"),
            // The run had left these four of seven, and somebody took them.
            ("authenticated", "tasks", "truncate", "false"),
            ("authenticated", "contacts", "select", "true"),
        ] {
            may(&client, role, table, privilege, expected).await;
        }
        // A function with its owner's rights may read what is shown since: it is open to whom the run left it.
        if baseline == Baseline::Upstream {
            may_call(&client, "anon", "false").await;
            may_call(&client, "authenticated", "true").await;
        }
        let off = "select bool_and(tgenabled = 'D')::text from pg_trigger \
                    where tgrelid = 'public.tasks'::regclass and not tgisinternal having count(*) > 0";
        for line in lines(&client, off).await {
            assert_eq!(line, "true", "{baseline:?}: {}", done.stdout);
        }
    }
}

#[tokio::test]
async fn whoever_keeps_a_privilege_does_not_lose_it_with_what_everybody_had() {
    let _alone = ROLES.lock().await;
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let other = role(&client, "other", baseline).await;
        batch(
            &client,
            &format!(
                "grant select on public.tags to public; revoke all on public.tags from authenticated, anon; \
                 grant select on public.contacts_summary to public; revoke all on public.contacts_summary from authenticated, anon; \
                 grant select on public.contacts_summary, public.tags to {other}"
            ),
        )
        .await;
        expect(&db, &["run"], 0).await;
        batch(
            &client,
            &format!(
                "revoke select on public.tags from service_role; drop owned by {other}; drop role {other}"
            ),
        )
        .await;
        may(&client, "authenticated", "tags", "select", "true").await;
        if baseline == Baseline::Upstream {
            let revoke = "revoke execute on function public.is_admin() from service_role";
            batch(&client, revoke).await;
        }
        expect(&db, &["rollback"], 0).await;
        if baseline == Baseline::Upstream {
            may_call(&client, "authenticated", "true").await;
            may_call(&client, "service_role", "false").await;
        }
        may(&client, "authenticated", "tags", "select", "true").await;
        // Nobody took it from anybody who is still there.
        let everybody = "select (has_table_privilege('authenticated', 'public.contacts_summary', 'select') \
                                 and has_table_privilege('authenticator', 'public.contacts_summary', 'select'))::text";
        is(&client, everybody, "true", "contacts_summary").await;
        may(&client, "authenticator", "tags", "select", "false").await;
    }
}

#[tokio::test]
async fn what_an_owner_may_see_since_is_not_seen_through_its_view() {
    let _alone = ROLES.lock().await;
    for (what, change) in [
        ("renamed", "alter role {owner} rename to {owner}_2"),
        ("opened", "alter role {owner} bypassrls"),
        (
            "asked",
            "create or replace function public.may_see(id bigint) returns boolean language sql as 'select id = 1'",
        ),
    ] {
        let baseline = Baseline::Fork;
        let (db, client) = before(baseline).await;
        let owner = role(&client, &format!("o_{what}"), baseline).await;
        let limited = role(&client, &format!("l_{what}"), baseline).await;
        let reader = role(&client, &format!("r_{what}"), baseline).await;
        batch(
            &client,
            &format!(
                "drop role if exists {owner}_2; \
                 create function public.may_see(id bigint) returns boolean language sql as 'select id <= 2'; \
                 grant {limited} to {owner}; grant create, usage on schema public to {owner}; \
                 grant usage on schema public to {reader}, {limited}; \
                 grant select on all tables in schema public to {limited}; \
                 create policy own_limit on public.contacts for select to {limited} using (public.may_see(id)); \
                 alter view public.contacts_summary owner to {owner}; \
                 grant select on public.contacts_summary to {reader}"
            ),
        )
        .await;
        assert_eq!(seen(&client, &reader, "contacts_summary").await, "2");
        let arguments = ["run", "--acknowledge", "S2", "--acknowledge", "S2-grants"];
        expect(&db, &arguments, 0).await;
        batch(&client, &change.replace("{owner}", &owner)).await;
        let done = expect(&db, &["rollback"], 0).await;
        let options = lines(
            &client,
            "select coalesce(reloptions::text, '') from pg_class where oid = 'public.contacts_summary'::regclass",
        )
        .await;
        assert_eq!(
            options,
            ["{security_invoker=on}"],
            "{what}: {}",
            done.stdout
        );
        let renamed = format!(
            "do $$ begin if to_regrole('{owner}_2') is not null then alter role {owner}_2 rename to {owner}; end if; end $$; \
             reassign owned by {owner} to postgres; drop owned by {owner}, {limited}, {reader}; drop role {owner}, {limited}, {reader}"
        );
        batch(&client, &renamed).await;
    }
}

#[tokio::test]
async fn a_trigger_of_the_product_that_was_switched_off_stays_off() {
    let (db, client) = before(Baseline::Upstream).await;
    expect(&db, &["run"], 0).await;
    batch(
        &client,
        "alter table public.opportunities disable trigger user",
    )
    .await;
    expect(&db, &["rollback"], 0).await;
    let state = "select tgenabled::text from pg_trigger \
                  where tgrelid = 'public.deals'::regclass and tgname = 'set_deal_sales_id_trigger'";
    assert_eq!(lines(&client, state).await, ["D"]);
}

/// Privileges that the run takes away, and policies that ask something for each.
const ASKING: &str = "\
    create schema app; grant usage on schema app to public; grant usage on schema public to anon, {guest}; \
    create function app.visible(bigint) returns boolean language sql as 'select false'; \
    create function public.may_see(bigint) returns boolean language sql as 'select false'; \
    create table app.members (id bigint); alter table app.members enable row level security; \
    create table public.listed (id bigint); alter table public.listed enable row level security; \
    create function public.is_listed(bigint) returns boolean language sql as 'select exists (select from public.listed l where l.id = $1)'; \
    grant select on app.members, public.listed to anon; \
    insert into app.members select id from public.tags; insert into public.listed select id from {contact_notes}; \
    grant select on public.contacts to public; \
    grant select on public.tasks, public.tags, public.companies, public.sales, {contact_notes} to anon; \
    create policy team on public.contacts for select to {team} using (true); \
    create policy asks_app on public.tasks for select to anon using (app.visible(id)); \
    create policy asks_members on public.tags for select to anon using (exists (select from app.members m where m.id = tags.id)); \
    create policy asks_list on {contact_notes} for select to anon using (public.is_listed(id)); \
    create policy asks_public on public.sales for select to anon using (public.may_see(id))";
/// What opens each of them.
const OPENED: &str = "\
    grant {team} to {guest}; \
    create policy open on app.members using (true); create policy open on public.listed using (true)";

#[tokio::test]
async fn what_a_policy_asks_may_lie_anywhere_and_change_at_any_time() {
    let _alone = ROLES.lock().await;
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let guest = role(&client, "guest", baseline).await;
        let team = role(&client, "team", baseline).await;
        let words = |sql: &str| {
            named(sql, baseline)
                .replace("{guest}", &guest)
                .replace("{team}", &team)
        };
        batch(&client, &words(ASKING)).await;
        if baseline == Baseline::Fork {
            batch(
                &client,
                &words("insert into public.tags_color_backup (id, name) values (1, 'x'), (2, 'y')"),
            )
            .await;
        }
        let execute = ["execute", "--acknowledge", "S2", "--phase"];
        for (phases, opened) in [
            (["1.1"].as_slice(), "public.may_see"),
            (&["1.2,1.3,1.4", "--resume"], "app.visible"),
        ] {
            expect(&db, &[&execute, phases].concat(), 0).await;
            let sql = format!(
                "create or replace function {opened}(bigint) returns boolean language sql as 'select true'"
            );
            batch(&client, &sql).await;
        }
        expect(&db, &["run", "--resume", "--acknowledge", "S2"], 0).await;
        batch(&client, &words(OPENED)).await;
        if baseline == Baseline::Fork {
            let given = "grant select on public.tags_color_backup to {guest}; \
                         create policy own on public.tags_color_backup for select to {guest} using (id = 1)";
            batch(&client, &words(given)).await;
        }
        expect(&db, &["rollback"], 0).await;
        let notes = named("{contact_notes}", baseline);
        for table in [
            "tasks",
            "tags",
            "sales",
            notes.trim_start_matches("public."),
        ] {
            may(&client, "anon", table, "select", "false").await;
        }
        may(&client, &guest, "contacts", "select", "false").await;
        // Nobody has opened this.
        may(&client, "anon", "companies", "select", "true").await;
        if baseline == Baseline::Fork {
            assert_eq!(seen(&client, &guest, "tags_color_backup").await, "1");
        }
        let gone = "drop owned by {guest}, {team}; drop role {guest}, {team}";
        batch(&client, &words(gone)).await;
    }
}

#[tokio::test]
async fn whoever_sees_all_rows_since_has_nothing_that_everybody_had() {
    let _alone = ROLES.lock().await;
    let (db, client) = before(Baseline::Upstream).await;
    let guest = role(&client, "sees_all", Baseline::Upstream).await;
    batch(&client, "grant select on public.tags to public").await;
    expect(&db, &["run"], 0).await;
    batch(&client, &format!("alter role {guest} bypassrls")).await;
    let done = expect(&db, &["rollback"], 0).await;
    may(&client, &guest, "tags", "select", "false").await;
    assert!(
        done.stdout
            .contains("grant select on table public.tags to public"),
        "{}",
        done.stdout
    );
    batch(&client, &format!("drop role {guest}")).await;
}

#[tokio::test]
async fn a_run_that_nobody_touches_takes_no_right_away() {
    // PostgreSQL writes the new names into words of these that stand for the old ones.
    let renamed = "\
        create schema app; grant usage on schema app to anon; \
        create table app.follows (deal_id bigint); alter table app.follows enable row level security; \
        create policy seen on app.follows for select using (exists (select from public.deals d where d.id = follows.deal_id)); \
        create view app.names as select d.id, d.name from public.deals d; \
        create function public.is_there(bigint) returns boolean language sql stable \
          begin atomic select exists (select from public.deals d where d.id = $1); end; \
        create function public.may_see(bigint) returns boolean language sql stable as 'select $1 is not null'; \
        create policy own on public.contacts for select to authenticated using (public.may_see(id)); \
        create policy asks_app on public.tasks for select to authenticated using (exists (select from app.names))";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        batch(&client, &format!("{HOSTED}; {renamed}")).await;
        let was = account(&client).await;
        expect(&db, &["run", "--acknowledge", "S2"], 0).await;
        let done = expect(&db, &["rollback"], 0).await;
        let is = account(&client).await;
        let is_number = |line: &&String| !line.contains("sequence|");
        let gone: Vec<_> = was
            .iter()
            .filter(|line| !is.contains(line))
            .filter(is_number)
            .collect();
        let new: Vec<_> = is
            .iter()
            .filter(|line| !was.contains(line))
            .filter(is_number)
            .collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{gone:#?} {new:#?} {}",
            done.stdout
        );
    }
}

/// Before the run, while it is at work, and who must not read contacts then.
const WIDENED_MEANWHILE: [(&str, &str, &str); 2] = [
    (
        "create table public.listed (id bigint); insert into public.listed values (1); grant select on public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (exists (select 1 from public.listed l where l.id = contacts.id))",
        "grant select on public.listed to anon",
        "anon",
    ),
    (
        "create table public.listed (id bigint); insert into public.listed values (1); \
         create view public.seen as select id from public.listed where false; grant select on public.seen, public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (exists (select 1 from public.seen l where l.id = contacts.id))",
        "create or replace view public.seen as select id from public.listed",
        "anon",
    ),
];

/// The same, and since.
const WIDENED: [(&str, &str, &str); 11] = [
    (
        "create table public.listed (id bigint); insert into public.listed values (1); \
         create view public.seen as select id from public.listed where false; grant select on public.seen, public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (exists (select 1 from public.seen l where l.id = contacts.id))",
        "create or replace view public.seen as select id from public.listed",
        "anon",
    ),
    (
        "create table public.listed (id bigint); insert into public.listed values (1); grant select on public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (exists (select 1 from public.listed l where l.id = contacts.id))",
        "grant select on public.listed to anon",
        "anon",
    ),
    (
        "create table public.listed (id bigint); alter table public.listed enable row level security; \
         insert into public.listed values (1); grant select on public.listed to {team}; \
         create view public.seen as select id from public.listed; grant create, usage on schema public to {team}; \
         alter view public.seen owner to {team}; grant select on public.seen, public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (exists (select 1 from public.seen l where l.id = contacts.id))",
        "alter role {team} bypassrls",
        "anon",
    ),
    (
        "create table public.listed (id bigint); alter table public.listed enable row level security; \
         insert into public.listed values (1); grant select on public.listed to {team}, authenticated; \
         create policy inside on public.listed to authenticated using (true); \
         create function public.is_listed(bigint) returns boolean language sql security definer \
           as 'select exists (select from public.listed l where l.id = $1)'; \
         alter function public.is_listed owner to {team}; grant select on public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (public.is_listed(id))",
        "grant authenticated to {team}",
        "anon",
    ),
    (
        "grant {team} to {guest}; grant select on public.contacts to public; \
         create policy asks on public.contacts for select using (not pg_has_role(current_user, '{team}', 'member'))",
        "revoke {team} from {guest}",
        "{guest}",
    ),
    (
        "alter role {guest} noinherit; grant {team} to {guest}; grant select on public.contacts to public; \
         create policy asks on public.contacts for select to {team} using (true)",
        "alter role {guest} inherit; grant {team} to {guest}",
        "{guest}",
    ),
    (
        "create function public.may_see(numeric) returns boolean language sql as 'select false'; \
         create function public.asked(bigint) returns boolean language sql as 'select public.may_see($1)'; \
         create function public.is_open(bigint, int) returns boolean language sql as 'select public.asked($1)'; \
         create operator public.?? (function = public.is_open, leftarg = bigint, rightarg = int); \
         grant select on public.contacts to anon; create policy asks on public.contacts for select to anon using (id operator(public.??) 1)",
        "create function public.may_see(bigint) returns boolean language sql as 'select true'",
        "anon",
    ),
    (
        "create table public.listed (id bigint); alter table public.listed enable row level security; \
         insert into public.listed values (1); grant select on public.listed to {team}; \
         create function public.is_listed(bigint) returns boolean language sql security definer \
           as 'select exists (select from public.listed l where l.id = $1)'; \
         alter function public.is_listed owner to {team}; grant select on public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (public.is_listed(id))",
        "alter role {team} bypassrls",
        "anon",
    ),
    (
        "create schema app; grant usage on schema app to public; \
         create function app.inner(bigint) returns boolean language sql as 'select false'; \
         create function app.visible(bigint) returns boolean language sql as 'select app.inner($1)'; \
         grant select on public.contacts to anon; \
         create policy asks on public.contacts for select to anon using (app.visible(id))",
        "drop function app.inner(bigint); \
         create function app.inner(bigint) returns boolean language sql as 'select true'",
        "anon",
    ),
    (
        "create schema app; grant usage on schema app to public; create table app.members (id bigint); \
         insert into app.members values (1); grant select on public.contacts to anon; \
         create policy asks on public.contacts for select to anon \
           using (exists (select 1 from app.members m where m.id = contacts.id))",
        "grant select (id) on app.members to anon",
        "anon",
    ),
    (
        "grant select on public.contacts to public; \
         create policy asks on public.contacts for select using (pg_has_role(current_user, '{team}', 'member'))",
        "grant {team} to {guest}",
        "{guest}",
    ),
];

#[tokio::test]
async fn what_is_asked_behind_a_policy_counts_as_well() {
    let _alone = ROLES.lock().await;
    let baseline = Baseline::Upstream;
    let since = WIDENED.into_iter().map(|case| (case, false));
    let meanwhile = WIDENED_MEANWHILE.into_iter().map(|case| (case, true));
    for (place, ((made, opened, reader), is_meanwhile)) in meanwhile.chain(since).enumerate() {
        let (db, client) = before(baseline).await;
        let guest = role(&client, &format!("behind_guest_{place}"), baseline).await;
        let team = role(&client, &format!("behind_team_{place}"), baseline).await;
        let words = |sql: &str| sql.replace("{guest}", &guest).replace("{team}", &team);
        batch(&client, &words(made)).await;
        if is_meanwhile {
            let begin = ["execute", "--phase", "1.1", "--acknowledge", "S2"];
            expect(&db, &begin, 0).await;
            batch(&client, &words(opened)).await;
            expect(&db, &["run", "--resume", "--acknowledge", "S2"], 0).await;
        } else {
            expect(&db, &["run", "--acknowledge", "S2"], 0).await;
            batch(&client, &words(opened)).await;
        }
        expect(&db, &["rollback"], 0).await;
        may(&client, &words(reader), "contacts", "select", "false").await;
        let gone = "reassign owned by {team} to postgres; drop owned by {guest}, {team}; drop role {guest}, {team}";
        batch(&client, &words(gone)).await;
    }
}
