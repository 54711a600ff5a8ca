//! What a site had closed before a run is closed after it, or is named beforehand; what it had said of its objects
//! is still said.

use oppbase::migrate::validation;
use oppbase::pg::migrations::{self, Baseline};
use tokio_postgres::Client;

use super::back::account;
use super::{crm, expect};
use crate::schema::{BASELINES, batch, before, lines, text};

/// As a hosted project grants them.
const HOSTED: &str = "\
    grant usage on schema public to anon, authenticated, service_role; \
    grant all on all tables in schema public to anon, authenticated, service_role; \
    grant all on all sequences in schema public to anon, authenticated, service_role; \
    grant all on all routines in schema public to anon, authenticated, service_role";

/// Who may do what with what is there under this name: role, privilege, name.
async fn may(client: &Client, own: &str) -> Vec<String> {
    let sql = format!(
        "with roles (role) as (select unnest(array['anon', 'authenticated', 'service_role', '{own}'])) \
         select role, p, c.relname from roles, unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p, pg_class c \
          where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and has_table_privilege(role, c.oid, p) \
         union all \
         select role, p, c.relname from roles, unnest(array['usage', 'select', 'update']) p, pg_class c \
          where c.relnamespace = 'public'::regnamespace and c.relkind = 'S' and has_sequence_privilege(role, c.oid, p) \
         union all \
         select role, 'execute', p.oid::regprocedure::text from roles, pg_proc p \
          where p.pronamespace = 'public'::regnamespace and has_function_privilege(role, p.oid, 'execute') \
         union all \
         select role, 'use', 'schema public' from roles where has_schema_privilege(role, 'public', 'usage') \
         order by 1, 2, 3"
    );
    lines(client, &sql).await
}

/// Names of what `may` asks about.
async fn there(client: &Client) -> Vec<String> {
    let sql = "select relname from pg_class where relnamespace = 'public'::regnamespace union all \
               select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace union all \
               select 'schema public' order by 1";
    lines(client, sql).await
}

/// What is allowed now of what was there and was not.
fn gained(was: &[String], is: &[String], there: &[String]) -> Vec<String> {
    let is_old = |line: &&String| {
        let name = line.splitn(3, '|').last().unwrap_or_default();
        there.iter().any(|known| known == name)
    };
    is.iter()
        .filter(|line| !was.contains(line))
        .filter(is_old)
        .cloned()
        .collect()
}

/// A role of this test and database alone, since roles are the whole server's.
async fn role(client: &Client, what: &str, baseline: Baseline) -> String {
    let name = format!("closed_{what}_{}", baseline.folder());
    let sql = format!(
        "drop role if exists {name}; create role {name}; grant usage on schema public to {name}; \
         grant select, update, delete on public.contacts to {name}"
    );
    batch(client, &sql).await;
    name
}

async fn forget(client: &Client, role: &str) {
    batch(client, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn functions_are_no_more_callable_than_before() {
    const MERGE: &str = "execute|merge_contacts(bigint,bigint)";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let own = role(&client, "own", baseline).await;
        let shut = "revoke execute on function public.handle_new_user() from public, anon, authenticated, service_role";
        let merge = match baseline {
            Baseline::Fork => "",
            Baseline::Upstream => {
                "revoke execute on function public.merge_contacts(bigint, bigint) from public, anon, authenticated; \
                 revoke execute on function public.get_user_id_by_email(text) from anon, authenticated"
            }
        };
        batch(&client, &format!("{HOSTED}; {shut}; {merge}")).await;
        let (was, known) = (may(&client, &own).await, there(&client).await);
        let told = account(&client).await;
        expect(&db, &["run"], 0).await;
        let is = may(&client, &own).await;
        assert_eq!(
            gained(&was, &is, &known),
            Vec::<String>::new(),
            "{baseline:?}"
        );
        // Who could, can: by name, or because everybody could.
        let lost = |role: &str| -> Vec<&String> {
            let of_role = |line: &&String| line.starts_with(&format!("{role}|execute|"));
            was.iter()
                .filter(of_role)
                .filter(|line| !is.contains(line))
                .collect()
        };
        for role in ["authenticated", "service_role", &own] {
            assert_eq!(lost(role), Vec::<&String>::new(), "{baseline:?} {role}");
        }
        // The fork has none before.
        let authenticated = format!("authenticated|{MERGE}");
        assert_eq!(
            is.contains(&authenticated),
            baseline == Baseline::Fork,
            "{baseline:?}"
        );
        assert!(is.contains(&format!("service_role|{MERGE}")));
        let verified = expect(&db, &["verify"], 0).await;
        assert!(!verified.stdout.contains("FAILED"), "{}", verified.stdout);
        // The program sets its rights again whenever it is set up.
        let mut session = db.admin_client().await;
        migrations::apply(&mut session, baseline, false)
            .await
            .expect("applied");
        assert_eq!(may(&client, &own).await, is, "{baseline:?}");
        expect(&db, &["rollback"], 0).await;
        let back = account(&client).await;
        let differs = |line: &&String| !line.contains("sequence|");
        assert_eq!(
            back.iter().filter(differs).collect::<Vec<_>>(),
            told.iter().filter(differs).collect::<Vec<_>>(),
            "{baseline:?}"
        );
        forget(&client, &own).await;
    }
}

#[tokio::test]
async fn what_a_run_gives_to_who_had_it_not_is_named_beforehand() {
    for baseline in BASELINES {
        let (db, mut client) = before(baseline).await;
        let own = role(&client, "other", baseline).await;
        let close = "revoke all on public.tasks from authenticated; \
                     revoke all on public.companies_summary, public.init_state, public.tags from authenticated; \
                     revoke all on public.init_state from anon; \
                     revoke usage on schema public from public, anon";
        batch(&client, &format!("{HOSTED}; {close}")).await;
        let (was, known) = (may(&client, &own).await, there(&client).await);
        let options = crm::options();
        let transaction = client.transaction().await.expect("a transaction");
        let report = validation::evaluate(&transaction, baseline, &options)
            .await
            .expect("judged");
        transaction.rollback().await.expect("rolled back");
        let named = &report.rule("S2-grants").expect("checked").items;
        expect(&db, &["run"], 0).await;
        let given = gained(&was, &may(&client, &own).await, &known);
        assert!(given.len() > 8, "{given:?}");
        for line in given {
            let words: Vec<&str> = line.splitn(3, '|').collect();
            let told = format!(
                "{} may not {} {}, and would be granted it",
                words[0], words[1], words[2]
            );
            assert!(
                named.contains(&told),
                "{baseline:?}: {line} is not in {named:#?}"
            );
        }
        forget(&client, &own).await;
    }
}

/// What a test has said, and of what, by the names of now.
async fn said(client: &Client) -> Vec<String> {
    let sql = "select description, pg_describe_object(classoid, objoid, objsubid) from pg_description \
                where description like 'said %' order by 1";
    lines(client, sql).await
}

#[tokio::test]
async fn what_a_site_says_of_its_objects_is_said_after_a_run_and_after_the_way_back() {
    const READ: &str = "\"Enable read access for authenticated users\"";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let upstream = match baseline {
            Baseline::Fork => "",
            Baseline::Upstream => {
                "comment on trigger set_deal_sales_id_trigger on public.deals is 'said t'; \
                 comment on function public.merge_contacts(bigint, bigint) is 'said m'; \
                 comment on function public.set_sales_id_default() is 'said s'"
            }
        };
        batch(
            &client,
            &format!(
                "comment on policy {READ} on public.tasks is 'said a'; \
                 comment on policy {READ} on public.deals is 'said b ''quoted'''; \
                 comment on view public.contacts_summary is 'said c'; \
                 comment on column public.contacts_summary.id is 'said d'; \
                 comment on view public.init_state is 'said e'; \
                 comment on function public.handle_new_user() is 'said f'; \
                 comment on table public.deals is 'said g'; \
                 comment on column public.deals.stage is 'said h'; \
                 comment on column public.contacts.id is 'said i'; \
                 comment on constraint deals_pkey on public.deals is 'said j'; \
                 comment on index public.deals_pkey is 'said k'; \
                 comment on view public.companies_summary is 'said l'; {upstream}"
            ),
        )
        .await;
        let was = said(&client).await;
        expect(&db, &["run"], 0).await;
        let is = said(&client).await;
        let texts = |lines: &[String]| -> Vec<String> {
            let text = |line: &String| line.split('|').next().unwrap_or_default().to_owned();
            let mut texts: Vec<_> = lines.iter().map(text).collect();
            texts.dedup();
            texts
        };
        assert_eq!(texts(&is), texts(&was), "{baseline:?}\n{was:#?}\n{is:#?}");
        for place in [
            "said a|policy Enable read access for authenticated users on table tasks",
            "said b 'quoted'|policy Enable read access for authenticated users on table opportunities",
            "said d|column id of view contacts_summary",
            "said g|table opportunities",
            "said h|column stage of view deals",
        ] {
            assert!(is.iter().any(|line| line == place), "{place}: {is:#?}");
        }
        // Said since: it is the last word where the object stays.
        batch(&client, "comment on table public.contacts is 'said since'").await;
        expect(&db, &["rollback"], 0).await;
        let mut expected = was;
        expected.push("said since|table contacts".to_owned());
        assert_eq!(
            said(&client)
                .await
                .iter()
                .filter(|line| !expected.contains(line))
                .collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "{baseline:?}"
        );
        assert_eq!(said(&client).await.len(), expected.len(), "{baseline:?}");
    }
}

#[tokio::test]
async fn privileges_on_columns_of_a_view_that_is_made_again_come_back() {
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let own = role(&client, "columns", baseline).await;
        let given = format!("grant select (id, title) on public.contacts_summary to {own}");
        batch(&client, &given).await;
        expect(&db, &["run"], 0).await;
        batch(
            &client,
            &format!(
                "revoke select (title) on public.contacts_summary from {own}; \
                 grant select (last_name, organization_ids) on public.contacts_summary to {own}"
            ),
        )
        .await;
        let done = expect(&db, &["rollback"], 0).await;
        let sql = format!(
            "select string_agg(a.attname, ' ' order by a.attname) from pg_attribute a \
              where a.attrelid = 'public.contacts_summary'::regclass and a.attnum > 0 \
                and has_column_privilege('{own}', a.attrelid, a.attnum, 'select')"
        );
        let may = text(&client, &sql).await;
        assert_eq!(may.as_deref(), Some("id last_name"), "{baseline:?}");
        // The old view has no such column.
        for told in ["select (organization_ids)", "select (title)"] {
            let told = format!("grant {told} on table public.contacts_summary to {own}");
            assert!(done.stdout.contains(&told), "{baseline:?}: {}", done.stdout);
        }
        forget(&client, &own).await;
    }
}

/// What everybody could call is the roles' own after a run.
#[tokio::test]
async fn a_role_that_is_gone_takes_no_function_from_the_others() {
    let (db, client) = before(Baseline::Upstream).await;
    let own = role(&client, "gone", Baseline::Upstream).await;
    let may = |role: &str| {
        format!("select has_function_privilege('{role}', 'public.is_admin()', 'execute')::text")
    };
    expect(&db, &["run"], 0).await;
    assert_eq!(text(&client, &may(&own)).await.as_deref(), Some("true"));
    forget(&client, &own).await;
    expect(&db, &["rollback"], 0).await;
    for role in ["authenticated", "anon"] {
        let is = text(&client, &may(role)).await;
        assert_eq!(is.as_deref(), Some("true"), "{role}");
    }
}
